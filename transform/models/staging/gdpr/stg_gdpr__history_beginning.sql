with

source as (

    select began_at from {{ source('gdpr', 'history_beginning') }}

),

renamed as (

    select began_at as history_began_at
    from source

)

select * from renamed
