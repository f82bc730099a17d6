{# The code of a machine's folder: DEM12 of "DEM12 (PVC)". A folder without parentheses is itself the code. #}
{% macro machine_code(folder) -%}
    coalesce(nullif(trim({{ captured(folder, '^(.*?)\\([^()]*\\)\\s*$') }}), ''), nullif(trim({{ folder }}), ''), {{ folder }})
{%- endmacro %}


{# The material that a machine's folder names: PVC of "DEM12 (PVC)"; NULL when it names none. #}
{% macro machine_material(folder) -%}
    nullif(trim({{ captured(folder, '^.*?\\(([^()]*)\\)\\s*$') }}), '')
{%- endmacro %}
