"""The sources of the trial in containers: `python -m atelier_demo.trial ftp|erp|erp-health|fill`.

`ftp` and `erp` become the servers of the demo, listening for the other containers; `fill` fills both,
once, and ends. Passwords come from files, as everywhere in containers.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pymysql
from atelier.errors import AtelierError

from atelier_demo.factory.ending import remembered
from atelier_demo.factory.erp import make_erp
from atelier_demo.factory.fill import AMOUNTS, PIPELINE_TABLES
from atelier_demo.factory.logs import grow_logs, make_logs
from atelier_demo.servers import mariadb, vsftpd
from atelier_demo.servers.settings import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The volume of the FTP server: what is served, and beside it how it was made.
FTP_FOLDER: Final = Path("/srv/ftp")
ERP_FOLDER: Final = Path("/var/lib/mysql")
PASSIVE_PORTS: Final = range(30000, 30050)
SEED: Final = 1


def secret(variables: Mapping[str, str], name: str) -> str:
    """Return the first line of the file that a variable names.

    Raises:
        AtelierError: There is none.
    """
    path = variables.get(f"{name}_FILE", "")
    try:
        found = Path(path).read_text(encoding="utf-8").partition("\n")[0]
    except (OSError, UnicodeDecodeError):
        found = ""
    if not found:
        raise AtelierError(
            f"{name}_FILE names {path!r}, which holds no secret: run deploy/make-secrets first"
        )
    return found


def ftp(variables: Mapping[str, str], folder: Path = FTP_FOLDER, port: int = 2121) -> list[str]:
    """Write vsftpd's configuration; return the command that runs it."""
    served = folder / "files"
    served.mkdir(parents=True, exist_ok=True)
    private = Path(tempfile.mkdtemp(prefix="vsftpd-"))
    write_private(private / "passwords", secret(variables, "FTP_PASSWORD") + "\n")
    options = {
        **vsftpd.settings_of(served, private / "passwords", PASSIVE_PORTS),
        "listen_port": str(port),
    }
    config = private / "vsftpd.conf"
    write_private(config, "".join(f"{name}={value}\n" for name, value in options.items()))
    return ["/usr/sbin/vsftpd", str(config)]


def erp(variables: Mapping[str, str], folder: Path = ERP_FOLDER, port: int = 3306) -> list[str]:
    """Create MariaDB's data folder unless it is there; return the command that runs it.

    Raises:
        AtelierError: A password is missing, or the data folder cannot be created.
    """
    statements = mariadb.init_statements(
        secret(variables, "MYSQL_ADMIN_PASSWORD"), secret(variables, "MYSQL_PASSWORD")
    )
    data = folder / "data"
    if not (data / "ibdata1").is_file():
        done = subprocess.run(mariadb.install_command("mariadb-install-db", data, {}), check=False)
        if done.returncode:
            raise AtelierError(
                f"MariaDB's data folder {data} cannot be created: its messages are above; "
                "remove the volume to start from nothing"
            )
    private = Path(tempfile.mkdtemp(prefix="mariadb-"))
    write_private(private / "init.sql", statements)
    options = {
        **mariadb.OPTIONS,
        "datadir": str(data),
        "bind-address": "*",
        "port": str(port),
        "socket": str(private / "mariadb.sock"),
        "pid-file": str(private / "mariadb.pid"),
        "tmpdir": str(private),
        "init-file": str(private / "init.sql"),
    }
    words = [f"--{name}={value}" if value else f"--{name}" for name, value in options.items()]
    return ["/usr/sbin/mariadbd", "--no-defaults", *words]


def fill(variables: Mapping[str, str], folder: Path = FTP_FOLDER) -> None:
    """Make the machine logs and the ERP; again, it changes nothing.

    Raises:
        AtelierError: A password is missing, or MariaDB cannot be used.
    """
    notes = folder / "made"
    notes.mkdir(parents=True, exist_ok=True)
    ending = remembered(notes / "last-day")
    days, files = AMOUNTS["days"].default, folder / "files"
    manifest = notes / "logs.json"
    logs = make_logs(files, seed=SEED, days=days, until=ending.day, now=ending.now, manifest=manifest)
    grow_logs(files, seed=SEED, until=ending.day, now=ending.now)
    try:
        with pymysql.connect(
            host=variables["MYSQL_HOST"],
            port=int(variables["MYSQL_PORT"]),
            user=mariadb.ADMINISTRATOR,
            password=secret(variables, "MYSQL_ADMIN_PASSWORD"),
            charset="utf8mb4",
            # As the ERP's server lets them, zero dates are written.
            sql_mode="",
            local_infile=True,
            connect_timeout=15,
        ) as connection:
            note = notes / "erp.json"
            made = make_erp(
                connection, seed=SEED, until=ending.erp_day, database=mariadb.DATABASE, manifest=note
            )
            mariadb.grant_reader(connection, PIPELINE_TABLES)
    except pymysql.err.MySQLError as error:
        raise AtelierError(f"the trial's ERP cannot be filled ({error.args[-1]}): see its log") from None
    machines, orders = len(logs.machines), made.rows["a_kopf"]
    sys.stdout.write(f"until {ending.day}: {logs.files:,} files of {machines} machines, {orders:,} orders\n")


def check_erp(variables: Mapping[str, str], port: int = 3306) -> None:
    """Log in to the ERP as the pipeline does.

    Raises:
        AtelierError: That fails.
    """
    password = secret(variables, "MYSQL_PASSWORD")
    try:
        pymysql.connect(
            host="127.0.0.1", port=port, user=mariadb.USER, password=password, connect_timeout=5
        ).close()
    except pymysql.err.MySQLError as error:
        raise AtelierError(f"the ERP does not let the pipeline in ({error.args[-1]})") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the sources, or become one of their servers; exit status 1 and one sentence when it fails."""
    parser = argparse.ArgumentParser(prog="python -m atelier_demo.trial", description=__doc__)
    parser.add_argument("part", choices=("ftp", "erp", "erp-health", "fill"))
    part = parser.parse_args(arguments).part
    try:
        if part == "fill":
            fill(os.environ)
            return 0
        if part == "erp-health":
            check_erp(os.environ)
            return 0
        command = {"ftp": ftp, "erp": erp}[part](os.environ)
    except AtelierError as error:
        sys.stderr.write(f"trial: {error}\n")
        return 1
    os.execv(command[0], command)  # noqa: S606 # it becomes the server
    return 0


if __name__ == "__main__":
    sys.exit(main())
