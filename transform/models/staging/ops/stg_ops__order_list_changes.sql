{# Ephemeral: dbt makes every view anew in every run, and would drop the marts that read it until it makes those too. #}
{{ config(materialized='ephemeral') }}

with

source as (

    select
        change_number,
        has_orders,
        changed_at
    from {{ source('ops', 'order_list_changes') }}

),

renamed as (

    select
        -- ids
        change_number,

        -- booleans
        has_orders,

        -- times
        changed_at
    from source

)

select * from renamed
