{{ config(incremental_strategy='sync', unique_key='data_problem_id') }}

with

orders as (

    select * from {{ ref('stg_erp__orders') }}

),

order_journal as (

    select * from {{ ref('stg_erp__order_journal') }}

),

accessories as (

    select * from {{ ref('stg_erp__accessories') }}

),

order_events as (

    select * from {{ ref('stg_erp__order_events') }}

),

articles as (

    select * from {{ ref('stg_erp__articles') }}

),

free_fields as (

    select * from {{ ref('stg_erp__order_free_fields') }}

),

order_keys as (

    select * from {{ ref('int_order_keys') }}

),

-- What each column is to hold.
typed_columns as (

    {% set columns = {
        'a_kopf': {'aunummer': 'number', 'auftragstyp': 'number', 'fsystemgrp': 'number', 'a_vormwst': 'number'},
        'a_logbuch': {'id': 'number', 'datum': 'date', 'zeit': 'date'},
        'p_zubeh': {'position': 'number', 'znr': 'number', 'stueck': 'number'},
        'a_vorgang': {'nloesch': 'number', 'datum': 'date', 'zeit': 'date'},
        'p_artikel': {'position': 'number', 'dim1': 'number', 'dim2': 'number', 'dim3': 'number'},
        'a_kopffreie': {'nummer': 'number', 'feld2': 'number', 'feld3': 'date', 'feld5': 'date'},
    } %}
    {% for table_name, kinds in columns.items() %}
    {% set is_last_table = loop.last %}
    {% for column_name, kind in kinds.items() %}
    select
        '{{ table_name }}' as table_name,
        '{{ column_name }}' as column_name,
        'unreadable_{{ kind }}' as reason
    {% if not (is_last_table and loop.last) %}
    union all
    {% endif %}
    {% endfor %}
    {% endfor %}

),

unreadable_rows as (

    select
        'a_kopf' as table_name,
        order_id,
        order_key,
        order_id as row_key,
        unreadable_columns
    from orders
    where unreadable_columns is not null

    union all

    select
        'a_logbuch' as table_name,
        order_id,
        order_key,
        cast(journal_entry_id as text) as row_key,
        unreadable_columns
    from order_journal
    where unreadable_columns is not null

    union all

    select
        'p_zubeh' as table_name,
        order_id,
        order_key,
        {{ row_key(['position', 'kennung', 'znr']) }} as row_key,
        unreadable_columns
    from accessories
    where unreadable_columns is not null

    union all

    select
        'a_vorgang' as table_name,
        order_id,
        order_key,
        event_number as row_key,
        unreadable_columns
    from order_events
    where unreadable_columns is not null

    union all

    select
        'p_artikel' as table_name,
        order_id,
        order_key,
        article_line_id as row_key,
        unreadable_columns
    from articles
    where unreadable_columns is not null

    union all

    select
        'a_kopffreie' as table_name,
        order_id,
        order_key,
        cast(free_field_number as text) as row_key,
        unreadable_columns
    from free_fields
    where unreadable_columns is not null

),

unreadable_values as (

    select
        unreadable_rows.table_name,
        unreadable_rows.order_id,
        unreadable_rows.order_key,
        unreadable_rows.row_key,
        typed_columns.column_name,
        typed_columns.reason
    from unreadable_rows
    inner join typed_columns
        on
            unreadable_rows.table_name = typed_columns.table_name
            and {{ dbt.position(
                dbt.concat(["','", 'typed_columns.column_name', "','"]),
                dbt.concat(['unreadable_rows.unreadable_columns', "','"]),
            ) }} > 0

),

-- An order without a number is none that a machine could name.
orders_without_number as (

    select
        'a_kopf' as table_name,
        order_id,
        order_key,
        order_id as row_key,
        'aunummer' as column_name,
        'missing_value' as reason
    from orders
    where order_number is null and coalesce(unreadable_columns, '') not like '%,aunummer%'

),

references_to_orders as (

    {% for rows, table_name in {
        'order_journal': 'a_logbuch', 'accessories': 'p_zubeh', 'order_events': 'a_vorgang', 'articles': 'p_artikel',
        'free_fields': 'a_kopffreie',
    }.items() %}
    select distinct
        '{{ table_name }}' as table_name,
        order_id,
        order_key
    from {{ rows }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

-- One row per order that is named and not there, however many rows name it.
orphans as (

    select
        references_to_orders.table_name,
        references_to_orders.order_id,
        references_to_orders.order_key,
        references_to_orders.order_id as row_key,
        'id_a_kopf' as column_name,
        case
            when references_to_orders.order_id is null then 'missing_value'
            when references_to_orders.order_key in (select ambiguous.order_key from order_keys as ambiguous)
                then 'ambiguous_order'
            else 'unknown_order'
        end as reason
    from references_to_orders
    left join order_keys on {{ refers_to('references_to_orders', 'order_keys') }}
    where order_keys.order_id is null

),

repeated_accessories as (

    select
        'p_zubeh' as table_name,
        order_id,
        order_key,
        {{ row_key(['position', 'kennung', 'znr']) }} as row_key,
        'znr' as column_name,
        'repeated_key' as reason
    from accessories
    group by accessory_id, order_id, order_key, position, kennung, znr
    having count(*) > 1

),

problems as (

    select * from unreadable_values

    union all

    select * from orders_without_number

    union all

    select * from orphans

    union all

    select * from repeated_accessories

),

-- By the order itself where there is one, so that what is known of an order goes when the order goes.
problems_of_orders as (

    select distinct
        problems.table_name,
        coalesce(order_keys.order_id, problems.order_id) as order_id,
        problems.row_key,
        problems.column_name,
        problems.reason
    from problems
    left join order_keys on {{ refers_to('problems', 'order_keys') }}

),

erp_data_problems as (

    select
        {{ surrogate_key([
            'table_name', "coalesce(order_id, '')", "coalesce(row_key, '')", 'column_name', 'reason',
        ]) }} as data_problem_id,
        cast(table_name as text) as table_name,
        order_id,
        row_key,
        cast(column_name as text) as column_name,
        cast(reason as text) as reason
    from problems_of_orders

)

select * from erp_data_problems
