"""What stands on a column while its type changes: PostgreSQL changes no column that a view reads.

A view whose own columns keep their types stays the same relation: while the column changes it reads nothing.
Others, and materialized views, are dropped with all that stands on them and made again as they were.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import psycopg
import sqlalchemy as sa

from target_warehouse.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.engine import Connection

#: Views that read a relation, or one of its columns.
_READERS: Final = """
    select distinct rules.ev_class
    from pg_depend uses
    join pg_rewrite rules on uses.classid = 'pg_rewrite'::regclass and uses.objid = rules.oid
    where uses.refclassid = 'pg_class'::regclass and uses.refobjid = :relation and rules.ev_class <> :relation
    and (uses.refobjsubid = 0 or cast(:columns as text[]) is null or uses.refobjsubid in (
        select attnum from pg_attribute where attrelid = :relation and attname = any(cast(:columns as text[]))
    ))
"""
_VIEW: Final = """
    select oid, oid::regclass::text as name, relkind::text as kind, relowner::regrole::text as owner,
    pg_get_viewdef(oid) as definition, array_to_string(reloptions, ', ') as options,
    relispopulated as is_populated, pg_get_userbyid(relowner) = current_user as is_ours
    from pg_class where oid = :oid
"""
_COLUMNS: Final = """
    select quote_ident(attname) as name, format_type(atttypid, atttypmod) as type,
    case when attcollation = 0 then '' else 'collate ' || attcollation::regcollation::text end as collation
    from pg_attribute where attrelid = :oid and attnum > 0 and not attisdropped order by attnum
"""
#: Statements that give a view what belongs to it beside its definition.
_BELONGINGS: Final = """
    select format(
        'comment on %s %s is %L', cast(:word as text), cast(:name as text), obj_description(:oid, 'pg_class')
    ) as statement
    where obj_description(:oid, 'pg_class') is not null
    union all
    select format(
        'comment on column %s.%I is %L', cast(:name as text), attname, col_description(:oid, attnum)
    )
    from pg_attribute where attrelid = :oid and attnum > 0 and col_description(:oid, attnum) is not null
    union all
    select format(
        'alter view %s alter column %I set default %s',
        cast(:name as text), attname, pg_get_expr(adbin, adrelid)
    )
    from pg_attrdef join pg_attribute on attrelid = adrelid and attnum = adnum where adrelid = :oid
    union all
    select pg_get_indexdef(indexrelid) from pg_index where indrelid = :oid
    union all
    select pg_get_triggerdef(oid) from pg_trigger where tgrelid = :oid and not tgisinternal
    union all
    select pg_get_ruledef(oid) from pg_rewrite where ev_class = :oid and rulename <> '_RETURN'
    union all
    select format(
        'grant %s on %s to %s%s', privilege_type, cast(:name as text),
        case when grantee = 0 then 'public' else grantee::regrole::text end,
        case when is_grantable then ' with grant option' else '' end
    )
    from pg_class, aclexplode(relacl) where oid = :oid and grantee <> relowner
    union all
    select format(
        'grant %s (%I) on %s to %s%s', privilege_type, attname, cast(:name as text),
        case when grantee = 0 then 'public' else grantee::regrole::text end,
        case when is_grantable then ' with grant option' else '' end
    )
    from pg_attribute, aclexplode(attacl) where attrelid = :oid and attnum > 0
"""
#: What a new view has of its schema's default rights, which the old one may not have had.
_GIVEN_BY_DEFAULT: Final = """
    select format(
        'revoke all on %s from %s', cast(:name as text),
        case when grantee = 0 then 'public' else grantee::regrole::text end
    )
    from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace, aclexplode(relacl)
    where format('%I.%I', nspname, relname) = :name and grantee <> relowner
