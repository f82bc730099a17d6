{#
    A text with mojibake repaired: UTF-8 that was read as cp1252 or latin-1 and stored again, once or twice over
    (PlanifiÃ©e is Planifiée; É is found as Ã‰ and as Ã with a control character). Everything else stays as it is.
#}
{% macro repaired_text(text) -%}
    {{ adapter.dispatch('repaired_text')(text) }}
{%- endmacro %}


{#
    Only the first bytes of accented letters, signs and typographic punctuation (C2, C3, C5, C6, E2) count as a sign of
    mojibake: with all that UTF-8 knows, the end of «CAFÉ» would pass for it. Few texts hold one, so few are repaired.
#}
{% macro postgres__repaired_text(text) -%}
    case
        when {{ text }} ~ '[ÂÃÅÆâ]' then {{ _repaired_once(_repaired_once(text)) }}
        else {{ text }}
    end
{%- endmacro %}


{# Cuts a text into stretches that are UTF-8 in disguise and stretches that are not, and decodes the former. #}
{% macro _repaired_once(text) -%}
    {#- What cp1252 puts where latin-1 has control characters, and those control characters, in the same order. -#}
    {%- set cp1252 = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ' -%}
    {%- set latin1 = '\\u0080\\u0082\\u0083\\u0084\\u0085\\u0086\\u0087\\u0088\\u0089\\u008a\\u008b\\u008c\\u008e'
        ~ '\\u0091\\u0092\\u0093\\u0094\\u0095\\u0096\\u0097\\u0098\\u0099\\u009a\\u009b\\u009c\\u009e\\u009f' -%}
    {%- set later_byte = '[\\u0080-\\u00bf' ~ cp1252 ~ ']' -%}
    {%- set disguised = '(?:[ÂÃÅÆ]' ~ later_byte ~ '|â' ~ later_byte ~ later_byte ~ ')+' -%}
    (
        select
            string_agg(
                coalesce(
                    convert_from(
                        convert_to(translate(part.texts[1], '{{ cp1252 }}', e'{{ latin1 }}'), 'LATIN1'), 'UTF8'
                    ),
                    part.texts[2]
                ),
                '' order by part.place
            )
        from regexp_matches({{ text }}, '({{ disguised }})|([^ÂÃÅÆâ]+|.)', 'g')
            with ordinality as part (texts, place)
    )
{%- endmacro %}
