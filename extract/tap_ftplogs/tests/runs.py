"""Runs of the tap on a scripted server, and what they have written."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from tap_ftplogs.errors import SourceError
from tap_ftplogs.tap import TapFtpLogs

if TYPE_CHECKING:
    from .scripted_ftp import ScriptedFtp


def run(
    server: ScriptedFtp, state: dict[str, Any] | None = None, **changes: Any
) -> tuple[list[dict[str, Any]], str | None]:
    output, error = io.StringIO(), None
    with redirect_stdout(output):
        try:
            TapFtpLogs(config=config(server, **changes), state=state or {}).sync_all()
        except SourceError as failure:
            error = str(failure)
    return [json.loads(line) for line in output.getvalue().splitlines()], error


def config(server: ScriptedFtp, **changes: Any) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": server.port,
        "user": "u",
        "password": "p@ss:w/rd%#?$ é",
        "root": "/logs",
        "read_timeout": 5,
        **changes,
    }


def events(messages: list[dict[str, Any]]) -> list[str]:
    return [m["record"]["details"] for m in messages if m["type"] == "RECORD" and m["stream"] == "log_events"]


def last_state(messages: list[dict[str, Any]]) -> dict[str, Any]:
    state: dict[str, Any] = next(m["value"] for m in reversed(messages) if m["type"] == "STATE")
    return state


def paths(messages: list[dict[str, Any]]) -> list[str]:
    return [m["record"]["path"] for m in messages if m["type"] == "RECORD" and m["stream"] == "log_files"]


def problems(messages: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [
        (m["record"]["kind"], m["record"]["path"], m["record"]["reason"])
        for m in messages
        if m["type"] == "RECORD" and m["stream"] == "source_problems"
    ]
