{#
    A view: what a run wrote down about itself shows at once, and a run that finds nothing new writes no row here.
#}
{{ config(materialized='view') }}

with

table_reads as (

    select * from {{ ref('stg_erp__table_reads') }}

),

table_loads as (

    select * from {{ ref('stg_erp__table_loads') }}

),

-- A read without a load was refused or killed; a load without a read came by a tap that does not count.
reads_and_loads as (

    select
        coalesce(table_reads.table_name, table_loads.table_name) as table_name,
        coalesce(table_reads.load_version, table_loads.load_version) as load_version,
        table_reads.snapshot_at,
        table_loads.loaded_at,
        table_reads.source_row_count,
        table_loads.raw_row_count,
        table_loads.withheld_row_count,
        table_loads.inserted_row_count,
        table_loads.updated_row_count,
        table_loads.deleted_row_count,
        table_reads.impossible_date_count,
        table_reads.invalid_text_count
    from table_reads
    full join table_loads
        on
            table_reads.table_name = table_loads.table_name
            and table_reads.load_version = table_loads.load_version

),

erp_table_loads as (

    select
        {{ surrogate_key(['table_name', 'load_version']) }} as erp_table_load_id,
        table_name,
        snapshot_at,
        loaded_at,
        source_row_count,
        raw_row_count,
        withheld_row_count,
        inserted_row_count,
        updated_row_count,
        deleted_row_count,
        impossible_date_count,
        invalid_text_count,
        loaded_at is not null as is_loaded
    from reads_and_loads

)

select * from erp_table_loads
