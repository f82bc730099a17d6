"""The local servers after what happens to servers: killed, hanging, robbed of their port or passwords."""

from __future__ import annotations

import os
import signal
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
from atelier_demo.servers import ServerError, Site, processes
from dotenv import dotenv_values

if TYPE_CHECKING:
    from atelier_demo.servers.base import Server

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("name", ["postgres", "mysql", "ftp"])
class TestEachServer:
    def server(self, site: Site, name: str) -> Server:
        server: Server = getattr(site, name)
        return server

    def test_killed_it_comes_back_with_its_data_on_its_port(self, running: Site, name: str) -> None:
        keep(running)
        server = self.server(running, name)
        port, main = server.port, server.process()
        assert main is not None
        os.kill(main.pid, signal.SIGKILL)
        assert processes.wait_until(lambda: not server.running(), 5)
        assert not next(one for one in running.status() if one.name == server.name).running
        running.up()
        assert server.port == port
        assert kept(running)

    def test_its_port_taken_it_moves_and_says_so(self, running: Site, name: str) -> None:
        server = self.server(running, name)
        server.stop()
        with socket.create_server(("127.0.0.1", server.port)) as stranger:
            variables = running.up()
            taken = str(stranger.getsockname()[1])
        assert taken not in variables.values()
        assert str(server.port) in variables.values()
        assert dotenv_values(running.env_file) == variables

    def test_a_start_that_fails_says_why(self, running: Site, name: str) -> None:
        server = self.server(running, name)
        server.stop()
        wrong: dict[str, Any] = {
            "postgres": ("shared_buffers", "lots", "shared_buffers"),
            "mysql": ("no-such-option", "1", "no-such-option"),
            "ftp": ("no_such_option", "YES", "no_such_option"),
        }
        option, value, named = wrong[name]
        server.options[option] = value
        with pytest.raises(ServerError) as caught:
            running.up()
        server.options.clear()
        sentence = str(caught.value)
        assert sentence.startswith(f"{server.name} ended at once")
        assert named in sentence
        assert str(server.log_file) in sentence
        assert not any(secret in sentence for secret in secrets_of(running))

    def test_one_that_hangs_is_replaced(
        self, running: Site, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server = self.server(running, name)
        monkeypatch.setattr(server, "patience", 0.5)
        monkeypatch.setattr(server, "stop_signals", ((server.stop_signals[0][0], 0.5),))
        main = server.process()
        assert main is not None
        os.kill(main.pid, signal.SIGSTOP)
        running.up()
        assert server.process() != main
        assert server.running()

    def test_stop_and_kill_do_nothing_when_it_does_not_run(self, running: Site, name: str) -> None:
        server = self.server(running, name)
        server.stop()
        server.stop()
        server.kill()
        assert not server.running()


def test_passwords_lost_are_passwords_renewed(running: Site) -> None:
    keep(running)
    old = running.variables()
    (running.folder / "settings.json").unlink()
    impatient = Site(running.folder)
    for server in impatient.servers:
        server.patience = 0.5
    new = impatient.up()
    assert new["POSTGRES_PASSWORD"] != old["POSTGRES_PASSWORD"]
    assert kept(Site(running.folder))
    running.up()


def keep(site: Site) -> None:
    """Put something into each server."""
    connection = site.postgres.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("create table if not exists kept (a text)")
    connection.close()
    time.sleep(0.05)  # the commit may be 30 ms late on its way to the disk
    with site.admin_mysql() as mysql, mysql.cursor() as cursor:
        cursor.execute("create table if not exists kept (a int)")
    (site.ftp_root / "kept").mkdir(exist_ok=True)


def kept(site: Site) -> bool:
    """Tell whether it is still there."""
    connection = site.postgres.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("select 1 from pg_tables where tablename = 'kept'")
        found = [cursor.fetchone() is not None]
    connection.close()
    with site.admin_mysql() as mysql, mysql.cursor() as cursor:
        found.append(cursor.execute("show tables like 'kept'") == 1)
    client = site.ftp.connect()
    found.append("kept" in client.nlst())
    client.quit()
    return all(found)


def secrets_of(site: Site) -> list[str]:
    return [value for name, value in site.variables().items() if "PASSWORD" in name or "KEY" in name]
