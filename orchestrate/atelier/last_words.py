"""Remembers what the parts of a run said last, so that a failed run can end with one clear sentence."""

from __future__ import annotations

import logging
import re
import signal
from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from target_warehouse.plain_text import plain_lines

from atelier import refusals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Lines kept per part of the pipeline.
KEPT_LINES = 300

#: What our own programs put before the sentence that says why they failed.
FAILURE_MARK = "FAILED: "

#: Under this name its own troubles are kept, beside those of the plugins.
MELTANO = "meltano"

#: How the plugins of a kind are called.
_PREFIXES = {"extractor": "tap-", "loader": "target-"}

#: How dbt heads each of its failures; what is wrong stands in the next line.
_DBT_FAILURE = re.compile(r"^(?:[\d:]+\s+)?(?P<what>(?:Failure|(?:\w+ )?Error) in .+)$")
_DBT_CLOCK = re.compile(r"^[\d:]+\s+")
#: How Meltano tells of a command that a signal has ended, and of a tap before it has read anything.
_KILLED_COMMAND = re.compile(r"^`(?P<command>[^`]+)` failed with exit code: -(?P<signal>\d+)$")
_KILLED_AT_START = re.compile(
    r"^Cannot start plugin (?P<command>[\w-]+): .* returned -(?P<signal>\d+)\b", re.DOTALL
)
_BROKEN_PIPE = re.compile(r"Broken ?[Pp]ipe|Connection ?(lost|[Rr]eset)")
_KILLED_ADVICE = (
    "see whether the machine has run out of memory (the kernel's log says so), then start this again"
)
#: What SQLAlchemy puts before the cause of a failure that is only a consequence.
_ORIGINAL = "Original exception was: "
#: By its SQLSTATE or its class, as the server's message may come in any language.
_DISK_FULL = re.compile(r"No space left on device|DiskFull|\b53100\b")
#: How Python tells of a failure of our own system; PostgreSQL's come without.
_ERRNO = re.compile(r"\[Errno \d+\]")
#: Not dbt's count of its errors, `ERROR=0`, which it tells of every build.
_ERROR_LINE = re.compile(
    r"^(?:[\w.]+\.)?\w*(?:Error|Exception|Failure)\b.*: .+|^.*\b(?:ERROR|CRITICAL)\b(?!=).*"
)


class LastWords(logging.Handler):
    """A logging handler that keeps the last lines of every plugin."""

    lines: dict[str, deque[str]] = {}  # noqa: RUF012 # one memory for the process: logging makes the handlers
    #: Who was killed in the step that failed, in words.
    killed: tuple[str, ...] = ()
    _heard: dict[str, str] = {}  # noqa: RUF012 # the same: which plugin is the tap and which the loader

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line of a plugin; structlog puts its name and its text into a dictionary."""
        event: Any = record.msg
        if not isinstance(event, dict):
            return
        if "success" in event and "set_number" in event:
            # Meltano's last word on a step.
            LastWords.killed = tuple(_killed(event, self._heard))
            self._heard.clear()
        name = event.get("name") or event.get("plugin") or event.get("string_id")
        text = str(event.get("event", "")).rstrip()
        trouble = event.get("exc_info")
        if not name and (trouble or record.levelno >= logging.ERROR):
            # What Meltano itself could not cope with. Its traceback may stand below: of an error without a
            # message the last line has the name.
            error = trouble[1] if isinstance(trouble, tuple) else trouble
            told = text.partition("\n")[0] or text.rpartition("\n")[2]
            name, text = MELTANO, told or (type(error).__name__ if error else "")
        for kind, prefix in _PREFIXES.items():
            if str(name).startswith(prefix):
                self._heard[kind] = str(name)
        if name and text:
            self.lines.setdefault(str(name), deque(maxlen=KEPT_LINES)).append(plain_lines(text))

    @classmethod
    def sentence(cls) -> str | None:
        """Return the reason of a failure: a sentence of ours, a failure of dbt, else the last error line."""
        if cls.killed:
            # The others only say that somebody is gone.
            return f"{' and '.join(cls.killed)}: {_KILLED_ADVICE}"
        if full := cls._full_disk():
            return full
        for lines in cls.lines.values():
            for line in reversed(lines):
                if FAILURE_MARK in line:
                    return line.partition(FAILURE_MARK)[2]
        for name in reversed(cls.lines):
            if failures := _dbt_failures(cls.lines[name]):
                more = f" (and {len(failures) - 1} more, above)" if len(failures) > 1 else ""
                head, mark, detail = failures[0].partition(": ")
                return f"{name}: {head}{mark}{refusals.of_dbt(detail)}{more}"
        for name in reversed(cls.lines):
            for line in reversed(cls.lines[name]):
                if _ERROR_LINE.match(line):
                    return f"{name} failed: {line.strip()}"
        for line in cls.lines.get(MELTANO, ()):
            if _BROKEN_PIPE.search(line):
                return f"a program of the run has ended without a word, as if it was killed: {_KILLED_ADVICE}"
            return f"{MELTANO} failed: {line.rpartition(_ORIGINAL)[2]}"
        return None

    @classmethod
    def _full_disk(cls) -> str | None:
        """Return the sentence of a disk that is full: what came of it is told in many ways."""
        for name, lines in cls.lines.items():
            for line in lines:
                if _DISK_FULL.search(line):
                    whose = "this machine" if _ERRNO.search(line) else "the warehouse"
                    return (
                        f"{name} failed because a disk of {whose} is full: make room there, then start this "
                        "again"
                    )
        return None


def _killed(event: Mapping[str, Any], heard: Mapping[str, str]) -> Iterable[str]:
    """Yield who ended by a signal, and by which."""
    codes = event.get("exit_codes")
    if isinstance(codes, dict) and codes:
        for plugin_type, code in codes.items():
            kind = str(plugin_type).removesuffix("s")
            if code < 0:
                yield f"{heard.get(kind, f'the {kind}')} was killed ({_signal_name(-code)})"
        return
    told = str(event.get("err", ""))
    if match := _KILLED_COMMAND.match(told) or _KILLED_AT_START.match(told):
        yield f"{match['command'].replace(' ', ':', 1)} was killed ({_signal_name(int(match['signal']))})"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _dbt_failures(lines: Iterable[str]) -> list[str]:
    told = [text for line in lines if (text := _DBT_CLOCK.sub("", line).strip())]
    return [
        f"{match['what']}: {detail}"
        for line, detail in pairwise([*told, "its messages are above"])
        # Some failures have two heads, one under the other.
        if (match := _DBT_FAILURE.match(line)) and not _DBT_FAILURE.match(detail)
    ]
