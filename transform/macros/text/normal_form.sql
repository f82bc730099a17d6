{#
    The form in which two spellings of one word are equal: mojibake repaired, accents taken off, lower case. Compatibility
    decomposition also makes a plain blank of a no-break space. Accents go before the case is lowered, since under some
    locales (C) only ASCII letters have a lower case.
#}
{% macro normal_form(text) -%}
    {{ adapter.dispatch('normal_form')(text) }}
{%- endmacro %}


{# Most texts are plain ASCII and need none of the work. #}
{% macro postgres__normal_form(text) -%}
    lower(
        case
            when {{ text }} ~ '[^\x01-\x7f]'
                then regexp_replace(normalize({{ repaired_text(text) }}, nfkd), '[\u0300-\u036f]', '', 'g')
            else {{ text }}
        end
    )
{%- endmacro %}
