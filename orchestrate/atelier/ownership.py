"""Whose the warehouse's schemas are: a schema of someone else that bears a name of ours is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg2 import sql

from atelier.errors import AtelierError
from atelier.rights import OWNED, SCHEMAS

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812 # it is a class
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 # it is a class

    from atelier.connections import Warehouse


def of_atelier(cursor: Cursor) -> list[str]:
    """Return the roles that own what is Atelier's: the pipeline's user and the warehouse's own roles.

    The own roles bear the name of the database, or the name that it had before it was renamed or copied.
    They have no log-in, and the user is a member of them. Other memberships of the user do not count: they
    say what it may do, not whose a schema is.
    """
    groups = list(OWNED)
    cursor.execute(
        "select o.rolname from pg_roles o where o.rolname in (current_user, session_user) "
        "or o.rolname in (select concat(current_database(), '_', g) from unnest(%s) as g) "
        "or (not o.rolcanlogin and o.rolname ~ ('.+_(' || array_to_string(%s, '|') || ')$') and ("
        "exists (select 1 from pg_auth_members m join pg_roles u on u.oid = m.member "
        "where m.roleid = o.oid and u.rolname = current_user) "
        "or (select u.rolsuper from pg_roles u where u.rolname = current_user)))",
        (groups, groups),
    )
    return [name for (name,) in cursor.fetchall()]


def check_schemas(connection: Connection, warehouse: Warehouse) -> None:
    """Check that every schema with a name of ours is Atelier's.

    Raises:
        AtelierError: One belongs to someone else.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select nspname, pg_get_userbyid(nspowner) from pg_namespace "
            "where nspname = any(%s) and pg_get_userbyid(nspowner) <> all(%s) order by 1",
            (list(SCHEMAS), of_atelier(cursor)),
        )
        found = cursor.fetchall()
        if not found:
            return
        named = ", ".join(f"{schema} (of {owner})" for schema, owner in found)
        words = sql.SQL("alter schema {} owner to {}")
        example = words.format(sql.Identifier(found[0][0]), sql.Identifier(warehouse.user)).as_string(cursor)
    raise AtelierError(
        f"the warehouse, {warehouse.place}, has schemas of someone else under names that Atelier uses: "
        f"{named}; they were left as they are. Name a database of Atelier's own in POSTGRES_DB; or, if they "
        "are Atelier's, of an earlier POSTGRES_USER, let an administrator hand over each of them with its "
        f"tables, as in `{example}`"
    )
