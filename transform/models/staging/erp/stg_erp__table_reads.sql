{# Ephemeral: a part of the few models that read it, and no relation of its own that each run would have to compare. #}
{{ config(materialized='ephemeral') }}

with

source as (

    select * from {{ source('raw_erp', 'table_reads') }}

),

renamed as (

    select
        -- ids
        cast(table_name as text) as table_name,
        cast(version as bigint) as load_version,

        -- numbers
        cast(counted_rows as bigint) as source_row_count,
        cast(impossible_date_count as bigint) as impossible_date_count,
        cast(invalid_text_count as bigint) as invalid_text_count,

        -- times
        {{ utc_instant('snapshot_at') }} as snapshot_at
    from source

)

select * from renamed
