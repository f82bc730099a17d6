"""What the tests of erasure and retention share: the commands, and every row of a warehouse."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from pipeline.plant import DATA_SCHEMAS, ROOT, Plant

if TYPE_CHECKING:
    from collections.abc import Iterator

ATELIER = ROOT / ".venv" / "bin" / "atelier"

#: When a row was read, or of what it was computed: not what it says.
VOLATILE = ("read_at", "ahead_seconds", "input_digest")


def start_gdpr(plant: Plant, part: str, **variables: str) -> subprocess.Popen[str]:
    """Start `atelier gdpr PART` on the plant's warehouse, in a process group of its own."""
    return subprocess.Popen(
        [str(ATELIER), "gdpr", part, "--environment=test"],
        cwd=ROOT,
        env=plant.environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def gdpr(plant: Plant, part: str, **variables: str) -> tuple[int, str]:
    """Run it; return its exit status and its output."""
    process = start_gdpr(plant, part, **variables)
    output, _ = process.communicate(timeout=280)
    return process.returncode, output


def gdpr_well(plant: Plant, part: str, **variables: str) -> str:
    """Run it; it must succeed."""
    status, output = gdpr(plant, part, **variables)
    assert status == 0, output
    return output


def every_row(plant: Plant) -> dict[str, list[str]]:
    """Return every row of data as JSON, by table, without what is volatile."""
    return {
        table: [
            json.dumps(row, sort_keys=True, ensure_ascii=False)
            for (row,) in plant.query(
                f"select to_jsonb(t) - array{list(VOLATILE)!r} from {table} t order by 1"
            )
        ]
        for table in plant.tables(*DATA_SCHEMAS)
    }


def texts_of(plant: Plant) -> Iterator[tuple[str, str]]:
    """Return every row of the database's tables and views as text, with its table; our own lists excepted."""
    for (table,) in plant.query(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_schema not in ('pg_catalog', 'information_schema')"
    ):
        if table not in ("gdpr.suppressed_customers", "gdpr.suppressed_orders"):
            for (row,) in plant.query(f"select t::text from {table} t"):
                yield table, row


def proofs(plant: Plant) -> list[dict[str, Any]]:
    """Return the proofs, the latest last."""
    return plant.dicts("select * from gdpr.operations order by finished_at")
