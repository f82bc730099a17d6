{#
    Incremental by session. Every row carries the input_digest of its session: the fingerprint of all that the session
    was computed from (see int_session_inputs). A digest that a table has not seen yet is a session to compute; one that
    is not current any more is a session to delete, whether it has changed or has gone. So a table repairs itself after
    a run that failed half-way, equals a full refresh at any time, and a run with nothing new writes no row.
    The rules themselves are no part of the digest: a change of a model or macro wants a run with --full-refresh.
#}

{# Query: the sessions that this model has to compute. All of them in a full refresh. #}
{% macro sessions_to_compute() -%}
    select
        inputs.machine_id,
        inputs.session_id,
        inputs.production_date,
        inputs.input_digest
    from {{ ref('int_session_inputs') }} as inputs
    {%- if is_incremental() %}
    where inputs.input_digest not in ({{ computed_digests(this) }})
    {%- endif %}
{%- endmacro %}


{# Query: the digests that a table holds rows of. #}
{% macro computed_digests(relation) -%}
    {{ adapter.dispatch('computed_digests')(relation) }}
{%- endmacro %}


{% macro default__computed_digests(relation) -%}
    select distinct input_digest from {{ relation }}
{%- endmacro %}


{#
    One look into the index per session, from each digest to the next greater one: DISTINCT would read every row of the
    history to find the same few thousand digests.
#}
{% macro postgres__computed_digests(relation) -%}
    with recursive computed as (
        (select input_digest from {{ relation }} order by input_digest limit 1)
        union all
        select (
            select following.input_digest from {{ relation }} as following
            where following.input_digest > computed.input_digest
            order by following.input_digest
            limit 1
        )
        from computed
        where computed.input_digest is not null
    )

    select input_digest from computed
    where input_digest is not null
{%- endmacro %}


{# dbt calls this for incremental_strategy: by_session, with the newly computed rows in the temporary relation. #}
{% macro get_incremental_by_session_sql(arg_dict) %}
    {%- set target_relation = arg_dict['target_relation'] -%}
    {%- set stale_digests -%}
        select stale.input_digest from ({{ computed_digests(target_relation) }}) as stale
        where not exists (
            select 1 from {{ ref('int_session_inputs') }} as inputs
            where inputs.input_digest = stale.input_digest
        )
    {%- endset -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) %}

    delete from {{ target_relation }}
    where {{ is_one_of('input_digest', stale_digests) }};

    insert into {{ target_relation }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{% endmacro %}
