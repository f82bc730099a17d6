"""A plant for a test: its own folder of logs, its own ERP, an empty warehouse, and Meltano on them."""

from __future__ import annotations

import contextlib
import copy
import os
import shutil
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import psycopg2.extras
import pytest
from atelier.connections import Warehouse
from atelier.warehouse import connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_demo.servers.site import Site

ROOT = Path(__file__).resolve().parents[2]
MELTANO = ROOT / ".venv" / "bin" / "meltano"

#: Every schema that a run may write, but for Meltano's own book-keeping.
DATA_SCHEMAS = ("raw_ftplogs", "raw_erp", "staging", "intermediate", "marts", "seeds", "snapshots")

#: Written in every run: what was loaded, not the data themselves.
BOOKS = ("full_table_loads", "table_reads", "int_built_logs")

#: What depends on when the runs took place and on what they saw, not on what the sources are in the end.
TIMES_OF_RUNS = {
    "intermediate.int_file_clocks": ("read_at", "ahead_seconds"),
    "marts.fct_log_files": ("read_at",),
    "marts.fct_order_status_history": (
        *("status_from", "status_to", "duration_seconds", "is_start_known"),
        *("status_number", "order_status_history_id"),
    ),
    "marts.fct_order_lead_times": ("done_at", "is_done_at_known", "lead_time_seconds"),
    "raw_ftplogs.log_files": ("read_at",),
    "raw_ftplogs.source_problems": ("first_seen_at", "last_seen_at", "resolved_at"),
}
#: Of the past of the orders every plant knows what its own runs saw; the present is the same for all.
PRESENT_ONLY = {
    "marts.fct_order_status_history": "is_current",
    "marts.fct_order_lead_times": "not is_deleted",
}

RUN_TIMEOUT_SECONDS = 280

#: What DBT_RESOURCE_TYPES says where dbt builds everything and skips the tests of the data.
WITHOUT_DATA_TESTS = "seed model snapshot"


def folders_in(folder: Path) -> dict[str, str]:
    """Return the variables by which a run writes its files below a folder, and nowhere else."""
    return {
        "TMPDIR": str(folder / "temporary"),
        "MELTANO_SYS_DIR_ROOT": str(folder / "meltano"),
        "DBT_TARGET_PATH": str(folder / "dbt-target"),
        "DBT_LOG_PATH": str(folder / "dbt-logs"),
        "ATELIER_STATE_DIR": str(folder / "state"),
        "ATELIER_LOG_DIR": str(folder / "logs"),
    }


