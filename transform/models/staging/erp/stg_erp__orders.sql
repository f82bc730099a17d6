with

source as (

    select * from {{ source('raw_erp', 'a_kopf') }}

),

renamed as (

    select
        -- ids
        cast(id as text) as order_id,
        cast(aunummer as bigint) as order_number,
        cast(aualpha as text) as extension,
        cast(kundennr as text) as customer_key,
        cast(techniker as text) as technician_key,

        -- text
        cast(kommission as text) as job_name,
        cast(aufstatus as text) as status,
        cast(auftragsart as text) as order_category,

        -- numbers
        cast(auftragstyp as bigint) as order_type,
        cast(fsystemgrp as bigint) as system_group,
        cast(a_vormwst as numeric(15, 2)) as price_eur
    from source

)

select * from renamed
