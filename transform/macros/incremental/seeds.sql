{#
    A seed is written only when its file says something else than its table: dbt would empty and refill the table on every
    run, although a planner edits the file twice a year. dbt calls reset_csv_table, then load_csv_rows; a file without rows
    has nothing to load. Where columns of the file are others than those of its table (a new version of the project has
    brought them), the table gets them, and stays the table that others read.
#}
{% macro postgres__reset_csv_table(model, full_refresh, old_relation, agate_table) %}
    {%- set held_columns = adapter.get_columns_in_relation(old_relation) | map(attribute='name') | list -%}
    {%- if full_refresh or held_columns | sort != agate_table.column_names | sort -%}
        {{ return(follow_csv_columns(model, old_relation, agate_table)) }}
    {%- elif agate_table.rows | length == 0 -%}
        {%- do run_in_transaction('delete from ' ~ old_relation) -%}
    {%- endif -%}
    {{ return('') }}
{% endmacro %}


{# Give the table of a seed the columns of its file, without rows if they were others. #}
{% macro follow_csv_columns(model, old_relation, agate_table) %}
    {%- set draft = make_temp_relation(old_relation) -%}
    {%- set columns = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- do columns.append(
            adapter.quote_seed_column(name, model['config'].get('quote_columns', none)) ~ ' '
            ~ model['config'].get('column_types', {}).get(name, adapter.convert_type(agate_table, loop.index0))
        ) -%}
    {%- endfor -%}
    {%- do run_in_transaction(
        'create temporary table ' ~ draft ~ ' (' ~ columns | join(', ') ~ ') on commit drop'
    ) -%}
    {%- set changes = shape_changes(old_relation, draft) | selectattr('change') | list -%}
    {%- if has_lost_dependents(old_relation, changes) -%}
        {%- do move_out_of_the_way(old_relation) -%}
        {{ return(create_csv_table(model, agate_table)) }}
    {%- endif -%}
    {%- set statements -%}
        delete from {{ old_relation }};
        {{ reshape_statement(old_relation, draft, changes) }}
    {%- endset -%}
    {%- if changes or agate_table.rows | length == 0 -%}
        {%- do run_query(statements) -%}
    {%- endif -%}
    {{ return(statements) }}
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
