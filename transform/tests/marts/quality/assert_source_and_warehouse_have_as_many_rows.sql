-- Rows that are lost or doubled between the ERP and the warehouse would show in no other test: every mart would
-- agree with the rows that are there. What is withheld, as somebody was erased or it is kept no longer, is counted.
select
    table_name,
    snapshot_at,
    source_row_count,
    raw_row_count,
    withheld_row_count
from {{ ref('fct_erp_table_loads') }}
where
    is_loaded
    and source_row_count is not null
    and source_row_count <> raw_row_count + withheld_row_count
