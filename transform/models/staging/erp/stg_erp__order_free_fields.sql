with

source as (

    select * from {{ source('raw_erp', 'a_kopffreie') }}

),

renamed as (

    select
        -- ids
        cast(id_a_kopf as text) as order_id,
        cast(nummer as bigint) as free_field_number,

        -- text: the users type numbers and dates here, so the source keeps them as text
        cast(feld2 as text) as window_unit_count_text,
        cast(feld3 as text) as entered_on_text,
        cast(feld5 as text) as deliver_on_text
    from source

)

select * from renamed
