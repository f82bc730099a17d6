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
