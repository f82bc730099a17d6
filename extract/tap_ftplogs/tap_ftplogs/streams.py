"""The three streams: names, keys, schemas, and how a file's rows become records."""

from __future__ import annotations

import logging
from abc import abstractmethod
from datetime import datetime, timezone
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Stream, metrics
from singer_sdk import typing as th
from singer_sdk.mapper import SameRecordTransform

from tap_ftplogs.errors import SourceError
from tap_ftplogs.messages import BlockWriter
from tap_ftplogs.run import Run, Turn
from tap_ftplogs.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.streams.core import Stream as CoreStream

    from tap_ftplogs.parser import Batch


def _text(name: str, description: str, *, is_key: bool = False) -> th.Property[str]:
    return th.Property(name, th.StringType, required=is_key, description=description)


def _number(name: str, description: str, *, is_key: bool = False) -> th.Property[int]:
    return th.Property(name, th.IntegerType, required=is_key, description=description)


def _moment(name: str, description: str) -> th.Property[str]:
    return th.Property(name, th.DateTimeType, description=description)


_VERSION_ID = _text(
    "file_version_id", "Key of a version of a file: hash of path, fingerprint and generation", is_key=True
)
_BYTE_OFFSET = _number("byte_offset", "Offset of the line's first byte in the file", is_key=True)
_LINE_NUMBER = _number("line_number", "Number of the line in the file, from 1")
_MACHINE_FOLDER = _text("machine_folder", "Folder below the root, such as `DEM12 (PVC)`")


