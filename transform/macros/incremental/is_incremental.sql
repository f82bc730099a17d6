{#
    Whether a model adds to its table. The SQL is linted as it is on every run but the first (see .sqlfluff): otherwise
    the findings would depend on which tables happen to exist.
#}
{% macro is_incremental() %}
    {{ return(var('lint_as_incremental', false) or dbt.is_incremental()) }}
{% endmacro %}
