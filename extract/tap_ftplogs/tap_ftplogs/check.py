"""Says in plain sentences whether a source can be used: log-in, machines, clocks, what may be changed."""

from __future__ import annotations

import ftplib
import io
import logging
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from tap_ftplogs.client import FileRefusedError, FtpClient
from tap_ftplogs.discovery import discover, newest_file, problem_sentences
from tap_ftplogs.grammar import classify, decode
from tap_ftplogs.limits import MAX_GROWTH_BYTES
from tap_ftplogs.names import age_order, shown_name
from tap_ftplogs.plain_text import plain_text
from tap_ftplogs.replies import refused
from tap_ftplogs.settings import Settings
from tap_ftplogs.state import moment_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_ftplogs.discovery import LogFile, Machine

LOGGER = logging.getLogger("tap-ftplogs")

#: The end of a file where its last line is looked for.
_TAIL_BYTES: Final = 4096

#: A line and the time of its file differ by the seconds that writing takes; by more, the file came otherwise.
_WRITING: Final = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What a check of the source has found; `remarks` are sentences of a thorough check."""

    place: str
    user: str
    tls: str
    root: str
    is_mlsd: bool
    files_by_machine: dict[str, int]
    newest_path: str | None
    newest_modified: str | None
    problems: list[str]
    remarks: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """Return the report as plain sentences."""
        count = sum(self.files_by_machine.values())
        machines = ": " + ", ".join(f"{name} ({files})" for name, files in self.files_by_machine.items())
        protection = "without encryption" if self.tls == "off" else f"with {self.tls} TLS"
        listing = (
            "MLSD (times to the second)" if self.is_mlsd else "LIST (no MLSD: MDTM and SIZE tell changes)"
        )
        newest = "There is no log file yet."
        if self.newest_path is not None:
            when = f"{self.newest_modified} UTC" if self.newest_modified else "at an unknown time"
            newest = f"The newest file is {self.newest_path}, last modified {when}."
        return [
            f"Logged in to {self.place} as {self.user}, {protection}.",
            f"{self.root} holds {_count(len(self.files_by_machine), 'machine')} with "
            f"{_count(count, 'log file')}{machines if self.files_by_machine else ''}.",
            newest,
            f"Folders are listed with {listing}.",
            *self.remarks,
            *(f"Problem: {problem}." for problem in self.problems),
        ]

    def __str__(self) -> str:
        return " ".join(self.sentences())


def check_source(config: Mapping[str, Any], *, thorough: bool = False) -> SourceReport:
    """Log in and look.

    Args:
        config: The tap's settings.
        thorough: Also read the end of the newest file to infer the time zone, and try with an empty file of
            our own, gone at the end, whether files may be renamed and deleted.

    Raises:
        SourceError: A setting is wrong, the server refuses, the root is missing or holds no machine.
    """
    settings = Settings.of(config)
    with FtpClient(settings, LOGGER) as client:
        tree = discover(client)
        newest = [
            (file, machine) for machine in tree.machines if (file := newest_file(client, machine)) is not None
        ]
        latest, home = max(newest, key=lambda pair: age_order(pair[0].path), default=(None, None))
        modified = None
        remarks = []
        if latest is not None and home is not None:
            known = latest.listed.modified
            modified = known if known is not None else client.modified(latest.wire_path)
            if thorough:
                remarks = [
                    _time_zone(client, latest, modified, settings.plant_timezone),
                    _rights(client, latest, home, settings.after_load),
                ]
        return SourceReport(
            place=settings.place,
            user=settings.user,
            tls=settings.tls,
            root=settings.root,
            is_mlsd=tree.is_mlsd,
            files_by_machine={machine.folder: len(machine.files) for machine in tree.machines},
            newest_path=latest.path if latest is not None else None,
            newest_modified=moment_text(modified),
            problems=problem_sentences(tree.problems),
            remarks=remarks,
        )


def _time_zone(client: FtpClient, file: LogFile, modified: int | None, zone_name: str) -> str:
    """Infer the offset of the machine's clock: its last line was written when the file was last modified."""
    unknown = "The time zone of the machines cannot be inferred"
    size = client.size(file.wire_path) or 0
    try:
        start, limit = max(0, size - _TAIL_BYTES), size + MAX_GROWTH_BYTES
        tail = b"".join(client.read(file.wire_path, start, limit)) if size else b""
    except FileRefusedError as error:
        return f"{unknown}: {file.path} cannot be read ({error})."
    lines = [classify(decode(line.replace(b"\0", b""))) for line in tail.split(b"\n")]
    events = [line for line in lines if isinstance(line, tuple)]
    if not events or modified is None:
        return f"{unknown}: no event at the end of {file.path}, or no time of the file."
    written = datetime.fromisoformat(events[-1][0]).replace(tzinfo=timezone.utc)
    stored = datetime.fromtimestamp(modified, timezone.utc)
    expected = written.replace(tzinfo=ZoneInfo(zone_name)).utcoffset() or timedelta()
    ahead = written - stored - expected
    hours = timedelta(hours=round(ahead / timedelta(hours=1)))
    offset = expected + hours
    saying = (
        f"the last line of {file.path} says {written:%Y-%m-%d %H:%M:%S}, the server modified it at "
        f"{stored:%Y-%m-%d %H:%M:%S} UTC"
    )
    if abs(ahead - hours) > _WRITING or abs(offset) > timedelta(hours=14):
        return f"{unknown}: {saying}, so it was copied or has waited."
    if offset == expected:
        return f"The machines' clocks run at {_offset_text(offset)}, as {zone_name} does then: {saying}."
    return (
        f"The machines' clocks seem to run at {_offset_text(offset)}, but {zone_name} is at "
        f"{_offset_text(expected)} then: {saying}. Check PLANT_TIMEZONE, the clocks of the "
        "machines, and that the server tells times in UTC."
    )


def _rights(client: FtpClient, latest: LogFile, machine: Machine, after_load: str) -> str:
    """Try to rename and delete a file of our own in a machine's folder."""
    folder = latest.wire_path.rpartition("/")[0]
    name = f"{folder}/.tap-ftplogs-test-{secrets.token_hex(8)}"
    other = f"{name}-renamed"
    where = f"in {machine.folder}"

    def store(ftp: ftplib.FTP) -> str | None:
        try:
            ftp.storbinary(f"STOR {name}", io.BytesIO())
        except ftplib.error_perm as error:
            return plain_text(shown_name(str(error)))
        return None

    reason = client.retried("storing a test file", store)
    if reason is not None:
        # Asking to rename is harmless as long as the new name is not said.
        reason = client.retried("asking to rename", lambda ftp: refused(ftp, f"RNFR {latest.wire_path}"))
        can = f"may not rename ({reason})" if reason else "may probably rename"
        sentence = f"The user {can} files {where}; whether it may delete them is not known."
    else:
        rename = client.rename(name, other)
        left = name if rename else other
        delete = client.retried("deleting the test file", lambda ftp: refused(ftp, f"DELE {left}"))
        sentence = (
            f"The user {_may(rename)} rename and {_may(delete)} delete files {where}"
            f"{f' ({rename or delete})' if rename or delete else ''}."
        )
        if delete:
            sentence += f" The empty file {left} of this test is left there: remove it."
    return f"{sentence} After loading, files are {_AFTER_LOAD[after_load]}."


_AFTER_LOAD: Final = {"keep": "kept", "archive": "archived", "delete": "deleted"}


def _may(reason: str | None) -> str:
    return "may not" if reason else "may"


def _offset_text(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
