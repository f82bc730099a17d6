-- Holidays that nobody has entered are days on which every machine is missed: whoever builds is warned in good time.
{{ config(severity='warn') }}

with

last_closures as (

    select cast(max(last_day) as timestamp) as known_until
    from {{ ref('plant_closures') }}

)

select known_until
from last_closures
where {{ seconds_between(plant_wall_clock(current_instant()), 'known_until') }} < 60 * 86400
