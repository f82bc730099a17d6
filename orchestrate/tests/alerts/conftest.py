"""A mail server, a web server, and a warehouse whose alerts the tests write."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from atelier.alerts import notify
from atelier.connections import Warehouse
from atelier.warehouse import connect
from receivers import HookServer, MailServer, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

#: A Thursday, 10:00 in the plant.
NOON = datetime(2026, 11, 5, 9, 0, tzinfo=timezone.utc)

_MART = """
drop schema if exists marts cascade;
drop schema if exists ops cascade;
create schema marts;
create table marts.fct_alerts (
    alert_id text primary key, kind text, severity text, machine_id text, subject text,
    since timestamptz, title text, what_to_do text, details text
);
"""


@pytest.fixture
def mail() -> Iterator[MailServer]:
    yield from running(MailServer())


@pytest.fixture
def hook() -> Iterator[HookServer]:
    yield from running(HookServer())


@dataclass
class Plant:
    """A warehouse with alerts, and who is told of them."""

    variables: dict[str, str]
    now: datetime = NOON
    summaries: list[notify.Summary] = field(default_factory=list)

    def execute(self, query: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with closing(connect(Warehouse.of(self.variables))) as connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def begin(self, subject: str, severity: str = "warning", title: str = "Machine muette") -> None:
        """Something is wrong from now on."""
        self.execute(
            "insert into marts.fct_alerts values (md5(%s), 'machine_silent', %s, 'DEM12', %s, %s, %s, "
            "'Vérifier la machine', '65 min')",
            (subject, severity, subject, self.now, title),
        )

    def end(self, subject: str) -> None:
        """It is not wrong any more."""
        self.execute("delete from marts.fct_alerts where subject = %s", (subject,))

    def look(self, problems: Sequence[notify.Problem] | None = None, **later: float) -> notify.Summary:
        """Look at the alerts, some time after the last look."""
        self.now += timedelta(**later)
        return notify.run(self.variables, now=self.now, problems=problems, environment="test")


@pytest.fixture
def plant(
    postgres: dict[str, str], mail: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Plant]:
    monkeypatch.setattr(notify, "CONNECT_PAUSES_SECONDS", ())
    plant = Plant(
        {
            **postgres,
            "ATELIER_STATE_DIR": str(tmp_path / "state"),
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(mail.port),
            "SMTP_TLS": "off",
            "ALERT_FROM": "atelier@plant.example",
            "ALERT_TO": "maintenance@plant.example, it@plant.example",
        }
    )
    plant.execute(_MART)
    yield plant
    plant.variables.update(postgres)
    plant.execute("drop schema marts cascade; drop schema if exists ops cascade")
