{{ config(materialized='view') }}

with

orders as (

    select * from {{ ref('stg_erp__orders') }}

),

order_plannings as (

    select * from {{ ref('int_order_plannings') }}

),

status_spellings as (

    select distinct status from orders

),

-- Few spellings stand on many orders: each is brought into its form once.
statuses as (

    select
        status as spelling,
        nullif(trim({{ repaired_text('status') }}), '') as status,
        nullif(trim({{ normal_form('status') }}), '') as status_form
    from status_spellings

),

-- No column may tell of a person: the snapshot of these rows outlives the orders.
order_states as (

    select
        orders.order_id,
        orders.order_number,
        orders.extension,
        orders.order_type,
        statuses.status,
        statuses.status_form,
        order_plannings.order_id is not null as is_planned,
        order_plannings.planned_local_time
    from orders
    left join statuses on orders.status = statuses.spelling
    left join order_plannings on orders.order_id = order_plannings.order_id

)

select * from order_states
