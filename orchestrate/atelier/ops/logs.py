"""The log of each run as a file of JSON lines, beside what people read on the terminal."""

from __future__ import annotations

import json
import logging
import os
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Final

from atelier import redaction
from atelier.ops.steps import now

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Environment variable by which the launcher tells the handler the run's file.
RUN_LOG: Final = "ATELIER_RUN_LOG"

#: A run that says more than this, as at the level debug, goes on in a new file; the oldest part goes.
FILE_BYTES: Final = 20_000_000
FILES: Final = 5

PATTERN: Final = "run-*.jsonl*"

#: Meltano's own logs in the folder of ours: one of each run of each pipeline.
MELTANO_PATTERN: Final = "meltano/log/elt/*/*/*.log"


def file_of(folder: Path, run_id: str) -> Path:
    """Return the log file of a run that begins now."""
    return folder / f"run-{now():%Y%m%dT%H%M%SZ}-{run_id}.jsonl"


def handler() -> logging.Handler:
    """Return the handler of the run's file, or one that does nothing outside a run; logging.yaml names it."""
    path = os.environ.get(RUN_LOG)
    if not path:
        return logging.NullHandler()
    return RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=FILES - 1, encoding="utf-8", delay=True)


class JsonLines(logging.Formatter):
    """Formats the lines of our own services, with what was given as `extra`, as Meltano formats its own."""

    _usual = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

    def format(self, record: logging.LogRecord) -> str:
        """Return a line as JSON."""
        fields = {name: value for name, value in vars(record).items() if name not in self._usual}
        # A traceback is a part of the message already (see `redaction`).
        return _json(record.getMessage(), record.levelname.lower(), record.name, fields)


def _json(event: str, level: str, logger: str, fields: Mapping[str, object]) -> str:
    line = {"event": event, "level": level, "timestamp": now().isoformat(), "logger": logger, **fields}
    return json.dumps(redaction.KNOWN.value(line), ensure_ascii=False, default=str)


def write(path: Path, event: str, level: str = "info", **fields: object) -> None:
    """Add a line of our own: what the launcher says before Meltano logs and after.

    A log that cannot be written, as on a full disk, must not end a run that could go on.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.write(_json(event, level, "atelier", fields) + "\n")
    except OSError:
        return
