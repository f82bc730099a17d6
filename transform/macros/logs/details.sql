{#
    What log events mean, in our words. Names are compared exactly: the machines write them in one spelling, and a name
    in another spelling is an operator's message, not an event of ours.
#}
{% macro event_kind(event_name) -%}
    case {{ event_name }}
        when 'StukUitgevoerd' then 'piece'
        when 'JobProfiel' then 'job'
        when 'MachineWait' then 'wait'
        when 'MachineStop' then 'stop'
        when 'MachineStart' then 'start'
        else 'other'
    end
{%- endmacro %}


{#
    How long a MachineWait lasts, in seconds: the first number right before "sec", else the first number; 0 when there is
    none. No wait is longer than a billion seconds (31 years): beyond, adding it to an instant would overflow.
#}
{% macro wait_seconds(details) -%}
    {%- set number = '([0-9]+(?:[.,][0-9]+)?)' -%}
    least(
        coalesce(
            {{ parsed_decimal(captured(details, '(?i)' ~ number ~ '\\s*sec')) }},
            {{ parsed_decimal(captured(details, number)) }},
            0
        ),
        1000000000
    )
{%- endmacro %}


{#
    The order number and the extension that the details of a piece may carry: 230001 and A of "230001/A pos 2", 2507748 and
    004 of "2507748-004".
#}
{% macro piece_order_number(details) -%}
    cast({{ captured(details, _order_reference('([0-9]{4,9})', '[A-Za-z0-9]{1,5}')) }} as bigint)
{%- endmacro %}


{% macro piece_extension(details) -%}
    {{ captured(details, _order_reference('[0-9]{4,9}', '([A-Za-z0-9]{1,5})')) }}
{%- endmacro %}


{#
    A regular expression for an order's number and extension. A date is no order, be it 2025/05/28, 2025-05-28, 28/05/2025,
    2025/05, 2025-W22, 2025/S22, 2025/T2, 2024/2025, 20250528-1 or 28052025/1; nor are digits after a decimal point. A hyphen needs a number of five
    digits or more: 1200-800 is a measure, 7016-G a colour.
#}
{% macro _order_reference(number, extension) -%}
    {%- set year = '(?:19|20)[0-9]{2}' -%}
    {%- set no_date = '(?![0-9]{4}[/-][0-9]{1,2}[/.-][0-9]{1,2}(?![0-9]))'
        ~ '(?!' ~ year ~ '[/-](?:[0-9]{1,2}|' ~ year ~ '|[WwSsQqTt][0-9]{1,2})(?![A-Za-z0-9]))'
        ~ '(?!' ~ year ~ '(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[/-])'
        ~ '(?!(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])' ~ year ~ '[/-])' -%}
    {%- set long_enough = '(?:(?=[0-9]{5,9}[/-])|(?<![0-9]{1,2}[/.-][0-9]{1,2}[/.-])(?=[0-9]{4}/))' -%}
    (?<![0-9])(?<![0-9][.]){{ no_date }}{{ long_enough }}
    {{- number }}[/-]{{ extension }}(?![A-Za-z0-9])
{%- endmacro %}


{#
    The parts of a JobProfiel's details, such as "R:215023 L:3359.0 C:7016 G ALU"; NULL for a part that is missing. The
    colour runs to the end of the line and may itself hold "R:" or "L:", so the others are looked for before it.
#}
{% macro job_colour(details) -%}
    nullif(trim({{ captured(details, '(?<!\\w)C:(.*)$') }}), '')
{%- endmacro %}


{% macro job_profile_reference(details) -%}
    {{ captured(_before_colour(details), '(?<!\\w)R:\\s*(?![RL]:)(\\S+)') }}
{%- endmacro %}


{# In millimetres. Ten digits or more are no length of a bar: NULL. #}
{% macro job_length_mm(details) -%}
    cast(
        {{ parsed_decimal(
            captured(_before_colour(details), '(?<!\\w)L:\\s*([0-9]{1,9}(?:[.,][0-9]+)?)(?!\\S)')
        ) }} as numeric(18, 6)
    )
{%- endmacro %}


{# Whether the details of a job name a length that no column holds: ten digits or more, or no number at all. #}
{% macro has_unreadable_length(details) -%}
    (
        {{ captured(_before_colour(details), '(?<!\\w)L:\\s*(?![RL]:)(\\S+)') }} is not null
        and {{ job_length_mm(details) }} is null
    )
{%- endmacro %}


{% macro _before_colour(details) -%}
    {{ captured(details, '^(.*?)(?:(?<!\\w)C:.*)?$') }}
{%- endmacro %}