"""


@dataclass(frozen=True)
class _View:
    """A view as it is before anything changes."""

    oid: int
    name: str
    kind: str
    owner: str
    definition: str
    options: str | None
    is_populated: bool
    is_ours: bool
    placeholder: str
    belongings: list[str] = field(default_factory=list)

    @property
    def word(self) -> str:
        return "materialized view" if self.kind == "m" else "view"

    @property
    def with_options(self) -> str:
        return f" with ({self.options})" if self.options else ""

    @property
    def creation(self) -> str:
        end = "" if self.kind == "v" or self.is_populated else " with no data"
        return f"create {self.word} {self.name}{self.with_options} as {self.definition.rstrip('; ')}{end}"


@contextmanager
def dependents_set_aside(
    connection: Connection, table: sa.Table, columns: Sequence[str]
) -> Iterator[Callable[[str], None]]:
    """Give a function that runs a change of a table's columns as if nothing read them.

    Raises:
        LoadError: Something reads them that cannot be made again.
    """
    path = connection.execute(sa.text("select current_setting('search_path')")).scalar_one()
    # So that every name in a definition has its schema.
    _set_path(connection, "")
    relation = connection.execute(
        sa.text("select cast(:name as regclass)::oid"),
        {"name": connection.dialect.identifier_preparer.format_table(table)},
    ).scalar_one()
    views = _Views(connection, f"{table.fullname}.{', '.join(columns)}")
    readers = [views.read(oid) for oid in views.readers(relation, list(columns))]

    def change(statement: str) -> None:
        gone = views.with_all_above([view for view in readers if view.kind == "m"])
        trial = connection.begin_nested()
        retyped = views.change(readers, gone, statement)
        if retyped:
            trial.rollback()
            gone = views.with_all_above([*retyped, *gone])
            views.change(readers, gone, statement)
        else:
            trial.commit()

    yield change
    _set_path(connection, path)


def _set_path(connection: Connection, path: str) -> None:
    connection.execute(sa.text("select set_config('search_path', :path, true)"), {"path": path})


class _Views:
    def __init__(self, connection: Connection, what: str) -> None:
        self._connection = connection
        self._what = what

    def readers(self, relation: int, columns: list[str] | None = None) -> list[int]:
        rows = self._connection.execute(sa.text(_READERS), {"relation": relation, "columns": columns})
        return [row[0] for row in rows]

    def read(self, oid: int) -> _View:
        row = self._connection.execute(sa.text(_VIEW), {"oid": oid}).one()._asdict()
        parts = [
            f"null::{column.type} {column.collation} as {column.name}"
            for column in self._connection.execute(sa.text(_COLUMNS), {"oid": oid})
        ]
        view = _View(**row, placeholder=f"select {', '.join(parts)}")
        values = {"oid": oid, "name": view.name, "word": view.word}
        view.belongings.extend(self._connection.execute(sa.text(_BELONGINGS), values).scalars())
        return view

    def with_all_above(self, views: list[_View]) -> list[_View]:
        """Return views with all that read them, those that are read first."""
        ordered: dict[int, _View] = {}
        waiting = list(views)
        while waiting:
            view = waiting.pop(0)
            # One that is met again stands on a later one too.
            ordered.pop(view.oid, None)
            ordered[view.oid] = view
            waiting += [self.read(oid) for oid in self.readers(view.oid)]
        return list(ordered.values())

    def change(self, readers: list[_View], gone: list[_View], statement: str) -> list[_View]:
        """Run a statement with some views dropped and made again, and the other readers set aside.

        Returns:
            The readers that would get columns of other types: they have to be dropped and made again too.
        """
        for view in reversed(gone):
            self._as_owner(view, f"drop {view.word} {view.name}")
        kept = [view for view in readers if view.oid not in {each.oid for each in gone}]
        for view in kept:
            self._as_owner(view, f"create or replace view {view.name} as {view.placeholder}")
        self._run(statement)
        retyped = [view for view in kept if not self._is_put_back(view)]
        for view in () if retyped else gone:
            self._as_owner(view, view.creation)
            given = self._connection.execute(sa.text(_GIVEN_BY_DEFAULT), {"name": view.name}).scalars().all()
            for each in (*given, *view.belongings):
                self._as_owner(view, each)
        return retyped

    def _is_put_back(self, view: _View) -> bool:
        definition = f"{view.with_options} as {view.definition.rstrip('; ')}"
        attempt = self._connection.begin_nested()
        try:
            self._as_owner(view, f"create or replace view {view.name}{definition}")
        except sa.exc.ProgrammingError as error:
            attempt.rollback()
            if isinstance(error.orig, psycopg.errors.InvalidTableDefinition):
                return False
            raise
        attempt.commit()
        return True

    def _as_owner(self, view: _View, statement: str) -> None:
        """Run a statement as a view's owner, so that it stays theirs."""
        try:
            if not view.is_ours:
                self._run(f"set local role {view.owner}")
            self._run(statement)
            if not view.is_ours:
                self._run("reset role")
        except sa.exc.ProgrammingError as error:
            if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
                raise LoadError(
                    f"{self._what} must become wider, and the {view.word} {view.name} (owner {view.owner}) "
                    f"reads it and cannot be made again ({error.orig.diag.message_primary}): nothing was "
                    "changed; keep its definition (pg_get_viewdef), drop it, load again, then create it again"
                ) from None
            raise

    def _run(self, statement: str) -> Any:  # noqa: ANN401
        return self._connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
