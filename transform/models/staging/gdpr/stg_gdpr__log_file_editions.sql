with

source as (

    select
        file_version_id,
        edition
    from {{ source('gdpr', 'log_file_editions') }}

),

renamed as (

    select
        -- ids
        file_version_id,

        -- numbers
        edition
    from source

)

select * from renamed
