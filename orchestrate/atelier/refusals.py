"""Why the warehouse refuses a log-in or a statement, by SQLSTATE: messages are in the server's language."""

from __future__ import annotations

import ctypes
import re
import select
from typing import TYPE_CHECKING, Any, Final, cast

import psycopg2
import psycopg2._psycopg
from psycopg2.extensions import POLL_OK, POLL_READ, POLL_WRITE
from target_warehouse.sessions import LOCK_TIMEOUT_SECONDS

from atelier.errors import AtelierError
from atelier.locks import LOCKED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier.connections import Warehouse

#: The server starts, stops, or has not yet put its files in order after a crash.
NOT_READY: Final = "57P03"

#: Continue "the warehouse, …, ". A log-in and a statement can be refused for most of them alike.
REASONS: Final[Mapping[str, str]] = {
    "08P01": "refuses the parameters of a session, as a connection pooler such as PgBouncer does: let "
    "POSTGRES_HOST and POSTGRES_PORT name PostgreSQL itself",
    "22023": "refuses a setting of the session: check PGOPTIONS",
    "25006": "can only be read: name the primary server in POSTGRES_HOST and POSTGRES_PORT",
    "25P03": "has ended a session that was idle in a transaction: raise its "
    "idle_in_transaction_session_timeout",
    "25P04": "has ended a transaction that took too long: raise its transaction_timeout",
    "28000": "does not let the user in from here: check POSTGRES_USER, whether it may log in, the server's "
    "pg_hba.conf, and whether it asks for TLS (POSTGRES_TLS)",
    "28P01": "refuses the log-in: check POSTGRES_USER and POSTGRES_PASSWORD",
    "3D000": "does not exist: create it, or check POSTGRES_DB",
    "42501": "does not give the user a right that is needed: see the server's log for which, and grant it",
    "42704": "does not know a setting of the session: check PGOPTIONS",
    "53100": "has no room left on its disk: make room there, then start this again",
    "53200": "has no memory left: see the server's log, then start this again",
    "53300": "has no connection left: end sessions that nobody uses, or raise max_connections there or the "
    "connection limit of the user or the database",
    "53400": "has reached a limit of its configuration, such as temp_file_limit: see the server's log",
    "55000": "takes no connections to this database: let its administrator allow them",
    "57014": "has cancelled a statement: an administrator did, or a time-out; see the server's log",
    NOT_READY: "is starting or stopping: see the server's log if that goes on, then start this again",
    "XX001": "has damaged data: see the server's log and restore a backup",
    "XX002": "has a damaged index: see the server's log, and run `reindex database` there",
}

#: The session is over: an administrator or the server has ended it, or the network.
_ENDED: Final = ("08", "57P01", "57P02", "57P04", "57P05")

#: How dbt_atelier begins the message of an error.
_STATED: Final = re.compile(r"\[([0-9A-Z]{5})\] ")

#: Classes of SQLSTATE whose messages name what is meant: data, syntax and rights.
_NAMING_CLASSES: Final = ("22", "42")

#: PQERRORS_VERBOSE of libpq: every message begins with its SQLSTATE.
_VERBOSE: Final = 2
_STATE: Final = re.compile(r"^[^:\n]*: +([0-9A-Z]{5}): ", re.MULTILINE)


def of_statement(error: psycopg2.Error, warehouse: Warehouse) -> AtelierError:
    """Return why a statement failed, or that its session is over."""
    if isinstance(error, LOCKED):
        # `locks` adds who holds it.
        return AtelierError(
            f"what is locked in the warehouse, {warehouse.place}, was not free within "
            f"{LOCK_TIMEOUT_SECONDS} s"
        )
    return AtelierError(f"the warehouse, {warehouse.place}, {reason(error)}")


