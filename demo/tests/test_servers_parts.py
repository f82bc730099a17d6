"""The parts of the local servers that need no server."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from atelier_demo import cli
from atelier_demo.servers import ServerError, ServerStatus, Site, apt, ports, processes, run_as, xferlog
from atelier_demo.servers.base import last_telling_line
from atelier_demo.servers.locks import FolderLock
from atelier_demo.servers.packages import BROWSER, Packages
from atelier_demo.servers.settings import SECRET_NAMES, Settings, dotenv, write_private
from dotenv import dotenv_values

if TYPE_CHECKING:
    from pathlib import Path


def settings(path: Path) -> Settings:
    return Settings(path, lambda: None)


class TestSettings:
    def test_they_are_made_up_once_and_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "new" / "settings.json"
        first, second = settings(path), settings(path)
        assert not first.read()
        first.load()
        second.load()
        for name in SECRET_NAMES:
            assert len(first.secret(name)) >= 32
            assert first.secret(name) == second.secret(name)
        assert first.port("mysql") == second.port("mysql") >= ports.FIRST_PORT
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_a_new_port_is_another_one(self, tmp_path: Path) -> None:
        saved: list[int] = []
        made = Settings(tmp_path / "settings.json", lambda: saved.append(1))
        made.load()
        old = made.port("ftp")
        assert made.renew_port("ftp") != old
        again = settings(tmp_path / "settings.json")
        again.read()
        assert again.port("ftp") == made.port("ftp")
        assert len(saved) == 2

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", '{"ports": 1, "secrets": {}}', '{"ports": {"ftp": "x"}}']
    )
    def test_a_damaged_file_is_named(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "settings.json"
        path.write_text(text)
        with pytest.raises(ServerError, match="cannot be read") as caught:
            settings(path).load()
        assert str(path) in str(caught.value)
        assert path.read_text() == text

    def test_what_a_newer_version_adds_is_added(self, tmp_path: Path) -> None:
        path = tmp_path / "settings.json"
        path.write_text(json.dumps({"ports": {"ftp": 20123}, "secrets": {"pseudonym_key": "kept"}}))
        made = settings(path)
        made.load()
        assert (made.port("ftp"), made.secret("pseudonym_key")) == (20123, "kept")
        assert made.secret("ftp_password")


@pytest.mark.parametrize(
    "value", ["plain", "", "with blank", "quote'", "both'\"", "hash # x", "back\\slash", "é(x)"]
)
def test_a_dotenv_file_gives_back_what_was_written(tmp_path: Path, value: str) -> None:
    write_private(tmp_path / "env", dotenv({"A": value, "B": "last"}))
    assert dotenv_values(tmp_path / "env") == {"A": value, "B": "last"}


class TestPorts:
    def test_neighbouring_ports_avoid_those_taken(self) -> None:
        taken = set(range(ports.FIRST_PORT, ports.LAST_PORT - 300))
        first = ports.choose(20, taken)
        assert not taken & set(range(first, first + 20))

    def test_none_left_is_said(self) -> None:
        with pytest.raises(ServerError, match="no 1 free"):
            ports.choose(1, range(ports.FIRST_PORT, ports.LAST_PORT))


class TestProcesses:
    def test_one_is_known_by_a_whole_argument(self) -> None:
        with subprocess.Popen(["sleep", "60", "0.123"], start_new_session=True) as child:
            try:
                assert processes.wait_until(lambda: bool(processes.with_argument("0.123")), 5)
                (found,) = processes.with_argument("0.123")
                assert (found.pid, found.parent, found.session) == (child.pid, os.getpid(), child.pid)
                assert processes.main_of([found]) == found
                assert not processes.with_argument("0.12")
            finally:
                child.kill()

    def test_a_dead_one_that_nobody_has_buried_is_gone(self) -> None:
        child = subprocess.Popen(["sleep", "60", "0.321"])
        child.kill()
        assert processes.wait_until(lambda: not processes.with_argument("0.321"), 5)
        assert processes.read(child.pid) is None
        child.wait()

    def test_waiting_ends(self) -> None:
        began = time.monotonic()
        assert not processes.wait_until(lambda: False, 0.05)
        assert time.monotonic() - began < 1


class TestLock:
    def test_it_is_had_twice_by_the_same_and_not_by_another(self, tmp_path: Path) -> None:
        path = tmp_path / "lock"
        script = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)"
        command = [sys.executable, "-c", script, str(path)]
        lock = FolderLock(path, "it")
        with lock:
            with lock:
                pass
            assert subprocess.run(command, check=False, capture_output=True).returncode == 1
        assert subprocess.run(command, check=False).returncode == 0

    def test_one_that_is_never_free_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("atelier_demo.servers.locks.WAIT_SECONDS", 0.1)
        path = tmp_path / "lock"
        with FolderLock(path, "it"), pytest.raises(ServerError, match="it is busy"), FolderLock(path, "it"):
            pass


class TestApt:
    LISTING = (
        "Reading package lists...\n"
        "Inst libc6 [2.36-9] (2.36-10 Debian:12 [amd64])\n"
        "Inst libwrap0 (7.6.q-32 Debian:12.15/oldstable [amd64])\n"
        "Inst vsftpd (3.0.3-13+b2 Debian:12.15/oldstable [amd64])\n"
        "Conf vsftpd (3.0.3-13+b2 Debian:12.15/oldstable [amd64])\n"
    )

    def test_what_is_missing_is_fetched_and_what_is_there_is_not_upgraded(self) -> None:
        assert apt.needed(self.LISTING) == ["libwrap0=7.6.q-32", "vsftpd=3.0.3-13+b2"]

    def test_a_version_in_a_name_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        listed = {
            "mariadb": "mariadb-server-core-9.9 - a\nmariadb-server-core-10.6 - b\n",
            "vsftpd": "vsftpd - c\n",
            "postgresql": "postgresql - d\npostgresql-15 - e\n",
        }
        monkeypatch.setattr(
            apt, "_run", lambda command: next(text for name, text in listed.items() if name in command[-1])
        )
        assert apt.resolve(["mariadb-server-core", "vsftpd"], []) == ["mariadb-server-core-10.6", "vsftpd"]
        assert apt.resolve(["postgresql", "postgresql-"], []) == ["postgresql", "postgresql-15"]
        monkeypatch.setattr(apt, "_run", lambda _: "")
        assert apt.resolve(["vsftpd"], []) is None

    def test_services_are_held_back_meanwhile(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        policy = tmp_path / "policy-rc.d"
        seen: list[int] = []

        def run(command: list[str], _folder: object = None) -> str:
            if "install" in command:
                seen.append(subprocess.run([str(policy)], check=False).returncode)
                assert "--no-remove" in command
                raise apt.AptError("E: no")
            return "vsftpd - x\n"

        monkeypatch.setattr(apt, "POLICY", policy)
        monkeypatch.setattr(apt, "_run", run)
        with pytest.raises(apt.AptError):
            apt.install(["vsftpd"])
        assert seen == [101, 101]
        assert not policy.exists()
        policy.write_text("#!/bin/sh\nexit 7\n")
        policy.chmod(0o755)
        with pytest.raises(apt.AptError):
            apt.install(["vsftpd"])
        assert seen[2:] == [7, 7]
        assert policy.exists()


class TestPackages:
    def test_elsewhere_it_says_what_to_install(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(apt, "is_here", lambda: False)
        with pytest.raises(ServerError, match=r"install MariaDB .* and vsftpd, or use your own servers"):
            Packages(tmp_path, use_system=False).ensure(lambda _: None)
        with pytest.raises(ServerError, match=r"install Chromium, or leave the tests of the pages out"):
            Packages(tmp_path, use_system=False).ensure(lambda _: None, BROWSER)

    def test_servers_bring_no_browser(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []
        monkeypatch.setattr(apt, "is_here", lambda: True)
        monkeypatch.setattr(apt, "unpack", lambda wanted, *_: asked.extend(wanted))
        with pytest.raises(ServerError, match="is missing"):
            Packages(tmp_path, use_system=False).ensure(lambda _: None)
        assert asked == ["mariadb-client-core", "mariadb-server-core", "vsftpd"]

    def test_a_mirror_out_of_reach_is_said(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise apt.AptError("E: Failed to fetch")

        monkeypatch.setattr(apt, "is_here", lambda: True)
        monkeypatch.setattr(apt, "unpack", fail)
        with pytest.raises(ServerError, match=r"cannot be unpacked .* Failed to fetch"):
            Packages(tmp_path, use_system=False).ensure(lambda _: None)

    @pytest.mark.slow
    @pytest.mark.skipif(not apt.is_here(), reason="needs apt and a mirror")
    def test_unpacked_servers_run(self, tmp_path: Path) -> None:
        packages = Packages(tmp_path / "my packages", use_system=False)
        packages.ensure(lambda _: None)
        site = Site(tmp_path / "dev", packages)
        try:
            site.up()
            for server in (site.mysql, site.ftp):
                process = server.process()
                assert process is not None
                assert process.arguments[0].startswith(str(packages.root))
        finally:
            site.down()

    @pytest.mark.slow
    @pytest.mark.skipif(not apt.is_here(), reason="needs apt and a mirror")
    def test_an_unpacked_browser_runs(self, tmp_path: Path) -> None:
        packages = Packages(tmp_path / "my packages", use_system=False)
        packages.ensure(lambda _: None, BROWSER)
        program = packages.find("chromium")
        assert program.path.is_relative_to(packages.root)
        page = tmp_path / "page.html"
        page.write_text("<p id=p></p><script>p.textContent = 6 * 7</script>", encoding="utf-8")
        shown = subprocess.run(
            [
                program.path,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                f"--user-data-dir={tmp_path / 'profile'}",
                "--dump-dom",
                page.as_uri(),
            ],
            env={**os.environ, **program.environment, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        assert '<p id="p">42</p>' in shown.stdout


class TestRunAs:
    def test_a_user_without_a_name_borrows_one(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        nameless = 2**31 - 7
        monkeypatch.setattr(os, "geteuid", lambda: nameless)
        (way,) = run_as.candidates()
        assert way.prefix[:2] == ("unshare", "-U")
        assert way.owner == nameless
        with pytest.raises(ServerError, match=f"number {nameless} has none: .*/etc/passwd"):
            run_as.choose(tmp_path / "none", tmp_path, [])
        monkeypatch.setattr(os, "geteuid", lambda: run_as.NOBODY)
        assert run_as.candidates() == [run_as.RunAs((), run_as.NOBODY)]

    def test_the_first_way_that_works_is_taken(self, tmp_path: Path) -> None:
        program = tmp_path / "postgres"
        program.write_text("#!/bin/sh\nexit 0\n")
        program.chmod(0o755)
        ways = [run_as.RunAs(("false",), os.geteuid()), run_as.RunAs(("no-such-program",), os.geteuid())]
        works = run_as.RunAs(("env",), os.geteuid())
        assert run_as.choose(program, tmp_path, [*ways, works]) == works
        with pytest.raises(ServerError, match="PostgreSQL"):
            run_as.choose(program, tmp_path, ways)


def test_a_transfer_log_is_read(tmp_path: Path) -> None:
    log = tmp_path / "xferlog"
    assert xferlog.read(log) == []
    log.write_text(
        "Tue Nov 24 02:18:00 2026 1 127.0.0.1 33000 /x/DEM12_(PVC)/20250528.LOG b _ o a pw ftp 0 * c\n"
        "Tue Nov  4 02:18:01 2026 1 127.0.0.1 7 /x/a.LOG b _ i a pw ftp 0 * i\n"
        "torn li"
    )
    assert xferlog.read(log) == [
        xferlog.Transfer("/x/DEM12_(PVC)/20250528.LOG", 33000, "sent", is_complete=True),
        xferlog.Transfer("/x/a.LOG", 7, "taken", is_complete=False),
    ]


def test_the_telling_line_of_a_log_is_found(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_telling_line(log) == ""
    log.write_text("[ERROR] of yesterday\n")
    since = log.stat().st_size
    with log.open("a") as more:
        more.write("[Note] starting\n[ERROR] unknown option\n[ERROR] Aborting\n[Note] bye\n")
    assert last_telling_line(log, since) == "[ERROR] unknown option"
    assert last_telling_line(log, log.stat().st_size) == ""


class TestCommandLine:
    def test_a_site_that_never_ran_has_a_status_and_leaves_nothing(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert cli.main(["status", "--site", str(tmp_path / "none")]) == 0
        shown = capsys.readouterr().out.splitlines()
        assert [("STATE" in line, " stopped" in line) for line in shown] == [
            (True, False),
            *[(False, True)] * 4,
        ]
        assert cli.main(["down", "--site", str(tmp_path / "none")]) == 0
        assert not list(tmp_path.iterdir())

    def test_a_failure_is_one_sentence(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "settings.json").write_text("{")
        assert cli.main(["up", "--site", str(tmp_path)]) == 1
        said = capsys.readouterr().err
        assert said.startswith("atelier-demo: the local servers' settings")
        assert len(said.splitlines()) == 1

    def test_the_table_is_in_columns(self, tmp_path: Path) -> None:
        data, log = tmp_path / "data", tmp_path / "log"
        one = ServerStatus(
            name="vsftpd",
            running=True,
            host="127.0.0.1",
            port=21000,
            pid=12,
            data_folder=data,
            log_file=log,
            user="anonymous",
        )
        head, row = cli.table([one]).splitlines()
        assert head.index("ADDRESS") == row.index("127.0.0.1:21000")
        assert head.index("LOG") == row.index(str(log))
