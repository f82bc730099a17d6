{# What the first pair of parentheses of a regular expression captures at its first match; NULL without a match. #}
{% macro captured(text, pattern) -%}
    {{ adapter.dispatch('captured')(text, pattern) }}
{%- endmacro %}


{% macro postgres__captured(text, pattern) -%}
    substring({{ text }} from '{{ pattern }}')
{%- endmacro %}


{# Whether a text matches a regular expression somewhere; NULL for NULL. #}
{% macro matches(text, pattern) -%}
    {{ adapter.dispatch('matches')(text, pattern) }}
{%- endmacro %}


{% macro postgres__matches(text, pattern) -%}
    ({{ text }} ~ '{{ pattern }}')
{%- endmacro %}