def reason(error: BaseException | None) -> str:
    """Return why the warehouse has refused a statement; continues "the warehouse, …, "."""
    state = getattr(error, "pgcode", None)
    if state is None and not isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError)):
        return f"has refused a statement ({type(error).__name__}): see the server's log"
    if state is None or state.startswith(_ENDED):
        return "has broken off the connection: see in PostgreSQL's log why, and start this again once it runs"
    return REASONS.get(state, f"has refused a statement (SQLSTATE {state}): see the server's log")


def of_dbt(message: str) -> str:
    """Return the message of an error of dbt's in words of ours, where its SQLSTATE says all.

    dbt_atelier puts the SQLSTATE before the server's message.
    """
    match = _STATED.match(message)
    if match and match[1] in REASONS and not match[1].startswith(_NAMING_CLASSES):
        return f"the warehouse {REASONS[match[1]]}"
    return message


def of_log_in(message: str, state: str | None, warehouse: Warehouse) -> AtelierError:
    """Return why a log-in failed.

    Args:
        message: What libpq says.
        state: The SQLSTATE, where the server itself has answered.
        warehouse: Where it was.
    """
    return AtelierError(f"the warehouse, {warehouse.place}, {_log_in_reason(message, state)}")


def _log_in_reason(message: str, state: str | None) -> str:
    if state is not None:
        reason = REASONS.get(state)
        return reason or f"refuses the log-in (SQLSTATE {state}; {_last_line(message)}): see the server's log"
    # libpq's own messages, and the system's, are English: Python leaves LC_MESSAGES at C.
    text = message.lower()
    # With two copies of libpq in a process, as in the API's, the second one refuses without its reason.
    if re.search("certificate verify failed|does not match host name|no ssl error reported", text):
        return (
            f"shows a certificate that is not trusted ({_last_line(message)}): let POSTGRES_TLS_CA name the "
            "authority that signed it, and POSTGRES_HOST the name in it"
        )
    if "does not support ssl" in text:
        return "does not speak TLS: turn it on there (ssl = on), or set POSTGRES_TLS to off"
    if "no password supplied" in text:
        return REASONS["28P01"]
    if "could not translate host name" in text:
        return "has a host name that does not resolve: check POSTGRES_HOST"
    if "timeout" in text or "timed out" in text:
        return "does not answer: check POSTGRES_HOST and POSTGRES_PORT, the network and the firewall"
    if "refused" in text:
        return "cannot be reached: check that PostgreSQL runs there, POSTGRES_HOST and POSTGRES_PORT"
    return f"cannot be used ({_last_line(message)}): check the POSTGRES_ variables"


def _last_line(message: str) -> str:
    return [line for line in message.strip().splitlines() if line.strip()][-1].strip()


def log_in_state(parameters: Mapping[str, Any], seconds: float) -> str | None:
    """Return the SQLSTATE by which a server refuses a log-in; None where it does not answer or lets us in.

    libpq tells the SQLSTATE of a refused log-in only within the message, and only if it is asked to before.
    So this logs in once more, step by step.

    Args:
        parameters: Those of the log-in that was refused.
        seconds: How long the server may take for a step.
    """
    message = ""
    try:
        connection = psycopg2.connect(**cast("dict[str, Any]", parameters), async_=True)
    except psycopg2.Error:
        return None
    try:
        # The library of the driver itself, whichever that is.
        libpq = ctypes.CDLL(psycopg2._psycopg.__file__)  # noqa: SLF001 # no public way to its file
        libpq.PQsetErrorVerbosity.argtypes = [ctypes.c_void_p, ctypes.c_int]
        libpq.PQsetErrorVerbosity(connection.pgconn_ptr, _VERBOSE)
        while (step := connection.poll()) != POLL_OK:
            reading, writing = [connection] * (step == POLL_READ), [connection] * (step == POLL_WRITE)
            if not any(select.select(reading, writing, [], seconds)):
                break
    except psycopg2.Error as error:
        message = str(error)
    finally:
        connection.close()
    states = _STATE.findall(message)
    return states[-1] if states else None