class Plant:
    """The sources and the warehouse of one test."""

    def __init__(self, site: Site, variables: Mapping[str, str], name: str) -> None:
        self.site = site
        self.variables = {
            **variables,
            "FTP_ROOT": f"{variables['FTP_ROOT'].rstrip('/')}/{name}",
            "MYSQL_DATABASE": f"erp_{name}",
            "BACKUP_DIR": str(site.folder / "backups" / name),
        }
        #: Where Meltano and dbt keep what they write: another plant's at the same time write elsewhere.
        self.folders = folders_in(site.folder)
        self.logs = site.ftp_root / name
        #: Files that are still being written, and may end in a torn line.
        self.growing: set[Path] = set()
        #: What its machines are still to write or to send again, by file.
        self.late: dict[Path, bytes] = {}
        shutil.rmtree(self.logs, ignore_errors=True)
        shutil.rmtree(self.variables["BACKUP_DIR"], ignore_errors=True)
        self.logs.mkdir(parents=True)
        self.drop_warehouse()

    @property
    def temporary(self) -> Path:
        """The folder for temporary files of its runs."""
        return Path(self.folders["TMPDIR"])

    def twin(self, database: str) -> Plant:
        """Return a plant with the same sources and an empty warehouse of its own on the same server."""
        with closing(self.site.admin_postgres()) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"drop database if exists {database} with (force)")
                cursor.execute(f"create database {database} owner {self.variables['POSTGRES_USER']}")
        other = copy.copy(self)
        other.variables = {**self.variables, "POSTGRES_DB": database}
        # dbt reads its whole project again when it finds the traces of another database.
        other.folders = folders_in(self.site.folder / database)
        return other

    def reached_by(self, **variables: str) -> Plant:
        """Return the same plant, reached by other variables."""
        other = copy.copy(self)
        other.variables = {**self.variables, **variables}
        return other

    def drop_warehouse(self) -> None:
        """Make the warehouse as empty as a new one."""
        for schema in (*DATA_SCHEMAS, "meltano", "gdpr", "ops", "serve"):
            self.execute(f"drop schema if exists {schema} cascade")

    def environment(self, **changes: str) -> dict[str, str]:
        """Return what a shell would have: nothing of the tests' own environment but the essentials."""
        self.temporary.mkdir(parents=True, exist_ok=True)
        essentials = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        return {**essentials, **self.variables, **self.folders, **changes}

    def start(
        self, job: str, output: int | IO[bytes] = subprocess.PIPE, **changes: str
    ) -> subprocess.Popen[str]:
        """Start `meltano run JOB` in the environment `test`, in a process group of its own."""
        return subprocess.Popen(
            [str(MELTANO), "--environment=test", "run", job],
            cwd=ROOT,
            env=self.environment(**changes),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def run(self, job: str, **changes: str) -> tuple[int, str]:
        """Run `meltano run JOB`; return its exit status and its output."""
        process = self.start(job, subprocess.PIPE, **changes)
        output, _ = process.communicate(timeout=RUN_TIMEOUT_SECONDS)
        return process.returncode, output

    def run_well(self, job: str, **changes: str) -> str:
        """Run a job that must succeed; return its output."""
        status, output = self.run(job, **changes)
        if status:
            # Whole, and longer than the report of a test that only lasts as long as a terminal.
            kept = self.site.folder / f"failed-{time.time_ns()}.txt"
            kept.write_text(output, encoding="utf-8")
            pytest.fail(f"{output.strip().splitlines()[-1]} (all of it: {kept})")
        return output

    def load(self, job: str = "elt") -> None:
        """Run a job that must succeed, without the tests of the data: they are a third of its time.

        For runs that prepare a test, and for those whose rows the test compares one by one.
        """
        self.run_well(job, DBT_RESOURCE_TYPES=WITHOUT_DATA_TESTS)

    def dbt(self, *arguments: str) -> None:
        """Run dbt on the plant's warehouse; it must succeed."""
        project = ROOT / "transform"
        done = subprocess.run(
            [str(ROOT / ".venv" / "bin" / "dbt"), *arguments],
            cwd=project,
            env=self.environment(
                DBT_PROJECT_DIR=str(project), DBT_PROFILES_DIR=str(project), DBT_TARGET="test"
            ),
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6000:]

    def connect(self) -> psycopg2.extensions.connection:
        """Log in to the warehouse as the pipeline does."""
        return connect(Warehouse.of(self.variables), "atelier-tests")

    def execute(self, statement: str) -> None:
        """Run a statement in the warehouse."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query on the warehouse."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def dicts(self, statement: str) -> list[dict[str, Any]]:
        """Return the rows of a query on the warehouse, each by the names of its columns."""
        with (
            closing(self.connect()) as connection,
            connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor,
        ):
            cursor.execute(statement)
            return [dict(row) for row in cursor.fetchall()]

    def tables(self, *schemas: str) -> list[str]:
        """Return the tables (not the views) of schemas, as `schema.table`."""
        rows = self.query(
            "select schemaname || '.' || tablename from pg_tables "
            f"where schemaname in ({', '.join(repr(schema) for schema in schemas)}) order by 1"
        )
        return [row[0] for row in rows if row[0].partition(".")[2] not in BOOKS]

    def contents(self, *schemas: str) -> dict[str, list[str]]:
        """Return every row of every table of schemas as text, in an order of its own."""
        return {
            table: [row[0] for row in self.query(f"select t::text from {table} t order by 1")]
            for table in self.tables(*schemas)
        }

    def lasting(self, *schemas: str) -> dict[str, list[str]]:
        """Return the same, but for what depends on when runs took place: equal for equal sources."""
        return {
            table: [
                row[0]
                for row in self.query(
                    f"select (to_jsonb(t) - array{list(TIMES_OF_RUNS.get(table, ()))}::text[])::text "
                    f"from {table} t where {PRESENT_ONLY.get(table, 'true')} order by 1"
                )
            ]
            for table in self.tables(*schemas)
        }

    def rows_written(self) -> dict[str, int]:
        """Return, per table of data, how many rows were ever inserted, updated or deleted."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            # Sessions report their counts when they end; ours is new and asks for the newest.
            cursor.execute("select pg_stat_clear_snapshot()")
            cursor.execute(
                "select schemaname || '.' || relname, n_tup_ins + n_tup_upd + n_tup_del "
                "from pg_stat_user_tables where schemaname in %s and relname not in %s",
                (DATA_SCHEMAS, BOOKS),
            )
            return dict(cursor.fetchall())

    def downloads(self) -> int:
        """Return how many times the FTP server has sent a file, by its transfer log."""
        log: Path = self.site.ftp_transfer_log
        return len(log.read_text(encoding="latin-1").splitlines()) if log.exists() else 0


def kill_when(process: subprocess.Popen[str], text: str, after_seconds: float, *, whole_group: bool) -> str:
    """Kill a run with SIGKILL some time after its output holds a text; return the output so far."""
    seen = ""
    assert process.stdout is not None
    for line in process.stdout:
        seen += line
        if text in line:
            break
    else:
        pytest.fail(f"the run ended before {text!r}: {seen[-3000:]}")
    time.sleep(after_seconds)
    with contextlib.suppress(ProcessLookupError):
        # With the group its children die too; without, they go on as orphans, as after a real crash.
        os.killpg(process.pid, signal.SIGKILL) if whole_group else process.kill()
    process.wait(30)
    process.stdout.close()
    return seen
