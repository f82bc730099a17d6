"""The tap and the loader as Meltano runs them: two processes, a pipe, and the last state that was written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from atelier.connections import Warehouse
from atelier.warehouse import connect
from psycopg2 import sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg2.extensions import cursor as Cursor  # noqa: N812 # it is a class

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / ".venv" / "bin"

TABLES = ("log_files", "log_events", "rejected_lines")

#: When a version was read is the one thing that may differ between a quiet run and a troubled one.
MAY_DIFFER = ("read_at",)

RUN_SECONDS = 240


class Pipe:
    """One warehouse schema that is fed from one folder of logs, run after run."""

    def __init__(
        self,
        variables: Mapping[str, str],
        schema: str,
        folder: Path,
        tap_config: Mapping[str, Any],
        **target_settings: Any,
    ) -> None:
        self.variables = variables
        self.schema = schema
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.state: str | None = None
        self.runs = 0
        self.log = ""
        self._tap_config = {"plant_timezone": "Europe/Paris", "fail_on_problems": False, **tap_config}
        self._target_config = {
            **self._settings_of_the_loader(),
            "pseudonym_key": "of the tests of reliability",
            "host": variables["POSTGRES_HOST"],
            "port": int(variables["POSTGRES_PORT"]),
            "user": variables["POSTGRES_USER"],
            "password": variables["POSTGRES_PASSWORD"],
            "database": variables["POSTGRES_DB"],
            "default_target_schema": schema,
            **target_settings,
        }
        self.clear()

    @staticmethod
    def _settings_of_the_loader() -> dict[str, Any]:
        """Return what the pipeline's own loader is set to."""
        content = yaml.safe_load((ROOT / "load" / "loaders.meltano.yml").read_text())
        settings = content["plugins"]["loaders"][0]["settings"]
        return {
            entry["name"]: entry["value"]
            for entry in settings
            if entry["name"] != "pseudonym_columns" and not str(entry["value"]).startswith("$")
        }

    def clear(self) -> None:
        """Begin anew: no tables, no state."""
        self.state = None
        with self._cursor() as cursor:
            cursor.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(self.schema)))

    def start(self, **changes: Any) -> tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]:
        """Start tap and loader, each in a process group of its own."""
        self.runs += 1
        config = self._write("tap.json", {**self._tap_config, **changes})
        arguments = [str(PROGRAMS / "tap-ftplogs"), "--config", str(config)]
        if self.state is not None:
            path = self.folder / "state.json"
            path.write_text(self.state)
            arguments += ["--state", str(path)]
        environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
        with (self.folder / "log.txt").open("wb") as log, (self.folder / "states.txt").open("wb") as states:
            tap = subprocess.Popen(
                arguments, stdout=subprocess.PIPE, stderr=log, env=environment, start_new_session=True
            )
            target = subprocess.Popen(
                [
                    str(PROGRAMS / "target-warehouse"),
                    "--config",
                    str(self._write("target.json", self._target_config)),
                ],
                stdin=tap.stdout,
                stdout=states,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        assert tap.stdout is not None
        tap.stdout.close()
        return tap, target

    def finish(self, tap: subprocess.Popen[bytes], target: subprocess.Popen[bytes]) -> bool:
        """Wait for both; keep the last state that the loader has confirmed; say whether both succeeded."""
        try:
            statuses = [process.wait(RUN_SECONDS) for process in (tap, target)]
        finally:
            for process in (tap, target):
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        self.log = (self.folder / "log.txt").read_text(errors="replace")
        *lines, _ = (self.folder / "states.txt").read_text().split("\n")
        if lines:
            self.state = lines[-1]
        return statuses == [0, 0]

    def run(self, **changes: Any) -> bool:
        """Run once; say whether it succeeded."""
        return self.finish(*self.start(**changes))

    def run_until_done(self, most: int, **changes: Any) -> int:
        """Run until a run succeeds; return how many it took."""
        for number in range(1, most + 1):
            if self.run(**changes):
                return number
        raise AssertionError(f"{most} runs were not enough: {self.log[-3000:]}")

    def run_killed(self, after_seconds: float, victims: str) -> bool:
        """Run, and kill the tap, the loader or both at a moment; say whether the run was done before."""
        tap, target = self.start()
        deadline = time.monotonic() + after_seconds
        while time.monotonic() < deadline and (tap.poll() is None or target.poll() is None):
            time.sleep(0.002)
        was_done = tap.poll() is not None and target.poll() is not None
        for name, process in (("tap", tap), ("loader", target)):
            if victims in (name, "both") and process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        return self.finish(tap, target) and was_done

    def tables(self) -> dict[str, list[str]]:
        """Return every row of every table as text, but for what may differ."""
        return {table: self._rows(table) for table in TABLES}

    def row_count(self) -> int:
        """Return how many rows the tables have."""
        return sum(len(rows) for rows in self.tables().values())

    def _rows(self, table: str) -> list[str]:
        query = sql.SQL("select (to_jsonb(t) - %s)::text as line from {}.{} t order by 1").format(
            sql.Identifier(self.schema), sql.Identifier(table)
        )
        with self._cursor() as cursor:
            cursor.execute(query, (list(MAY_DIFFER),))
            return [row[0] for row in cursor.fetchall()]

    @contextmanager
    def _cursor(self) -> Iterator[Cursor]:
        with closing(connect(Warehouse.of(self.variables), "atelier-tests")) as connection:
            with connection.cursor() as cursor:
                yield cursor

    def _write(self, name: str, content: Mapping[str, Any]) -> Path:
        path = self.folder / name
        path.write_text(json.dumps(content))
        path.chmod(0o600)
        return path
