{#
    Views keep their identity, as people read them and build views of their own on them. One whose definition is what the
    model gives is left alone, and its readers' locks do not matter; one that has more columns is replaced in its place.
    Only one that loses a column, or gets another type in one, is swapped.
#}
{% materialization view, adapter='postgres' %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='view') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if existing_relation is not none and existing_relation.is_view -%}
        {%- set draft = make_temp_relation(target_relation) -%}
        {%- do run_in_transaction(view_statement('create temporary view', draft, sql)) -%}
        {%- set changes = shape_changes(existing_relation, draft) -%}
        {%- set definition = definition_in_held_order(draft, changes, sql) -%}
        {%- set is_compatible = changes | selectattr('change', 'in', ['removed', 'retyped']) | list | length == 0 -%}
        {%- set is_same = is_compatible and have_same_definition(existing_relation, draft) -%}
        {%- do run_query('drop view ' ~ draft) -%}
    {%- else -%}
        {%- set definition = sql -%}
        {%- set is_compatible, is_same = false, false -%}
    {%- endif -%}

    {%- if is_same -%}
        {%- call noop_statement('main', 'UNCHANGED', 'UNCHANGED', 0) -%}{{ sql }}{%- endcall -%}
    {%- elif is_compatible -%}
        {%- call statement('main') -%}
            {{ view_statement('create or replace view', target_relation, definition) }}
        {%- endcall -%}
    {%- else -%}
        {%- if existing_relation is not none -%}
            {%- set backup = move_out_of_the_way(existing_relation) -%}
        {%- endif -%}
        {%- call statement('main') -%}
            {{ view_statement('create view', target_relation, sql) }}
        {%- endcall -%}
        {%- if existing_relation is not none -%}
            {%- do drop_if_unread(backup) -%}
        {%- endif -%}
    {%- endif -%}

    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=is_compatible) -%}
    {%- do persist_docs(target_relation, model) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% macro view_statement(words, relation, definition) -%}
    {{ words }} {{ relation }}
    {%- if config.get('contract').enforced and 'temporary' in words %}
        {{ get_assert_columns_equivalent(definition) }}
    {%- endif %}
    as (
        {{ definition }}
    )
{%- endmacro %}


{#
    A view that is replaced in its place keeps the order of its columns, new ones come last. Where the model has another
    order, the columns are named in that of the view, and so is the draft made again.
#}
{% macro definition_in_held_order(draft, changes, sql) %}
    {%- set columns = changes | rejectattr('change', 'equalto', 'removed') | list -%}
    {%- if columns | sort(attribute='drafted_at') == columns -%}
        {{ return(sql) }}
    {%- endif -%}
    {%- set definition -%}
        select {{ get_quoted_csv(columns | map(attribute='name')) }}
        from (
            {{ sql }}
        ) as model
    {%- endset -%}
    {%- do run_query('drop view ' ~ draft) -%}
    {%- do run_query('create temporary view ' ~ draft ~ ' as (' ~ definition ~ ')') -%}
    {{ return(definition) }}
{% endmacro %}


{% macro have_same_definition(one, other) %}
    {%- set query -%}
        select pg_get_viewdef({{ oid_of(one) }}) = pg_get_viewdef({{ oid_of(other) }}) as is_same
    {%- endset -%}
    {{ return(run_query(query).rows[0]['is_same']) }}
{% endmacro %}
