{# The plant's time zone: PLANT_TIMEZONE, or France when that is not set or empty. #}
{% macro plant_timezone() -%}
    {{ env_var('PLANT_TIMEZONE', '') or 'Europe/Paris' }}
{%- endmacro %}


{#
    The instant of a wall-clock time of the plant. In the hour that autumn repeats, the wall clock alone cannot tell
    which of the two is meant: it is read as the second one (winter time). A time that spring skips is read with the offset
    before the jump, so 02:30 is the instant of 03:30.
#}
{% macro plant_instant(wall_clock) -%}
    {{ adapter.dispatch('instant_in_zone')(wall_clock, plant_timezone()) }}
{%- endmacro %}


{# The instant of a time that was written in UTC without saying so. #}
{% macro utc_instant(wall_clock) -%}
    {{ adapter.dispatch('instant_in_zone')(wall_clock, 'UTC') }}
{%- endmacro %}


{% macro postgres__instant_in_zone(wall_clock, time_zone) -%}
    ({{ wall_clock }} at time zone '{{ time_zone }}')
{%- endmacro %}


{# Seconds from one instant to another, exact to the microsecond. #}
{% macro seconds_between(started_at, ended_at) -%}
    {{ adapter.dispatch('seconds_between')(started_at, ended_at) }}
{%- endmacro %}


{% macro postgres__seconds_between(started_at, ended_at) -%}
    cast(extract(epoch from ({{ ended_at }} - {{ started_at }})) as numeric(18, 6))
{%- endmacro %}


{# An instant, a number of seconds later; fractions count to the microsecond. #}
{% macro seconds_after(started_at, seconds) -%}
    {{ adapter.dispatch('seconds_after')(started_at, seconds) }}
{%- endmacro %}


{% macro postgres__seconds_after(started_at, seconds) -%}
    ({{ started_at }} + {{ seconds }} * interval '1 second')
{%- endmacro %}


{# The text YYYY-MM-DD of a date, whatever date style the connection has. #}
{% macro iso_date(day) -%}
    {{ adapter.dispatch('iso_date')(day) }}
{%- endmacro %}


{% macro postgres__iso_date(day) -%}
    to_char({{ day }}, 'YYYY-MM-DD')
{%- endmacro %}


{# The wall-clock time that has the day of one time and the time of day of another; NULL when either is missing. #}
{% macro local_time_of(day, clock) -%}
    {{ adapter.dispatch('local_time_of')(day, clock) }}
{%- endmacro %}


{% macro postgres__local_time_of(day, clock) -%}
    (cast({{ day }} as date) + cast({{ clock }} as time))
{%- endmacro %}


{#
    The time that a snapshot writes, an instant. dbt would write the wall clock of the session's time zone, which skips
    and repeats an hour and differs between two machines. Never before a time that the snapshot has already: if the
    warehouse's clock is put back, what comes later is still later, or the past of an order would end before it began.
#}
{% macro postgres__snapshot_get_time() -%}
    {%- set snapshot = load_relation(this) if execute -%}
    {%- if snapshot -%}
    greatest(
        {{ current_timestamp() }},
        (select max(greatest(dbt_valid_from, dbt_valid_to)) + interval '1 microsecond' from {{ snapshot }})
    )
    {%- else -%}
    {{ current_timestamp() }}
    {%- endif -%}
{%- endmacro %}


{# The instant of a number of milliseconds since 1970 UTC. #}
{% macro epoch_instant(milliseconds) -%}
    {{ adapter.dispatch('epoch_instant')(milliseconds) }}
{%- endmacro %}


{% macro postgres__epoch_instant(milliseconds) -%}
    to_timestamp({{ milliseconds }} / 1000.0)
{%- endmacro %}


{#
    The moment at which a query is asked: the start of its transaction. Everything that depends on it asks here, so that
    a test can say what time it is.
#}
{% macro current_instant() -%}
    {{ adapter.dispatch('current_instant')() }}
{%- endmacro %}


{% macro postgres__current_instant() -%}
    current_timestamp
{%- endmacro %}


{# The moment at which this invocation of dbt began, by the clock of the host on which Meltano and dbt run. #}
{% macro build_instant() -%}
    {{ epoch_instant((run_started_at.timestamp() * 1000) | int) }}
{%- endmacro %}


{# What the plant's clocks show at an instant. #}
{% macro plant_wall_clock(instant) -%}
    {{ adapter.dispatch('wall_clock_in_zone')(instant, plant_timezone()) }}
{%- endmacro %}


{% macro postgres__wall_clock_in_zone(instant, time_zone) -%}
    ({{ instant }} at time zone '{{ time_zone }}')
{%- endmacro %}


{# How many seconds the plant's clocks were put back in the 24 hours before an instant: 3600 after a change in autumn. #}
{% macro clock_shift_seconds(instant) -%}
    {{ seconds_between(
        seconds_after(plant_wall_clock(instant), -86400),
        plant_wall_clock(seconds_after(instant, -86400))
    ) }}
{%- endmacro %}


{#
    Whether an instant that plant_instant() made lies in the hour that autumn repeats: before the clocks were put back, they
    showed the same. Some zones repeat half an hour.
#}
{% macro is_in_repeated_hour(instant) -%}
    (
        {{ plant_wall_clock(seconds_after(instant, -86400)) }} > {{ seconds_after(plant_wall_clock(instant), -86400) }}
        and {{ plant_wall_clock(seconds_after(instant, '-' ~ clock_shift_seconds(instant))) }}
        = {{ plant_wall_clock(instant) }}
    )
{%- endmacro %}


{# The instant of a wall-clock time of the plant; in the hour that autumn repeats, the first of the two. #}
{% macro first_plant_instant(wall_clock) -%}
    case
        when {{ is_in_repeated_hour(plant_instant(wall_clock)) }}
            then {{ seconds_after(
                plant_instant(wall_clock), '-' ~ clock_shift_seconds(plant_instant(wall_clock))
            ) }}
        else {{ plant_instant(wall_clock) }}
    end
{%- endmacro %}


{# A date, a number of days earlier. #}
{% macro days_before(day, days) -%}
    {{ adapter.dispatch('days_before')(day, days) }}
{%- endmacro %}


{% macro postgres__days_before(day, days) -%}
    ({{ day }} - cast({{ days }} as integer))
{%- endmacro %}


{# The day of the week of a date, 1 (Monday) to 7 (Sunday). #}
{% macro iso_weekday(day) -%}
    {{ adapter.dispatch('iso_weekday')(day) }}
{%- endmacro %}


{% macro postgres__iso_weekday(day) -%}
    cast(extract(isodow from {{ day }}) as integer)
{%- endmacro %}
