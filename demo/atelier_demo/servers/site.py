"""One set of local servers, with all of its data below one folder."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

from atelier_demo.servers import mariadb as mariadb_server
from atelier_demo.servers import ports, xferlog
from atelier_demo.servers import postgres as postgres_server
from atelier_demo.servers.api import Api
from atelier_demo.servers.base import Server, ServerStatus, Surroundings, quiet
from atelier_demo.servers.errors import ServerError
from atelier_demo.servers.locks import FolderLock
from atelier_demo.servers.packages import Packages
from atelier_demo.servers.places import packages_folder
from atelier_demo.servers.settings import Settings, dotenv, write_private
from atelier_demo.servers.vsftpd import Vsftpd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - psycopg2's spelling
    from pymysql.connections import Connection as MysqlConnection


class Site:
    """PostgreSQL, MariaDB and vsftpd on free loopback ports.

    Everything they own is below one folder; two sites never touch each other. The same folder may be used
    by several processes, one after the other or at once.
    """

    def __init__(self, folder: Path, packages: Packages | None = None) -> None:
        """Describe the site; nothing is read, written or started yet.

        Args:
            folder: Where everything lies; created by `up`.
            packages: Where missing programs are unpacked; the project's own folder unless told otherwise.
        """
        self.folder = folder.resolve()
        self._settings = Settings(self.folder / "settings.json", self._write_env)
        self._lock = FolderLock(self.folder / "lock", f"the folder of the local servers {self.folder}")
        self._packages = packages or Packages(packages_folder(self.folder))
        surroundings = Surroundings(self.folder, self._settings, self._lock, self._packages)
        self.postgres = postgres_server.Postgres(surroundings)
        self.mysql = mariadb_server.MariaDB(surroundings)
        self.ftp = Vsftpd(surroundings)
        #: Not among the servers: it needs them all, and only the demo starts it.
        self.api = Api(surroundings, self.env_file)
        self._settings.read()

    @property
    def servers(self) -> tuple[Server, ...]:
        """All servers, in the order in which they start."""
        return (self.postgres, self.mysql, self.ftp)

    @property
    def env_file(self) -> Path:
        """The variables of the pipeline, as a `.env` file that only its owner may read."""
        return self.folder / "env"

    @property
    def ftp_root(self) -> Path:
        """The folder that the FTP server serves."""
        return self.ftp.data_folder

    @property
    def ftp_transfer_log(self) -> Path:
        """Vsftpd's transfer log; a line is there before the client is told that the transfer is over."""
        return self.ftp.transfer_log

    def ftp_transfers(self) -> list[xferlog.Transfer]:
        """Return what the FTP server has sent and taken so far, oldest first."""
        return xferlog.read(self.ftp_transfer_log)

    def up(self, progress: Callable[[str], None] = quiet) -> dict[str, str]:
        """Start whatever does not run; return once a real log-in has worked at each server.

        Args:
            progress: Takes short lines about what is being done.

        Returns:
            The variables of the pipeline, which are also written to the file `env`.

        Raises:
            ServerError: A program cannot be had, or a server cannot be started.
        """
        self._check_owner()
        with self._lock:
            self._settings.load()
            self._packages.ensure(progress)
            for server in self.servers:
                server.start(progress)
            variables = self.variables()
            self._write_env()
        return variables

    def down(self, progress: Callable[[str], None] = quiet) -> None:
        """Stop all servers; their data stay.

        Raises:
            ServerError: One of them belongs to another user or cannot be stopped.
        """
        if not self.folder.is_dir():
            return
        self._check_owner()
        with self._lock:
            # In the order in which a client would least notice: what is written to goes last.
            for server in (self.api, *reversed(self.servers)):
                ran = server.running()
                server.stop()
                progress(f"{server.name} {'stopped' if ran else 'was not running'}")

    def status(self) -> list[ServerStatus]:
        """Return what runs where; starts nothing and writes nothing."""
        self._settings.read()
        return [server.status() for server in (*self.servers, self.api)]

    def variables(self) -> dict[str, str]:
        """Return the variables of the pipeline, by the names of the public contract."""
        secret = self._settings.secret
        return {
            "FTP_HOST": ports.HOST,
            "FTP_PORT": str(self.ftp.port),
            "FTP_USER": self.ftp.user,
            "FTP_PASSWORD": secret("ftp_password"),
            "FTP_TLS": "off",
            "FTP_ROOT": self.ftp.root,
            "MYSQL_HOST": ports.HOST,
            "MYSQL_PORT": str(self.mysql.port),
            "MYSQL_USER": self.mysql.user,
            "MYSQL_PASSWORD": secret("mysql_password"),
            "MYSQL_DATABASE": mariadb_server.DATABASE,
            "MYSQL_TLS": "off",
            "POSTGRES_HOST": ports.HOST,
            "POSTGRES_PORT": str(self.postgres.port),
            "POSTGRES_USER": self.postgres.user,
            "POSTGRES_PASSWORD": secret("postgres_password"),
            "POSTGRES_DB": postgres_server.DATABASE,
            "POSTGRES_TLS": "off",
            "PLANT_TIMEZONE": "Europe/Paris",
            "PSEUDONYM_KEY": secret("pseudonym_key"),
            "FTP_AFTER_LOAD": "keep",
            "API_HOST": ports.HOST,
            "API_PORT": str(self.api.port),
            "API_SECRET_KEY": secret("api_secret_key"),
        }

    def admin_mysql(self, database: str | None = mariadb_server.DATABASE) -> MysqlConnection:
        """Return a connection to the ERP's server as administrator; zero dates may be written through it.

        Raises:
            pymysql.err.OperationalError: The server does not run.
        """
        return self.mysql.connect(admin=True, database=database)

    def admin_postgres(self, database: str = postgres_server.DATABASE) -> PostgresConnection:
        """Return a connection to the warehouse's server as superuser.

        Raises:
            psycopg2.OperationalError: The server does not run.
        """
        return self.postgres.connect(admin=True, database=database)

    def grant_erp_reader(self, tables: Sequence[str]) -> None:
        """Let the pipeline's MySQL user read exactly these tables of the ERP, and nothing else.

        Raises:
            pymysql.err.MySQLError: One of the tables does not exist, or the server does not run.
        """
        self.mysql.grant_reader(tables)

    def _write_env(self) -> None:
        if self.ftp_root.exists():
            write_private(self.env_file, dotenv(self.variables()))

    def _check_owner(self) -> None:
        if not self.folder.exists():
            return
        owner = self.folder.stat().st_uid
        if owner != os.geteuid():
            raise ServerError(
                f"the local servers' folder {self.folder} belongs to {_name(owner)}: run this as that user, "
                "or delete the folder to start from nothing"
            )


def _name(user_id: int) -> str:
    try:
        return f"user {pwd.getpwuid(user_id).pw_name}"
    except KeyError:
        return f"user number {user_id}"
