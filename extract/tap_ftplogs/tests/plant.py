"""A plant for a test: a folder on a real server, the tap on it, and a warehouse in memory."""

from __future__ import annotations

import io
import json
import os
import time
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest import mock

from atelier_demo.servers import xferlog
from tap_ftplogs import streams
from tap_ftplogs.errors import SourceError
from tap_ftplogs.run import Run
from tap_ftplogs.tap import TapFtpLogs

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_demo.servers.vsftpd import Vsftpd

    from .servers.base import FtpServer

Record = dict[str, Any]

KEYS = {
    "log_files": ("file_version_id",),
    "log_events": ("file_version_id", "byte_offset"),
    "rejected_lines": ("file_version_id", "byte_offset"),
    "source_problems": ("problem_id",),
}


@dataclass
class Result:
    """What one run of the tap has written."""

    messages: list[Record]
    bytes_sent: int
    transfers: int
    error: str | None = None

    def records(self, stream: str) -> list[Record]:
        return [m["record"] for m in self.messages if m["type"] == "RECORD" and m["stream"] == stream]

    @property
    def state(self) -> Record:
        return next(m["value"] for m in reversed(self.messages) if m["type"] == "STATE")

    @property
    def record_count(self) -> int:
        return sum(message["type"] == "RECORD" for message in self.messages)


@dataclass
class Warehouse:
    """Tables that are written as a loader does: a record replaces the one of the same key."""

    tables: dict[str, dict[tuple[Any, ...], Record]] = field(
        default_factory=lambda: {stream: {} for stream in KEYS}
    )

    def load(self, result: Result) -> None:
        for message in result.messages:
            if message["type"] == "RECORD":
                record = message["record"]
                key = tuple(record[name] for name in KEYS[message["stream"]])
                self.tables[message["stream"]][key] = record

    def current_files(self) -> dict[str, Record]:
        """The current version of every path, as the transformation finds it."""
        rows = sorted(
            self.tables["log_files"].values(),
            key=lambda row: (row["read_at"], row["generation"], row["file_version_id"]),
        )
        return {row["path"]: row for row in rows}

    def pieces(self, path: str) -> list[str]:
        """The events of a path that count, those of files included that left the server after their load."""
        current = self.current_files()[path]["file_version_id"]
        counting = {
            row["file_version_id"]: row
            for row in self.tables["log_files"].values()
            if row["path"] == path and (row["file_version_id"] == current or row["removed_at"])
        }
        return sorted(
            f"{row['logged_at'][11:]} {row['details']}".rstrip()
            for row in self.tables["log_events"].values()
            if (file := counting.get(row["file_version_id"])) and row["byte_offset"] < file["read_bytes"]
        )

    def lines(self, path: str) -> list[tuple[int, str]]:
        """Byte offset and content of the lines that count of a path."""
        file = self.current_files()[path]
        found = [
            (row["byte_offset"], f"{row['logged_at']} {row['event_name']} {row['details']}".rstrip())
            for row in self._rows("log_events", file)
        ]
        found += [
            (row["byte_offset"], f"{row['reason']}: {row['line_text']}")
            for row in self._rows("rejected_lines", file)
        ]
        return sorted(found)

    def _rows(self, stream: str, file: Record) -> list[Record]:
        """The rows of a version that count: none beyond what the file says is read, as in the models."""
        return [
            row
            for row in self.tables[stream].values()
            if row["file_version_id"] == file["file_version_id"] and row["byte_offset"] < file["read_bytes"]
        ]

    def check_accounts(self) -> None:
        """Every line of every current version is there once, and counted."""
        for path, file in self.current_files().items():
            assert len(self._rows("log_events", file)) == file["event_count"], path
            assert len(self._rows("rejected_lines", file)) == file["rejected_count"], path
            counts = file["event_count"] + file["rejected_count"] + file["blank_count"]
            assert counts == file["line_count"], path


class Plant:
    """A root folder and what was loaded from it."""

    def __init__(self, server: Vsftpd | FtpServer, name: str, **config: object) -> None:
        self.server = server
        self.root: Path = server.data_folder / name
        self.root.mkdir()
        self.config: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": server.port,
            "user": server.user,
            "password": server.password,
            "root": f"{server.root}/{name}",
            **config,
        }
        self.warehouse = Warehouse()
        self.state: Record = {}
        self._clock = 1_748_400_000
        self._hours_ahead = 0.0

    def wait(self, hours: float) -> None:
        """Let the clock of the host that runs the tap go on; the server's stays."""
        self._hours_ahead += hours

    def write(self, path: str, content: bytes, *, at: int | None = None) -> None:
        """Replace a file; each write is a minute later than the one before unless told otherwise."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        self._touch(file, at)

    def append(self, path: str, content: bytes, *, at: int | None = None) -> None:
        file = self.root / path
        with file.open("ab") as stream:
            stream.write(content)
        self._touch(file, at)

    def _touch(self, file: Path, at: int | None) -> None:
        self._clock += 60
        moment = self._clock if at is None else at
        os.utime(file, (moment, moment))

    def transfers(self) -> list[xferlog.Transfer]:
        """The files that the server has sent of this plant."""
        return [
            transfer
            for transfer in xferlog.read(self.server.transfer_log)
            if f"/{self.root.name}/" in transfer.path and transfer.direction == "sent"
        ]

    def run(self, *, keep: bool = True, state: Record | None = None, **options: Any) -> Result:
        """Run the tap; keep its state and load its records unless told otherwise."""
        before = self.transfers()
        output = io.StringIO()
        error = None
        config = dict(self.config) | options.pop("config", {})
        run = partial(Run, clock=lambda: time.time() + 3600 * self._hours_ahead)
        with redirect_stdout(output), mock.patch.object(streams, "Run", run):
            try:
                tap = TapFtpLogs(config=config, state=self.state if state is None else state, **options)
                tap.sync_all()
            except SourceError as failure:
                error = str(failure)
        sent = self.transfers()[len(before) :]
        result = Result(
            [json.loads(line) for line in output.getvalue().splitlines()],
            sum(transfer.byte_count for transfer in sent),
            len(sent),
            error,
        )
        if keep:
            self.warehouse.load(result)
            self.state = result.state
        return result
