{{ config(materialized='view') }}

with

spellings as (

    select distinct status from {{ ref('stg_erp__orders') }}
    where status is not null

),

known_statuses as (

    {{ known_statuses('spellings') }}

),

-- Few spellings stand on many orders: each is looked at once.
order_statuses as (

    select
        spellings.status as spelling,
        {{ shown_status('spellings.status') }} as status,
        {{ status_form('spellings.status') }} as status_form,
        known_statuses.status_name,
        known_statuses.is_open
    from spellings
    left join known_statuses on spellings.status = known_statuses.status

)

select * from order_statuses
