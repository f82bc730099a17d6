{# Ephemeral: dbt makes every view anew in every run, and would drop the mart that reads it until it makes that too. #}
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
        cast(row_count as bigint) as raw_row_count,

        -- times
        loaded_at
    from source

)

select * from renamed
