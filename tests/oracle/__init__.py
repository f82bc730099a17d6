"""An independent oracle: the marts worked out from the sources in plain Python, without SQL.

It shares no code with the taps or the models, and follows only the written definitions: where oracle and
warehouse agree, both have read the definitions the same way.
"""
