with

source as (

    select * from {{ source('raw_erp', 'a_vorgang') }}

),

renamed as (

    select
        -- ids
        cast(id_a_kopf as text) as order_id,
        cast(nummer as text) as event_number,
        cast(benutzer as text) as user_key,

        -- text
        cast(notizcode as text) as note_code,
        cast(codeintern as text) as internal_code,

        -- booleans
        coalesce(nloesch = 1, false) as is_deleted,

        -- times
        cast(datum as timestamp) as day_local_time,
        cast(zeit as timestamp) as clock_local_time
    from source

)

select * from renamed
