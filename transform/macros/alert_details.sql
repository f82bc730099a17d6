{# What the details of alerts say in French, all in one place; the words of each kind are in the seed alert_kinds. #}
{% macro alert_details(sentence, values) -%}
    {%- set sentences = {
        'silent': "{} min d'ouverture sans événement",
        'first_missing_day': "{}er jour ouvré sans fichier",
        'later_missing_day': "{}e jour ouvré sans fichier",
        'stale_load': "{} h depuis le dernier chargement réussi",
        'stale_backup': "{} h depuis la dernière sauvegarde réussie",
        'rejected': "{} % de lignes rejetées ({} sur {})",
        'clock_back': "recul de {} min",
        'clock_ahead': "{} min d'avance sur la lecture",
        'clock_leap': "saut de {} h en avant",
        'one_failure': "{} échec{}",
        'failures': "{} échecs{}",
        'because': " : {}",
        'status': "« {} » ({})",
        'more_statuses': "{} et {} autres",
        'one_row': "{} ligne",
        'rows': "{} lignes",
        'empty_list': "aucune commande, alors qu'il y en avait",
    } -%}
    {%- set parts = [] -%}
    {%- for text in sentences[sentence].split('{}') -%}
        {%- if not loop.first -%}{%- do parts.append(values[loop.index0 - 1]) -%}{%- endif -%}
        {%- if text -%}{%- do parts.append("'" ~ text.replace("'", "''") ~ "'") -%}{%- endif -%}
    {%- endfor -%}
    {{ dbt.concat(parts) if parts | length > 1 else parts[0] }}
{%- endmacro %}


{# The whole number that is not above a number, as a text. #}
{% macro floor_text(number) -%}
    cast(cast(floor({{ number }}) as bigint) as {{ dbt.type_string() }})
{%- endmacro %}


{# 12,4 of 0.1239. #}
{% macro french_percent(share) -%}
    replace(cast(round(100 * {{ share }}, 1) as {{ dbt.type_string() }}), '.', ',')
{%- endmacro %}
