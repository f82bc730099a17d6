{# A view: an alert is a question about now, so it is answered when it is asked. #}
{{ config(materialized='view') }}

with

source_freshness as (

    select * from {{ ref('int_source_freshness') }}

),

machine_alerts as (

    select * from {{ ref('int_machine_alerts') }}

),

run_alerts as (

    select * from {{ ref('int_run_alerts') }}

),

order_alerts as (

    select * from {{ ref('int_order_alerts') }}

),

log_files as (

    select * from {{ ref('fct_log_files') }}

),

file_clocks as (

    select * from {{ ref('int_file_clocks') }}

),

source_problems as (

    select * from {{ ref('fct_source_problems') }}

),

-- Whatever slips into the seed: a kind has one row, and an alert is told. Tests of the seed tell of the slip.
alert_kinds as (

    select
        kind,
        case when severity in ('critical', 'warning', 'info') then severity else 'warning' end as severity,
        title_fr,
        action_fr,
        row_number() over (partition by kind order by severity, title_fr, action_fr) as word_rank
    from {{ ref('alert_kinds') }}

),

alert_silences as (

    select * from {{ ref('alert_silences') }}

),

stale_loads as (

    select
        cast(case when source = 'erp' then 'erp_load_stale' else 'logs_load_stale' end as text) as kind,
        cast(null as text) as machine_id,
        source as subject,
        loaded_at as since,
        {{ alert_details(
            'stale_load', [floor_text(seconds_between('loaded_at', current_instant()) ~ ' / 3600')]
        ) }} as details
    from source_freshness
    where
        {{ seconds_between('loaded_at', current_instant()) }} > case
            when source = 'erp' then 3600 * {{ alert_threshold('erp_stale_hours') }}
            else 60 * {{ alert_threshold('logs_stale_minutes') }}
        end

),

-- By what was read lately and by what is told of lately: neither a year that is loaded anew nor a date far ahead shall
-- fill the list.
recent_files as (

    select
        log_files.log_file_id,
        log_files.machine_id,
        log_files.path,
        log_files.read_at,
        coalesce(log_files.first_event_at, log_files.read_at) as began_at,
        log_files.rejected_count,
        log_files.event_count + log_files.rejected_count as line_count,
        file_clocks.greatest_back_seconds,
        file_clocks.greatest_leap_seconds,
        file_clocks.ahead_seconds,
        file_clocks.stepped_back_at,
        file_clocks.leapt_at
    from log_files
    left join file_clocks on log_files.log_file_id = file_clocks.file_version_id
    where
        log_files.is_current
        and {{ seconds_between('log_files.read_at', current_instant()) }}
        < 86400 * {{ alert_threshold('recent_file_days') }}
        and {{ seconds_between(
            'coalesce(file_clocks.newest_event_at, log_files.last_event_at, log_files.read_at)', current_instant()
        ) }}
        < 86400 * {{ alert_threshold('recent_file_days') }}

),

rejected_files as (

    select
        cast('rejected_share' as text) as kind,
        machine_id,
        path as subject,
        began_at as since,
        {{ alert_details('rejected', [
            french_percent('cast(rejected_count as numeric(18, 6)) / line_count'),
            'cast(rejected_count as text)',
            'cast(line_count as text)',
        ]) }} as details
    from recent_files
    where
        rejected_count >= {{ alert_threshold('rejected_lines') }}
        and rejected_count > line_count * {{ alert_threshold('rejected_share') }}

),

jumping_clocks as (

    select
        *,
        greatest_back_seconds > 60 * {{ alert_threshold('clock_back_minutes') }} as has_gone_back,
        ahead_seconds > 60 * {{ alert_threshold('clock_ahead_minutes') }} as is_ahead,
        greatest_leap_seconds > 3600 * {{ alert_threshold('clock_leap_hours') }} as has_leapt
    from recent_files

),

clock_jumps as (

    select
        cast('clock_jump' as text) as kind,
        machine_id,
        path as subject,
        -- By the machine's clock, which may be ahead of the reading: nothing began later than that.
        least(
            case
                when has_gone_back then stepped_back_at
                when is_ahead then began_at
                else leapt_at
            end,
            read_at
        ) as since,
        case
            when has_gone_back then {{ alert_details('clock_back', [floor_text('greatest_back_seconds / 60')]) }}
            when is_ahead then {{ alert_details('clock_ahead', [floor_text('ahead_seconds / 60')]) }}
            else {{ alert_details('clock_leap', [floor_text('greatest_leap_seconds / 3600')]) }}
        end as details
    from jumping_clocks
    where has_gone_back or is_ahead or has_leapt

),

-- The reason is what the FTP server says.
open_problems as (

    select
        case
            when kind in ('archive_failed', 'delete_failed') then 'file_not_disposed'
            else 'unreadable_file'
        end as kind,
        nullif(machine_id, '') as machine_id,
        path as subject,
        first_seen_at as since,
        reason as details,
        row_number() over (
            partition by
                path,
                case when kind in ('archive_failed', 'delete_failed') then 'dispose' else 'read' end
            order by first_seen_at, problem_id
        ) as problem_rank
    from source_problems
    where is_open

),

findings as (

    select * from machine_alerts

    union all

    select * from run_alerts

    union all

    select * from order_alerts

    union all

    select * from stale_loads

    union all

    select * from rejected_files

    union all

    select * from clock_jumps

    union all

    select
        kind,
        machine_id,
        subject,
        since,
        details
    from open_problems
    where problem_rank = 1

),

heard_findings as (

    select findings.*
    from findings
    where
        not exists (
            select 1 from alert_silences
            where
                alert_silences.kind in ('*', findings.kind)
                and alert_silences.machine_id in ('*', coalesce(findings.machine_id, '*'))
                and alert_silences.last_day >= cast({{ plant_wall_clock(current_instant()) }} as date)
        )

),

alerts as (

    select
        {{ surrogate_key(['heard_findings.subject', 'heard_findings.kind']) }} as alert_id,
        heard_findings.kind,
        -- An alert whose kind somebody has taken out of the seed is told without its words, not lost.
        coalesce(alert_kinds.severity, 'warning') as severity,
        heard_findings.machine_id,
        heard_findings.subject,
        heard_findings.since,
        coalesce(alert_kinds.title_fr, heard_findings.kind) as title,
        coalesce(alert_kinds.action_fr, '') as what_to_do,
        heard_findings.details
    from heard_findings
    left join alert_kinds
        on
            heard_findings.kind = alert_kinds.kind
            and alert_kinds.word_rank = 1

)

select * from alerts
