{%- set held = {
    'nloesch': bigint_or_null('nloesch'),
    'datum': timestamp_or_null('datum'),
    'zeit': timestamp_or_null('zeit'),
} -%}

with

source as (

    select * from {{ source('raw_erp', 'a_vorgang') }}

),

renamed as (

    select
        -- ids
        cast(id_a_kopf as text) as order_id,
        {{ order_key('cast(id_a_kopf as text)') }} as order_key,
        cast(nummer as text) as event_number,
        cast(benutzer as text) as user_key,

        -- text
        cast(notizcode as text) as note_code,
        cast(codeintern as text) as internal_code,
        {{ unreadable_columns(held) }} as unreadable_columns,

        -- booleans
        coalesce({{ held['nloesch'] }} = 1, false) as is_deleted,

        -- times
        {{ held['datum'] }} as day_local_time,
        {{ held['zeit'] }} as clock_local_time
    from source

)

select * from renamed
