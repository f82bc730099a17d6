{# Ephemeral: a mart that reads a view would be dropped each time dbt makes the view anew. #}
{{ config(materialized='ephemeral') }}

with

source_freshness as (

    select * from {{ ref('int_source_freshness') }}
    where source = 'ftplogs'

),

working_hours as (

    select * from {{ ref('working_hours') }}

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

-- As of the last load of the logs: what the plant did since then is not known yet.
plant_days as (

    select
        {{ days_before(
            'cast(' ~ plant_wall_clock('source_freshness.loaded_at') ~ ' as date)', 'steps_back.day_count'
        ) }} as working_date
    from source_freshness
    cross join steps_back
    where source_freshness.loaded_at is not null

),

working_days as (

    select plant_days.working_date
    from plant_days
    left join plant_closures
        on plant_days.working_date between plant_closures.first_day and plant_closures.last_day
    where plant_closures.first_day is null
    group by plant_days.working_date

),

working_windows as (

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

)

select * from working_windows
