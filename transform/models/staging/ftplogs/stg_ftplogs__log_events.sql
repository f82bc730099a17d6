with

source as (

    select * from {{ source('raw_ftplogs', 'log_events') }}

),

renamed as (

    select
        -- ids
        file_version_id,
        byte_offset,
        machine_folder,

        -- text
        event_name,
        details,
        line_digest,

        -- numbers
        line_number,

        -- times
        logged_at as logged_local_time
    from source

)

select * from renamed
