-- An order whose status is not in the seed is taken for one that is not open, and nobody would plan it. A warning:
-- somebody adds the status to seeds/order_statuses.csv and says whether it is open.
{{ config(severity='warn') }}

with

order_statuses as (

    select * from {{ ref('order_statuses') }}

),

known_statuses as (

    select trim({{ normal_form('status') }}) as status_form
    from order_statuses

),

used_statuses as (

    select
        status,
        count(*) as order_count
    from {{ ref('stg_erp__orders') }}
    where trim(status) <> ''
    group by status

)

select
    status,
    order_count
from used_statuses
where trim({{ normal_form('status') }}) not in (select known_statuses.status_form from known_statuses)
