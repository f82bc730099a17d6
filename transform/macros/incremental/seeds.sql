{#
    Seeds are compared as well (see sync.sql): dbt would empty and refill the table on every run, although a planner edits
    it twice a year. dbt calls reset_csv_table, then load_csv_rows; a seed without rows has nothing to load.
#}
{% macro postgres__reset_csv_table(model, full_refresh, old_relation, agate_table) %}
    {%- if full_refresh or agate_table.rows | length == 0 -%}
        {{ return(default__reset_csv_table(model, full_refresh, old_relation, agate_table)) }}
    {%- endif -%}
    {{ return('') }}
{% endmacro %}


{% macro postgres__load_csv_rows(model, agate_table) %}
    {%- set source = api.Relation.create(identifier=model['alias'] ~ '__dbt_csv') -%}
    {%- set columns = get_seed_column_quoted_csv(model, agate_table.column_names) -%}
    {%- set values, bindings = [], [] -%}
    {%- for row in agate_table.rows -%}
        {%- do values.append('(' ~ (['%s'] * row | length) | join(', ') ~ ')') -%}
        {%- do bindings.extend(row) -%}
    {%- endfor -%}
    {%- do run_query('create temporary table ' ~ source ~ ' on commit drop as select * from ' ~ this ~ ' limit 0') -%}
    {%- do adapter.add_query(
        'insert into ' ~ source ~ ' (' ~ columns ~ ') values ' ~ values | join(', '),
        bindings=bindings, abridge_sql_log=True
    ) -%}
    {%- set sync_rows = rows_to_sync(this, source, [model['config']['meta']['key']], agate_table.column_names) -%}
    {%- do run_query(sync_rows) -%}
    {{ return(sync_rows) }}
{% endmacro %}
