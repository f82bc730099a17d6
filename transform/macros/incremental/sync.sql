{#
    Incremental by comparison, for tables that are small enough to compute whole: rows that are gone or differ are deleted
    and the missing ones inserted, so the table equals a full refresh and a run with nothing new writes no row.
    dbt calls this for incremental_strategy: sync, with the whole result in the temporary relation.
#}
{% macro get_incremental_sync_sql(arg_dict) %}
    {%- set unique_key = arg_dict['unique_key'] -%}
    {%- if not unique_key -%}
        {{ exceptions.raise_compiler_error("incremental_strategy: sync needs a unique_key; give one in the model's config.") }}
    {%- endif -%}
    {%- set keys = [unique_key] if unique_key is string else unique_key -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | list -%}
    {{ rows_to_sync(arg_dict['target_relation'], arg_dict['temp_relation'], keys, columns) }}
{% endmacro %}


{#
    Statements that make `target` hold the rows of `source`. Keys are compared by = so that the comparison can be hashed,
    which IS NOT DISTINCT FROM cannot; they must not be NULL.
#}
{% macro rows_to_sync(target, source, keys, columns) %}
    {%- set same_key, same_row, names = [], [], [] -%}
    {%- for column in columns -%}
        {%- set name = adapter.quote(column) -%}
        {%- do names.append(name) -%}
        {%- if column in keys -%}
            {%- do same_key.append("held." ~ name ~ " = computed." ~ name) -%}
        {%- else -%}
            {%- do same_row.append("held." ~ name ~ " is not distinct from computed." ~ name) -%}
        {%- endif -%}
    {%- endfor %}

    delete from {{ target }} as held
    where not exists (
        select 1 from {{ source }} as computed
        where {{ (same_key + same_row) | join('\n            and ') }}
    );

    insert into {{ target }} ({{ names | join(', ') }})
    select {{ names | join(', ') }}
    from {{ source }} as computed
    where not exists (
        select 1 from {{ target }} as held
        where {{ same_key | join('\n            and ') }}
    )
{% endmacro %}
