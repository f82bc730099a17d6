{# dbt's own macro leaves the names unquoted, but a role bears the name of the database, which may hold any character. #}
{% macro postgres__get_grant_sql(relation, privilege, grantees) -%}
    grant {{ privilege }} on {{ relation.render() }} to {{ get_quoted_csv(grantees) }}
{%- endmacro %}
