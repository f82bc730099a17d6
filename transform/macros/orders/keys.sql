{#
    An order's identifier as MySQL compares it: without case and without blanks at the end ("cmd1 " refers to CMD1). Letters
    are compared decomposed, so that a small letter beyond ASCII is found whatever the locale of the database; those that do
    not decompose are named, all of which Windows of Western Europe has (cp1252).
#}
{% macro order_key(reference) -%}
    {{ adapter.dispatch('order_key')(reference) }}
{%- endmacro %}


{% macro postgres__order_key(reference) -%}
    (
        lower(
            case
                when {{ reference }} ~ '[^ -~]'
                    then translate(normalize(rtrim({{ reference }}, ' '), nfd), 'ÆÐØÞŒ', 'æðøþœ')
                else rtrim({{ reference }}, ' ')
            end collate "C"
        ) collate "default"
    )
{%- endmacro %}


{#
    Condition of a join: the order that a row of the ERP refers to. Where several orders differ in nothing but case and
    blanks, as some collations allow, only the exact spelling says which is meant.

    Args:
        rows: Rows with `order_id`, as the ERP has it there, and `order_key`.
        order_keys: Rows of int_order_keys.
#}
{% macro refers_to(rows, order_keys) -%}
    {{ rows }}.order_key = {{ order_keys }}.order_key
    and (not {{ order_keys }}.is_ambiguous or {{ rows }}.order_id = {{ order_keys }}.order_id)
{%- endmacro %}
