{#
    A seed is written only when its file says something else than its table: dbt would empty and refill the table on every
    run, although a planner edits the file twice a year. dbt calls reset_csv_table, then load_csv_rows; a file without rows
    has nothing to load and is left to dbt. A file with other columns than its table (a new version of the project has
    brought them) makes the table anew, which dbt would do in a full refresh only.
#}
{% macro postgres__reset_csv_table(model, full_refresh, old_relation, agate_table) %}
    {%- set held_columns = adapter.get_columns_in_relation(old_relation) | map(attribute='name') | list -%}
    {%- set makes_anew = full_refresh or held_columns != agate_table.column_names | list -%}
    {%- if makes_anew or agate_table.rows | length == 0 -%}
        {{ return(default__reset_csv_table(model, makes_anew, old_relation, agate_table)) }}
    {%- endif -%}
    {{ return('') }}
{% endmacro %}


{% macro postgres__load_csv_rows(model, agate_table) %}
    {%- set file = api.Relation.create(identifier=model['alias'] ~ '__dbt_csv') -%}
    {%- set columns = get_seed_column_quoted_csv(model, agate_table.column_names) -%}
    {%- set values, bindings = [], [] -%}
    {%- for row in agate_table.rows -%}
        {%- do values.append('(' ~ (['%s'] * row | length) | join(', ') ~ ')') -%}
        {%- do bindings.extend(row) -%}
    {%- endfor -%}
    {%- do run_query('create temporary table ' ~ file ~ ' on commit drop as select * from ' ~ this ~ ' limit 0') -%}
    {%- do adapter.add_query(
        'insert into ' ~ file ~ ' (' ~ columns ~ ') values ' ~ values | join(', '),
        bindings=bindings, abridge_sql_log=True
    ) -%}
    {%- set difference -%}
        (select * from {{ file }} except all select * from {{ this }})
        union all
        (select * from {{ this }} except all select * from {{ file }})
    {%- endset -%}
    {%- if run_query(difference) | length > 0 -%}
        {%- do run_query('delete from ' ~ this ~ '; insert into ' ~ this ~ ' select * from ' ~ file) -%}
    {%- endif -%}
    {{ return(difference) }}
{% endmacro %}
