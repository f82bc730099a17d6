{{ config(incremental_strategy='sync', unique_key='data_problem_id') }}

with

-- The count of each session says where to look: history without such a line is not read again.
sessions as (

    select input_digest from {{ ref('int_sessions') }}
    where unreadable_length_count > 0

),

session_events as (

    select * from {{ ref('int_session_events') }}
    where event_kind = 'job' and {{ is_one_of('input_digest', 'select input_digest from sessions') }}

),

unreadable_lengths as (

    select
        'log_events' as table_name,
        {{ row_key(['file_version_id', 'byte_offset']) }} as row_key,
        'details' as column_name,
        'unreadable_number' as reason
    from session_events
    where {{ has_unreadable_length('details') }}

),

log_data_problems as (

    select
        {{ surrogate_key(['table_name', 'row_key', 'column_name', 'reason']) }} as data_problem_id,
        cast(table_name as {{ dbt.type_string() }}) as table_name,
        row_key,
        cast(column_name as {{ dbt.type_string() }}) as column_name,
        cast(reason as {{ dbt.type_string() }}) as reason
    from unreadable_lengths

)

select * from log_data_problems
