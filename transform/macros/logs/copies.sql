{#
    By what the copies of a log line are recognised: its digest, which stays when retention or an erasure overwrites the
    text. The first eight digits of a digest name its key. Digests of two keys cannot be compared, nor a line that lost its
    text before it had a digest (''): there, among the lines of the partition, what is left of the texts decides.
#}
{% macro copy_key(line_digest, text, partition_by) -%}
    {%- set key = "substr(coalesce(" ~ line_digest ~ ", ''), 1, 8)" -%}
    case
        when
            min({{ key }}) over (partition by {{ partition_by }}) = max({{ key }}) over (partition by {{ partition_by }})
            and {{ key }} <> ''
            then {{ line_digest }}
        else {{ text }}
    end
{%- endmacro %}
