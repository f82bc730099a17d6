{# A part as a share of the whole, 0 to 1; NULL where the whole is 0. #}
{% macro rate(part, whole) -%}
    cast({{ part }} / nullif({{ whole }}, 0) as numeric(18, 12))
{%- endmacro %}


{#
    Pieces per hour of some seconds; NULL where there are none. Wide enough for the log of a machine gone wild: a million
    pieces in a microsecond must not stop the run.
#}
{% macro pieces_per_hour(piece_count, seconds) -%}
    cast({{ piece_count }} * 3600 / nullif({{ seconds }}, 0) as numeric(24, 6))
{%- endmacro %}
