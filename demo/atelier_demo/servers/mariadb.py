"""MariaDB, the ERP's server: Debian's mariadbd, installed or unpacked."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pymysql

from atelier_demo.servers import ports
from atelier_demo.servers.base import Launch, LoginRefusedError, NoAnswerError, Server
from atelier_demo.servers.errors import ServerError
from atelier_demo.servers.settings import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymysql.connections import Connection

DATABASE = "db_commandes"
USER = "atelier"
ADMINISTRATOR = "atelier_admin"

_REFUSED = {1044, 1045, 1698}
#: What the ERP's server is told, wherever it listens.
OPTIONS = {
    "character-set-server": "utf8mb4",
    "collation-server": "utf8mb4_unicode_ci",
    "skip-name-resolve": "ON",
    "skip-log-bin": "",
    "max-allowed-packet": "64M",
    "innodb-buffer-pool-size": "64M",
    "innodb-log-file-size": "32M",
    "key-buffer-size": "8M",
    # A killed server loses nothing; only a crash of the whole machine could cost a second.
    "innodb-flush-log-at-trx-commit": "2",
    # The kernel's asynchronous I/O is rationed, and often used up or forbidden in containers.
    "innodb-use-native-aio": "OFF",
}


class MariaDB(Server):
    """The ERP's server with an empty database; the factory makes the tables as administrator."""

    name = "MariaDB"
    key = "mysql"
    stop_signals = ((signal.SIGTERM, 30.0),)

    @property
    def data_folder(self) -> Path:
        """MariaDB's data directory."""
        return self.home / "data"

    @property
    def user(self) -> str:
        """The user that may only read."""
        return USER

    @property
    def administrator(self) -> tuple[str, str]:
        """User and password of the administrator."""
        return ADMINISTRATOR, self.site.settings.secret("mysql_admin_password")

    def connect(
        self, *, admin: bool = False, database: str | None = DATABASE, read_timeout: float | None = None
    ) -> Connection:
        """Return a PyMySQL connection, as the reader or as administrator. It does not commit by itself.

        The administrator's session has an empty `sql_mode`, so that `0000-00-00` dates can be written as the
        ERP's server lets them.

        Raises:
            pymysql.err.OperationalError: The server does not run or refuses.
        """
        return pymysql.connect(
            host=ports.HOST,
            port=self.port,
            user=ADMINISTRATOR if admin else USER,
            password=self.site.settings.secret("mysql_admin_password" if admin else "mysql_password"),
            database=database,
            charset="utf8mb4",
            sql_mode="" if admin else None,
            local_infile=admin,
            connect_timeout=5,
            read_timeout=read_timeout,
        )

    def grant_reader(self, tables: Sequence[str]) -> None:
        """Let the reader select from exactly these tables of the ERP's database, and from nothing else.

        Raises:
            pymysql.err.MySQLError: One of the tables does not exist.
        """
        with self.connect(admin=True) as connection:
            grant_reader(connection, tables)

    def marker(self) -> str:
        """Return the argument that names the data folder."""
        return f"--datadir={self.data_folder}"

    def probe(self) -> None:
        """Log in as the reader; the database has no table for it yet, so none is chosen."""
        try:
            # Without a limit, a server that hangs would hang us: the connection itself is the kernel's doing.
            self.connect(database=None, read_timeout=self.patience).close()
        except pymysql.err.MySQLError as error:
            if error.args and error.args[0] in _REFUSED:
                raise LoginRefusedError(str(error.args[-1])) from None
            raise NoAnswerError from None
        except (OSError, RuntimeError):
            raise NoAnswerError from None

    def prepare(self) -> None:
        """Create the data folder unless it is there; write what the server does when it starts."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "tmp").mkdir(exist_ok=True)
        if not (self.data_folder / "ibdata1").is_file():
            self._create()
        write_private(self._init_file, self._init_statements())

    def launch(self) -> Launch:
        """Return the command of the server."""
        program = self.site.packages.find("mariadbd")
        options = {
            **OPTIONS,
            "bind-address": ports.HOST,
            "port": str(self.port),
            # Relative to the data folder: the path of a socket may have 107 bytes only.
            "socket": "mariadb.sock",
            "pid-file": "mariadb.pid",
            "tmpdir": str(self.home / "tmp"),
            "init-file": str(self._init_file),
            **_where_from(program.root),
            **self.options,
        }
        words = [f"--{name}={value}" if value else f"--{name}" for name, value in options.items()]
        command = [str(program.path), "--no-defaults", self.marker(), *words]
        return Launch(command, self.data_folder, program.environment)

    @property
    def _init_file(self) -> Path:
        return self.home / "init.sql"

    def _init_statements(self) -> str:
        secret = self.site.settings.secret
        return init_statements(secret("mysql_admin_password"), secret("mysql_password"))

    def _create(self) -> None:
        # Under another name until it is whole: an interrupted installation must not pass for a data folder.
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        if self.data_folder.exists():
            try:
                self.data_folder.rmdir()
            except OSError:
                raise ServerError(
                    f"MariaDB's data folder {self.data_folder} is not empty but holds no database: "
                    "move it away, or delete it to start from nothing"
                ) from None
        program = self.site.packages.find("mariadb-install-db")
        # It is a shell script that stumbles over blanks in paths: it gets to see plain ones.
        with tempfile.TemporaryDirectory(prefix="atelier-") as plain:
            home = Path(plain) / "home"
            home.symlink_to(self.home)
            root = None if program.root is None else Path(plain) / "root"
            if root is not None and program.root is not None:
                root.symlink_to(program.root)
            where = _where_from(root)
            command = install_command(str(program.path), home / fresh.name, where)
            # Whoever starts removes temporary tables of others from the folder that they share.
            environment = {**program.environment, "TMPDIR": plain}
            self.run_tool(Launch(command, self.home, environment), "create its data folder")
        fresh.rename(self.data_folder)


def install_command(program: str, folder: Path, more: Mapping[str, str]) -> list[str]:
    """Return the command that creates a data folder; there is no user without a password in it.

    Args:
        program: `mariadb-install-db`.
        folder: The data folder.
        more: Settings that the server needs where it is unpacked, or run by root.
    """
    options = {**more, "innodb-log-file-size": OPTIONS["innodb-log-file-size"]}
    return [
        program,
        "--no-defaults",
        f"--datadir={folder}",
        # root may log in through the socket as ourselves only.
        "--auth-root-authentication-method=socket",
        f"--auth-root-socket-user={_user_name()}",
        "--skip-test-db",
        "--skip-name-resolve",
        "--innodb-use-native-aio=OFF",
        *(f"--{name}={value}" for name, value in options.items()),
    ]


def init_statements(admin_password: str, password: str) -> str:
    """Return statements, run before the server listens: whatever was there, the passwords are these."""
    return (
        f"create database if not exists {DATABASE};\n"
        f"create user if not exists {ADMINISTRATOR}@'%';\n"
        f"alter user {ADMINISTRATOR}@'%' identified by {_quoted(admin_password)};\n"
        f"grant all privileges on *.* to {ADMINISTRATOR}@'%' with grant option;\n"
        f"create user if not exists {USER}@'%';\n"
        f"alter user {USER}@'%' identified by {_quoted(password)};\n"
    )


def grant_reader(connection: Connection, tables: Sequence[str]) -> None:
    """Let the reader select from exactly these tables of the ERP's database, and from nothing else."""
    with connection.cursor() as cursor:
        cursor.execute(f"revoke all privileges, grant option from {USER}@'%'")
        for table in tables:
            quoted = table.replace("`", "``")
            cursor.execute(f"grant select on `{DATABASE}`.`{quoted}` to {USER}@'%'")


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _where_from(root: Path | None) -> dict[str, str]:
    """Return the options that the server needs when it is unpacked, or run by root."""
    options = {"user": "root"} if os.geteuid() == 0 else {}
    if root is not None:
        options["basedir"] = str(root / "usr")
        options["lc-messages-dir"] = str(root / "usr/share/mysql")
        options["plugin-dir"] = str(root / "usr/lib/mysql/plugin")
    return options


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A user id without a name, as in some containers: nobody can then be root by way of the socket.
        return "root"
