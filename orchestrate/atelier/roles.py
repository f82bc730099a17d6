"""Who may do what in the warehouse: five group roles, what they own and what they may read (docs/adr/0011).

The roles of a warehouse bear the name of its database. Loading and transforming work as two of them;
log-ins of people and programs are made members of the others. dbt grants what it builds, all else is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psycopg2
from psycopg2 import sql

from atelier import ownership, refusals
from atelier.connections import STATE_SCHEMA
from atelier.errors import AtelierError
from atelier.gdpr.store import SCHEMA
from atelier.locks import LOCKED
from atelier.ops.migrations import SCHEMA as OPS_SCHEMA
from atelier.rights import (
    FREE_TEXT,
    GDPR,
    GROUPS,
    OPS,
    OWNED,
    RAW,
    RUN_COLUMNS,
    VISIBLE,
    WORN,
)
from atelier.warehouse import RUN_LOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 # it is a class

    from atelier.connections import Warehouse

#: Bytes in a name that PostgreSQL keeps; what is beyond it cuts off.
_LONGEST_NAME: Final = 63


@dataclass(frozen=True)
class Roles:
    """The names of a warehouse's roles."""

    loader: str
    transformer: str
    reader: str
    dpo: str
    server: str

    @classmethod
    def of(cls, warehouse: Warehouse) -> Roles:
        """Name the roles after the database: roles belong to the server, and it may hold several warehouses.

        Raises:
            AtelierError: The database's name is too long for that.
        """
        names = {group: f"{warehouse.database}_{group}" for group in GROUPS}
        if max(len(name.encode()) for name in names.values()) > _LONGEST_NAME:
            raise AtelierError(
                f"the name of the warehouse, {warehouse.place}, is too long to name roles after it: rename "
                f"the database to at most {_LONGEST_NAME - len('_transformer')} bytes"
            )
        return cls(**names)

    @property
    def by_group(self) -> dict[str, str]:
        """The names by their groups."""
        return {group: getattr(self, group) for group in GROUPS}


def variables(roles: Roles | None) -> dict[str, str]:
    """Return the environment variables that tell the loader and dbt their roles; empty ones mean none."""
    names = roles.by_group if roles else dict.fromkeys(GROUPS, "")
    return {f"ATELIER_{group.upper()}_ROLE": name for group, name in names.items()}


def settle(
    connection: Connection, warehouse: Warehouse, say: Callable[[str], None] | None = None
) -> Roles | None:
    """Make roles, owners and rights what they should be; quick where they are.

    While another run holds the warehouse this is left to it.

    Returns:
        The roles, or None where there are none and the user may not create them: then all of the pipeline
        works with the user's own rights.

    Raises:
        AtelierError: The roles are there, but the user may not use them or give them what they need.
    """
    roles = Roles.of(warehouse)
    try:
        with connection.cursor() as cursor:
            if _missing(cursor, roles) and not _may_create(cursor):
                if say:
                    say(
                        f"user {warehouse.user} may not create roles, so everything works with its own "
                        "rights: let an administrator run what `.venv/bin/atelier roles --sql` prints, once"
                    )
                return None
            # The session of a run holds this lock already and gets it once more.
            cursor.execute("select pg_try_advisory_lock(%s)", (RUN_LOCK,))
            if cursor.fetchone() == (True,):
                try:
                    _settle(cursor, roles)
                finally:
                    cursor.execute("select pg_advisory_unlock(%s)", (RUN_LOCK,))
    except LOCKED:
        raise AtelierError(
            f"the warehouse, {warehouse.place}, has to be handed over to its roles, but a session keeps one "
            "of its tables busy: let it end, then start this again"
        ) from None
    except psycopg2.Error as error:
        if connection.closed:
            raise refusals.of_statement(error, warehouse) from None
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise AtelierError(
            f"the roles of the warehouse, {warehouse.place}, cannot be set up ({reason}): let an "
            "administrator do it, with what `.venv/bin/atelier roles --sql` prints"
        ) from None
    return roles


def _settle(cursor: Cursor, roles: Roles) -> None:
    cursor.execute("begin")
    try:
        for step in STEPS:
            for statement in list(step(cursor, roles)):
                cursor.execute(statement)
        cursor.execute("commit")
    except BaseException:
        if not cursor.connection.closed:
            cursor.execute("rollback")
        raise


def _may_create(cursor: Cursor) -> bool:
    cursor.execute("select rolsuper or rolcreaterole from pg_roles where rolname = current_user")
    return cursor.fetchone() == (True,)


def _missing(cursor: Cursor, roles: Roles) -> list[str]:
    cursor.execute("select rolname from pg_roles where rolname = any(%s)", (list(roles.by_group.values()),))
    there = {name for (name,) in cursor.fetchall()}
    return [name for name in roles.by_group.values() if name not in there]


