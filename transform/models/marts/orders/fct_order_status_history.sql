{{ config(incremental_strategy='sync', unique_key='order_status_history_id') }}

with

order_history as (

    select * from {{ ref('order_history') }}

),

known_beginning as (

    select min(history_began_at) as history_began_at from {{ ref('stg_gdpr__history_beginning') }}

),

spellings as (

    select distinct status from order_history
    where status is not null

),

known_statuses as (

    {{ known_statuses('spellings') }}

),

-- A status in another spelling is the same status, and so are all spellings that belong to one row of the seed. By the
-- rules of today: the snapshot keeps the form by the rules of its day.
statuses as (

    select
        spellings.status as spelling,
        known_statuses.status_name,
        coalesce({{ status_form('known_statuses.status_name') }}, {{ status_form('spellings.status') }}) as status_form
    from spellings
    left join known_statuses on spellings.status = known_statuses.status

),

seen_states as (

    select
        order_history.order_id,
        order_history.order_number,
        order_history.extension,
        order_history.order_type,
        order_history.status,
        order_history.dbt_valid_from,
        order_history.dbt_valid_to,
        statuses.status_name,
        statuses.status_form
    from order_history
    left join statuses on order_history.status = statuses.spelling

),

states as (

    select
        seen_states.*,
        -- Rows of the first run may have been removed, all of them too: then it is known from before.
        least(known_beginning.history_began_at, min(seen_states.dbt_valid_from) over ()) as history_began_at,
        lag(coalesce(seen_states.status_form, '')) over (
            partition by seen_states.order_id order by seen_states.dbt_valid_from
        ) as previous_form,
        lag(seen_states.dbt_valid_to) over (
            partition by seen_states.order_id order by seen_states.dbt_valid_from
        ) as previous_valid_to,
        row_number() over (
            partition by seen_states.order_id order by seen_states.dbt_valid_from desc
        ) as recency
    from seen_states
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
        status_name,
        history_began_at,
        max(status) filter (where is_other_status = 1) as first_spelling,
        min(dbt_valid_from) as status_from,
        case when count(*) = count(dbt_valid_to) then max(dbt_valid_to) end as status_to
    from numbered_states
    group by order_id, status_number, status_name, history_began_at

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
        coalesce(stretches.status_name, stretches.first_spelling) as status,
        stretches.status_name,
        stretches.status_from,
        stretches.status_to,
        {{ seconds_between('stretches.status_from', 'stretches.status_to') }} as duration_seconds,
        stretches.status_from > stretches.history_began_at as is_start_known,
        stretches.status_to is null as is_current,
        latest_states.dbt_valid_to is not null as is_deleted
    from stretches
    inner join latest_states on stretches.order_id = latest_states.order_id

)

select * from status_history
