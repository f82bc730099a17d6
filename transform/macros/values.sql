{#
    Values that a column may not be able to hold. A plain cast stops the whole run at the first bar code that somebody has
    scanned into a quantity; these give NULL for it, and `unreadable_columns` tells of it. They take a column of any type:
    its text decides, so a column that an administrator has made a text is read like the number that it was.
#}

{# A whole number that a bigint holds; NULL for any other value, one with a fraction too. #}
{% macro bigint_or_null(value) -%}
    {{ adapter.dispatch('bigint_or_null')(value) }}
{%- endmacro %}


{% macro postgres__bigint_or_null(value) -%}
    case
        when cast({{ value }} as text) ~ '^\s*[-+]?[0-9]{1,100}(\.0*)?\s*$'
            then case
                when cast(cast({{ value }} as text) as numeric) between -9223372036854775808 and 9223372036854775807
                    then cast(cast(cast({{ value }} as text) as numeric) as bigint)
            end
    end
{%- endmacro %}


{# A number with so many digits in all, so many of them after the point (others are rounded away); NULL for any other. #}
{% macro numeric_or_null(value, digits, decimals) -%}
    {{ adapter.dispatch('numeric_or_null')(value, digits, decimals) }}
{%- endmacro %}


{# Text is looked at in two steps: what is no number must not be compared as one. NaN and infinity are none. #}
{% macro postgres__numeric_or_null(value, digits, decimals) -%}
    {%- set number = '([0-9]{1,200}([.][0-9]{0,200})?|[.][0-9]{1,200})([eE][-+]?[0-9]{1,2})?' -%}
    cast(
        case
            when cast({{ value }} as text) ~ '^\s*[-+]?{{ number }}\s*$'
                then case
                    when
                        abs(round(cast(cast({{ value }} as text) as numeric), {{ decimals }}))
                        < 1e{{ digits - decimals }}
                        then cast(cast({{ value }} as text) as numeric)
                end
        end as numeric({{ digits }}, {{ decimals }})
    )
{%- endmacro %}


{# A wall-clock time, `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`; NULL for any other value and for days in no calendar. #}
{% macro timestamp_or_null(value) -%}
    {{ adapter.dispatch('timestamp_or_null')(value) }}
{%- endmacro %}


{# Few columns are anything but a timestamp, which needs no look. #}
{% macro postgres__timestamp_or_null(value) -%}
    {%- set text = 'cast(' ~ value ~ ' as text)' -%}
    case
        when pg_typeof({{ value }}) in ('timestamp', 'timestamptz', 'date')
            then case when isfinite(cast({{ text }} as timestamp)) then cast({{ text }} as timestamp) end
        when
            {{ text }} ~ '^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\.[0-9]{1,9})?)?\s*$'
            and {{ parsed_iso_date('substr(trim(' ~ text ~ '), 1, 10)') }} is not null
            then cast({{ text }} as timestamp)
    end
{%- endmacro %}


{#
    The columns of a row whose values could not be held, each after a comma (",stueck,dim1"); NULL where all could. An empty
    text is no value.

    Args:
        columns: The expression that holds the value, by the name of the source's column.
#}
{% macro unreadable_columns(columns) -%}
    {%- set parts = [] -%}
    {%- for column, held in columns.items() -%}
        {%- set text = 'cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')' -%}
        {%- do parts.append(
            "case when trim(" ~ text ~ ") <> '' and (" ~ held ~ ") is null then '," ~ column ~ "' else '' end"
        ) -%}
    {%- endfor -%}
    nullif({{ dbt.concat(parts) if parts | length > 1 else parts[0] }}, '')
{%- endmacro %}


{# What names a row within its order, as one text: "1/2/3" of position, kennung and znr; "?" for a part without a value. #}
{% macro row_key(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- do parts.append("coalesce(cast(" ~ column ~ " as " ~ dbt.type_string() ~ "), '?')") -%}
        {%- if not loop.last -%}{%- do parts.append("'/'") -%}{%- endif -%}
    {%- endfor -%}
    {{ dbt.concat(parts) }}
{%- endmacro %}
