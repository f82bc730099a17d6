"""Where the servers are: the environment variables of the public contract, and who sets them.

In the environment `dev` they are those of the local servers that `make demo` started; in every other one they
come from the process's environment, or else from the file `.env` of the project.
"""

from __future__ import annotations

import math
import os
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values
from sqlalchemy.engine import URL
from target_warehouse import sessions

from atelier import redaction, tls
from atelier.errors import AtelierError
from atelier.project_files import documents
from atelier.secret_files import merged

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The Meltano schema of the warehouse: system database and state of the pipelines.
STATE_SCHEMA = "meltano"

#: Names the file that is read in the place of `.env`.
ENV_FILE = "ATELIER_ENV_FILE"

#: Written by the local servers when they start.
LOCAL_SERVERS = Path(".local/dev/env")

POSTGRES_VARIABLES = ("POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB")
MYSQL_VARIABLES = ("MYSQL_HOST", "MYSQL_PORT", "MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_DATABASE")
FTP_VARIABLES = ("FTP_HOST", "FTP_USER", "FTP_PASSWORD")
DEFAULTS = {
    "POSTGRES_PORT": "5432",
    "MYSQL_PORT": "3306",
    "MYSQL_TLS": "off",
    "POSTGRES_TLS": "off",
    "PLANT_TIMEZONE": "Europe/Paris",
    "FTP_ROOT": "/",
    "FTP_TLS": "off",
    "FTP_AFTER_LOAD": "keep",
}


def project_root() -> Path:
    """Return the folder of `meltano.yml`: the nearest one above the current folder, else the code's own.

    Raises:
        AtelierError: There is none.
    """
    named = os.environ.get("MELTANO_PROJECT_ROOT")
    here = Path(named).resolve() if named else Path.cwd()
    for folder in (here, *here.parents, *Path(__file__).resolve().parents):
        if (folder / "meltano.yml").is_file():
            return folder
    raise AtelierError(f"no meltano.yml in {here} or above it: start this in Atelier's folder")


