{#
    A text key that is the same on every run: the md5 of the parts, joined by a character that no part but the first
    can hold, so that two different lists of parts never give the same text.
#}
{% macro surrogate_key(parts) -%}
    {%- set texts = [] -%}
    {%- for part in parts -%}
        {%- do texts.append("cast(" ~ part ~ " as " ~ dbt.type_string() ~ ")") -%}
        {%- if not loop.last -%}{%- do texts.append("'|'") -%}{%- endif -%}
    {%- endfor -%}
    {{ dbt.hash(dbt.concat(texts)) }}
{%- endmacro %}
