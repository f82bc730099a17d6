with

source as (

    select * from {{ source('raw_ftplogs', 'log_files') }}

),

renamed as (

    select
        -- ids
        file_version_id,
        machine_folder,
        path,

        -- text
        file_name,
        fingerprint,
        read_error,

        -- numbers
        generation,
        size_bytes,
        read_bytes,
        line_count,
        event_count,
        rejected_count,
        blank_count,

        -- booleans
        is_complete,

        -- times
        first_event_at as first_event_local_time,
        last_event_at as last_event_local_time,
        {{ utc_instant('modified_at') }} as modified_at,
        {{ utc_instant('read_at') }} as read_at,
        {{ utc_instant('removed_at') }} as removed_at
    from source

)

select * from renamed
