{{ config(
    incremental_strategy='sync',
    unique_key='accessory_id',
    indexes=[{'columns': ['accessory_id'], 'unique': true}, {'columns': ['order_id']}]
) }}

with

accessories as (

    select * from {{ ref('stg_erp__accessories') }}

),

order_keys as (

    select * from {{ ref('int_order_keys') }}

),

shutter_prefixes as (

    select
        prefix,
        accessory_kind,
        needs_blank_or_digit,
        {{ normal_form('prefix') }} as prefix_form
    from {{ ref('shutter_prefixes') }}

),

-- Few codes stand on many accessories: each is compared once.
codes as (

    select
        accessory_code,
        {{ normal_form('accessory_code') }} as code_form
    from accessories
    group by accessory_code

),

-- Some prefixes end in a blank that the office often leaves out before a digit: "S P456" is a box as "S P 456" is, but
-- "S PLAT" is a flat bar. The seed cannot keep a trailing blank, so it says that a blank or a digit must follow.
matches as (

    select
        codes.accessory_code,
        shutter_prefixes.prefix as accessory_prefix,
        shutter_prefixes.accessory_kind,
        row_number() over (
            partition by codes.accessory_code
            order by length(shutter_prefixes.prefix_form) desc, {{ in_byte_order('shutter_prefixes.prefix_form') }}
        ) as match_rank
    from codes
    inner join shutter_prefixes
        on
            substr(codes.code_form, 1, length(shutter_prefixes.prefix_form)) = shutter_prefixes.prefix_form
            and (
                not shutter_prefixes.needs_blank_or_digit
                or substr(codes.code_form, length(shutter_prefixes.prefix_form) + 1, 1)
                in (' ', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9')
            )

),

shutter_accessories as (

    select
        accessories.accessory_id,
        order_keys.order_id,
        accessories.position,
        accessories.kennung,
        accessories.znr,
        accessories.accessory_code,
        matches.accessory_prefix,
        matches.accessory_kind,
        {{ repaired_text('accessories.description') }} as description,
        accessories.quantity,
        -- A table without the ERP's key may hold an accessory twice.
        row_number() over (
            partition by accessories.accessory_id
            order by {{ in_byte_order('accessories.accessory_code') }}, accessories.quantity nulls last
        ) as copy_number
    from accessories
    inner join matches on accessories.accessory_code = matches.accessory_code
    inner join order_keys on {{ refers_to('accessories', 'order_keys') }}
    -- A planner may add a prefix that begins with another one: the longer says more.
    where matches.match_rank = 1

)

select
    accessory_id,
    order_id,
    position,
    kennung,
    znr,
    accessory_code,
    accessory_prefix,
    accessory_kind,
    description,
    quantity
from shutter_accessories
where copy_number = 1
