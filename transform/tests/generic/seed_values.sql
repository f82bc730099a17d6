{# Passes when no two values are one word in different spellings: case, accents and blanks around do not part them. #}
{% test unique_in_normal_form(model, column_name) %}

select trim({{ normal_form(column_name) }}) as normal_form
from {{ model }}
group by trim({{ normal_form(column_name) }})
having count(*) > 1

{% endtest %}


{# Passes when no value is empty or has blanks at its ends: nobody would see them in an editor. #}
{% test is_trimmed(model, column_name) %}

select {{ column_name }}
from {{ model }}
where {{ column_name }} = '' or {{ column_name }} <> trim({{ column_name }})

{% endtest %}


{# Passes when the column is true in at least one row. #}
{% test has_some_true(model, column_name) %}

select count(*) as row_count
from {{ model }}
having count(*) filter (where {{ column_name }}) = 0

{% endtest %}
