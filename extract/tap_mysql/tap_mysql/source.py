"""Logs in to the server, and turns what goes wrong there into sentences."""

from __future__ import annotations

import math
import ssl
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from pymysql.constants import CR, ER
from pymysql.err import MySQLError

from tap_mysql.errors import SourceError
from tap_mysql.plain_text import plain_text
from tap_mysql.protocol import MALFORMED, GuardedConnection, PasswordRefusedError, within

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

    from tap_mysql.settings import Settings

#: What makes the session mean the same on every server.
_SESSION: Final = (
    # Without PAD_CHAR_TO_FULL_LENGTH and the like: values as they are stored.
    "set session sql_mode = ''",
    "set session transaction isolation level repeatable read",
)

#: What keeps a server from giving up on a reader that waits for its loader, or from sending less than all
#: there is. Not every server has each of them, or lets everyone set it.
_PATIENCE: Final = (
    "set session net_write_timeout = 86400",
    "set session net_read_timeout = 86400",
    "set session wait_timeout = 86400",
    "set session max_statement_time = 0",
    "set session max_execution_time = 0",
    "set session idle_transaction_timeout = 0",
    "set session idle_readonly_transaction_timeout = 0",
    "set session sql_select_limit = default",
    "set session sql_big_selects = 1",
    "set session sql_safe_updates = 0",
)

_SECONDS_BEFORE_NEXT_ATTEMPT: Final = 2.0

#: None is an error of PyMySQL itself, which no server has given a number.
_MALFORMED: Final = {None, CR.CR_MALFORMED_PACKET, CR.CR_COMMANDS_OUT_OF_SYNC}
_LOST: Final = {CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, 1053, 1317, 1927, 4031}
_BUSY: Final = {ER.CON_COUNT_ERROR, ER.TOO_MANY_USER_CONNECTIONS}
_WRONG_LOGIN: Final = {ER.ACCESS_DENIED_ERROR, 1698}
_TLS_WANTED: Final = {3159}
_TABLE_CHANGED: Final = {ER.TABLE_DEF_CHANGED}
#: A lock, also with NOWAIT; a deadlock.
_LOCKED: Final = {ER.LOCK_WAIT_TIMEOUT, ER.LOCK_DEADLOCK, 3572}
_GONE: Final = {ER.NO_SUCH_TABLE, ER.BAD_FIELD_ERROR, ER.VIEW_INVALID}
_FORBIDDEN: Final = {ER.TABLEACCESS_DENIED_ERROR, ER.COLUMNACCESS_DENIED_ERROR}


def connect(settings: Settings, logger: logging.Logger) -> Connection[Any]:
    """Log in, try again where that may help, and prepare the session.

    Raises:
        SourceError: The server cannot be reached, or refuses.
    """
    if settings.tls == "required" and not settings.tls_verify:
        logger.warning(
            "the certificate of %s is NOT verified: anyone on the way can read and change the data",
            settings.place,
        )
    attempt = 1
    while True:
        try:
            return _prepared(settings, logger)
        except (MySQLError, OSError, *MALFORMED) as error:
            if attempt >= settings.attempts or not _may_help(error):
                raise SourceError(_sentence(error, settings)) from None
            logger.warning(
                "attempt %d of %d to log in failed: %s",
                attempt,
                settings.attempts,
                _sentence(error, settings),
            )
        time.sleep(_SECONDS_BEFORE_NEXT_ATTEMPT * attempt)
        attempt += 1


@contextmanager
def explained(settings: Settings, doing: str, table: str | None = None) -> Iterator[None]:
    """Turn an error of the server into a sentence.

    Args:
        settings: Where the server is.
        doing: What is being done, such as "reading the table orders".
        table: The table that it is done with.

    Raises:
        SourceError: Something failed while it was being done.
    """
    try:
        yield
    except (MySQLError, OSError, *MALFORMED) as error:
        if _code(error) in _LOCKED:
            raise SourceError(f"{doing} failed: {_locked(table, settings)}") from error
        raise SourceError(f"{doing} failed: {_sentence(error, settings)}") from error


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Return how the connection is protected; None when it is not.

    Raises:
        SourceError: The file of the authority holds no certificate.
    """
    if settings.tls == "off":
        return None
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca_file)
    except (ssl.SSLError, OSError) as error:
        raise SourceError(
            f"the certificate file {settings.tls_ca_file} cannot be used ({error}): let tls_ca_file "
            "(MYSQL_TLS_CA) name a PEM file with the authority that signed the server's certificate"
        ) from None
    if not settings.tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _prepared(settings: Settings, logger: logging.Logger) -> Connection[Any]:
    context = tls_context(settings)
    connection = GuardedConnection(
        host=settings.host,
        port=settings.port,
        user=settings.user,
        # PyMySQL would send texts as latin-1.
        password=settings.password.encode(),
        database=settings.database,
        charset="utf8mb4",
        ssl=context,
        ssl_disabled=context is None,
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        program_name="tap-mysql",
        defer_connect=True,
    )
    connection.time_limit = settings.time_limit
    connection.known_public_key = settings.public_key
    with within(connection, settings.read_timeout):
        connection.connect()
        _prepare(connection, settings, logger)
    return connection


def _prepare(connection: Connection[Any], settings: Settings, logger: logging.Logger) -> None:
    try:
        with connection.cursor() as cursor:
            for statement in _SESSION:
                cursor.execute(statement)
            if settings.offset:
                cursor.execute("set session time_zone = %s", (settings.offset,))
            # Servers wait for a year or for a day, longer than we wait for an answer.
            seconds = max(1, min(math.ceil(settings.lock_timeout), math.ceil(settings.read_timeout) - 1))
            cursor.execute("set session lock_wait_timeout = %s", (seconds,))
            cursor.execute("set session innodb_lock_wait_timeout = %s", (seconds,))
            for statement in _PATIENCE:
                _try(cursor, statement, logger)
    except BaseException:
        connection.close()
        raise


def _try(cursor: Cursor, statement: str, logger: logging.Logger) -> None:
    try:
        cursor.execute(statement)
    except MySQLError as error:
        if _code(error) in _LOST:
            raise
        logger.debug("%s: %s", statement, error)


def _code(error: BaseException) -> int | None:
    return error.args[0] if error.args and isinstance(error.args[0], int) else None


def is_locked(error: MySQLError) -> bool:
    """Whether another session's lock has kept a statement waiting for too long."""
    return _code(error) in _LOCKED


