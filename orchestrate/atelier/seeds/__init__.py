"""The planner's files, `transform/seeds/*.csv`: read as French Excel writes them, checked before dbt starts.

`_seeds.yml` says what each file may hold: the types of its columns and the rules that dbt tests as well.
"""
