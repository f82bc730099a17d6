{# Ephemeral: a part of the few models that read it, and no relation of its own that each run would have to compare. #}
{{ config(materialized='ephemeral') }}

with

source as (

    select * from {{ source('raw_erp', 'full_table_loads') }}

),

renamed as (

    select
        -- ids
        cast(table_name as text) as table_name,
        cast(version as bigint) as load_version,

        -- numbers
        cast(rows_inserted as bigint) as inserted_row_count,
        cast(rows_updated as bigint) as updated_row_count,
        cast(rows_deleted as bigint) as deleted_row_count,
        cast(rows_withheld as bigint) as withheld_row_count,
        cast(row_count as bigint) as raw_row_count,

        -- times
        loaded_at
    from source

)

select * from renamed
