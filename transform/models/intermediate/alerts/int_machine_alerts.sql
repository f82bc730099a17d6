{# Ephemeral: a part of the few models that read it, and no relation of its own that each run would have to compare. #}
{{ config(materialized='ephemeral') }}

with

built_logs as (

    select * from {{ ref('int_built_logs') }}

),

file_clocks as (

    select * from {{ ref('int_file_clocks') }}

),

readings as (

    select
        machine_id,
        session_id,
        max(read_at) as read_at
    from file_clocks
    group by machine_id, session_id

),

working_windows as (

    select * from {{ ref('int_working_windows') }}

),

-- A clock that runs ahead must not make a machine seem alive for years: an event counts for two days at most, and not
-- longer than its file grew.
sessions as (

    select
        int_sessions.machine_id,
        int_sessions.production_date,
        built_logs.loaded_at as judged_at,
        least(
            int_sessions.last_event_at,
            {{ plant_instant('cast(' ~ days_before('int_sessions.production_date', '-2') ~ ' as timestamp)') }},
            coalesce(readings.read_at, built_logs.loaded_at),
            built_logs.loaded_at
        ) as last_event_at
    from {{ ref('int_sessions') }} as int_sessions
    cross join built_logs
    left join readings
        on
            int_sessions.machine_id = readings.machine_id
            and int_sessions.session_id = readings.session_id

),

machines as (

    select
        machine_id,
        judged_at,
        max(last_event_at) as last_event_at
    from sessions
    group by machine_id, judged_at

),

-- Only time in which the plant works counts: a machine may be silent at night, and what it was silent of in the evening
-- goes on in the morning.
silences as (

    select
        machines.machine_id,
        machines.last_event_at,
        count(distinct working_windows.working_date) as working_day_count,
        sum(
            {{ seconds_between(
                'greatest(working_windows.opens_at, machines.last_event_at)',
                'least(working_windows.closes_at, machines.judged_at)'
            ) }}
        ) as silent_seconds
    from machines
    inner join working_windows
        on
            machines.last_event_at < working_windows.closes_at
            and machines.judged_at > working_windows.opens_at
    -- Beyond the windows, a silence has no length that could be told.
    where machines.last_event_at >= (select min(listed.opens_at) from working_windows as listed)
    group by machines.machine_id, machines.last_event_at

),

silent_machines as (

    select
        cast('machine_silent' as text) as kind,
        machine_id,
        machine_id as subject,
        last_event_at as since,
        {{ alert_details('silent', [floor_text('silent_seconds / 60')]) }} as details
    from silences
    where
        silent_seconds >= 60 * {{ alert_threshold('silent_minutes') }}
        and working_day_count <= {{ alert_threshold('active_working_days') }}

),

working_days as (

    select
        working_date,
        max(closes_at) as closed_at
    from working_windows
    group by working_date

),

due_days as (

    select
        working_days.working_date,
        working_days.closed_at
    from working_days
    cross join built_logs
    where
        {{ seconds_between('working_days.closed_at', 'built_logs.loaded_at') }}
        >= 60 * {{ alert_threshold('missing_day_grace_minutes') }}
        and {{ seconds_between('working_days.closed_at', 'built_logs.loaded_at') }}
        < 86400 * {{ alert_threshold('missing_day_keep_days') }}

),

-- The machine's last production day before the day in question; one without any is not expected yet, or no more.
previous_sessions as (

    select
        due_days.working_date,
        due_days.closed_at,
        sessions.machine_id,
        max(sessions.production_date) as last_production_date
    from due_days
    inner join sessions on due_days.working_date > sessions.production_date
    where sessions.production_date >= (select min(listed.working_date) from working_days as listed)
    group by due_days.working_date, due_days.closed_at, sessions.machine_id

),

missed_days as (

    select
        previous_sessions.machine_id,
        previous_sessions.working_date,
        previous_sessions.closed_at,
        count(*) as missed_day_count
    from previous_sessions
    inner join working_days
        on
            previous_sessions.last_production_date < working_days.working_date
            and previous_sessions.working_date >= working_days.working_date
    left join sessions
        on
            previous_sessions.machine_id = sessions.machine_id
            and previous_sessions.working_date = sessions.production_date
    where sessions.machine_id is null
    group by previous_sessions.machine_id, previous_sessions.working_date, previous_sessions.closed_at

),

missing_days as (

    select
        cast('missing_production_day' as text) as kind,
        machine_id,
        {{ dbt.concat(['machine_id', "' '", iso_date('working_date')]) }} as subject,
        closed_at as since,
        case
            when missed_day_count = 1 then {{ alert_details('first_missing_day', ["cast(missed_day_count as text)"]) }}
            else {{ alert_details('later_missing_day', ["cast(missed_day_count as text)"]) }}
        end as details
    from missed_days
    where missed_day_count <= {{ alert_threshold('active_working_days') }}

),

machine_alerts as (

    select * from silent_machines

    union all

    select * from missing_days

)

select * from machine_alerts