class QuietStream(Stream):
    """A stream that leaves the SDK's progress messages to the debug log: ours say more, and less often."""

    replication_method = "LOG_BASED"
    state_partitioning_keys: ClassVar[Sequence[str]] = ()
    emit_activate_version_messages = False

    def log(self, message: str, *args: Any, level: int = logging.DEBUG, **kwargs: Any) -> None:  # noqa: ANN401
        """Log a message of the SDK."""
        super().log(message, *args, level=min(level, logging.DEBUG), **kwargs)

    def get_batch_config(self, config: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Never write BATCH messages: their state would run ahead of their records."""
        return

    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Keep nothing: the state has its own form."""


class LogFilesStream(QuietStream):
    """One record per version of a file; reads the files, and hands their lines to the streams below."""

    name = "log_files"
    primary_keys = ("file_version_id",)
    schema = th.PropertiesList(
        _VERSION_ID,
        _MACHINE_FOLDER,
        _text("path", "Path relative to the root"),
        _text("file_name", "Name without folders"),
        _number("size_bytes", "Size when last read"),
        _moment("modified_at", "When it was last modified, by the server's clock, in UTC"),
        _text("fingerprint", "SHA-256 of the first line (at most 4,096 bytes) with its line end"),
        _number("generation", "How often the path was replaced by a file of the same fingerprint"),
        _number("read_bytes", "Bytes taken so far"),
        _number("line_count", "Lines taken: events, rejected and blank ones"),
        _number("event_count", "Event lines taken"),
        _number("rejected_count", "Rejected lines taken"),
        _number("blank_count", "Blank lines taken"),
        _moment("first_event_at", "Wall clock of the first event line in file order"),
        _moment("last_event_at", "Wall clock of the last event line in file order"),
        _moment("read_at", "When something new was last read, in UTC"),
        th.Property(
            "is_complete",
            th.BooleanType,
            description="All taken, and nothing says that it may still be written",
        ),
        _text("read_error", "Why the file could not be read"),
        _moment("removed_at", "When it left the server after its load, in UTC; empty while it is there"),
    ).to_dict()

    _run: Run | None = None
    _turn: Turn | None = None

    def get_records(self, context: Context | None) -> Iterator[Record]:  # noqa: ARG002
        """Yield the record of every file that has something new; it is completed while its lines are read."""
        with Run(Settings.of(self.config), self.stream_state, self.logger) as run:
            self._run = run
            try:
                for turn in run.turns():
                    self._turn = turn
                    yield turn.state.row()
                    self._turn = None
                    yield from run.removals.found_rows()
                    if run.is_due:
                        self._tell_state(run)
                yield from run.removals.found_rows()
                if run.removals.is_due:
                    # First of all what was read is safe: only then is anything changed on the server.
                    self._tell_state(run)
                    for row in run.removals.dispose():
                        yield row
                        if run.is_due:
                            self._tell_state(run)
            except SourceError:
                self._tell_state(run)
                raise
            self._tell_state(run)

    def generate_child_contexts(self, record: Record, context: Context | None) -> Iterable[Context]:  # noqa: ARG002
        """Yield the file's rows, some at a time."""
        run, turn = self._run, self._turn
        if run is None or turn is None:
            return
        try:
            for batch in run.batches(turn):
                yield {
                    "batch": batch,
                    "file_version_id": turn.state.version_id,
                    "machine_folder": record["machine_folder"],
                }
                if run.is_due:
                    # With what it covers so far: nobody may see lines of a file that no record tells of.
                    self._write_row(turn)
                    self._tell_state(run)
        except SourceError:
            self._write_row(turn)
            self._tell_state(run)
            raise
        finally:
            record.clear()
            record.update(turn.state.row())

    def problem_rows(self) -> Iterator[Record]:
        """Yield the records of source_problems, once the files are read; then tell a state with them."""
        run = self._run
        if run is None:
            return
        row = None
        for row in run.problem_rows():
            yield row
        if row is not None:
            self._tell_state(run)

    def raise_problems(self) -> None:
        """Fail if something could not be read or done.

        Raises:
            SourceError: Names it.
        """
        if self._run is not None:
            self._run.problems.raise_any()

    def _write_row(self, turn: Turn) -> None:
        row = turn.state.row()
        if self.selected and self.stream_maps[0].get_filter_result(row):
            self._write_record_message(row)

    def _tell_state(self, run: Run) -> None:
        bookmark = run.bookmark()
        self.stream_state.clear()
        self.stream_state.update(bookmark)
        self._tap.state_writer.write_state(self.tap_state)


class LineStream(QuietStream):
    """One record per line of one kind; its context is a batch of lines of one version of a file."""

    parent_stream_type: type[CoreStream] | None = LogFilesStream
    _schema_is_written = False

    #: The names of the values of a row.
    columns: ClassVar[tuple[str, ...]]

    @abstractmethod
    def rows(self, batch: Batch) -> Sequence[tuple[Any, ...]]:
        """Return this stream's rows of a batch."""

    @abstractmethod
    def messages(self, batch: Batch, head: str, end: str) -> str:
        """Return this stream's rows of a batch as RECORD messages.

        Args:
            batch: The lines.
            head: What stands before a row's byte offset.
            end: What follows its last value, the line end included.
        """

    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Yield the lines of a batch as the SDK wants them."""
        if context is None:
            return
        version_id, machine_folder = context["file_version_id"], context["machine_folder"]
        for row in self.rows(context["batch"]):
            record = dict(zip(self.columns, row, strict=True))
            yield {"file_version_id": version_id, "machine_folder": machine_folder, **record}

    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        """Write a batch at once where nobody wants it changed: the SDK's way takes several times longer."""
        writer = self._tap.message_writer
        if not (write_messages and context and self._is_plain and isinstance(writer, BlockWriter)):
            yield from super()._sync_records(context, write_messages=write_messages)
            return
        extracted = datetime.now(timezone.utc).isoformat()
        head = (
            f'{{"type":"RECORD","stream":"{self.name}","record":{{"file_version_id":"{context["file_version_id"]}"'
            f',"machine_folder":{quoted(context["machine_folder"])},"byte_offset":'
        )
        writer.write_lines(self.messages(context["batch"], head, f'}},"time_extracted":"{extracted}"}}\n'))

    @property
    def _is_plain(self) -> bool:
        """Whether records go out as they are: no stream map, no column left out, no limit."""
        return (
            self.ABORT_AT_RECORD_COUNT is None
            and self._input_schema in (None, self.schema)
            and all(self.mask[("properties", name)] for name in self.schema["properties"])
            and all(
                type(stream_map) is SameRecordTransform and not stream_map.flattening_enabled
                for stream_map in self.stream_maps
            )
        )

    def _write_schema_message(self) -> None:
        """Write it before the first batch only."""
        if not self._schema_is_written:
            super()._write_schema_message()
            self._schema_is_written = True

    def _write_state_message(self) -> None:
        """Leave the state to the parent: it is told when both kinds of lines of a batch are written."""

    def get_record_counter(self, **_: Any) -> metrics.Counter:  # noqa: ANN401
        """Count without a message per batch."""
        return _QuietCounter(metrics.Metric.RECORD_COUNT)

    def get_sync_timer(self) -> metrics.Timer:
        """Time without a message per batch."""
        return _QuietTimer(metrics.Metric.SYNC_DURATION)


class LogEventsStream(LineStream):
    """One record per event line."""

    name = "log_events"
    primary_keys = ("file_version_id", "byte_offset")
    columns = ("byte_offset", "line_number", "logged_at", "event_name", "details")
    schema = th.PropertiesList(
        _VERSION_ID,
        _BYTE_OFFSET,
        _LINE_NUMBER,
        _MACHINE_FOLDER,
        _moment("logged_at", "The plant's wall clock as written"),
        _text("event_name", "What happened"),
        _text("details", "The rest of the line; empty when there is none"),
    ).to_dict()

    def rows(self, batch: Batch) -> Sequence[tuple[Any, ...]]:
        """Return the events."""
        return batch.events

    def messages(self, batch: Batch, head: str, end: str) -> str:
        """Return the events as RECORD messages."""
        return "".join(
            [
                f'{head}{offset},"line_number":{number},"logged_at":"{logged_at}",'
                f'"event_name":{quoted(name)},"details":{quoted(details)}{end}'
                for offset, number, logged_at, name, details in batch.events
            ]
        )


class RejectedLinesStream(LineStream):
    """One record per line that is neither blank nor an event."""

    name = "rejected_lines"
    primary_keys = ("file_version_id", "byte_offset")
    columns = ("byte_offset", "line_number", "byte_count", "line_text", "is_truncated", "reason")
    schema = th.PropertiesList(
        _VERSION_ID,
        _BYTE_OFFSET,
        _LINE_NUMBER,
        _MACHINE_FOLDER,
        _number("byte_count", "Length of the line without its line feed"),
        _text("line_text", "Its text, control characters escaped, at most 4,000 characters"),
        th.Property("is_truncated", th.BooleanType, description="Whether the text was cut"),
        _text("reason", "`no_time`, `impossible_time` or `no_event`"),
    ).to_dict()

    def rows(self, batch: Batch) -> Sequence[tuple[Any, ...]]:
        """Return the rejected lines."""
        return batch.rejected

    def messages(self, batch: Batch, head: str, end: str) -> str:
        """Return the rejected lines as RECORD messages."""
        return "".join(
            [
                f'{head}{offset},"line_number":{number},"byte_count":{byte_count},"line_text":{quoted(text)},'
                f'"is_truncated":{"true" if is_cut else "false"},"reason":"{reason}"{end}'
                for offset, number, byte_count, text, is_cut, reason in batch.rejected
            ]
        )


class SourceProblemsStream(QuietStream):
    """One record per thing that could not be read or done, from its beginning to its end.

    It is told after the files; its state is kept with theirs.
    """

    name = "source_problems"
    primary_keys = ("problem_id",)
    schema = th.PropertiesList(
        _text("problem_id", "Key: hash of kind, path and first_seen_at", is_key=True),
        _text(
            "kind",
            "`file_unreadable`, `folder_unreadable`, `listing_unreadable`, `archive_failed`, `delete_failed`",
        ),
        _MACHINE_FOLDER,
        _text("path", "What it is about, relative to the root"),
        _text("reason", "What the server says"),
        _moment("first_seen_at", "When a run first met it, in UTC"),
        _moment("last_seen_at", "When a run last met it, or could not look because of its folder, in UTC"),
        _moment(
            "resolved_at",
            "When a run first did not meet it any more, in UTC; empty while it lasts, and for ever where the "
            "state of the run that met it was lost: last_seen_at is then before the newest run",
        ),
    ).to_dict()

    def __init__(self, tap: Tap, log_files: LogFilesStream) -> None:
        self._log_files = log_files
        super().__init__(tap)

    def get_records(self, context: Context | None) -> Iterator[Record]:  # noqa: ARG002
        """Yield the problems that there are, and those that are over since the run before.

        Raises:
            SourceError: There are some, and the settings want the run to fail then.
        """
        yield from self._log_files.problem_rows()
        if Settings.of(self.config).fail_on_problems:
            self._log_files.raise_problems()


class _QuietCounter(metrics.Counter):
    def exit(self) -> None:
        """Say nothing."""

    def _ready_to_log(self) -> bool:
        return False


class _QuietTimer(metrics.Timer):
    def __exit__(self, *_: object) -> None:
        """Say nothing."""