def resolve(root: Path, environment: str, process: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of the contract that hold in a Meltano environment.

    Args:
        root: The project's folder.
        environment: Name of the Meltano environment.
        process: The process's own variables; they win over `.env`, except in `dev`.

    Raises:
        AtelierError: The project has no such environment; it is `dev` and the local servers were never
            started; `.env` or a secret's file cannot be used; what POSTGRES_TLS… say makes no sense.
    """
    _check_environment(root, environment)
    dotenv = read_dotenv(Path(process.get(ENV_FILE) or root / ".env"))
    local: dict[str, str] = {}
    if environment == "dev":
        path = root / LOCAL_SERVERS
        if not path.is_file():
            raise AtelierError(
                f"the local servers have never been started ({LOCAL_SERVERS} is missing): run `make demo`, "
                "or name another environment, as in `meltano --environment=prod run elt`"
            )
        local = read_dotenv(path)
        _tell_ignored(tuple(_ignored(local, {**dotenv, **process})))
    return complete(root, dotenv, process, local)


def _check_environment(root: Path, environment: str) -> None:
    names = [entry["name"] for document in documents(root) for entry in document.entries("environments")]
    if names and environment not in names:
        raise AtelierError(
            f"there is no environment {environment!r}: meltano.yml has {', '.join(names)}; it comes from "
            "--environment or MELTANO_ENVIRONMENT"
        )


def _ignored(local: Mapping[str, str], given: Mapping[str, str]) -> Iterator[str]:
    """Yield the variables, and those that name a secret's file, which the local servers overrule."""
    for name, value in local.items():
        if given.get(name, "") not in {"", value}:
            yield name
        if given.get(f"{name}_FILE"):
            yield f"{name}_FILE"


@cache
def _tell_ignored(names: tuple[str, ...]) -> None:
    """Say once which variables do not count."""
    if names:
        sys.stderr.write(
            f"atelier: warning: {', '.join(names)} of the shell or .env is ignored: the environment dev is "
            "the local servers of `make demo`; name another one to use it, as in --environment=prod\n"
        )


def read_dotenv(path: Path) -> dict[str, str]:
    """Return the variables of a file in the form of `.env`; none where there is no such file.

    Raises:
        AtelierError: The file cannot be read.
    """
    try:
        values = dotenv_values(path)
    except OSError as error:
        raise AtelierError(
            f"the file {path} cannot be read ({error.strerror}): give this user the right to read it"
        ) from None
    except UnicodeDecodeError:
        raise AtelierError(f"the file {path} is not UTF-8: save it as UTF-8") from None
    return {key: value for key, value in values.items() if value is not None}


def complete(root: Path, *layers: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of several layers, the strongest last, with what follows from them.

    That is: defaults, secrets from files, whole paths of certificate files, and how libpq is to use TLS. The
    secrets are hidden from then on (see `redaction`).

    Raises:
        AtelierError: A secret's file cannot be used; what POSTGRES_TLS… say makes no sense.
    """
    variables = merged(root, DEFAULTS, *layers)
    redaction.remember(variables)
    variables.update(tls.placed(root, variables))
    return {**variables, **tls.environment(tls.parameters(variables))}


def require(variables: Mapping[str, str], names: tuple[str, ...], what: str) -> None:
    """Check that variables are set.

    Raises:
        AtelierError: Some are missing or empty; the sentence names them.
    """
    missing = [name for name in names if not variables.get(name)]
    if missing:
        raise AtelierError(
            f"{what} is not configured: set {', '.join(missing)} in the environment or in the file .env "
            "(see .env.example)"
        )


def whole_number(
    variables: Mapping[str, str],
    name: str,
    default: int,
    advice: str,
    *,
    least: int,
    greatest: float = math.inf,
) -> int:
    """Return a whole number of the configuration; the default where nothing is set.

    Raises:
        AtelierError: It is none, or out of bounds; `advice` ends the sentence.
    """
    text = variables.get(name) or str(default)
    if text.isascii() and text.isdigit() and least <= int(text) <= greatest:
        return int(text)
    raise AtelierError(f"{name} is {text!r}: {advice}")


def run_wait_seconds(variables: Mapping[str, str], default: int) -> int:
    """Return how long a run waits for another one to end; 0: not at all.

    Raises:
        AtelierError: It is no whole number.
    """
    return whole_number(variables, "RUN_WAIT_SECONDS", default, "give a whole number of seconds", least=0)


def port(variables: Mapping[str, str], name: str) -> int:
    """Return a port number.

    Raises:
        AtelierError: It is not a number from 1 to 65535.
    """
    text = variables.get(name, "")
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise AtelierError(f"{name} is {text!r}, which is no port: give a number from 1 to 65535")
    return int(text)


def session_parameters(own: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return libpq's parameters by which a session gets its settings; `own` as of `sessions.options`."""
    return {
        "options": sessions.options(own),
        # The environment of this process may say otherwise, and would win over the options.
        "client_encoding": sessions.SETTINGS["client_encoding"],
        "keepalives_idle": str(sessions.KEEPALIVES_IDLE_SECONDS),
    }


@dataclass(frozen=True)
class Warehouse:
    """The PostgreSQL database that holds everything."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    #: libpq's parameters of TLS.
    tls: Mapping[str, str] = field(default_factory=dict)
    #: Whether the server's certificate is taken on trust, of which every run warns.
    unverified: bool = False

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Warehouse:
        """Read it from the variables; raises AtelierError if one is missing."""
        require(variables, POSTGRES_VARIABLES, "the warehouse")
        protection = tls.parameters(variables)
        return cls(
            host=variables["POSTGRES_HOST"],
            port=port(variables, "POSTGRES_PORT"),
            user=variables["POSTGRES_USER"],
            password=variables["POSTGRES_PASSWORD"],
            database=variables["POSTGRES_DB"],
            tls=protection,
            unverified=bool(protection) and not tls.verified(variables),
        )

    @property
    def place(self) -> str:
        """Where it is, for messages: never the password."""
        return f"database {self.database} at {self.host}:{self.port} (user {self.user})"

    @property
    def warning(self) -> str | None:
        """What every run has to warn of, if anything."""
        if not self.unverified:
            return None
        return (
            f"the certificate of {self.host}:{self.port} is NOT verified: anyone on the way can read and "
            "change the data"
        )

    @property
    def system_database_uri(self) -> str:
        """The address of Meltano's system database; holds the password, so never to be shown."""
        url = URL.create(
            "postgresql+psycopg2",
            username=self.user,
            password=self.password,
            host=self.host,
            port=self.port,
            database=self.database,
            # Meltano does not try again: a network that is silent for a while must not end the run.
            query={
                **session_parameters({"search_path": STATE_SCHEMA}),
                "connect_timeout": "60",
                **self.tls,
            },
        )
        return url.render_as_string(hide_password=False)
