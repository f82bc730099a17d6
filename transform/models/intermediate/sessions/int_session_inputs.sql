{{ config(
    incremental_strategy='sync',
    unique_key='session_id',
    indexes=[{'columns': ['session_id'], 'unique': true}, {'columns': ['input_digest'], 'unique': true}]
) }}

with

machine_files as (

    select * from {{ ref('int_machine_files') }}

),

sessions as (

    select
        machine_id,
        session_id,
        production_date,
        count(*) as file_count,
        {{ dbt.listagg(
            measure=dbt.concat(['file_version_id', "':'", 'cast(read_bytes as ' ~ dbt.type_string() ~ ')']),
            delimiter_text="','",
            order_by_clause='order by file_version_id'
        ) }} as file_states
    from machine_files
    where session_id is not null
    group by machine_id, session_id, production_date

),

session_inputs as (

    select
        machine_id,
        session_id,
        production_date,
        file_count,
        -- The time zone is an input as well: with another one every instant is another.
        {{ dbt.hash(dbt.concat(['session_id', "' " ~ plant_timezone() ~ " '", 'file_states'])) }} as input_digest
    from sessions

)

select * from session_inputs
