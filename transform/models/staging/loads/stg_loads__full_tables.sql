{# Ephemeral: dbt makes every view anew in every run, and would drop the mart that reads it until it makes that too. #}
{{ config(materialized='ephemeral') }}

with

source as (

    select * from {{ source('loads', 'full_table_loads') }}

),

renamed as (

    select
        -- ids
        table_name,

        -- times
        {{ epoch_instant('version') }} as read_from_at,
        loaded_at
    from source

)

select * from renamed
