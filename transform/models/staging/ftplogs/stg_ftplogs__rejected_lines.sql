with

source as (

    select * from {{ source('raw_ftplogs', 'rejected_lines') }}

),

renamed as (

    select
        -- ids
        file_version_id,
        byte_offset,
        machine_folder,

        -- text
        line_text,
        reason,
        line_digest,

        -- numbers
        line_number,
        byte_count,

        -- booleans
        is_truncated
    from source

)

select * from renamed
