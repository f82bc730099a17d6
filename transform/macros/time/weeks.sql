{# The Monday of the ISO week that a date lies in. #}
{% macro week_start(day) -%}
    {{ adapter.dispatch('week_start')(day) }}
{%- endmacro %}


{# By way of a wall-clock time: of a date itself, PostgreSQL would make an instant in the time zone of the session. #}
{% macro postgres__week_start(day) -%}
    cast(date_trunc('week', cast({{ day }} as timestamp)) as date)
{%- endmacro %}


{# The text YYYY-Www of the ISO week that a date lies in, such as 2025-W22; its year is the one of its Thursday. #}
{% macro iso_week(day) -%}
    {{ adapter.dispatch('iso_week')(day) }}
{%- endmacro %}


{% macro postgres__iso_week(day) -%}
    to_char({{ day }}, 'IYYY-"W"IW')
{%- endmacro %}