def _locked(table: str | None, settings: Settings) -> str:
    what = f"the table {table}" if table else "a table"
    return (
        f"{what} is locked on the MySQL server {settings.place}: another session has kept it for longer than "
        f"{settings.lock_timeout:g} s (LOCK TABLES, ALTER TABLE, a backup): find it there with SHOW FULL "
        "PROCESSLIST, let it end, and run again"
    )


def _tls_failure(error: BaseException) -> BaseException | None:
    """Return the failure of TLS that PyMySQL has wrapped."""
    original: BaseException = getattr(error, "original_exception", error)
    return original if isinstance(original, ssl.SSLError) else None


def _may_help(error: BaseException) -> bool:
    if _tls_failure(error) is not None:
        return False
    code = _code(error)
    return isinstance(error, OSError) or code in _LOST or code in _BUSY or code == CR.CR_CONN_HOST_ERROR


def _sentence(error: BaseException, settings: Settings) -> str:
    code, place = _code(error), settings.place
    tls_failure = _tls_failure(error)
    says = plain_text(str(error.args[-1])).rstrip(".") if error.args else type(error).__name__
    server = f"the MySQL server {place}"
    if isinstance(error, PasswordRefusedError):
        return (
            f"{server} asks for the password {says}, so that a false server could read it: it gets none "
            "without TLS. Set tls (MYSQL_TLS) to required; a user of caching_sha2_password may also do with "
            "the server's own key in public_key_file (MYSQL_PUBLIC_KEY)"
        )
    if isinstance(tls_failure, ssl.SSLCertVerificationError):
        why = tls_failure.verify_message.rstrip(".")
        return (
            f"the certificate of {server} is not trusted ({why}): set tls_ca_file "
            "(MYSQL_TLS_CA) to the authority that signed it, and host (MYSQL_HOST) to the name in it"
        )
    if tls_failure is not None or code == CR.CR_SSL_CONNECTION_ERROR:
        return f"{server} does not speak TLS as it must ({says}): check tls (MYSQL_TLS) and the server"
    if code in _TLS_WANTED:
        return f"{server} insists on TLS: set tls (MYSQL_TLS) to required"
    if code in _WRONG_LOGIN:
        return (
            f"{server} refuses user {settings.user}: check user and password (MYSQL_USER, MYSQL_PASSWORD), "
            "and from which hosts the user may come"
        )
    if code == ER.BAD_DB_ERROR:
        return f"{server} has no database {settings.database}: check database (MYSQL_DATABASE)"
    if code == ER.DBACCESS_DENIED_ERROR:
        return (
            f"{server} keeps the database {settings.database} from user {settings.user}: check database "
            "(MYSQL_DATABASE), or grant SELECT on it"
        )
    if code in _FORBIDDEN:
        return f"{server} forbids it to user {settings.user} ({says}): grant SELECT to the user"
    if code in _GONE:
        return f"{server} says: {says}; discover the tables again and correct the selection"
    if code in _TABLE_CHANGED:
        return f"a table was altered on {server} after the run had begun ({says}): run again"
    if code in _BUSY:
        return f"{server} has too many connections ({says}): run again later"
    if code in _LOST:
        return (
            f"the connection to {server} was lost ({says}), and the moment that was being read with it: run "
            "again; if it happens again, look into the server's log"
        )
    if isinstance(error, OSError) or code == CR.CR_CONN_HOST_ERROR:
        return (
            f"{server} cannot be reached ({says}): check host and port (MYSQL_HOST, MYSQL_PORT), that the "
            "server runs there, and the network"
        )
    if code in _MALFORMED:
        return (
            f"{server} does not speak as a MySQL server does ({says}): check host and port (MYSQL_HOST, "
            "MYSQL_PORT), what answers there, and its log"
        )
    return f"{server} says: {says} (error {code})"
