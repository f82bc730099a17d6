with

source as (

    select * from {{ source('raw_erp', 'p_artikel') }}

),

renamed as (

    select
        -- ids
        cast(id as text) as article_line_id,
        cast(id_a_kopf as text) as order_id,
        cast(position as bigint) as position,
        cast(artikelid as text) as article_code,

        -- numbers
        cast(dim1 as bigint) as dimension_1_mm,
        cast(dim2 as bigint) as dimension_2_mm,
        cast(dim3 as bigint) as dimension_3_mm
    from source

)

select * from renamed
