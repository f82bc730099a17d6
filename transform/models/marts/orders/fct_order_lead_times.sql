{{ config(incremental_strategy='sync', unique_key='order_id') }}

with

order_history as (

    select * from {{ ref('order_history') }}

),

status_history as (

    select * from {{ ref('fct_order_status_history') }}

),

order_statuses as (

    select * from {{ ref('order_statuses') }}

),

ranked_states as (

    select
        *,
        row_number() over (partition by order_id order by dbt_valid_from desc) as recency
    from order_history

),

planned_orders as (

    select
        order_id,
        order_number,
        extension,
        order_type,
        {{ plant_instant('planned_local_time') }} as planned_at,
        dbt_valid_to is not null as is_deleted
    from ranked_states
    where recency = 1 and is_planned

),

-- An order that is planned anew is to be done anew: what was done before it does not count.
done_stretches as (

    select
        status_history.order_id,
        status_history.status_from,
        status_history.is_start_known,
        row_number() over (partition by status_history.order_id order by status_history.status_number) as done_rank
    from status_history
    inner join order_statuses on status_history.status_name = order_statuses.status
    inner join planned_orders on status_history.order_id = planned_orders.order_id
    where
        order_statuses.is_done
        and (planned_orders.planned_at is null or status_history.status_from >= planned_orders.planned_at)

),

done_orders as (

    select
        order_id,
        is_start_known,
        case when is_start_known then status_from end as done_at
    from done_stretches
    where done_rank = 1

),

lead_times as (

    select
        planned_orders.order_id,
        planned_orders.order_number,
        planned_orders.extension,
        planned_orders.order_type,
        planned_orders.planned_at,
        done_orders.done_at,
        {{ seconds_between('planned_orders.planned_at', 'done_orders.done_at') }} as lead_time_seconds,
        done_orders.order_id is not null as is_done,
        done_orders.is_start_known as is_done_at_known,
        planned_orders.is_deleted
    from planned_orders
    left join done_orders on planned_orders.order_id = done_orders.order_id

)

select * from lead_times
