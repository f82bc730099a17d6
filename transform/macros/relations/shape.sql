{#
    The shape of a relation: its columns with their types, which of them may be NULL, its primary key. A relation that
    stands in the warehouse ("held") is compared with a temporary one that the model of today gives ("drafted").
#}

{# Run a statement in the transaction of the model, which its first statement begins; run_query begins none. #}
{% macro run_in_transaction(statement_sql) %}
    {%- call statement('in_transaction') -%}{{ statement_sql }}{%- endcall -%}
{% endmacro %}


{# The object identifier of a relation; the name of the database in it may hold any character. #}
{% macro oid_of(relation) -%}
    '{{ relation.render() | replace("'", "''") }}'::regclass
{%- endmacro %}


{# Rows name, change, data_type, is_required, drafted_at: one per column; `change` is NULL where the two agree. #}
{% macro shape_changes(held, drafted) %}
    {{ return(adapter.dispatch('shape_changes')(held, drafted)) }}
{% endmacro %}


{% macro postgres__shape_changes(held, drafted) %}
    {%- set query -%}
        select
            coalesce(drafted.attname, held.attname)::text as name,
            case
                when held.attname is null then 'added'
                when drafted.attname is null then 'removed'
                when (held.atttypid, held.atttypmod, held.attcollation)
                    is distinct from (drafted.atttypid, drafted.atttypmod, drafted.attcollation) then 'retyped'
                when held.attnotnull <> drafted.attnotnull then 'nullability'
            end as change,
            format_type(drafted.atttypid, drafted.atttypmod) as data_type,
            coalesce(drafted.attnotnull, false) as is_required,
            drafted.attnum as drafted_at
        from (
            select * from pg_attribute
            where attrelid = {{ oid_of(held) }} and attnum > 0 and not attisdropped
        ) as held
        full outer join (
            select * from pg_attribute
            where attrelid = {{ oid_of(drafted) }} and attnum > 0 and not attisdropped
        ) as drafted on held.attname = drafted.attname
        order by held.attnum nulls last, drafted.attnum
    {%- endset -%}
    {{ return(run_query(query).rows) }}
{% endmacro %}


{#
    What else in the database is built on a relation, or on one of some of its columns: views, materialized views,
    functions, constraints. Rows relation (NULL unless it is one), kind, name, owner. What is made with a table, such as
    its indexes, goes with it and does not count.
#}
{% macro dependents(relation, columns=none) %}
    {{ return(adapter.dispatch('dependents')(relation, columns)) }}
{% endmacro %}


{% macro postgres__dependents(relation, columns=none) %}
    {%- set query -%}
        select distinct
            namespaces.nspname || '.' || readers.relname as relation,
            case readers.relkind when 'v' then 'view' when 'm' then 'materialized view' end as kind,
            coalesce(
                readers.oid::regclass::text, pg_describe_object(uses.classid, uses.objid, uses.objsubid)
            ) as name,
            pg_get_userbyid(readers.relowner)::text as owner
        from pg_class as used
        inner join pg_depend as uses
            on (uses.refclassid = 'pg_class'::regclass and uses.refobjid = used.oid)
            or (uses.refclassid = 'pg_type'::regclass and uses.refobjid = used.reltype)
        left join pg_rewrite as rules on uses.classid = 'pg_rewrite'::regclass and uses.objid = rules.oid
        left join pg_class as readers on rules.ev_class = readers.oid
        left join pg_namespace as namespaces on readers.relnamespace = namespaces.oid
        left join pg_attribute as parts on used.oid = parts.attrelid and uses.refobjsubid = parts.attnum
        where used.oid = {{ oid_of(relation) }}
            and uses.deptype = 'n'
            and readers.oid is distinct from used.oid
            {%- if columns is not none %}
            and (
                uses.refclassid = 'pg_type'::regclass
                or parts.attname in ({% for column in columns %}'{{ column }}'{{ ', ' if not loop.last }}{% endfor %})
            )
            {%- endif %}
        order by name
    {%- endset -%}
    {{ return(run_query(query).rows) }}
{% endmacro %}


{#
    Refuse to replace a relation, or some of its columns, on which something is built that dbt does not make: it would
    have to go with it. What dbt makes follows in the same run.
#}
{% macro refuse_to_lose_dependents(relation, dependents) %}
    {%- set ours = ['__dbt_backup'] -%}
    {%- for node in graph.nodes.values() if node.resource_type in ('model', 'seed', 'snapshot') -%}
        {%- do ours.append(node.schema ~ '.' ~ node.alias) -%}
    {%- endfor -%}
    {%- set named = [] -%}
    {%- for dependent in dependents
        if not dependent['relation'] in ours and not '__dbt_backup' in (dependent['relation'] or '') -%}
        {%- do named.append(
            'the ' ~ dependent['kind'] ~ ' ' ~ dependent['name'] ~ ' (owner ' ~ dependent['owner'] ~ ')'
            if dependent['kind'] else dependent['name']
        ) -%}
    {%- endfor -%}
    {%- if named -%}
        {%- do exceptions.raise_compiler_error(
            relation.schema ~ '.' ~ relation.identifier ~ ' gets other columns, and ' ~ named | join(', ')
            ~ ' of your own is built on it: keep its definition (pg_get_viewdef), drop it, start this again, then'
            ~ ' create it again; until then the table or view stays as it was'
        ) -%}
    {%- endif -%}
{% endmacro %}
