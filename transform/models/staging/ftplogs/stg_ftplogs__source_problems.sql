with

source as (

    select * from {{ source('raw_ftplogs', 'source_problems') }}

),

renamed as (

    select
        -- ids
        problem_id,
        machine_folder,
        path,

        -- text
        kind,
        reason,

        -- times
        {{ utc_instant('first_seen_at') }} as first_seen_at,
        {{ utc_instant('coalesce(last_seen_at, first_seen_at)') }} as last_seen_at,
        {{ utc_instant('resolved_at') }} as resolved_at
    from source

)

select * from renamed
