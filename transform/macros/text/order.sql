{#
    A text that is sorted by the bytes of its UTF-8: the order of a server's language differs from server to server, and
    skips blanks and parentheses.
#}
{% macro in_byte_order(text) -%}
    {{ adapter.dispatch('in_byte_order')(text) }}
{%- endmacro %}


{% macro postgres__in_byte_order(text) -%}
    {{ text }} collate "C"
{%- endmacro %}


{# Markers in the order that people expect: numbers by their value, before all else (2 before 10), the others as texts. #}
{% macro marker_order(text) -%}
    {{ numeric_or_null(text, 38, 6) }} nulls last, {{ in_byte_order(text) }} nulls last
{%- endmacro %}
