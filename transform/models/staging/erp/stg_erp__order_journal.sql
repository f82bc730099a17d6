with

source as (

    select * from {{ source('raw_erp', 'a_logbuch') }}

),

renamed as (

    select
        -- ids
        cast(id as bigint) as journal_entry_id,
        cast(id_a_kopf as text) as order_id,
        cast(benutzer as text) as user_key,

        -- text
        cast(code as text) as entry_code,
        cast(notiz as text) as note,

        -- times
        cast(datum as timestamp) as day_local_time,
        cast(zeit as timestamp) as clock_local_time
    from source

)

select * from renamed
