{#
    Query: the row of the seed `order_statuses` that each status belongs to, if any. A row counts when it is equal to the
    status, or, where the seed says so, contained in it. Of several rows the equal one wins, then the longest.

    Args:
        statuses: A relation with `status`, in whatever spelling, each once.
#}
{% macro known_statuses(statuses) -%}
    select
        matched.status,
        matched.status_name,
        matched.is_open,
        matched.is_done
    from (
        select
            spelt.status,
            known.status as status_name,
            known.is_open,
            known.is_done,
            row_number() over (
                partition by spelt.status
                order by
                    case when spelt.status_form = known.status_form then 0 else 1 end,
                    length(known.status_form) desc,
                    {{ in_byte_order('known.status_form') }}
            ) as match_rank
        from (
            select
                status,
                {{ status_form('status') }} as status_form
            from {{ statuses }}
        ) as spelt
        inner join (
            select
                status,
                is_open,
                is_done,
                is_contained,
                {{ status_form('status') }} as status_form
            from {{ ref('order_statuses') }}
        ) as known
            on
                spelt.status_form = known.status_form
                or (known.is_contained and {{ dbt.position('known.status_form', 'spelt.status_form') }} > 0)
    ) as matched
    where matched.match_rank = 1
{%- endmacro %}


{# The form in which all spellings of a status are equal; NULL where there is nothing but blanks. #}
{% macro status_form(status) -%}
    nullif(trim({{ normal_form(status) }}), '')
{%- endmacro %}


{# A status as people read it: mojibake repaired, blanks at the ends trimmed; NULL where there is nothing else. #}
{% macro shown_status(status) -%}
    nullif({{ trimmed(repaired_text(status)) }}, '')
{%- endmacro %}
