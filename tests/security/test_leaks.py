"""No secret shows: runs and commands fail in many ways, and all that they say and write is searched.

Each secret has a part that every notation writes the same, and that is looked for: what hides secrets has no
say in the search.
"""

from __future__ import annotations

import re
import secrets
import stat
import subprocess
import threading
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from atelier.secret_files import SECRETS
from pipeline.conftest import make_plants_erp
from pipeline.plant import MELTANO, ROOT, Plant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_demo.servers.site import Site

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

DATABASE = "leaks"
USER = "leaks"
#: What has to be escaped somewhere: in addresses, JSON, YAML, SQL, shells, Meltano's settings.
AROUND = ("p@:/?#[]%20 $X", "${Y}'\"\\`&+=<>{{é}}|^~*;")


def secret() -> str:
    """Make a secret of 25 letters and digits between characters that have to be escaped."""
    return f"{AROUND[0]}{part_of('')}{AROUND[1]}"


def part_of(text: str) -> str:
    """Return the part of a secret that is looked for; a new one for an empty text."""
    found = re.search(r"[0-9a-f]{24}|[\w-]{40,}", text)
    return found[0] if found else secrets.token_hex(12)


class Watcher(threading.Thread):
    """Looks at the command lines of all processes and the modes of configuration files, again and again."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder = folder
        self.over = threading.Event()
        self.command_lines: set[bytes] = set()
        self.modes: dict[str, int] = {}
        #: Configurations that were files of a disk.
        self.on_disk: set[str] = set()

    def run(self) -> None:
        while not self.over.wait(0.02):
            # Processes and files come and go meanwhile.
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    self.command_lines.add(process.read_bytes())
            for path in self.folder.rglob("*config*.json"):
                with suppress(OSError):
                    self.modes[path.name] = path.stat().st_mode & 0o777
                    if not stat.S_ISLNK(path.lstat().st_mode):
                        self.on_disk.add(path.name)


class Leaks:
    """A plant whose secrets are hard to hide, and all that was said and written about it."""

    def __init__(self, plant: Plant, folder: Path) -> None:
        self.plant = plant
        self.folder = folder
        self.said = ""
        self.secrets = [plant.variables[name] for name in SECRETS if name in plant.variables]

    def run(self, *command: str, **changes: str) -> tuple[int, str]:
        """Run a program of the environment; every program is told to say all it can."""
        self.secrets += [value for name, value in changes.items() if name.endswith(("PASSWORD", "KEY"))]
        talkative = {
            "LOGLEVEL": "DEBUG",
            "MELTANO_CLI_LOG_LEVEL": "debug",
            "DBT_LOG_LEVEL": "debug",
            "DBT_LOG_LEVEL_FILE": "debug",
            "MELTANO_ENVIRONMENT": "test",
        }
        done = subprocess.run(
            [str(ROOT / ".venv" / "bin" / command[0]), *command[1:]],
            cwd=ROOT,
            env={**self.plant.environment(**talkative), **changes},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=120,
            check=False,
        )
        output = done.stdout + done.stderr
        self.said += output
        return done.returncode, output

    def meltano(self, *arguments: str, **changes: str) -> tuple[int, str]:
        return self.run(MELTANO.name, "--log-level=debug", *arguments, **changes)

    @contextmanager
    def watched(self) -> Iterator[Watcher]:
        """Watch processes and files meanwhile."""
        watcher = Watcher(self.folder)
        watcher.start()
        try:
            yield watcher
        finally:
            watcher.over.set()
            watcher.join()

    def recorded(self) -> str:
        """Return what the warehouse keeps about the runs so far."""
        if self.plant.query("select to_regclass('meltano.runs') is null") == [(True,)]:
            return ""
        rows = self.plant.query("select payload from meltano.runs")
        rows += self.plant.query("select message from ops.runs union all select message from ops.run_steps")
        return str(rows)

    def assert_nothing_shows(self, *more: str) -> None:
        texts = {"what was said": self.said, **dict(enumerate_texts(more))}
        for path in self.folder.rglob("*"):
            if path.is_file():
                texts[str(path)] = path.read_text(encoding="utf-8", errors="replace")
        for place, text in texts.items():
            for value in self.secrets:
                assert part_of(value) not in text, f"a secret shows in {place}"


def enumerate_texts(texts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    return ((f"text {number}", text) for number, text in enumerate(texts))


def administer(site: Site, *statements: tuple[str, tuple[Any, ...]]) -> None:
    with closing(site.admin_postgres("postgres")) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for statement, values in statements:
            cursor.execute(statement, values)


@pytest.fixture(scope="module")
def leaks(site: Site, servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leaks]:
    folder = tmp_path_factory.mktemp("leaks")
    passwords = {name: secret() for name in SECRETS if name != "FTP_PASSWORD"}
    gone = (f"drop database if exists {DATABASE} with (force)", ()), (f"drop role if exists {USER}", ())
    administer(
        site,
        *gone,
        (f"create role {USER} login password %s", (passwords["POSTGRES_PASSWORD"],)),
        (f"create database {DATABASE} owner {USER}", ()),
    )
    with closing(site.admin_mysql(None)) as connection, connection.cursor() as cursor:
        cursor.execute(f"drop user if exists {USER}@'%'")
        cursor.execute(f"create user {USER}@'%%' identified by %s", (passwords["MYSQL_PASSWORD"],))
    variables = {
        **servers,
        **passwords,
        "POSTGRES_DB": DATABASE,
        "POSTGRES_USER": USER,
        "MYSQL_USER": USER,
    }
    plant = Plant(site, variables, DATABASE)
    make_plants_erp(plant)
    plant.folders = {name: str(folder / name.lower()) for name in plant.folders}
    yield Leaks(plant, folder)
    administer(site, *gone)
    with closing(site.admin_mysql(None)) as connection, connection.cursor() as cursor:
        cursor.execute(f"drop user {USER}@'%'")


#: Nothing listens there.
CLOSED = "1"


@pytest.mark.parametrize(
    ("blocks", "changes", "expected"),
    [
        # Refused, or not there, before anything is loaded.
        ("elt", {"POSTGRES_PASSWORD": secret()}, "refuses the log-in: check POSTGRES_USER"),
        ("erp", {"MYSQL_PASSWORD": secret()}, "refuses user leaks"),
        ("ftplogs", {"FTP_PASSWORD": secret()}, "FTP_PASSWORD"),
        pytest.param("elt", {"POSTGRES_PORT": CLOSED}, "cannot be reached", marks=pytest.mark.slow),
        pytest.param("erp", {"MYSQL_PORT": CLOSED}, "cannot be reached", marks=pytest.mark.slow),
        pytest.param("ftplogs", {"FTP_PORT": CLOSED}, "nothing answers", marks=pytest.mark.slow),
        # The tap and the loader break down.
        ("tap-mysql target-postgres", {"MYSQL_PASSWORD": secret()}, "refuses user leaks"),
        ("tap-mysql target-postgres", {"TARGET_POSTGRES_PASSWORD": secret()}, "authentication failed"),
        pytest.param(
            "tap-ftplogs target-postgres", {"FTP_PASSWORD": secret()}, "FTP_PASSWORD", marks=pytest.mark.slow
        ),
        # There is nothing yet that dbt could build of.
        pytest.param("transform", {}, "Database Error", marks=pytest.mark.slow),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(value),
)
def test_no_failing_run_shows_a_secret(
    leaks: Leaks, blocks: str, changes: dict[str, str], expected: str
) -> None:
    with leaks.watched() as watcher:
        status, output = leaks.meltano("run", *blocks.split(), **changes)
    assert status == 1
    assert expected in output, output[-2000:]
    leaks.assert_nothing_shows(str(watcher.command_lines), leaks.recorded())


def test_no_command_that_prints_settings_shows_a_secret(leaks: Leaks) -> None:
    for words in (
        ("config", "print", "tap-mysql"),
        ("config", "list", "target-postgres"),
        ("invoke", "--dump=config", "target-postgres"),
        (
            "invoke",
            "--print-var=TAP_FTPLOGS_PASSWORD",
            "--print-var=MELTANO_DATABASE_URI",
            "tap-ftplogs",
            "--about",
        ),
    ):
        status, output = leaks.meltano(*words)
        assert status == 0, output[-2000:]
    # It was there, and was hidden.
    assert "TAP_FTPLOGS_PASSWORD=***" in leaks.said
    assert '"password": "***"' in leaks.said
    assert "postgresql+psycopg2://leaks:***@" in leaks.said
    leaks.assert_nothing_shows()


def test_no_other_program_shows_a_secret(leaks: Leaks) -> None:
    wrong = {"POSTGRES_PASSWORD": secret()}
    for command, changes, expected in (
        (("atelier", "roles"), wrong, "refuses the log-in"),
        (("atelier", "check", "erp"), {"MYSQL_PASSWORD": secret()}, "refuses user leaks"),
        (("atelier-api", "users", "list"), wrong, "refuses the log-in"),
        (("atelier-api", "users", "list"), {"API_RATE_LIMIT": "many"}, "API_RATE_LIMIT"),
    ):
        status, output = leaks.run(*command, **changes)
        assert status == 1, command
        assert expected in output, output[-2000:]
    leaks.assert_nothing_shows()


def test_secrets_from_files_do_as_well(leaks: Leaks, tmp_path: Path) -> None:
    changes: dict[str, str] = {}
    for name in ("POSTGRES_PASSWORD", "MYSQL_PASSWORD", "FTP_PASSWORD", "PSEUDONYM_KEY", "API_SECRET_KEY"):
        path = tmp_path / name.lower()
        path.write_text(leaks.plant.variables[name] + "\n", encoding="utf-8")
        changes |= {name: "", f"{name}_FILE": str(path)}
    with leaks.watched() as watcher:
        status, output = leaks.meltano("run", "erp", **changes)
    assert status == 0, output[-3000:]
    assert any(b"tap-mysql" in line for line in watcher.command_lines)
    # What Meltano hands its plugins is in memory, its owner's alone, and gone.
    assert any(name.startswith("tap.") for name in watcher.modes)
    assert set(watcher.modes.values()) == {0o600}
    assert watcher.on_disk == set()
    assert list(leaks.folder.rglob("*config*.json")) == []
    assert leaks.plant.query("select count(*) > 0 from raw_erp.a_kopf") == [(True,)]
    for command in (("atelier", "roles"), ("atelier", "check", "logs"), ("atelier-api", "users", "list")):
        status, output = leaks.run(*command, **changes)
        # The plant has no machine yet; but the server has let us in.
        assert status == 0 or "holds no machine folder" in output, output[-2000:]
    both = {"MYSQL_PASSWORD_FILE": changes["MYSQL_PASSWORD_FILE"]}
    status, output = leaks.meltano("run", "erp", **both)
    assert status == 1
    assert output.splitlines()[-1] == (
        "atelier: failed: MYSQL_PASSWORD and MYSQL_PASSWORD_FILE are both set: keep one of them"
    )
    leaks.assert_nothing_shows(str(watcher.command_lines), leaks.recorded())
