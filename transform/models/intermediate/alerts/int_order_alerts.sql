{# Ephemeral: a mart that reads a view would be dropped each time dbt makes the view anew. #}
{{ config(materialized='ephemeral') }}

with

order_selection as (

    select * from {{ ref('int_order_selection') }}

),

erp_data_problems as (

    select * from {{ ref('int_erp_data_problems') }}

),

log_data_problems as (

    select * from {{ ref('int_log_data_problems') }}

),

list_changes as (

    select * from {{ ref('stg_ops__order_list_changes') }}

),

erp_loads as (

    select coalesce(max(loaded_at), {{ current_instant() }}) as loaded_at
    from {{ ref('int_source_freshness') }}
    where source = 'erp'

),

unknown_spellings as (

    select
        status,
        {{ status_form('status') }} as status_form,
        count(*) as order_count
    from order_selection
    where not is_status_known and status is not null
    group by status

),

unknown_statuses as (

    select
        min(status) as status,
        sum(order_count) as order_count
    from unknown_spellings
    group by status_form

),

ranked_statuses as (

    select
        status,
        order_count,
        row_number() over (order by order_count desc, {{ in_byte_order('status') }}) as status_rank
    from unknown_statuses

),

-- One alert for all of them: whoever adds a row to the seed sees at once which others are missing.
unknown_status_lists as (

    select
        count(*) as status_count,
        {{ dbt.listagg(
            "case when status_rank <= 10 then " ~ alert_details('status', [
                'status', 'cast(order_count as text)'
            ]) ~ " end",
            "', '",
            'order by status_rank',
        ) }} as named
    from ranked_statuses

),

unknown_status_alerts as (

    select
        cast('unknown_status' as text) as kind,
        cast(null as text) as machine_id,
        'order_statuses' as subject,
        erp_loads.loaded_at as since,
        case
            when unknown_status_lists.status_count <= 10 then unknown_status_lists.named
            else {{ alert_details('more_statuses', [
                'unknown_status_lists.named', 'cast(unknown_status_lists.status_count - 10 as text)'
            ]) }}
        end as details
    from unknown_status_lists
    cross join erp_loads
    where unknown_status_lists.status_count > 0

),

data_problems as (

    select
        table_name,
        column_name
    from erp_data_problems

    union all

    select
        table_name,
        column_name
    from log_data_problems

),

problem_columns as (

    select
        {{ dbt.concat(['table_name', "'.'", 'column_name']) }} as subject,
        count(*) as row_count
    from data_problems
    group by table_name, column_name

),

data_problem_alerts as (

    select
        cast('data_problem' as text) as kind,
        cast(null as text) as machine_id,
        problem_columns.subject,
        erp_loads.loaded_at as since,
        case
            when problem_columns.row_count = 1
                then {{ alert_details('one_row', ['cast(problem_columns.row_count as text)']) }}
            else {{ alert_details('rows', ['cast(problem_columns.row_count as text)']) }}
        end as details
    from problem_columns
    cross join erp_loads

),

ranked_changes as (

    select
        has_orders,
        changed_at,
        max(case when has_orders then 1 else 0 end) over () = 1 as had_orders,
        row_number() over (order by change_number desc) as recency
    from list_changes

),

-- A plant that has never had an order in the list misses none.
empty_list_alerts as (

    select
        cast('no_shutter_orders' as text) as kind,
        cast(null as text) as machine_id,
        'fct_shutter_orders' as subject,
        changed_at as since,
        {{ alert_details('empty_list', []) }} as details
    from ranked_changes
    where
        recency = 1
        and not has_orders
        and had_orders

),

order_alerts as (

    select * from unknown_status_alerts

    union all

    select * from data_problem_alerts

    union all

    select * from empty_list_alerts

)

select * from order_alerts
