"""dbt's plugin of Atelier: the sessions of dbt are like all others, and its errors show their SQLSTATE.

dbt loads every module whose name begins with `dbt_`, however it is started.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg2
from dbt.adapters.contracts.connection import ConnectionState
from dbt.adapters.exceptions.connection import FailedToConnectError
from dbt.adapters.postgres.connections import PostgresConnectionManager
from dbt.plugins.manager import dbtPlugin
from dbt_common.exceptions import DbtDatabaseError
from target_warehouse import sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbt.adapters.contracts.connection import Connection

_open: Any = PostgresConnectionManager.__dict__["open"].__func__
_exception_handler = PostgresConnectionManager.exception_handler


def _open_ensured(cls: type[PostgresConnectionManager], connection: Connection) -> Connection:
    """Open a connection and look at its session before it is used."""
    is_new = connection.state != "open"
    opened: Connection = _open(cls, connection)
    if is_new:
        # dbt has set the role in a transaction: a rollback would take it back.
        opened.handle.commit()
        try:
            sessions.ensure(opened.handle)
        except sessions.SessionError as error:
            opened.handle.close()
            opened.state = ConnectionState.FAIL
            raise FailedToConnectError(f"the warehouse {error}") from None
    return opened


@contextmanager
def _stating_handler(manager: PostgresConnectionManager, sql: str) -> Iterator[None]:
    """Put the SQLSTATE before the message of an error: the message comes in the server's language."""
    try:
        with _exception_handler(manager, sql):
            yield
    except DbtDatabaseError as error:
        cause: Any = error.__cause__
        if not isinstance(cause, psycopg2.Error) or cause.pgcode is None:
            raise
        raise DbtDatabaseError(f"[{cause.pgcode}] {error.msg}") from cause


class Sessions(dbtPlugin):
    """Gives dbt's sessions their settings."""

    def initialize(self) -> None:
        """Set it up, before dbt opens the first connection."""
        os.environ.update(sessions.environment(os.environ))
        manager: Any = PostgresConnectionManager
        manager.open = classmethod(_open_ensured)
        manager.exception_handler = _stating_handler


plugins = [Sessions]
