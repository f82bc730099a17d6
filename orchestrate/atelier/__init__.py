"""Runs the pipeline: resolves the connections, checks the sources before a run, starts Meltano."""
