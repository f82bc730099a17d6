{#
    Rename a relation that is about to be replaced, and return what it is called then. Readers see one of the two at any
    moment. Views of ours that read the old one go on reading it, under its new name, until this run has replaced them;
    then it goes (see drop_backups).
#}
{% macro move_out_of_the_way(relation) %}
    {%- do refuse_to_lose_dependents(relation, dependents(relation)) -%}
    {%- set backup = make_relation_aside(relation) -%}
    {%- do adapter.rename_relation(relation, backup) -%}
    {{ return(backup) }}
{% endmacro %}


{# Drop what was moved out of the way, in the transaction that did so, unless a view of ours still reads it. #}
{% macro drop_if_unread(backup) %}
    {%- if not dependents(backup) -%}
        {%- do adapter.drop_relation(backup) -%}
    {%- endif -%}
{% endmacro %}


{# The name of a relation that is on its way out: no two are the same, as one of a killed run may still be there. #}
{% macro make_relation_aside(relation) %}
    {{ return(adapter.dispatch('make_relation_aside')(relation)) }}
{% endmacro %}


{% macro postgres__make_relation_aside(relation) %}
    {{ return(postgres__make_relation_with_suffix(relation, '__dbt_backup', dstring=True)) }}
{% endmacro %}


{#
    At the end of a run: drop what was replaced and is read by nothing any more. What somebody is still reading, or a view
    that could not be replaced, stays for the next run.
#}
{% macro drop_backups() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'seed') -%}
        {{ adapter.dispatch('drop_backups')() }}
    {%- endif -%}
{%- endmacro %}


{% macro postgres__drop_backups() -%}
    do $$
    declare
        backup record;
        has_dropped boolean := true;
    begin
        while has_dropped loop
            has_dropped := false;
            for backup in
                select classes.oid::regclass as name, classes.relkind = 'v' as is_view
                from pg_class as classes
                where classes.relname like '%\_\_dbt\_backup%'
                    and classes.relkind in ('r', 'v')
                    and pg_has_role(classes.relowner, 'usage')
                    and classes.relnamespace::regnamespace::text in (
                        {%- set schemas = graph.nodes.values() | selectattr('resource_type', 'in', ['model', 'seed'])
                            | map(attribute='schema') | unique | list %}
                        {% for schema in schemas %}'{{ schema }}'{{ ', ' if not loop.last }}{% endfor %}
                    )
                    and not exists (
                        select 1 from pg_depend as uses
                        inner join pg_rewrite as rules on uses.objid = rules.oid
                        where uses.classid = 'pg_rewrite'::regclass
                            and uses.refobjid = classes.oid
                            and rules.ev_class <> classes.oid
                    )
            loop
                begin
                    execute format(
                        'drop %s %s', case when backup.is_view then 'view' else 'table' end, backup.name
                    );
                    has_dropped := true;
                exception
                    when lock_not_available or dependent_objects_still_exist then null;
                end;
            end loop;
        end loop;
    end
    $$
{%- endmacro %}


{# dbt's own statements drop what is built on a relation as well, a user's own views too: ours never do. #}
{% macro postgres__drop_table(relation) -%}
    drop table if exists {{ relation.render() }}
{%- endmacro %}


{% macro postgres__drop_view(relation) -%}
    drop view if exists {{ relation.render() }}
{%- endmacro %}


{% macro postgres__drop_materialized_view(relation) -%}
    drop materialized view if exists {{ relation.render() }}
{%- endmacro %}


{# How dbt widens a text column of a snapshot; its own way drops the column with all that is built on it. #}
{% macro postgres__alter_column_type(relation, column_name, new_column_type) -%}
    {%- do refuse_to_lose_dependents(relation, dependents(relation, [column_name])) -%}
    {%- do run_query(
        'alter table ' ~ relation ~ ' alter column ' ~ adapter.quote(column_name) ~ ' type ' ~ new_column_type
    ) -%}
{%- endmacro %}
