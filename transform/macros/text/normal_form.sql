{#
    The form in which two spellings of one word are equal: mojibake repaired, accents taken off, lower case, one plain
    blank between words. Compatibility decomposition makes plain blanks of no-break and narrow ones. The case of ASCII is
    lowered by bytes and that of the other letters by name: the rules of a locale differ from server to server (in
    Turkish, the small letter of I is no i). Blanks at the ends stay: see `trimmed`.
#}
{% macro normal_form(text) -%}
    {{ adapter.dispatch('normal_form')(text) }}
{%- endmacro %}


{# Most texts are plain ASCII and need none of the work. Soft hyphens and marks without width are no signs of a word. #}
{% macro postgres__normal_form(text) -%}
    (
        case
            when {{ text }} ~ '[^ -~]|  '
                then regexp_replace(
                    translate(
                        lower(
                            regexp_replace(
                                normalize({{ repaired_text(text) }}, nfkd),
                                '[\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff]',
                                '',
                                'g'
                            ) collate "C"
                        ),
                        'ŒÆØÐŁĐẞ',
                        'œæøðłđß'
                    ),
                    '\s+',
                    ' ',
                    'g'
                )
            else lower({{ text }} collate "C")
        end collate "default"
    )
{%- endmacro %}


{# A text without the blanks at its ends, no-break and narrow ones and line ends too. #}
{% macro trimmed(text) -%}
    {{ adapter.dispatch('trimmed')(text) }}
{%- endmacro %}


{% macro postgres__trimmed(text) -%}
    btrim({{ text }}, e' \t\n\r\f\u000b\u00a0\u2007\u2009\u200b\u202f\ufeff')
{%- endmacro %}