def _creations(cursor: Cursor, roles: Roles) -> Iterator[sql.Composable]:
    for name in _missing(cursor, roles):
        yield _create(name)


def _create(name: str) -> sql.Composable:
    return sql.SQL("create role {} nologin").format(sql.Identifier(name))


def _memberships(cursor: Cursor, roles: Roles) -> Iterator[sql.Composable]:
    """The pipeline's user works as these, and manages what they own."""
    cursor.execute(
        "select rolname, current_user from pg_roles "
        "where rolname = any(%s) and not pg_has_role(current_user, oid, 'usage')",
        ([roles.by_group[group] for group in WORN],),
    )
    for name, user in cursor.fetchall():
        yield _grant_role(name, user)


def _grant_role(name: str, user: str) -> sql.Composable:
    return sql.SQL("grant {} to {}").format(sql.Identifier(name), sql.Identifier(user))


def _database(cursor: Cursor, roles: Roles) -> Iterator[sql.Composable]:
    """Everyone may connect and make temporary tables, unless an administrator has revoked it."""
    cursor.execute(
        "select rolname, current_database() from pg_roles where rolname = any(%s) and not ("
        "has_database_privilege(oid, current_database(), 'connect') and "
        "has_database_privilege(oid, current_database(), 'temporary'))",
        (list(roles.by_group.values()),),
    )
    for name, database in cursor.fetchall():
        yield _grant_database(database, name)


def _grant_database(database: str, name: str) -> sql.Composable:
    return sql.SQL("grant connect, temporary on database {} to {}").format(
        sql.Identifier(database), sql.Identifier(name)
    )


def _schemas(cursor: Cursor, roles: Roles) -> Iterator[sql.Composable]:
    cursor.execute("select nspname, pg_get_userbyid(nspowner) from pg_namespace")
    owners = dict(cursor.fetchall())
    for group, schemas in OWNED.items():
        name = sql.Identifier(roles.by_group[group])
        for schema in schemas:
            if schema not in owners:
                yield sql.SQL("create schema {} authorization {}").format(sql.Identifier(schema), name)
            elif owners[schema] != roles.by_group[group]:
                yield sql.SQL("alter schema {} owner to {}").format(sql.Identifier(schema), name)


def _relations(cursor: Cursor, roles: Roles) -> Iterator[sql.Composable]:
    """What the pipeline's user made before there were roles; what is somebody else's stays so."""
    for group, schemas in OWNED.items():
        name = roles.by_group[group]
        cursor.execute(
            "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname = any(%s) and pg_get_userbyid(c.relowner) <> %s "
            "and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') "
            # A sequence of a column follows its table.
            "and not exists (select 1 from pg_depend d where d.classid = 'pg_class'::regclass "
            "and d.objid = c.oid and d.deptype in ('a', 'i') and c.relkind = 'S') "
            "and pg_get_userbyid(c.relowner) = any(%s) "
            "and pg_has_role(current_user, c.relowner, 'usage')",
            (list(schemas), name, ownership.of_atelier(cursor)),
        )
        for schema, relation in cursor.fetchall():
            yield sql.SQL("alter table {} owner to {}").format(
                sql.Identifier(schema, relation), sql.Identifier(name)
            )


def _usage(cursor: Cursor, roles: Roles) -> Iterator[sql.Composable]:
    for group, schemas in VISIBLE.items():
        name = roles.by_group[group]
        cursor.execute(
            "select nspname from pg_namespace where nspname = any(%s) "
            "and not has_schema_privilege(%s, oid, 'usage')",
            (list(schemas), name),
        )
        for (schema,) in cursor.fetchall():
            yield sql.SQL("grant usage on schema {} to {}").format(
                sql.Identifier(schema), sql.Identifier(name)
            )


def _raw(cursor: Cursor, roles: Roles) -> Iterator[sql.Composable]:
    """The transformer reads every raw table, those too that this run is going to make."""
    loader, transformer = sql.Identifier(roles.loader), sql.Identifier(roles.transformer)
    cursor.execute(
        "select n.nspname from pg_namespace n where n.nspname = any(%s) and not exists ("
        "select 1 from pg_default_acl d, aclexplode(d.defaclacl) a where d.defaclnamespace = n.oid "
        "and pg_get_userbyid(d.defaclrole) = %s and pg_get_userbyid(a.grantee) = %s)",
        (list(RAW), roles.loader, roles.transformer),
    )
    for (schema,) in cursor.fetchall():
        yield sql.SQL(
            "alter default privileges for role {} in schema {} grant select on tables to {}"
        ).format(loader, sql.Identifier(schema), transformer)
    cursor.execute(
        "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname = any(%s) and c.relkind in ('r', 'p') "
        "and not has_table_privilege(%s, c.oid, 'select')",
        (list(RAW), roles.transformer),
    )
    for schema, relation in cursor.fetchall():
        yield sql.SQL("grant select on {} to {}").format(sql.Identifier(schema, relation), transformer)


