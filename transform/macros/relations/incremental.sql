{#
    dbt's own materialization, but for one thing: a table that is computed whole once more (a full refresh, a new release)
    stays the same table if others may read it. Its rows are replaced in one transaction, which no reader waits for; columns
    that are new, gone or of another type are changed in it. It is swapped where something of ours is built on such a column,
    and where nobody else may read it and nothing is built on it, which is several times as fast.
#}
{% materialization incremental, adapter='postgres' %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set is_table = existing_relation is not none and existing_relation.is_table -%}
    {%- set strategy = config.get('incremental_strategy') or 'default' -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set changes, made_aside = [], [] -%}
    {%- set is_kept = is_table and (config.get('grants') or dependents(existing_relation)) -%}
    {%- if is_table and not should_full_refresh() -%}
        {%- set build_sql = added_rows_statement(existing_relation, strategy, sql) -%}
    {%- else -%}
        {%- if is_kept -%}
            {%- set draft = make_temp_relation(target_relation) -%}
            {%- do run_in_transaction(draft_table_statement(draft, sql)) -%}
            {%- do changes.extend(shape_changes(existing_relation, draft) | selectattr('change')) -%}
        {%- endif -%}
        {%- if is_kept and not has_lost_dependents(existing_relation, changes) -%}
            {%- set build_sql = replaced_rows_statement(existing_relation, draft, changes, strategy, sql) -%}
        {%- elif existing_relation is none -%}
            {%- set build_sql = get_create_table_as_sql(false, target_relation, sql) -%}
        {%- else -%}
            {%- do refuse_to_lose_dependents(existing_relation, dependents(existing_relation)) -%}
            {%- do made_aside.append(make_intermediate_relation(target_relation)) -%}
            {%- set build_sql = get_create_table_as_sql(false, made_aside[0], sql) -%}
        {%- endif -%}
    {%- endif -%}

    {%- call statement('main') -%}
        {{ build_sql }}
    {%- endcall -%}

    {%- if should_full_refresh() or not is_table -%}
        {%- do create_indexes(made_aside[0] or target_relation) -%}
    {%- endif -%}
    {%- if made_aside -%}
        {%- set backup = move_out_of_the_way(existing_relation) -%}
        {%- do adapter.rename_relation(made_aside[0], target_relation) -%}
        {%- do drop_if_unread(backup) -%}
    {%- endif -%}

    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=is_table and not made_aside) -%}
    {%- do persist_docs(target_relation, model) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{# Statements that add what is new, by the strategy of the model: as dbt does it. #}
{% macro added_rows_statement(relation, strategy, sql) %}
    {%- set computed = make_temp_relation(relation) -%}
    {%- do run_in_transaction(get_create_table_as_sql(true, computed, sql)) -%}
    {%- if not config.get('contract').enforced -%}
        {%- do adapter.expand_target_column_types(from_relation=computed, to_relation=relation) -%}
    {%- endif -%}
    {%- set on_schema_change = incremental_validate_on_schema_change(config.get('on_schema_change'), default='ignore') -%}
    {%- set columns = process_schema_changes(on_schema_change, computed, relation)
        or adapter.get_columns_in_relation(relation) -%}
    {{ return(strategy_statement(relation, computed, columns, strategy)) }}
{% endmacro %}


{% macro strategy_statement(relation, computed, columns, strategy) %}
    {%- set make_statement = adapter.get_incremental_strategy_macro(context, strategy) -%}
    {{ return(make_statement({
        'target_relation': relation,
        'temp_relation': computed,
        'unique_key': config.get('unique_key'),
        'dest_columns': columns,
        'incremental_predicates': config.get('incremental_predicates'),
    })) }}
{% endmacro %}


{#
    Statements that put all rows in the place of those that are there. They are deleted, not truncated: only so does a
    reader see the old rows until the new ones are committed, and only so is no lock needed that a reader could hold.
    What takes such a lock, a change of columns, comes when all is computed.
#}
{% macro replaced_rows_statement(relation, draft, changes, strategy, sql) %}
    {%- set columns = adapter.get_columns_in_relation(draft) -%}
    {%- set names = get_quoted_csv(columns | map(attribute='name')) -%}
    {%- set reshaping = reshape_statement(relation, draft, changes) | trim -%}
    {%- if reshaping or strategy == 'sync' -%}
        {%- set computed = make_temp_relation(relation, '__dbt_new') -%}
        {%- do run_in_transaction(get_create_table_as_sql(true, computed, sql)) -%}
    {%- endif -%}
    {%- if strategy == 'sync' and not reshaping -%}
        {{ return(strategy_statement(relation, computed, columns, strategy)) }}
    {%- endif -%}
    {%- set statements %}
        delete from {{ relation }};

        {{ reshaping }}

        insert into {{ relation }} ({{ names }})
        select {{ names }}
        from {% if reshaping %}{{ computed }}{% else %}(
            {{ sql }}
        ) as model{% endif %}
    {% endset -%}
    {{ return(statements) }}
{% endmacro %}


{# Whether something in the database is built on a column that goes or gets another type. #}
{% macro has_lost_dependents(relation, changes) %}
    {%- set lost = changes | selectattr('change', 'in', ['removed', 'retyped']) | map(attribute='name') | list -%}
    {{ return(lost | length > 0 and dependents(relation, lost) | length > 0) }}
{% endmacro %}


{# A temporary table without rows that has the shape which a table of the model would have. #}
{% macro draft_table_statement(draft, sql) -%}
    {{ adapter.dispatch('draft_table_statement')(draft, sql) }}
{%- endmacro %}


{% macro postgres__draft_table_statement(draft, sql) -%}
    {%- if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(sql) }}
        create temporary table {{ draft }} {{ get_table_columns_and_constraints() }} on commit drop
    {%- else -%}
        create temporary table {{ draft }} on commit drop as (
            {{ sql }}
        ) with no data
    {%- endif -%}
{%- endmacro %}


{# Statement that gives a table without rows the shape of a draft; empty where it has it. #}
{% macro reshape_statement(relation, draft, changes) -%}
    {{ adapter.dispatch('reshape_statement')(relation, draft, changes) }}
{%- endmacro %}


{#
    A column of another type is dropped and added: to convert it, PostgreSQL would write the table once more, and readers
    whose transaction began before would see no row.
#}
{% macro postgres__reshape_statement(relation, draft, changes) -%}
    {%- set parts, lost = [], [] -%}
    {%- for column in changes -%}
        {%- set name = adapter.quote(column['name']) -%}
        {%- set required = ' not null' if column['is_required'] else '' -%}
        {%- if column['change'] in ('removed', 'retyped') -%}
            {%- do lost.append(column['name']) -%}
            {%- do parts.append('drop column ' ~ name) -%}
        {%- endif -%}
        {%- if column['change'] in ('added', 'retyped') -%}
            {%- do parts.append('add column ' ~ name ~ ' ' ~ column['data_type'] ~ required) -%}
        {%- elif column['change'] == 'nullability' -%}
            {%- do parts.append(
                'alter column ' ~ name ~ (' set' if required else ' drop') ~ ' not null'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set held_key, drafted_key = primary_key(relation), primary_key(draft) -%}
    {%- set is_key_lost = held_key['columns'] | select('in', lost) | list | length > 0 -%}
    {%- if held_key['columns'] != drafted_key['columns'] or is_key_lost -%}
        {%- if held_key['name'] -%}
            {%- do parts.insert(0, 'drop constraint ' ~ adapter.quote(held_key['name'])) -%}
        {%- endif -%}
        {%- if drafted_key['columns'] -%}
            {%- do parts.append('add primary key (' ~ get_quoted_csv(drafted_key['columns']) ~ ')') -%}
        {%- endif -%}
    {%- endif -%}
    {%- if parts -%}
        alter table {{ relation }} {{ parts | join(', ') }};
    {%- endif -%}
{%- endmacro %}


{# Name and columns of the primary key; neither where there is none. #}
{% macro primary_key(relation) %}
    {%- set query -%}
        select keys.conname::text as name, parts.attname::text as part
        from pg_constraint as keys
        cross join unnest(keys.conkey) with ordinality as places (attnum, place)
        inner join pg_attribute as parts on keys.conrelid = parts.attrelid and places.attnum = parts.attnum
        where keys.conrelid = {{ oid_of(relation) }} and keys.contype = 'p'
        order by places.place
    {%- endset -%}
    {%- set rows = run_query(query).rows -%}
    {{ return({'name': rows[0]['name'] if rows else none, 'columns': rows | map(attribute='part') | list}) }}
{% endmacro %}


{#
    A table that was kept has indexes already: it gets those that it lacks and loses those that the model has no more. dbt
    names an index by a digest that differs in each run, so they are told apart by what they are; a user's own have other
    names, and stay.
#}
{% macro postgres__create_indexes(relation) %}
    {%- set query -%}
        select
            indexes.oid::regclass::text as name,
            concat_ws(
                '|', case when rules.indisunique then 'unique' end, methods.amname, (
                    select string_agg(parts.attname, ',' order by places.place)
                    from unnest(rules.indkey::smallint[]) with ordinality as places (attnum, place)
                    inner join pg_attribute as parts
                        on rules.indrelid = parts.attrelid and places.attnum = parts.attnum
                )
            ) as what
        from pg_index as rules
        inner join pg_class as indexes on rules.indexrelid = indexes.oid
        inner join pg_am as methods on indexes.relam = methods.oid
        where rules.indrelid = {{ oid_of(relation) }} and indexes.relname ~ '^[0-9a-f]{32}$'
    {%- endset -%}
    {%- set held = run_query(query).rows -%}
    {%- set wanted = {} -%}
    {%- for index in config.get('indexes', default=[]) -%}
        {%- set parts = ['unique'] if index.get('unique') else [] -%}
        {%- do wanted.update({
            (parts + [index.get('type', 'btree'), index['columns'] | join(',')]) | join('|'): index
        }) -%}
    {%- endfor -%}
    {%- for index in held if index['what'] not in wanted -%}
        {%- do run_query('drop index ' ~ index['name']) -%}
    {%- endfor -%}
    {%- for what, index in wanted.items() if what not in held | map(attribute='what') | list -%}
        {%- do run_query(get_create_index_sql(relation, index)) -%}
    {%- endfor -%}
{% endmacro %}
