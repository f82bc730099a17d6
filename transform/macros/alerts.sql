{# A limit that planners set, as a scalar subquery; one that is there twice must not stop all alerts. #}
{% macro alert_threshold(name) -%}
    (select max(limits.limit_value) from {{ ref('alert_thresholds') }} as limits where limits.threshold = '{{ name }}')
{%- endmacro %}


{# 12,4 % of 0.1239. #}
{% macro french_percent(share) -%}
    {{ dbt.concat(["replace(cast(round(100 * " ~ share ~ ", 1) as " ~ dbt.type_string() ~ "), '.', ',')", "' %'"]) }}
{%- endmacro %}
