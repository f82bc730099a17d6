"""Who is told what, when, and how often: real PostgreSQL, real mail server, real web server."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from atelier.alerts import notify
from atelier.connections import project_root
from atelier.errors import AtelierError
from receivers import HookServer, MailServer, free_port, html_of, text_of

if TYPE_CHECKING:
    from .conftest import Plant

pytestmark = pytest.mark.integration


def subjects(mail: MailServer) -> list[str]:
    return [str(letter["Subject"]) for letter in mail.take()]


def test_an_incident_is_told_once_reminded_of_and_over(plant: Plant, mail: MailServer) -> None:
    assert plant.look().open_count == 0
    plant.begin("DEM12")
    assert plant.look().told == {"email": 1}
    (first,) = mail.take()
    for _ in range(23):
        assert plant.look(hours=1).told == {}
    plant.look(hours=1)
    (reminder,) = mail.take()
    plant.end("DEM12")
    plant.look(minutes=15)
    (over,) = mail.take()
    for _ in range(30):
        plant.look(hours=1)
    assert mail.take() == []

    assert first["Subject"] == "[Atelier] Machine muette (DEM12)"
    assert reminder["Subject"] == "[Atelier] Rappel : Machine muette (DEM12)"
    assert over["Subject"] == "[Atelier] Fin d'alerte : Machine muette (DEM12)"
    assert first["From"] == "Atelier <atelier@plant.example>"
    assert first["X-Recipients"] == "maintenance@plant.example,it@plant.example"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["In-Reply-To"] is None
    # One conversation.
    assert reminder["In-Reply-To"] == over["In-Reply-To"] == first["Message-ID"]
    assert len({letter["Message-ID"] for letter in (first, reminder, over)}) == 3
    for part in (text_of(first), html_of(first)):
        for words in (
            "Nouvelles alertes",
            "Attention",
            "05/11/2026 à 10:00",
            "65 min",
            "Vérifier la machine",
        ):
            assert words in part
    assert "Vérifier la machine" not in text_of(over)
    assert "Jusqu'à : 06/11/2026 à 10:15" in text_of(over)


def test_many_alerts_are_one_message(plant: Plant, mail: MailServer) -> None:
    for number in range(60):
        plant.begin(f"M{number:02}", severity="critical" if number == 59 else "warning")
    assert plant.look().told == {"email": 60}
    (letter,) = mail.take()
    assert letter["Subject"] == "[Atelier] 60 alertes : 60 nouvelles"
    assert letter["Importance"] == "high"
    text = text_of(letter)
    # The worst is on top, and what does not fit is counted.
    assert text.index("M59") < text.index("M00")
    assert "et 10 autres" in text
    plant.end("M00")
    plant.end("M01")
    plant.begin("M60")
    plant.look(minutes=15)
    (letter,) = mail.take()
    assert letter["Subject"] == "[Atelier] 3 alertes : 1 nouvelle, 2 terminées"


def test_incidents_that_are_over_are_forgotten_with_the_runs_of_their_time(plant: Plant) -> None:
    plant.variables["RUN_KEEP_DAYS"] = "2"
    plant.begin("DEM12")
    plant.begin("SU12")
    plant.look()
    plant.end("DEM12")
    plant.look(minutes=15)
    remembered = "select subject from ops.alert_incidents order by subject"
    plant.look(hours=47)
    assert plant.execute(remembered) == [("DEM12",), ("SU12",)]
    plant.look(hours=2)
    # What lasts is no history.
    assert plant.execute(remembered) == [("SU12",)]


def test_a_senseless_number_of_days_is_said_when_all_else_is(plant: Plant, mail: MailServer) -> None:
    plant.variables["RUN_KEEP_DAYS"] = "some"
    plant.begin("DEM12")
    with pytest.raises(AtelierError, match="RUN_KEEP_DAYS"):
        plant.look()
    assert subjects(mail) == ["[Atelier] Machine muette (DEM12)"]


def test_quiet_hours_hold_back_what_is_not_critical(plant: Plant, mail: MailServer) -> None:
    plant.variables["ALERT_QUIET_HOURS"] = "20:00-06:00"
    plant.look(hours=11)  # 21:00 in the plant
    plant.begin("DEM12")
    plant.begin("short")
    plant.begin("erp", severity="critical", title="ERP plus chargé")
    assert plant.look().told == {"email": 1}
    assert subjects(mail) == ["[Atelier] ERP plus chargé (erp)"]
    plant.end("short")
    plant.begin("SU12")
    for _ in range(8):
        plant.look(hours=1)
    assert mail.take() == []
    plant.end("erp")
    plant.look(minutes=30)  # 05:30
    assert subjects(mail) == ["[Atelier] Fin d'alerte : ERP plus chargé (erp)"]
    plant.look(minutes=30)
    (digest,) = mail.take()
    assert digest["Subject"] == "[Atelier] 3 alertes : 2 nouvelles, 1 déjà terminée"
    assert "Apparues et terminées entre-temps" in text_of(digest)
    assert plant.look(hours=1).told == {}


def test_what_flaps_is_one_incident(plant: Plant, mail: MailServer) -> None:
    plant.begin("DEM12")
    plant.look()
    first = mail.letters[0]["Message-ID"]
    for _ in range(10):
        plant.end("DEM12")
        plant.look(minutes=15)
        plant.begin("DEM12")
        plant.look(minutes=15)
    plant.end("DEM12")
    for _ in range(12):
        plant.look(minutes=15)
    letters = mail.take()
    assert [str(letter["Subject"]) for letter in letters] == [
        "[Atelier] Machine muette (DEM12)",
        "[Atelier] Fin d'alerte : Machine muette (DEM12)",
        "[Atelier] De nouveau : Machine muette (DEM12)",
        "[Atelier] Fin d'alerte : Machine muette (DEM12)",
    ]
    assert {letter["In-Reply-To"] for letter in letters[1:]} == {first}
    assert plant.execute("select count(*), max(times_reopened) from ops.alert_incidents") == [(1, 10)]
    # A day later it is another one.
    plant.begin("DEM12")
    plant.look(days=1)
    assert plant.execute("select count(*) from ops.alert_incidents") == [(2,)]


def test_a_mail_server_that_is_down_loses_nothing(plant: Plant, mail: MailServer, hook: HookServer) -> None:
    plant.variables.update(ALERT_WEBHOOK_URL=hook.url)
    mail.stop()
    plant.begin("DEM12")
    plant.begin("gone")
    summary = plant.look()
    assert summary.told == {"webhook": 2}
    assert f"the mail server 127.0.0.1:{mail.port} cannot be reached" in summary.sentence
    assert "due again next time" in summary.sentence
    plant.end("gone")
    plant.look(hours=1)
    assert [alert["status"] for post in hook.take() for alert in post["alerts"]] == ["new", "new", "over"]
    mail.start()
    assert plant.look(hours=1).told == {"email": 2}
    assert subjects(mail) == ["[Atelier] 2 alertes : 1 nouvelle, 1 déjà terminée"]
    assert plant.look(hours=1).told == {}
    assert hook.take() == []


def test_two_senders_at_once_send_one_message(plant: Plant, mail: MailServer, tmp_path: Path) -> None:
    mail.delay_seconds = 0.5
    plant.begin("DEM12")
    elsewhere = {**plant.variables, "ATELIER_STATE_DIR": str(tmp_path / "elsewhere")}
    start = threading.Barrier(4)

    def send(variables: dict[str, str]) -> notify.Summary:
        start.wait()
        return notify.run(variables, now=plant.now, environment="test")

    # Two on this machine, two on another one.
    with ThreadPoolExecutor(4) as pool:
        summaries = list(pool.map(send, [plant.variables, plant.variables, elsewhere, elsewhere]))
    assert len(mail.take()) == 1
    assert sorted(summary.told.get("email", 0) for summary in summaries) == [0, 0, 0, 1]
    notes = " ".join(note for summary in summaries for note in summary.notes)
    assert "another sender is at work" in notes
    assert "on another machine" in notes


def test_one_that_is_killed_after_sending_sends_once_more(plant: Plant, mail: MailServer) -> None:
    plant.begin("DEM12")
    environment = {**os.environ, **plant.variables}
    command = [str(Path(sys.executable).parent / "atelier"), "alerts", "send", "--environment=test"]
    with subprocess.Popen(command, cwd=project_root(), env=environment, stderr=subprocess.PIPE) as sender:
        mail.kills.append(sender.pid)
        sender.communicate(timeout=60)
    assert sender.returncode == -9
    plant.look()
    plant.look()
    first, second = mail.take()
    # Mail programs know it for the same one.
    assert first["Message-ID"] == second["Message-ID"]


def test_a_warehouse_that_cannot_be_reached_is_told_once_and_when_it_is_back(
    plant: Plant, mail: MailServer
) -> None:
    plant.begin("DEM12")
    plant.look()
    mail.take()
    right = plant.variables["POSTGRES_PORT"]
    plant.variables["POSTGRES_PORT"] = str(free_port())
    summary = plant.look(hours=1)
    assert summary.told == {"email": 1}
    assert "cannot be reached" in summary.sentence
    (letter,) = mail.take()
    assert str(letter["Subject"]).startswith("[Atelier] Entrepôt de données injoignable (")
    assert letter["Importance"] == "high"
    assert plant.variables["POSTGRES_PASSWORD"] not in text_of(letter)
    for _ in range(5):
        assert plant.look(hours=1).told == {}
    plant.variables["POSTGRES_PORT"] = right
    plant.end("DEM12")
    plant.look(hours=1)
    (over,) = mail.take()
    assert over["Subject"] == "[Atelier] 2 alertes : 2 terminées"
    assert set(str(over["References"]).split()) >= {str(letter["Message-ID"])}
    assert plant.look(hours=3).told == {}


def test_a_warehouse_that_says_no_is_told_as_well(plant: Plant, mail: MailServer) -> None:
    plant.look()
    plant.execute("drop table ops.alert_notices")
    assert "did not answer as it should (42P01)" in plant.look(hours=1).sentence
    assert len(mail.take()) == 1


def test_problems_of_the_scheduler_are_told_and_only_it_ends_them(plant: Plant, mail: MailServer) -> None:
    problem = notify.Problem("logs-every-15-minutes", plant.now, "no run since 10:00")
    plant.look([problem])
    assert subjects(mail) == ["[Atelier] Ordonnanceur en difficulté (logs-every-15-minutes)"]
    # The command does not know of them.
    assert plant.look(hours=1).told == {}
    plant.look([], hours=1)
    assert subjects(mail) == ["[Atelier] Fin d'alerte : Ordonnanceur en difficulté (logs-every-15-minutes)"]


def test_before_the_first_run_and_without_a_channel_nothing_fails(plant: Plant, mail: MailServer) -> None:
    plant.begin("DEM12")
    plant.variables.update(SMTP_HOST="", ALERT_TO="")
    first, second = plant.look(), plant.look(hours=1)
    assert "nobody is told of alerts: set SMTP_HOST" in first.sentence
    assert second.sentence == "1 alert open"
    # Whoever is configured later hears of what lasts.
    plant.variables.update(SMTP_HOST="127.0.0.1", ALERT_TO="it@plant.example")
    assert plant.look(hours=1).told == {"email": 1}
    plant.execute("drop table marts.fct_alerts")
    summary = plant.look(hours=1)
    assert "there is no marts.fct_alerts yet" in summary.sentence
    # The mart that is away for a moment is no all-clear.
    assert len(mail.take()) == 1
    assert plant.execute("select count(*) from ops.alert_incidents where gone_at is null") == [(1,)]


def ran(plant: Plant, job: str, schedule: str | None, outcome: str, message: str | None = None) -> None:
    """A run of a job has ended, or begun, now."""
    plant.execute(
        "insert into ops.runs (run_id, job, schedule, environment, host, process_id, version, started_at, "
        "ended_at, outcome, message) "
        "values (gen_random_uuid(), %s, %s, 'test', 'host', 1, '0', %s, %s, %s, %s)",
        (job, schedule, plant.now, None if outcome == "running" else plant.now, outcome, message),
    )


def test_while_there_is_no_mart_failed_runs_are_told_all_the_same(plant: Plant, mail: MailServer) -> None:
    plant.look()
    plant.execute("alter table marts.fct_alerts rename to kept")
    ran(plant, "elt", "first-load", "failed", "the MySQL server refuses the password")
    # Whoever has typed it knows.
    ran(plant, "etl", None, "failed", "no such job")
    plant.look(minutes=1)
    (letter,) = mail.take()
    assert letter["Subject"] == "[Atelier] Exécution en échec (elt)"
    assert "the MySQL server refuses the password" in text_of(letter)
    ran(plant, "elt", None, "failed", "the MySQL server refuses the password")
    assert plant.look(minutes=1).told == {}
    # Without the warehouse nobody can say that it is over.
    right = plant.variables["POSTGRES_PORT"]
    plant.variables["POSTGRES_PORT"] = str(free_port())
    plant.look(minutes=1)
    plant.variables["POSTGRES_PORT"] = right
    plant.look(minutes=1)
    told = subjects(mail)
    assert [subject.partition("(")[0] for subject in told] == [
        "[Atelier] Entrepôt de données injoignable ",
        "[Atelier] Fin d'alerte : Entrepôt de données injoignable ",
    ]
    ran(plant, "elt", None, "succeeded")
    plant.execute("alter table marts.kept rename to fct_alerts")
    plant.look(minutes=1)
    assert subjects(mail) == ["[Atelier] Fin d'alerte : Exécution en échec (elt)"]


def test_while_a_run_makes_the_mart_anew_nothing_has_failed(plant: Plant, mail: MailServer) -> None:
    plant.look()
    plant.execute("drop table marts.fct_alerts")
    ran(plant, "elt", "first-load", "failed", "yesterday")
    ran(plant, "elt", "first-load", "running")
    assert plant.look(minutes=1).told == {}
    assert mail.take() == []


def test_a_mart_that_holds_a_wrong_value_is_told_and_not_taken_for_a_warehouse_that_is_away(
    plant: Plant, mail: MailServer
) -> None:
    plant.begin("DEM12")
    plant.look()
    mail.take()
    plant.execute(
        "alter table marts.fct_alerts rename to kept; "
        "create view marts.fct_alerts as select alert_id, kind, severity, machine_id, subject, since, title, "
        "what_to_do, cast(cast(title as integer) as text) as details from marts.kept"
    )
    plant.look(minutes=1)
    (letter,) = mail.take()
    assert letter["Subject"] == "[Atelier] Exécution en échec (marts.fct_alerts)"
    assert "22P02" in text_of(letter)
    # That of the machine is neither over nor told again.
    plant.execute("drop view marts.fct_alerts; alter table marts.kept rename to fct_alerts")
    plant.look(minutes=1)
    assert subjects(mail) == ["[Atelier] Fin d'alerte : Exécution en échec (marts.fct_alerts)"]


def test_a_state_that_is_spoilt_is_begun_anew(plant: Plant, mail: MailServer) -> None:
    state = Path(plant.variables["ATELIER_STATE_DIR"])
    plant.variables["POSTGRES_PORT"] = str(free_port())
    plant.look()
    (state / notify.BOOK).write_text('{"incidents": [{"al')
    plant.look(minutes=15)
    assert len(mail.take()) == 2


def test_a_full_disk_keeps_nobody_from_being_told_and_tells_nothing_twice(
    plant: Plant, mail: MailServer
) -> None:
    state = Path(plant.variables["ATELIER_STATE_DIR"])
    # Where a file is to be written there is a folder: as little can be written as on a full disk.
    obstacle = (state / notify.BOOK).with_suffix(".partial")
    obstacle.mkdir(parents=True)
    right = plant.variables["POSTGRES_PORT"]
    plant.variables["POSTGRES_PORT"] = str(free_port())
    summary = plant.look()
    assert summary.told == {"email": 1}
    assert summary.sentence.count("alerts.json cannot be written") == 1
    for _ in range(3):
        assert plant.look(minutes=1).told == {}
    obstacle.rmdir()
    assert "cannot be written" not in plant.look(hours=25).sentence
    assert (state / notify.BOOK).is_file()
    plant.variables["POSTGRES_PORT"] = right
    plant.look(minutes=1)
    kinds = [subject.partition(" (")[0] for subject in subjects(mail)]
    assert kinds == [
        "[Atelier] Entrepôt de données injoignable",
        "[Atelier] Rappel : Entrepôt de données injoignable",
        "[Atelier] Fin d'alerte : Entrepôt de données injoignable",
    ]


def test_names_of_files_are_text_and_no_more(plant: Plant, mail: MailServer) -> None:
    plant.begin("DEM12 (PVC)/<b>\r\nBcc: x@y.example\u202e.LOG")
    plant.look()
    (letter,) = mail.take()
    assert "Bcc" not in letter
    assert "\n" not in str(letter["Subject"])
    assert "\u202e" not in text_of(letter)
    assert "&lt;b&gt;" in html_of(letter)
    assert "<b>" not in html_of(letter)


def test_incidents_are_forgotten_after_their_time(plant: Plant) -> None:
    plant.begin("DEM12")
    plant.look()
    plant.end("DEM12")
    plant.look(hours=1)
    plant.look(days=399)
    assert plant.execute("select count(*) from ops.alert_notices") == [(1,)]
    plant.look(days=2)
    assert plant.execute("select count(*) from ops.alert_incidents") == [(0,)]


def test_the_commands_say_what_is_wrong_and_fail_where_nobody_was_told(
    plant: Plant, mail: MailServer
) -> None:
    def atelier(part: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).parent / "atelier"), "alerts", part, "--environment=test"],
            cwd=project_root(),
            env={**os.environ, **plant.variables},
            capture_output=True,
            text=True,
            check=False,
        )

    right = plant.variables["POSTGRES_PORT"]
    plant.begin("DEM12")
    plant.now += timedelta(hours=1)
    assert "pas encore annoncée" in atelier("list").stdout
    sent = atelier("send")
    assert sent.stdout == "1 alert open; 1 told by email\n"
    listed = atelier("list").stdout
    assert "[Attention] Machine muette : DEM12" in listed
    assert "annoncée le" in listed
    tried = atelier("test")
    assert tried.stdout == "A test message was sent: email.\n"
    assert [str(letter["Subject"]) for letter in mail.take()][1:] == [
        "[Atelier] Essai : les alertes d'Atelier arrivent"
    ]
    obstacle = (Path(plant.variables["ATELIER_STATE_DIR"]) / notify.BOOK).with_suffix(".partial")
    obstacle.mkdir()
    unwritten = atelier("send")
    assert unwritten.returncode == 0, unwritten.stderr
    plant.variables["POSTGRES_PORT"] = str(free_port())
    unwritten = atelier("send")
    assert unwritten.returncode == 1
    assert "1 told by email" in unwritten.stderr
    assert "alerts.json cannot be written" in unwritten.stderr
    plant.variables["POSTGRES_PORT"] = right
    mail.stop()
    plant.end("DEM12")
    for part in ("send", "test"):
        failed = atelier(part)
        assert failed.returncode == 1
        assert f"the mail server 127.0.0.1:{mail.port} cannot be reached" in failed.stderr
