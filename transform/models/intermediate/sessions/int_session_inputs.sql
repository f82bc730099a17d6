{{ config(
    incremental_strategy='sync',
    unique_key='session_id',
    indexes=[{'columns': ['session_id'], 'unique': true}, {'columns': ['input_digest'], 'unique': true}]
) }}

with

machine_files as (

    select * from {{ ref('int_machine_files') }}

),

editions as (

    select * from {{ ref('stg_gdpr__log_file_editions') }}
    -- A file whose lines are as they were read has the state that it would have without an edition.
    where edition > 0

),

session_files as (

    select
        machine_files.machine_id,
        machine_files.session_id,
        machine_files.production_date,
        machine_files.file_version_id,
        {{ dbt.concat([
            'machine_files.file_version_id',
            "':'",
            'cast(machine_files.read_bytes as ' ~ dbt.type_string() ~ ')',
            "coalesce(" ~ dbt.concat(["'#'", 'cast(editions.edition as ' ~ dbt.type_string() ~ ')']) ~ ", '')",
        ]) }} as file_state
    from machine_files
    left join editions on machine_files.file_version_id = editions.file_version_id
    where machine_files.session_id is not null

),

sessions as (

    select
        machine_id,
        session_id,
        production_date,
        count(*) as file_count,
        {{ dbt.listagg(
            measure='file_state',
            delimiter_text="','",
            order_by_clause='order by file_version_id'
        ) }} as file_states
    from session_files
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
