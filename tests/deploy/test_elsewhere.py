"""cron, systemd and Airflow start the same jobs at the same times as the scheduler."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from atelier.connections import ENV_FILE, project_root, resolve
from atelier.errors import AtelierError
from atelier.schedules import crontab, units
from atelier.schedules.read import Schedule, read, trigger
from atelier.secret_files import API, PIPELINE, SECRETS

from deploy.programs import essentials, program, said

ROOT = Path(__file__).resolve().parents[2]
PARIS = ZoneInfo("Europe/Paris")
UTC = timezone.utc
ATELIER = ROOT / ".venv" / "bin" / "atelier"

#: What every way of writing an interval leads to, beside the project's own.
ODD = [
    Schedule("weekdays", "j", "5,35 6-18/4 * * mon-fri"),
    Schedule("sundays", "j", "0 6 * * 7"),
    Schedule("firsts", "j", "15 4 1 */3 *"),
    Schedule("either", "j", "0 5 13 * 5"),
    Schedule("both", "j", "0 5 */2 * 5"),
    Schedule("leap", "j", "0 0 29 2 *"),
    Schedule("alias", "j", "@weekly"),
]
#: Hours that the clocks leave out or repeat: there systemd does otherwise, as docs/install.md says.
CHANGES = [
    (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 29, 2, tzinfo=UTC)),
    (datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 2, tzinfo=UTC)),
]


def ours(schedule: Schedule, start: datetime, end: datetime) -> list[datetime]:
    found, times = trigger(schedule, PARIS), []
    moment = found.get_next_fire_time(None, start)
    while moment is not None and moment < end:
        times.append(moment)
        moment = found.get_next_fire_time(moment, moment)
    return times


def systemds(analyze: list[str], expression: str, start: datetime, count: int) -> list[datetime]:
    """The next times of an expression, by systemd's own reading of it."""
    base = f"{start - timedelta(seconds=1):%Y-%m-%d %H:%M:%S} UTC"
    command = [*analyze, "calendar", f"--iterations={count}", f"--base-time={base}", expression]
    lines = said(command, essentials(TZ="UTC", LC_ALL="C", PATH=os.environ["PATH"])).splitlines()
    times = [line.partition(": ")[2] for line in lines if "Next elapse" in line or "Iter. #" in line]
    return [datetime.strptime(time[4:23], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) for time in times if time]


@pytest.mark.parametrize("schedule", [*read(project_root()), *ODD], ids=lambda schedule: schedule.name)
def test_systemd_has_the_same_times(schedule: Schedule) -> None:
    """A year of them, and around the changes of the clocks; frequent ones by samples."""
    analyze = program("systemd-analyze", "systemd")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    spans = [(start, start + timedelta(days=366))]
    if schedule.name.startswith("logs-"):
        days = (start + timedelta(days=days) for days in (0, 87, 180, 297, 364))
        spans = [(day, day + timedelta(days=1)) for day in days]
    for begin, end in spans:
        expected = ours(schedule, begin, end)
        found = {
            time
            for line in units.on_calendar(schedule.calendar, "Europe/Paris")
            for time in systemds(analyze, line, begin, len(expected) + 20)
            if time < end
        }
        differing = found ^ set(expected)
        assert {time for time in differing if not any(a <= time < b for a, b in CHANGES)} == set()


def test_the_night_of_spring_is_left_out_by_systemd_alone() -> None:
    """So docs/install.md says of timers; should it change, the sentence there has to go."""
    analyze = program("systemd-analyze", "systemd")
    schedule = Schedule("night", "j", "30 2 * * *")
    (line,) = units.on_calendar(schedule.calendar, "Europe/Paris")
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert ours(schedule, start, start + timedelta(days=1)) == [datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]
    assert systemds(analyze, line, start, 1) == [datetime(2026, 3, 30, 0, 30, tzinfo=UTC)]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("units")
    (folder / "atelier-gone.timer").write_text("of a schedule that is no more")
    environment = essentials(MELTANO_ENVIRONMENT="prod")
    # As root, since systemd looks the user up.
    text = said(
        [str(ATELIER), "schedules", "systemd", f"--folder={folder}", "--user=root", "--api-user=daemon"],
        environment,
    )
    assert "Removed, as their schedules are no more: atelier-gone.timer" in text
    return folder


