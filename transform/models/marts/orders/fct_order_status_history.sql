{{ config(incremental_strategy='sync', unique_key='order_status_history_id') }}

with

order_history as (

    select * from {{ ref('order_history') }}

),

known_beginning as (

    select min(history_began_at) as history_began_at from {{ ref('stg_gdpr__history_beginning') }}

),

order_statuses as (

    select
        status,
        trim({{ normal_form('status') }}) as status_form
    from {{ ref('order_statuses') }}

),

states as (

    select
        order_history.*,
        -- Rows of the first run may have been removed, all of them too: then it is known from before.
        least(known_beginning.history_began_at, min(order_history.dbt_valid_from) over ()) as history_began_at,
        lag(coalesce(order_history.status_form, '')) over (
            partition by order_history.order_id order by order_history.dbt_valid_from
        ) as previous_form,
        lag(order_history.dbt_valid_to) over (
            partition by order_history.order_id order by order_history.dbt_valid_from
        ) as previous_valid_to,
        row_number() over (
            partition by order_history.order_id order by order_history.dbt_valid_from desc
        ) as recency
    from order_history
    cross join known_beginning

),

marked_states as (

    select
        *,
        -- An order that was gone for some runs begins anew, in whatever status it comes back.
        case when previous_form = coalesce(status_form, '') and previous_valid_to = dbt_valid_from then 0 else 1 end
            as is_other_status
    from states

),

numbered_states as (

    select
        *,
        sum(is_other_status) over (partition by order_id order by dbt_valid_from) as status_number
    from marked_states

),

stretches as (

    select
        order_id,
        status_number,
        status_form,
        history_began_at,
        max(status) filter (where is_other_status = 1) as first_spelling,
        min(dbt_valid_from) as status_from,
        case when count(*) = count(dbt_valid_to) then max(dbt_valid_to) end as status_to
    from numbered_states
    group by order_id, status_number, status_form, history_began_at

),

-- An order that was given another number is called by the new one, in all of its rows.
latest_states as (

    select * from states
    where recency = 1

),

status_history as (

    select
        {{ surrogate_key(['stretches.order_id', 'stretches.status_number']) }} as order_status_history_id,
        stretches.order_id,
        latest_states.order_number,
        latest_states.extension,
        latest_states.order_type,
        cast(stretches.status_number as bigint) as status_number,
        coalesce(order_statuses.status, stretches.first_spelling) as status,
        stretches.status_from,
        stretches.status_to,
        {{ seconds_between('stretches.status_from', 'stretches.status_to') }} as duration_seconds,
        stretches.status_from > stretches.history_began_at as is_start_known,
        stretches.status_to is null as is_current,
        latest_states.dbt_valid_to is not null as is_deleted
    from stretches
    inner join latest_states on stretches.order_id = latest_states.order_id
    left join order_statuses on stretches.status_form = order_statuses.status_form

)

select * from status_history
