{#
    A text with mojibake repaired where it is certain: UTF-8 that was read as cp1252 or latin-1 and stored again, once or
    twice over (PlanifiÃ©e is Planifiée; É is found as Ã‰ and as Ã with a control character); and texts that went between DOS
    (cp850) and Windows without being translated (Planifi‚e, PlanifiÚe, Planifi├®e). All else stays as it is.
#}
{% macro repaired_text(text) -%}
    {{ adapter.dispatch('repaired_text')(text) }}
{%- endmacro %}


{#
    Certain is what cannot be French or German: Ã before any sign; Â before a sign of latin-1, as no word ends in Â; Å and Ä
    before a sign that cannot follow a word, so neither «Å» nor „Ä“; œ and Œ inside a word; â before the first byte of
    typographic punctuation, currencies or arrows. Few texts hold one, so few are cut into pieces.
#}
{% macro postgres__repaired_text(text) -%}
    case
        when {{ text }} ~ '{{ _disguised_sign() }}|[a-zß-ÿ]Ã  ?\S|{{ _sign_of_dos() }}|├'
            then (
                with

                once as ({{ _repaired_once('from', text) }}),

                twice as ({{ _repaired_once('from once cross join', 'once.text') }})

                {{ _repaired_from_dos('from twice cross join', 'twice.text') }}
            )
        else {{ text }}
    end
{%- endmacro %}


{# Letters of cp850 as Windows shows them, by their order; _letters_of_dos() has what they are. #}
{% macro _signs_of_dos() -%}
    ‚ƒ„‡ˆ‰‹“”\u0081\u0082\u0083\u0084\u0085\u0087\u0088\u0089\u008a\u008b\u008c\u008e\u0090\u0093\u0094\u0096\u0097\u0099\u009a
{%- endmacro %}


{% macro _letters_of_dos() -%}
    éâäçêëïôöüéâäàçêëèïîÄÉôöûùÖÜ
{%- endmacro %}


{#
    One such sign where it is certain, as a regular expression: right after a letter and before another, where neither language
    has quotation marks; é at the end of a word too. Then letters of Windows as DOS shows them, and capitals of cp850: certain
    between small letters only.
#}
{% macro _sign_of_dos() -%}
    {%- set letters = '[A-Za-zÀ-ÖØ-öø-ÿ]' -%}
    (?<={{ letters }}[{{ _signs_of_dos() }}]{0,2})[{{ _signs_of_dos() }}](?=[{{ _signs_of_dos() }}]{0,2}{{ letters }})
    {{- '|' }}(?<=[a-zß-ÿ][‚\u0082]?)[‚\u0082](?=$|[\s,;.:)/-])
    {{- '|' }}(?<=[a-zß-ÿ])[ÚÞÛŠŒ](?=[a-zß-ÿ])
{%- endmacro %}


{# UTF-8 as DOS shows it begins with a line of its tables, which no word has: "├®" is é. #}
{% macro _repaired_from_dos(origin, text) -%}
    select
        string_agg(
            coalesce(
                translate(part.texts[1], e'{{ _signs_of_dos() }}ÚÞÛŠŒ', '{{ _letters_of_dos() }}éèêèî'),
                translate(part.texts[2], '®¿¬½áóñº«»┤Â╗╣╝ƒëêèïÇéçÄöÖäû£', 'éèêëàâäçîïôöûùüßÉÈÊËÀÂÇÎÔÙÄÖÜ'),
                part.texts[3]
            ),
            '' order by part.place
        ) as text
    {{ origin }} regexp_matches(
        {{ text }},
        '({{ _sign_of_dos() }})|├([®¿¬½áóñº«»┤Â╗╣╝ƒëêèïÇéçÄöÖäû£])|([ -~]+|.)',
        'g'
    )
        with ordinality as part (texts, place)
{%- endmacro %}


{# One character of UTF-8 in disguise, as a regular expression. #}
{% macro _disguised_sign() -%}
    {%- set later = _later_byte() -%}
    [ÃÌ]{{ later }}|Â[\u00a0-\u00bf]|[ÅÄ][\u0080-\u009f¡-¨ª¬¯±´-¶¸º¼-¿‚ƒ„†‡ˆ‰Š‹ŒŽ•˜šœžŸ]|Å[’“](?=[A-Za-z])
    {{- '|' }}(?:â[€‚„†ˆ‰\u0080\u0082\u0084\u0086\u0088\u0089]|á[µº]|ð[Ÿ\u009f]{{ later }}){{ later }}
{%- endmacro %}


{# What cp1252 or latin-1 make of a byte of UTF-8 that is not the first of its character. #}
{% macro _later_byte() -%}
    [\u0080-\u00bf{{ _cp1252_signs() }}]
{%- endmacro %}


{# What cp1252 puts where latin-1 has control characters, by their order. #}
{% macro _cp1252_signs() -%}
    €‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ
{%- endmacro %}


{#
    Cuts a text into stretches that are UTF-8 in disguise and stretches that are not, and decodes the former. What follows
    on a disguised sign may be less certain by itself: É read twice is ÃƒÂ‰ or Ãƒâ€°. A letter alone between quotation marks
    is that letter. Software that takes a no-break space for a blank leaves "Ã " of à.

    Args:
        origin: What stands before the cutting: `from`, with the relation that the text comes from.
        text: The text.
#}
{% macro _repaired_once(origin, text) -%}
    {%- set controls = '\\u0080\\u0082\\u0083\\u0084\\u0085\\u0086\\u0087\\u0088\\u0089\\u008a\\u008b\\u008c\\u008e'
        ~ '\\u0091\\u0092\\u0093\\u0094\\u0095\\u0096\\u0097\\u0098\\u0099\\u009a\\u009b\\u009c\\u009e\\u009f' -%}
    {%- set sign = '(?:' ~ _disguised_sign() ~ ')' -%}
    {%- set disguised = sign ~ '(?:' ~ _disguised_sign() ~ '|[ÂÅË]' ~ _later_byte() ~ ')*' -%}
    {%- set letter = '[ÂÃÅÄ]' -%}
    {%- set quoted_letter = '[^ÂÃÅÄÌâáð]*(?:«[ \u00a0]?' ~ letter ~ '[ \u00a0]?»|[„“]' ~ letter ~ '[“”]|[‚‘]' ~ letter
        ~ '[‘’]|‹' ~ letter ~ '›)' -%}
    select
        string_agg(
            coalesce(
                convert_from(
                    convert_to(translate(part.texts[1], '{{ _cp1252_signs() }}', e'{{ controls }}'), 'LATIN1'), 'UTF8'
                ),
                part.texts[2]
            ),
            '' order by part.place
        ) as text
    {{ origin }} regexp_matches(
        regexp_replace({{ text }}, '(Ã|Ã[ƒ\u0083]Â)  ?(?=[^\s»])', e'\\1\u00a0 ', 'g'),
        '({{ disguised }})|({{ quoted_letter }}|[^ÂÃÅÄÌâáð]+|.)',
        'g'
    )
        with ordinality as part (texts, place)
{%- endmacro %}
