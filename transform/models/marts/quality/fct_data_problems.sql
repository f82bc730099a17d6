{{ config(incremental_strategy='sync', unique_key='data_problem_id') }}

with

erp_data_problems as (

    select * from {{ ref('int_erp_data_problems') }}

),

log_data_problems as (

    select * from {{ ref('int_log_data_problems') }}

),

data_problems as (

    select
        data_problem_id,
        cast('erp' as text) as source,
        table_name,
        order_id,
        row_key,
        column_name,
        reason
    from erp_data_problems

    union all

    select
        data_problem_id,
        cast('ftplogs' as text) as source,
        table_name,
        cast(null as text) as order_id,
        row_key,
        column_name,
        reason
    from log_data_problems

)

select * from data_problems
