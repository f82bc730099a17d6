{%- set held = {
    'id': numeric_or_null('id', 20, 0),
    'datum': timestamp_or_null('datum'),
    'zeit': timestamp_or_null('zeit'),
} -%}

with

source as (

    select * from {{ source('raw_erp', 'a_logbuch') }}

),

renamed as (

    select
        -- ids
        {{ held['id'] }} as journal_entry_id,
        cast(id_a_kopf as text) as order_id,
        {{ order_key('cast(id_a_kopf as text)') }} as order_key,
        cast(benutzer as text) as user_key,

        -- text
        cast(code as text) as entry_code,
        cast(notiz as text) as note,
        {{ unreadable_columns(held) }} as unreadable_columns,

        -- times
        {{ held['datum'] }} as day_local_time,
        {{ held['zeit'] }} as clock_local_time
    from source

)

select * from renamed
