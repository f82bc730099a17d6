"""Who was granted what in the warehouse, read from its catalogues and written as a table."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import closing
from typing import TYPE_CHECKING

from atelier.rights import GROUPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.plant import Plant

#: Per object and whoever was granted something on it: what. `*` stands for some of its columns.
_GRANTS = """
with objects as (
    select nspname as schema, '(schema)' as name, nspowner as owner, nspacl as acl, 0::oid as relation
    from pg_namespace
    union all
    select n.nspname, c.relname, c.relowner, c.relacl, c.oid
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all
    -- A function without a list of rights may be called by everyone.
    select n.nspname, p.proname || '()', p.proowner, coalesce(p.proacl, acldefault('f', p.proowner)), 0::oid
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
),
granted as (
    select schema, name, owner, a.grantee, a.privilege_type as word, '' as extent
    from objects, aclexplode(acl) a
    union all
    select schema, name, owner, a.grantee, a.privilege_type, '*'
    from objects join pg_attribute t on t.attrelid = relation and not t.attisdropped, aclexplode(t.attacl) a
)
select o.schema, o.name, pg_get_userbyid(o.owner),
    case when g.grantee = 0 then 'public' else pg_get_userbyid(g.grantee) end,
    string_agg(distinct lower(g.word) || g.extent, ' ' order by lower(g.word) || g.extent)
from objects o
left join granted g
    on g.schema = o.schema and g.name = o.name and g.owner = o.owner and g.grantee <> o.owner
where o.schema = any(%s)
group by 1, 2, 3, 4
order by 1, 2, 3, 4
"""


def granted_rights(plant: Plant, schemas: Sequence[str], names: dict[str, str]) -> str:
    """Return lines per schema: its own rights, those of most of what is in it, and each exception.

    Args:
        plant: Whose warehouse.
        schemas: Of these.
        names: What to call roles, by their names in the database.
    """
    with closing(plant.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(_GRANTS, (list(schemas),))
        rows = cursor.fetchall()
    granted: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    owners = {}
    for schema, name, owner, grantee, words in rows:
        owners[schema, name] = names.get(owner, owner)
        if words:
            granted[schema][name][names.get(grantee, grantee)] = words
        else:
            granted[schema].setdefault(name, {})
    lines = []
    for schema in schemas:
        told = {name: _told(owners[schema, name], rights) for name, rights in granted[schema].items()}
        lines.append(f"{schema} | {told.pop('(schema)')}")
        ((usual, _),) = Counter(text for _, text in sorted(told.items())).most_common(1)
        lines.append(f"{schema}.* | {usual}")
        lines += [f"{schema}.{name} | {text}" for name, text in sorted(told.items()) if text != usual]
    return "\n".join(lines)


def _told(owner: str, rights: dict[str, str]) -> str:
    order = (*GROUPS, *sorted(set(rights) - set(GROUPS)))
    return f"{owner} | {'; '.join(f'{who}: {rights[who]}' for who in order if who in rights) or '-'}"
