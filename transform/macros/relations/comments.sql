{# Descriptions are written where they differ from those in the database: a comment takes a lock, and there are hundreds. #}
{% macro postgres__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- set query -%}
        select parts.attname::text as name, descriptions.description
        from (
            select attrelid, attnum, attname from pg_attribute where attnum > 0 and not attisdropped
            union all
            select oid, 0, null from pg_class
        ) as parts
        left join pg_description as descriptions
            on parts.attrelid = descriptions.objoid
            and parts.attnum = descriptions.objsubid
            and descriptions.classoid = 'pg_class'::regclass
        where parts.attrelid = {{ oid_of(relation) }}
    {%- endset -%}
    {%- set held = {} -%}
    {%- for row in run_query(query).rows -%}
        {%- do held.update({row['name']: row['description']}) -%}
    {%- endfor -%}
    {%- if for_relation and config.persist_relation_docs() and model.description and held[none] != model.description -%}
        {%- do run_query(alter_relation_comment(relation, model.description)) -%}
    {%- endif -%}
    {%- if for_columns and config.persist_column_docs() and model.columns -%}
        {%- set names = held.keys() | select('string') | list -%}
        {%- set columns = validate_doc_columns(relation, model.columns, names) -%}
        {%- set statements = [] -%}
        {%- for name, column in columns.items() if (held[name] or '') != column.description -%}
            {%- do statements.append(
                'comment on column ' ~ relation ~ '.' ~ adapter.quote(name) ~ ' is '
                ~ postgres_escape_comment(column.description)
            ) -%}
        {%- endfor -%}
        {%- if statements -%}
            {%- do run_query(statements | join(';\n')) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
