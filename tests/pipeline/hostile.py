"""A database in which an administrator has set everything that a session relies on otherwise."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from psycopg2 import sql

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_demo.servers.site import Site

#: For the database: settings that a user may set, each to a value that changes something.
DATABASE = {
    "client_encoding": "LATIN1",
    "DateStyle": "German",
    "IntervalStyle": "iso_8601",
    "TimeZone": "Pacific/Chatham",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "backslash_quote": "on",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "search_path": "hostile, pg_catalog",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "row_security": "off",
    "statement_timeout": "20ms",
    "idle_in_transaction_session_timeout": "50ms",
    "idle_session_timeout": "8s",
    "transaction_timeout": "1s",
    "xmloption": "document",
    "check_function_bodies": "off",
    "client_min_messages": "error",
    "enable_hashjoin": "off",
    "enable_hashagg": "off",
}
#: For the user in this database, which wins over the database's.
ROLE = {"DateStyle": "SQL, DMY", "standard_conforming_strings": "off", "lock_timeout": "1ms"}


def make_hostile(site: Site, variables: Mapping[str, str]) -> None:
    """Set everything otherwise, and put a function of another schema before PostgreSQL's own."""
    place = {"database": sql.Identifier(variables["POSTGRES_DB"])}
    place["user"] = sql.Identifier(variables["POSTGRES_USER"])
    with closing(site.admin_postgres(variables["POSTGRES_DB"])) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("create schema hostile; grant usage on schema hostile to public")
            cursor.execute(
                "create function hostile.lower(text) returns text language sql immutable as $$ select 'x' $$"
            )
            cursor.execute("select lower(name) from pg_settings")
            known = {name for (name,) in cursor.fetchall()}
            for words, settings in (
                ("alter database {database} set {name} = {value}", DATABASE),
                ("alter role {user} in database {database} set {name} = {value}", ROLE),
            ):
                for name, text in settings.items():
                    value = sql.SQL(text) if name == "search_path" else sql.Literal(text)
                    if name.lower() in known:
                        cursor.execute(
                            sql.SQL(words).format(**place, name=sql.Identifier(name.lower()), value=value)
                        )
