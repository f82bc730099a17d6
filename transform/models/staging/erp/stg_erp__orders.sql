{%- set held = {
    'aunummer': bigint_or_null('aunummer'),
    'auftragstyp': bigint_or_null('auftragstyp'),
    'fsystemgrp': bigint_or_null('fsystemgrp'),
    'a_vormwst': numeric_or_null('a_vormwst', 15, 2),
} -%}

with

source as (

    select * from {{ source('raw_erp', 'a_kopf') }}

),

renamed as (

    select
        -- ids
        cast(id as text) as order_id,
        {{ order_key('cast(id as text)') }} as order_key,
        {{ held['aunummer'] }} as order_number,
        cast(aualpha as text) as extension,
        cast(kundennr as text) as customer_key,
        cast(techniker as text) as technician_key,

        -- text
        cast(kommission as text) as job_name,
        cast(aufstatus as text) as status,
        cast(auftragsart as text) as order_category,
        {{ unreadable_columns(held) }} as unreadable_columns,

        -- numbers
        {{ held['auftragstyp'] }} as order_type,
        {{ held['fsystemgrp'] }} as system_group,
        {{ held['a_vormwst'] }} as price_eur
    from source

)

select * from renamed
