{#
    Records that every model, seed and snapshot was built by the models of today, whatever the tests of the data said: so
    the launcher knows that the next run need not compute all tables anew. It names the models by a fingerprint where
    there is something to record; a run of dbt by hand, or of a part of the project, records nothing.
#}
{% macro record_build(results) -%}
    {%- set fingerprint = env_var('ATELIER_MODELS', '') -%}
    {%- if execute and fingerprint and flags.WHICH == 'build' -%}
        {%- set kinds = ['model', 'seed', 'snapshot'] -%}
        {%- set built = results | selectattr('node.resource_type', 'in', kinds)
            | selectattr('status', 'equalto', 'success') | list -%}
        {%- set all = graph.nodes.values() | selectattr('resource_type', 'in', kinds)
            | rejectattr('config.materialized', 'equalto', 'ephemeral') | list -%}
        {%- if built | length == all | length -%}
            insert into ops.model_builds (fingerprint) values ('{{ fingerprint }}')
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#
    Records whether the list of orders to plan has any, when that has changed since the last build: the list itself does not
    remember that it was longer, and an empty one looks like a quiet week. Only where the list was built by a run.
#}
{% macro record_order_list(results) -%}
    {%- set list = results | selectattr('node.name', 'equalto', 'fct_shutter_orders')
        | selectattr('status', 'equalto', 'success') | list -%}
    {%- if execute and flags.WHICH == 'build' and env_var('ATELIER_MODELS', 'by hand') != 'by hand' and list -%}
        insert into ops.order_list_changes (has_orders)
        select seen.has_orders
        from (select count(*) > 0 as has_orders from {{ list[0].node.relation_name }}) as seen
        where seen.has_orders is distinct from (
            select known.has_orders from ops.order_list_changes as known
            order by known.change_number desc
            limit 1
        )
    {%- endif -%}
{%- endmacro %}