def test_systemd_understands_every_unit(written: Path) -> None:
    files = sorted(written.iterdir())
    timers = {path.name for path in files if path.suffix == ".timer"}
    assert timers == {f"atelier-{schedule.name}.timer" for schedule in read(project_root())}
    services = {"atelier-scheduler.service", "atelier-api.service", "atelier-run@.service"}
    assert {path.name for path in files} == timers | services
    analyze = program("systemd-analyze", "systemd")
    done = subprocess.run(
        [*analyze, "verify", "--man=no", *map(str, files)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_each_service_has_its_own_user_and_secrets(written: Path) -> None:
    for name, user, service in (
        ("atelier-scheduler", "root", PIPELINE),
        ("atelier-run@", "root", PIPELINE),
        ("atelier-api", "daemon", API),
    ):
        unit = (written / f"{name}.service").read_text(encoding="utf-8")
        assert re.findall(r"(?m)^(?:User|Group)=(.*)$", unit) == [user, user]
        files = re.findall(r"(?m)^EnvironmentFile=(.*)$", unit)
        assert files == ["/etc/atelier/atelier.env", f"-/etc/atelier/{service}.env"]
        unset = set(re.findall(r"(?m)^UnsetEnvironment=(.*)$", unit))
        others = {secret for secret, services in SECRETS.items() if service not in services}
        assert unset == {variable for secret in others for variable in (secret, f"{secret}_FILE")}
    api = (written / "atelier-api.service").read_text(encoding="utf-8")
    assert "ReadWritePaths" not in api
    assert "Directory=" not in api.replace("WorkingDirectory=", "")
    hidden = set(re.findall(r"(?m)^InaccessiblePaths=-(.*)$", api))
    written_to = re.findall(
        r"(?m)^Environment=(\w+)=(/var/.*)$", (written / "atelier-scheduler.service").read_text()
    )
    for variable, place in written_to:
        assert variable == "ATELIER_DOCS_DIR" or any(
            place.startswith(f"{path}/") or place == path for path in hidden
        )
    # The .env of cron's runs, which the API's user may not even read.
    assert "Environment=ATELIER_ENV_FILE=/dev/null" in api


def test_secrets_of_one_service_move_to_its_file(tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    filled = example.replace("\nFTP_PASSWORD=", "\nFTP_PASSWORD='a #b'").replace(
        "\nAPI_SECRET_KEY=", "\nAPI_SECRET_KEY=k"
    )
    (tmp_path / "atelier.env").write_text(f"{filled}MYSQL_PASSWORD_FILE=/run/x", encoding="utf-8")
    command = [str(ATELIER), "schedules", "split-secrets", f"--folder={tmp_path}"]
    environment = essentials(MELTANO_ENVIRONMENT="prod")
    assert "FTP_PASSWORD" in said(command, environment)
    found = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert set(found) == {"atelier.env", "pipeline.env", "api.env"}
    assert found["api.env"] == "API_SECRET_KEY=k\n"
    assert "FTP_PASSWORD='a #b'\n" in found["pipeline.env"]
    assert "MYSQL_PASSWORD_FILE=/run/x\n" in found["pipeline.env"]
    names = {name: set(re.findall(r"(?m)^(\w+)=", text)) for name, text in found.items()}
    assert names["atelier.env"] & set(SECRETS) == {"POSTGRES_PASSWORD"}
    assert names["pipeline.env"] | names["api.env"] | {"POSTGRES_PASSWORD"} >= set(SECRETS)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in tmp_path.iterdir())
    # Again, with a template's empty line and a new value.
    (tmp_path / "atelier.env").write_text("API_SECRET_KEY=\nFTP_PASSWORD=new\n", encoding="utf-8")
    said(command, environment)
    assert (tmp_path / "api.env").read_text() == "API_SECRET_KEY=k\n"
    assert "FTP_PASSWORD=new\n" in (tmp_path / "pipeline.env").read_text()
    assert "a #b" not in (tmp_path / "pipeline.env").read_text()
    assert (tmp_path / "atelier.env").read_text() == ""


def test_the_api_does_not_read_the_variables_of_runs(tmp_path: Path) -> None:
    (tmp_path / "meltano.yml").write_text("environments: [{name: prod}]")
    (tmp_path / ".env").write_text("PSEUDONYM_KEY=of-runs")
    assert resolve(tmp_path, "prod", {})["PSEUDONYM_KEY"] == "of-runs"
    assert "PSEUDONYM_KEY" not in resolve(tmp_path, "prod", {ENV_FILE: "/dev/null"})


def test_no_empty_line_of_the_variables_takes_a_folder_away(written: Path) -> None:
    """What is in an EnvironmentFile wins, also nothing: docs/install.md leaves those lines out of it."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    unit = (written / "atelier-scheduler.service").read_text(encoding="utf-8")
    folders = set(re.findall(r"(?m)^Environment=(\w+)=/", unit))
    assert {"ATELIER_STATE_DIR", "BACKUP_DIR"} <= folders
    kept = {line.partition("=")[0] for line in example.splitlines() if not line.endswith("_DIR=")}
    assert not folders & kept


def test_the_services_may_do_little(written: Path) -> None:
    analyze = program("systemd-analyze", "systemd")
    for name in ("atelier-scheduler", "atelier-api"):
        command = [*analyze, "security", "--offline=true", "--threshold=30", f"{written / name}.service"]
        # Exit status 1 above the threshold: an exposure of 3.0.
        said(command)


def crontab_text(root: Path = ROOT, mail_to: str | None = None) -> str:
    return crontab.render(read(project_root()), "Europe/Paris", root, "prod", mail_to)


def test_cron_understands_the_crontab(tmp_path: Path) -> None:
    """By Debian's own `crontab -n`, which gets an empty spool in a name space of its own."""
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip("crontab -n wants /var/spool/cron, and no name space can be made for it here")
    checker = program("crontab", "cron")
    script = 'mount -t tmpfs none /var/spool && mkdir -p /var/spool/cron/crontabs && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", script, "sh", *checker, "-n"]
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text(crontab_text(mail_to="it@example.com"))
    bad.write_text(crontab_text().replace("*/15 *", "*/15 25"))
    said([*command, str(good)])
    assert subprocess.run([*command, str(bad)], capture_output=True, check=False).returncode == 1


def test_a_line_of_the_crontab_says_why_a_run_failed_and_nothing_else() -> None:
    """As cron runs it: in a shell, its escaped percent signs made plain."""
    line = next(line for line in crontab_text().splitlines() if "erp-morning" in line)
    assert line.startswith("0 9 * * * cd ")
    command = line.split(maxsplit=5)[5].replace("\\%", "%")
    environment = essentials(POSTGRES_HOST="127.0.0.1", POSTGRES_PORT="9", POSTGRES_USER="u")
    environment |= {"POSTGRES_PASSWORD": "p", "POSTGRES_DB": "d", "HOME": "/nonexistent"}
    text = said(["/bin/sh", "-c", command], environment, Path("/"))
    assert text.splitlines()[-1].startswith("atelier: failed: ")
    assert "127.0.0.1:9" in text


def test_a_path_that_a_crontab_would_misread_is_refused() -> None:
    with pytest.raises(AtelierError, match="which cannot stand in a crontab: move it"):
        crontab_text(Path("/opt/my atelier"))


def test_a_schedule_that_is_none_is_said() -> None:
    done = subprocess.run(
        [str(ATELIER), "schedules", "run", "--environment=prod", "erp"],
        env=essentials(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "there is no schedule 'erp': name one of logs-every-15-minutes, erp-morning" in done.stderr
