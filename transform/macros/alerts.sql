{# A limit that planners set, as a scalar subquery; one that is there twice must not stop all alerts. #}
{% macro alert_threshold(name) -%}
    (select max(limits.limit_value) from {{ ref('alert_thresholds') }} as limits where limits.threshold = '{{ name }}')
{%- endmacro %}


{# Whether a text is a time at which the plant may open: 00:00 to 23:59. #}
{% macro is_opening_time(text) -%}
    {{ matches(text, '^([01][0-9]|2[0-3]):[0-5][0-9]$') }}
{%- endmacro %}


{# Whether a text is a time at which the plant may close: 00:00 to 24:00. #}
{% macro is_closing_time(text) -%}
    {{ matches(text, '^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$') }}
{%- endmacro %}


{# The source that a step of a run of Meltano has loaded; null where it has loaded none. #}
{% macro loaded_source(step_name) -%}
    case
        when {{ step_name }} like '%tap-ftplogs%' then 'ftplogs'
        when {{ step_name }} like '%tap-mysql%' then 'erp'
    end
{%- endmacro %}
