{{ config(materialized='view') }}

with

free_fields as (

    select * from {{ ref('stg_erp__order_free_fields') }}

),

ranked_free_fields as (

    select
        *,
        row_number() over (partition by order_id order by free_field_number) as field_rank
    from free_fields

),

order_free_fields as (

    select
        order_id,
        {{ parsed_whole_number('window_unit_count_text') }} as window_unit_count,
        {{ parsed_iso_date('entered_on_text') }} as entered_on,
        {{ parsed_iso_date('deliver_on_text') }} as deliver_on
    from ranked_free_fields
    where field_rank = 1

)

select * from order_free_fields
