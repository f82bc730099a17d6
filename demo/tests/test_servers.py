"""The local servers are real, private, and survive what happens to servers."""

from __future__ import annotations

import ftplib
import io
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import pymysql
import pytest
from atelier_demo.servers import ServerError, Site, postgres, processes, run_as
from dotenv import dotenv_values

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = pytest.mark.integration

CLI = "from atelier_demo.cli import main; raise SystemExit(main())"


@pytest.fixture
def folder_in_tmp() -> Iterator[Path]:
    """A folder that others may reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="atelier-", dir="/tmp") as folder:
        yield Path(folder)


def pids(site: Site) -> dict[str, int | None]:
    return {one.name: one.pid for one in site.status()}


def command(folder: Path, word: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", CLI, word, "--site", str(folder)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_up_writes_the_variables_for_its_owner_only(running: Site) -> None:
    variables = running.up()
    assert dotenv_values(running.env_file) == variables
    assert stat.S_IMODE(running.env_file.stat().st_mode) == 0o600
    assert variables["FTP_TLS"] == "off"
    assert variables["POSTGRES_DB"] == "atelier"
    assert variables["MYSQL_DATABASE"] == "db_commandes"
    assert len({value for name, value in variables.items() if "PASSWORD" in name or "KEY" in name}) == 5


def test_a_second_up_leaves_everything_alone_and_is_quick(running: Site) -> None:
    before = pids(running)
    lines: list[str] = []
    began = time.monotonic()
    Site(running.folder).up(lines.append)
    assert time.monotonic() - began < 1
    assert pids(running) == before
    assert len(lines) == 3
    assert all("runs already" in line for line in lines)


def test_two_at_once_do_not_clash(running: Site) -> None:
    running.down()
    both = [command(running.folder, "up") for _ in range(2)]
    said = [one.communicate(timeout=60)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert "".join(said).count("started on") == 3
    for server in running.servers:
        found = processes.with_argument(server.marker())
        assert len([one for one in found if one.session == one.pid]) == 1


def test_status_names_everything_but_passwords(running: Site) -> None:
    with command(running.folder, "status") as shown:
        text = shown.communicate(timeout=60)[0]
    assert shown.returncode == 0
    variables = running.variables()
    for word in ("PostgreSQL", "MariaDB", "vsftpd", "running", variables["MYSQL_PORT"], "anonymous"):
        assert word in text
    for name in ("FTP_PASSWORD", "MYSQL_PASSWORD", "POSTGRES_PASSWORD", "PSEUDONYM_KEY", "API_SECRET_KEY"):
        assert variables[name] not in text


class TestPostgres:
    def test_the_warehouse_user_owns_its_database_and_is_no_superuser(self, running: Site) -> None:
        connection = running.postgres.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute("create schema if not exists proof; create table if not exists proof.t (a text)")
            cursor.execute("select current_user, usesuper from pg_user where usename = current_user")
            assert cursor.fetchone() == ("atelier", False)
            cursor.execute(
                "select pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate from pg_database "
                "where datname = current_database()"
            )
            assert cursor.fetchone() == ("atelier", "UTF8", "C")
        connection.close()

    @pytest.mark.parametrize("password", ["", "wrong"])
    @pytest.mark.parametrize("user", ["atelier", "postgres"])
    def test_nobody_gets_in_without_the_password(self, running: Site, user: str, password: str) -> None:
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(
                host="127.0.0.1", port=running.postgres.port, user=user, password=password, dbname="atelier"
            )

    def test_an_administrator_gets_in(self, running: Site) -> None:
        connection = running.admin_postgres()
        with connection.cursor() as cursor:
            cursor.execute("show is_superuser")
            assert cursor.fetchone() == ("on",)
        connection.close()

    @pytest.mark.parametrize("is_zombie", [False, True])
    def test_a_process_id_that_now_belongs_to_another_is_not_trusted(
        self, running: Site, *, is_zombie: bool
    ) -> None:
        running.postgres.kill()
        with subprocess.Popen(["sleep", "300"]) as stranger:
            try:
                lock = running.postgres.data_folder / "postmaster.pid"
                lines = lock.read_text().splitlines()
                lock.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
                if is_zombie:
                    stranger.kill()
                running.postgres.start()
                assert is_zombie or stranger.poll() is None
                running.postgres.stop()
                assert is_zombie or stranger.poll() is None
            finally:
                stranger.kill()

    def test_a_busy_backend_dies_with_its_server(self, running: Site) -> None:
        connection = running.postgres.connect()
        failed: list[Exception] = []

        def work() -> None:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("select count(*) from generate_series(1, 100000000000)")
            except psycopg2.Error as error:
                failed.append(error)

        worker = threading.Thread(target=work)
        worker.start()
        time.sleep(0.5)
        main = running.postgres.process()
        assert main is not None
        os.kill(main.pid, signal.SIGKILL)  # the postmaster alone, as the kernel might
        running.postgres.start()
        worker.join(timeout=30)
        assert failed
        connection.close()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root needs it")
    @pytest.mark.parametrize(("way", "rights"), [(1, 0o755), (2, 0o700)], ids=["open", "closed"])
    def test_root_runs_it_where_user_namespaces_are_forbidden(
        self, folder_in_tmp: Path, monkeypatch: pytest.MonkeyPatch, way: int, rights: int
    ) -> None:
        ways = run_as.candidates()
        monkeypatch.setattr(run_as, "candidates", lambda: ways[way:])
        # Programs and data are open to everyone, or closed as in a clone in root's home.
        version, programs = max(postgres.installations().items())
        package, copies = programs.parent.parent, folder_in_tmp / "packages"
        for folder in (programs.parent, package.with_name(f"{package.name}.libs")):
            if folder.is_dir():
                shutil.copytree(folder, copies / folder.relative_to(package.parent), symlinks=True)
        for path in (folder_in_tmp, *folder_in_tmp.rglob("*")):
            path.chmod(rights)
        moved = copies / programs.relative_to(package.parent)
        monkeypatch.setattr(postgres, "installations", lambda: {version: moved})
        other = Site(folder_in_tmp / "dev")
        try:
            other.postgres.start()
            assert other.postgres.data_folder.stat().st_uid == run_as.NOBODY
            other.postgres.kill()
            other.postgres.start()
            other.postgres.connect().close()
            other.postgres.stop()
            # The same data where they are allowed again, if they are here.
            monkeypatch.setattr(run_as, "candidates", lambda: ways)
            again = Site(folder_in_tmp / "dev")
            again.postgres.start()
            allowed = (
                subprocess.run(["unshare", "-U", "true"], capture_output=True, check=False).returncode == 0
            )
            assert again.postgres.data_folder.stat().st_uid == (0 if allowed else run_as.NOBODY)
            again.postgres.connect().close()
        finally:
            other.down()


class TestMariaDB:
    def test_the_reader_reads_exactly_what_it_was_granted(self, running: Site) -> None:
        with running.admin_mysql() as connection, connection.cursor() as cursor:
            for table in ("a_kopf", "a_adresse", "p_artikel"):
                cursor.execute(f"create table if not exists {table} (id int primary key, d datetime)")
            cursor.execute("replace into a_kopf values (1, '0000-00-00 00:00:00')")
            connection.commit()
        running.grant_erp_reader(["a_kopf", "p_artikel"])
        running.grant_erp_reader(["a_kopf"])
        with running.mysql.connect() as reader, reader.cursor() as cursor:
            cursor.execute("select id, cast(d as char) from a_kopf")
            assert cursor.fetchall() == ((1, "0000-00-00 00:00:00"),)
            for statement in (
                "select * from a_adresse",
                "select * from p_artikel",
                "insert into a_kopf values (2, null)",
                "create table x (a int)",
                "select * from mysql.global_priv",
            ):
                with pytest.raises(pymysql.err.MySQLError, match="denied"):
                    cursor.execute(statement)
        # The grants outlive a restart, although the passwords are set afresh by it.
        running.mysql.stop()
        running.mysql.start()
        with running.mysql.connect() as reader, reader.cursor() as cursor:
            assert cursor.execute("select id from a_kopf") == 1

    def test_there_is_no_user_without_a_password(self, running: Site) -> None:
        with running.admin_mysql("mysql") as connection, connection.cursor() as cursor:
            cursor.execute(
                "select user, host, plugin, authentication_string from user "
                "where user <> 'mariadb.sys'"  # a locked account of MariaDB's own
            )
            users = {(user, host): (plugin, secret) for user, host, plugin, secret in cursor.fetchall()}
        for who, (plugin, secret) in users.items():
            # `invalid` is no password's digest: MariaDB's way to say that only the socket will do.
            assert plugin == "unix_socket" or secret == "invalid" or len(secret) > 40, who  # noqa: S105
        assert {user for user, _ in users} <= {"root", "atelier", "atelier_admin", getuser()}

    def test_it_speaks_utf8mb4(self, running: Site) -> None:
        with running.admin_mysql() as connection, connection.cursor() as cursor:
            cursor.execute("select @@character_set_server, @@bind_address, '🪟', @@sql_mode")
            assert cursor.fetchone() == ("utf8mb4", "127.0.0.1", "🪟", "")


class TestVsftpd:
    def test_a_rest_and_a_retr_send_what_the_log_says(self, running: Site) -> None:
        text = b"20250528 07:02:11|@MachineStart\r\n" * 1000
        machine = running.ftp_root / "DEM12 (PVC)"
        machine.mkdir(exist_ok=True)
        (machine / "20250528.LOG").write_bytes(text)
        before = len(running.ftp_transfers())
        client = running.ftp.connect()
        for rest in (None, 33_000, len(text) + 5):
            got = io.BytesIO()
            client.retrbinary("RETR DEM12 (PVC)/20250528.LOG", got.write, rest=rest)
            assert got.getvalue() == text[rest or 0 :]
            # At once: the line was there before the reply.
            last = running.ftp_transfers()[-1]
            assert (last.byte_count, last.direction, last.is_complete) == (len(got.getvalue()), "sent", True)
        assert len(running.ftp_transfers()) == before + 3
        assert running.ftp_transfers()[-1].path.endswith("/DEM12_(PVC)/20250528.LOG")
        client.quit()

    def test_it_does_what_the_customers_server_does(self, running: Site) -> None:
        client = running.ftp.connect()
        with pytest.raises(ftplib.error_perm, match="500"):
            list(client.mlsd())
        client.mkd("archive")
        client.storbinary("STOR a.LOG", io.BytesIO(b"a"))
        client.storbinary("STOR archive/a.LOG", io.BytesIO(b"old"))
        client.rename("a.LOG", "archive/a.LOG")
        assert (running.ftp_root / "archive" / "a.LOG").read_bytes() == b"a"
        os.utime(running.ftp_root / "archive" / "a.LOG", (0, 1748415731))
        assert client.sendcmd("MDTM archive/a.LOG") == "213 20250528070211"
        client.delete("archive/a.LOG")
        client.rmd("archive")
        client.quit()

    @pytest.mark.parametrize("password", ["", "wrong", "a@b.c"])
    def test_nobody_gets_in_without_the_password(self, running: Site, password: str) -> None:
        client = ftplib.FTP(timeout=10)
        client.connect("127.0.0.1", running.ftp.port)
        with pytest.raises(ftplib.error_perm, match="530"):
            client.login("anonymous", password)
        client.close()

    def test_options_hold_from_the_next_start_on(self, running: Site) -> None:
        running.ftp.options["max_clients"] = "1"
        try:
            running.ftp.stop()
            running.ftp.start()
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline:  # until the session of the log-in that proved it is gone
                try:
                    first = running.ftp.connect()
                    break
                except ftplib.error_temp:
                    time.sleep(0.05)
            with pytest.raises(ftplib.error_temp, match="421"):
                running.ftp.connect()
            first.close()
        finally:
            running.ftp.options.clear()
            running.ftp.stop()
            running.ftp.start()

    def test_stopping_does_not_wait_for_its_clients(self, running: Site) -> None:
        client = running.ftp.connect()
        began = time.monotonic()
        running.ftp.stop()
        assert time.monotonic() - began < 2
        with pytest.raises((OSError, EOFError)):
            client.pwd()
        client.close()


def test_another_users_folder_is_left_alone(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(tmp_path, 12345, 12345)
    with pytest.raises(ServerError, match="belongs to user number 12345"):
        Site(tmp_path).up()
    with pytest.raises(ServerError, match="belongs to"):
        Site(tmp_path).down()
    assert not list(tmp_path.iterdir())


def getuser() -> str:
    import getpass

    return getpass.getuser()