def _columns(cursor: Cursor, roles: Roles) -> Iterator[sql.Composable]:
    """The data protection officer reads the columns of raw tables, one by one: not those of free text."""
    cursor.execute(
        "select n.nspname, c.relname, a.attname, has_column_privilege(%s, c.oid, a.attnum, 'select') "
        "from pg_attribute a join pg_class c on c.oid = a.attrelid "
        "join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname = any(%s) and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped",
        (roles.dpo, list(RAW)),
    )
    for schema, relation, column, readable in cursor.fetchall():
        free_text = f"{schema}.{relation}.{column}" in FREE_TEXT
        if readable == free_text:
            words = "revoke select ({}) on {} from {}" if free_text else "grant select ({}) on {} to {}"
            yield sql.SQL(words).format(
                sql.Identifier(column), sql.Identifier(schema, relation), sql.Identifier(roles.dpo)
            )


def _runs(cursor: Cursor, roles: Roles) -> Iterator[sql.Composable]:
    cursor.execute(
        "select attname from pg_attribute where attrelid = to_regclass(%s) and attname = any(%s) "
        "and not has_column_privilege(%s, attrelid, attnum, 'select')",
        (f"{STATE_SCHEMA}.runs", list(RUN_COLUMNS), roles.transformer),
    )
    for (column,) in cursor.fetchall():
        yield sql.SQL("grant select ({}) on {} to {}").format(
            sql.Identifier(column), sql.Identifier(STATE_SCHEMA, "runs"), sql.Identifier(roles.transformer)
        )


def _tables(cursor: Cursor, roles: Roles) -> Iterator[sql.Composable]:
    """What others may do with the tables that belong to the pipeline's user."""
    for schema, rights in ((SCHEMA, GDPR), (OPS_SCHEMA, OPS)):
        for group, tables in rights.items():
            name = roles.by_group[group]
            for table, actions in tables.items():
                cursor.execute(
                    "select action from unnest(%s) as action where to_regclass(%s) is not null "
                    "and not has_table_privilege(%s, to_regclass(%s), action)",
                    (list(actions), f"{schema}.{table}", name, f"{schema}.{table}"),
                )
                for (action,) in cursor.fetchall():
                    yield sql.SQL("grant {} on {} to {}").format(
                        sql.SQL(action), sql.Identifier(schema, table), sql.Identifier(name)
                    )


#: Each says what is still to be done, in this order.
STEPS: Final = (
    _creations,
    _memberships,
    _database,
    _schemas,
    _relations,
    _usage,
    _raw,
    _columns,
    _runs,
    _tables,
)


def script(connection: Connection, warehouse: Warehouse) -> str:
    """Return the SQL with which an administrator creates the roles of a warehouse."""
    roles = Roles.of(warehouse)
    with connection.cursor() as cursor:
        missing = _missing(cursor, roles)
    statements: list[sql.Composable] = [_create(name) for name in missing]
    statements += [_grant_role(roles.by_group[group], warehouse.user) for group in WORN]
    statements += [_grant_database(warehouse.database, name) for name in roles.by_group.values()]
    lines = [f"{statement.as_string(connection)};" for statement in statements]
    return "\n".join(lines)


def overview(connection: Connection, warehouse: Warehouse) -> str:
    """Return which log-ins have the rights of which role, and how another one gets them."""
    roles = Roles.of(warehouse)
    with connection.cursor() as cursor:
        cursor.execute(
            "select r.rolname, coalesce(string_agg(m.rolname, ', ' order by m.rolname), 'none') "
            "from pg_roles r left join pg_roles m on m.rolcanlogin and not m.rolsuper "
            "and pg_has_role(m.oid, r.oid, 'usage') where r.rolname = any(%s) group by r.rolname",
            (list(roles.by_group.values()),),
        )
        log_ins: Mapping[str, str] = dict(cursor.fetchall())
        example = sql.Identifier(roles.reader).as_string(cursor)
    lines = [f"Roles of {warehouse.place}:"]
    for group, name in roles.by_group.items():
        lines.append(f"  {name}: {GROUPS[group]}")
        lines.append(f"    log-ins: {log_ins[name]}" if name in log_ins else "    does not exist yet")
    lines += [
        "A new log-in for a dashboard, as a user who may create roles (psql asks for the password):",
        "  create role grafana login;",
        f"  grant {example} to grafana;",
        r"  \password grafana",
    ]
    return "\n".join(lines)
