"""The planner's files, `transform/seeds/*.csv`: read as French Excel writes them, checked before dbt starts.

`transform/models/_seeds.yml` says what each file may hold: types of columns, and the rules of dbt too.
"""
