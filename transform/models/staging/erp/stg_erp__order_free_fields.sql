{%- set held = {
    'nummer': bigint_or_null('nummer'),
    'feld2': parsed_whole_number('cast(feld2 as text)'),
    'feld3': parsed_iso_date('cast(feld3 as text)'),
    'feld5': parsed_iso_date('cast(feld5 as text)'),
} -%}

with

source as (

    select * from {{ source('raw_erp', 'a_kopffreie') }}

),

renamed as (

    select
        -- ids
        cast(id_a_kopf as text) as order_id,
        {{ order_key('cast(id_a_kopf as text)') }} as order_key,
        {{ held['nummer'] }} as free_field_number,

        -- text
        {{ unreadable_columns(held) }} as unreadable_columns,

        -- numbers and dates: the users type them, so the source keeps them as text
        {{ held['feld2'] }} as window_unit_count,
        {{ held['feld3'] }} as entered_on,
        {{ held['feld5'] }} as deliver_on
    from source

)

select * from renamed
