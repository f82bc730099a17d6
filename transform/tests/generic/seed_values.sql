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


{# Passes when there is at least one row. #}
{% test has_rows(model) %}

select count(*) as row_count
from {{ model }}
having count(*) = 0

{% endtest %}


{# Passes when each of the values stands in at least one row. #}
{% test has_every(model, column_name, values) %}

select count(distinct {{ column_name }}) as value_count
from {{ model }}
where {{ column_name }} in ('{{ values | join("', '") }}')
having count(distinct {{ column_name }}) < {{ values | length }}

{% endtest %}


{# Passes when no row has both columns true. #}
{% test not_both_true(model, columns) %}

select {{ columns | join(', ') }}
from {{ model }}
where {{ columns | join(' and ') }}

{% endtest %}


{# Passes when the column `last` is nowhere less than the column `first`. #}
{% test in_order(model, first, last) %}

select
    {{ first }},
    {{ last }}
from {{ model }}
where {{ last }} < {{ first }}

{% endtest %}


{# Passes when no value is less than `least` or more than `most`, where the column `of` has one of `values`, or everywhere. #}
{% test within(model, column_name, least=none, most=none, of=none, values=none) %}

select {{ column_name }}
from {{ model }}
where
    (
        {% if least is not none %}{{ column_name }} < {{ least }}{% endif %}
        {% if least is not none and most is not none %}or{% endif %}
        {% if most is not none %}{{ column_name }} > {{ most }}{% endif %}
    )
    {% if of is not none %}and {{ of }} in ('{{ values | join("', '") }}'){% endif %}

{% endtest %}


{# Passes when the value is empty where the column `of` has one of `values`, and nowhere else. #}
{% test empty_exactly_where(model, column_name, of, values) %}

select
    {{ column_name }},
    {{ of }}
from {{ model }}
where ({{ column_name }} is null) <> ({{ of }} in ('{{ values | join("', '") }}'))

{% endtest %}


{# Passes when no value is less than those of the rows in which the column `of` has one of `values`. #}
{% test smallest_where(model, column_name, of, values) %}

select {{ column_name }}
from {{ model }}
where
    {{ of }} in ('{{ values | join("', '") }}')
    and {{ column_name }} > (select min(every_row.{{ column_name }}) from {{ model }} as every_row)

{% endtest %}


{# Passes when each value is a time of day at which a day's work may begin. #}
{% test is_opening_time(model, column_name) %}

select {{ column_name }}
from {{ model }}
where not {{ is_opening_time(column_name) }}

{% endtest %}


{# Passes when each value is a time of day at which a day's work may end. #}
{% test is_closing_time(model, column_name) %}

select {{ column_name }}
from {{ model }}
where not {{ is_closing_time(column_name) }}

{% endtest %}


{# Passes when the column is true in at least one row. #}
{% test has_some_true(model, column_name) %}

select count(*) as row_count
from {{ model }}
having count(*) filter (where {{ column_name }}) = 0

{% endtest %}
