{#
    A date written YYYY-MM-DD; NULL for any other text and for days that the calendar does not have. Written out,
    because a cast stops the whole run at the first 2022-02-31.
#}
{% macro parsed_iso_date(text) -%}
    {{ adapter.dispatch('parsed_iso_date')(text) }}
{%- endmacro %}


{% macro postgres__parsed_iso_date(text) -%}
    {%- set year = "cast(substr(trim(" ~ text ~ "), 1, 4) as integer)" -%}
    {%- set month = "substr(trim(" ~ text ~ "), 6, 2)" -%}
    {%- set day = "substr(trim(" ~ text ~ "), 9, 2)" -%}
    case
        when {{ matches('trim(' ~ text ~ ')', '^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$') }}
            then case
                when {{ month }} in ('04', '06', '09', '11') and {{ day }} = '31' then null
                when {{ month }} = '02' and {{ day }} in ('30', '31') then null
                when
                    {{ month }} = '02' and {{ day }} = '29'
                    and ({{ year }} % 4 <> 0 or ({{ year }} % 100 = 0 and {{ year }} % 400 <> 0))
                    then null
                else cast(trim({{ text }}) as date)
            end
    end
{%- endmacro %}


{# A whole number written in one to nine digits; NULL for any other text. #}
{% macro parsed_whole_number(text) -%}
    cast({{ captured(text, '^\\s*([0-9]{1,9})\\s*$') }} as integer)
{%- endmacro %}


{#
    A number with a decimal point or comma; NULL for NULL. Only its first 30 characters are read: a number of hundreds of
    digits, from a torn line, must not stop the run.
#}
{% macro parsed_decimal(text) -%}
    cast(replace(substr({{ text }}, 1, 30), ',', '.') as numeric)
{%- endmacro %}
