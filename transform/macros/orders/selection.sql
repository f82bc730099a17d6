{#
    Why an order is in the list of roller-shutter orders to plan, or what keeps it out of it: a sentence in French. All that
    is missing is said at once, so that the office need not come back for the next reason.
#}
{% macro selection_reason(has_planned_note, status, is_status_known, has_open_status, has_shutter_accessory) -%}
    {%- set missing = [
        ("not " ~ has_planned_note, "aucune note « " ~ var('planned_note') ~ " » au journal"),
        (status ~ " is null", "aucun statut"),
        (status ~ " is not null and not " ~ is_status_known, "statut inconnu de la liste des statuts"),
        (is_status_known ~ " and not " ~ has_open_status, "statut qui n'est pas à planifier"),
        ("not " ~ has_shutter_accessory, "aucun accessoire de volet roulant"),
    ] -%}
    {%- set parts = [] -%}
    {%- for condition, words in missing -%}
        {%- do parts.append(
            "case when " ~ condition ~ " then " ~ dbt.string_literal(dbt.escape_single_quotes(", " ~ words)) ~ " else '' end"
        ) -%}
    {%- endfor -%}
    coalesce(
        'Absente de la liste : ' || nullif(substr({{ dbt.concat(parts) }}, 3), '') || '.',
        'Dans la liste : planifiée, statut à planifier, accessoire de volet roulant.'
    )
{%- endmacro %}
