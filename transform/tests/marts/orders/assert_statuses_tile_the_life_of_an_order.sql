-- Durations are added up and "as of" questions asked, so an order must be in one status at a time: stretches follow
-- each other without gap or overlap, and two that touch differ in status. A gap is right only while the order was not
-- in the ERP, when the snapshot has no row of it.
with

order_history as (

    select * from {{ ref('order_history') }}

),

stretches as (

    select
        *,
        lag(status_to) over (partition by order_id order by status_number) as previous_status_to,
        lag(status) over (partition by order_id order by status_number) as previous_status,
        row_number() over (partition by order_id order by status_from) as place,
        count(*) over (partition by order_id) as stretch_count
    from {{ ref('fct_order_status_history') }}

),

wrong_stretches as (

    select
        order_id,
        status_number,
        'the stretch itself is wrong' as problem
    from stretches
    where
        status_to <= status_from
        or status_from < previous_status_to
        or (status_from = previous_status_to and coalesce(status, '') = coalesce(previous_status, ''))
        or place <> status_number
        or is_current <> (status_to is null)
        or (status_number < stretch_count and status_to is null)
        or (duration_seconds is null) <> is_current
        or duration_seconds <> {{ seconds_between('status_from', 'status_to') }}

),

-- Each state that a run saw lies in exactly one stretch, and the states of a stretch are as long as the stretch.
covering_stretches as (

    select
        order_history.order_id,
        order_history.dbt_valid_from,
        order_history.dbt_valid_to,
        stretches.status_number,
        stretches.duration_seconds
    from order_history
    left join stretches
        on
            order_history.order_id = stretches.order_id
            and order_history.dbt_valid_from >= stretches.status_from
            and (stretches.status_to is null or order_history.dbt_valid_to <= stretches.status_to)

),

uncovered_states as (

    select
        order_id,
        status_number,
        'a state lies in no stretch, or in several' as problem
    from covering_stretches
    group by order_id, status_number, dbt_valid_from
    having count(*) > 1 or count(status_number) = 0

),

holed_stretches as (

    select
        order_id,
        status_number,
        'the states of a stretch do not fill it' as problem
    from covering_stretches
    where duration_seconds is not null
    group by order_id, status_number, duration_seconds
    having sum({{ seconds_between('dbt_valid_from', 'dbt_valid_to') }}) <> duration_seconds

)

select * from wrong_stretches
union all
select * from uncovered_states
union all
select * from holed_stretches
