{# Ephemeral: a part of the few models that read it, and no relation of its own that each run would have to compare. #}
{{ config(materialized='ephemeral') }}

with

built_logs as (

    select * from {{ ref('int_built_logs') }}

),

-- A time that is misspelt must not stop all alerts; a test tells it.
working_hours as (

    select
        weekday,
        case when {{ is_opening_time('opens_at') }} then opens_at end as opens_at,
        case when {{ is_closing_time('closes_at') }} then closes_at end as closes_at
    from {{ ref('working_hours') }}

),

plant_closures as (

    select * from {{ ref('plant_closures') }}

),

-- Written out, as engines differ in how they count up. Two months reach back beyond any summer closure.
steps_back as (

    {% for step in range(62) -%}
    select {{ step }} as day_count
    {%- if not loop.last %}

    union all

    {% endif %}
    {%- endfor %}

),

-- As of the last load of the logs that is in the sessions: what the plant did since then is not known yet.
plant_days as (

    select
        {{ days_before(
            'cast(' ~ plant_wall_clock('built_logs.loaded_at') ~ ' as date)', 'steps_back.day_count'
        ) }} as working_date
    from built_logs
    cross join steps_back

),

working_days as (

    select plant_days.working_date
    from plant_days
    left join plant_closures
        on plant_days.working_date between plant_closures.first_day and plant_closures.last_day
    where plant_closures.first_day is null
    group by plant_days.working_date

),

stretches as (

    select
        working_days.working_date,
        {{ plant_instant(local_time_of('working_days.working_date', 'working_hours.opens_at')) }} as opens_at,
        {{ plant_instant(local_time_of(
            'case when working_hours.closes_at > working_hours.opens_at then working_days.working_date else '
            ~ days_before('working_days.working_date', '-1') ~ ' end',
            'working_hours.closes_at'
        )) }} as closes_at
    from working_days
    inner join working_hours on {{ iso_weekday('working_days.working_date') }} = working_hours.weekday
    where working_hours.opens_at is not null and working_hours.closes_at is not null

),

followed_stretches as (

    select
        *,
        max(closes_at) over (
            order by opens_at, closes_at rows between unbounded preceding and 1 preceding
        ) as open_until
    from stretches

),

-- Shifts overlap where one hands over to the next: no minute counts twice.
working_windows as (

    select
        working_date,
        case when open_until > opens_at then open_until else opens_at end as opens_at,
        closes_at
    from followed_stretches
    where open_until is null or closes_at > open_until

)

select * from working_windows
