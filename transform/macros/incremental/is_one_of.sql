{#
    A filter on a large table by few values that a query finds. PostgreSQL expects a handful of elements in an array and
    takes the index; the same query behind IN makes it expect many and read the whole table, history included.
#}
{% macro is_one_of(column, query) -%}
    {{ adapter.dispatch('is_one_of')(column, query) }}
{%- endmacro %}


{% macro default__is_one_of(column, query) -%}
    {{ column }} in ({{ query }})
{%- endmacro %}


{% macro postgres__is_one_of(column, query) -%}
    {{ column }} = any(array({{ query }}))
{%- endmacro %}
