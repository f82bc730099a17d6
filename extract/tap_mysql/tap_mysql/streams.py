"""The streams: one per table, and one that says what was read."""

from __future__ import annotations

import json
import logging
from decimal import Decimal
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream, metrics
from singer_sdk import typing as th
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.catalog import Metadata

from tap_mysql import incremental
from tap_mysql.errors import SourceError
from tap_mysql.messages import BlockWriter
from tap_mysql.records import RecordFormatter
from tap_mysql.values import kind_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.singerlib import Catalog

    from tap_mysql.tables import Table
    from tap_mysql.tap import TapMySQL

TABLE_READS = "table_reads"


class QuietStream(Stream):
    """A stream that leaves the SDK's progress messages to the debug log, and the state to the tap."""

    emit_activate_version_messages = False
    _tap: TapMySQL

    @property
    def tap_stream_id(self) -> str:
        """The stream's name in the catalog: database and table, in lower case."""
        return f"{self._tap.settings.database}-{self.name}".lower()

    def log(self, message: str, *args: Any, level: int = logging.DEBUG, **kwargs: Any) -> None:  # noqa: ANN401
        """Log a message of the SDK."""
        super().log(message, *args, level=min(level, logging.DEBUG), **kwargs)

    def get_batch_config(self, config: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Never write BATCH messages: they have no version."""
        return

    def get_record_counter(self, **_: Any) -> metrics.Counter:  # noqa: ANN401
        """Count without a message of its own."""
        return _QuietCounter(metrics.Metric.RECORD_COUNT)

    def get_sync_timer(self) -> metrics.Timer:
        """Time without a message of its own."""
        return _QuietTimer(metrics.Metric.SYNC_DURATION)

    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Keep nothing: the bookmark is the tap's."""

    def _increment_stream_state(self, latest_record: Record, *, context: Context | None = None) -> None:
        """Keep nothing: the bookmark is set when the table is read."""

    def _write_state_message(self) -> None:
        """Leave it to the tap: before the last table is read, nothing counts as read."""


class TableStream(QuietStream):
    """One record per row of a table, as the snapshot has it."""

    def __init__(self, tap: TapMySQL, table: Table, namesakes: Sequence[str] = ()) -> None:
        """Describe the stream of a table; its columns that cannot be told are left out.

        Args:
            tap: The tap.
            table: The table.
            namesakes: The names of other tables that differ from this one's by case only.
        """
        self.table = table
        self._namesakes = namesakes
        as_text = tap.settings.binary_as_text
        self._told = {
            column.name: (column, kind)
            for column in table.columns
            if (kind := kind_of(column, binary_as_text=as_text))
        }
        self._missing: list[str] = []
        properties = {name: kind.schema for name, (_, kind) in self._told.items()}
        super().__init__(tap, schema={"type": "object", "properties": properties}, name=table.name)
        self.primary_keys = [name for name in table.key if name in self._told]

    @property
    def skipped_columns(self) -> list[str]:
        """The columns of types that cannot be told, with their types."""
        return [f"{c.name} ({c.data_type})" for c in self.table.columns if c.name not in self._told]

    @property
    def missing_columns(self) -> list[str]:
        """The columns that the catalog selects and the table has not."""
        return self._missing

    @property
    def is_full(self) -> bool:
        """Whether all rows are read, and take the place of those of the last run."""
        return self.replication_method != "INCREMENTAL"

    def apply_catalog(self, catalog: Catalog) -> None:
        """Take the selection, the key of a view and the way of replication; the types are the table's own."""
        self._tap_input_catalog = catalog
        entry = catalog.get_stream(self.tap_stream_id)
        if entry is None:
            return
        root = entry.metadata.root
        named = entry.schema.to_dict().get("properties", {})
        selected = entry.metadata.resolve_selection()
        self._missing = [
            name
            for name in named
            if name not in self._told and selected[("properties", name)] and root.selected is not False
        ]
        # A column that is newer than the catalog is selected by nobody.
        properties = {name: kind.schema for name, (_, kind) in self._told.items() if name in named}
        self._schema = {"type": "object", "properties": properties}
        # A key that somebody has configured is in the metadata, in the place of the table's own.
        self.primary_keys = root.table_key_properties or entry.key_properties or self.primary_keys
        for name in set(self.table.key) - set(self.primary_keys):
            # Only a column of the key is read unasked.
            if (column := entry.metadata.get(("properties", name))) is not None:
                column.inclusion = Metadata.InclusionType.AVAILABLE
                column.selected = bool(column.selected)
        self.replication_key = entry.replication_key or root.replication_key
        self.forced_replication_method = entry.replication_method or root.forced_replication_method

    def check(self) -> None:
        """Refuse what cannot be done, before anything is read.

        Raises:
            SourceError: Columns are gone, the way of replication does not fit the table, or no key tells its
                rows apart.
        """
        where = f"the table {self.name} of the database {self._tap.settings.database}"
        if self._namesakes:
            raise SourceError(
                f"{where} exists several times, as {self.table.source_name}, {', '.join(self._namesakes)}: "
                "names match without case, so rename all but one of them"
            )
        if self._missing:
            raise SourceError(
                f"{where} has no column {', '.join(self._missing)} any more, or user "
                f"{self._tap.settings.user} may not read it, or its type cannot be told: correct the "
                "selection or grant SELECT"
            )
        if not self._selected_columns:
            raise SourceError(f"of {where} no column is selected: select some, or leave the table out")
        if self.replication_method not in ("FULL_TABLE", "INCREMENTAL"):
            raise SourceError(
                f"{where} is to be read {self.replication_method}, which this tap cannot do: set "
                "replication-method to FULL_TABLE or INCREMENTAL"
            )
        if not self.is_full:
            key = self.replication_key
            if key is None or key not in self._selected_columns:
                raise SourceError(
                    f"{where} is to be read INCREMENTAL by {key}, which is no selected column of it: set "
                    "replication-key to one that is"
                )
            incremental.check(where, key, self._told[key][1])
        self._check_key(where)

    def _check_key(self, where: str) -> None:
        key = list(self.primary_keys)
        advice = "set table-key-properties to the columns that tell its rows apart"
        if not key:
            if self.is_full:
                raise SourceError(f"{where} has no key, so its rows cannot be told apart: {advice}")
            return
        if lacking := [name for name in key if name not in self._selected_columns]:
            raise SourceError(
                f"{where} is to have the key {', '.join(key)}, and {', '.join(lacking)} is no selected "
                f"column of it: select it, or {advice}"
            )
        if self.table.is_unique(key):
            return
        repeated, without = self._tap.snapshot.ambiguous_keys(
            self.table.source_name, [self._told[name][0].source_name for name in key]
        )
        if repeated or without:
            raise SourceError(
                f"{where} is to have the key {', '.join(key)}, which does not tell its rows apart: "
                f"{repeated} values stand in several rows, {without} rows have NULL in it; correct the rows, "
                f"or {advice}"
            )

    def activate(self) -> None:
        """Say that the table is complete."""
        version = self._stream_version
        if not self.is_full or version is None:
            return
        self._write_activate_version_message(version)
        if self._formatter.row_count == 0:
            # A version without any record before it may pass for an announcement of records to come (as
            # PyPI's tap-mysql makes it): said twice, the table is known to be empty.
            self._write_activate_version_message(version)

    def get_records(self, context: Context | None) -> Iterator[Record]:  # noqa: ARG002
        """Yield the rows as the SDK wants them; numbers with a fraction are exact Decimals."""
        for packets in self._packets():
            for line in self._formatter.lines(packets, "{", "}\n").splitlines():
                yield json.loads(line, parse_float=Decimal)

    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        """Write rows at once where nobody wants them changed: the SDK's way takes many times longer."""
        snapshot = self._tap.snapshot
        self._stream_version = snapshot.version if self.is_full else None
        writer = self._tap.message_writer
        if not (write_messages and self._is_plain and isinstance(writer, BlockWriter)):
            yield from super()._sync_records(context, write_messages=write_messages)
            return
        version = f',"version":{self._stream_version}' if self.is_full else ""
        head = f'{{"type":"RECORD","stream":{quoted(self.name)},"record":{{'
        end = f'}}{version},"time_extracted":"{snapshot.taken_at}+00:00"}}\n'
        for packets in self._packets():
            writer.write_lines(self._formatter.lines(packets, head, end))

    def _packets(self) -> Iterator[list[bytes]]:
        """Yield the rows, some at a time; afterwards make sure that they were all.

        Raises:
            SourceError: The server fails, or has other than the counted number of rows.
        """
        tap, columns = self._tap, self._selected_columns
        key = None if self.is_full else self.replication_key
        where = ""
        if key is not None:
            where = incremental.condition(tap.snapshot, self._told[key], self.stream_state)
        self._formatter = formatter = RecordFormatter(
            self.name, [self._told[name] for name in columns], tap.settings.offset, self.logger
        )
        table = self.table.source_name
        counted = tap.snapshot.count(table, where)
        last: bytes | None = None
        source_names = [self._told[name][0].source_name for name in columns]
        order_by = self._told[key][0].source_name if key is not None else ""
        for packets in tap.snapshot.read(table, source_names, where, order_by):
            if packets:
                last = packets[-1]
                yield packets
            if formatter.row_count > counted:
                # They may have no end.
                break
        formatter.warn()
        if formatter.row_count != counted:
            more = "or more " if formatter.row_count > counted else ""
            raise SourceError(
                f"the table {self.name} of {tap.settings.place} has {counted} rows, but "
                f"{formatter.row_count} {more}came: run again; a view that gives other rows each time, or a "
                "table that is not InnoDB and is being written to, cannot be read like this"
            )
        if key is not None and last is not None:
            incremental.remember(self.stream_state, key, formatter.value(last, key))
        tap.note_read(self.name, self._stream_version, counted, formatter)

    @property
    def _selected_columns(self) -> list[str]:
        return [name for name in self.schema["properties"] if self.mask[("properties", name)]]

    @property
    def _is_plain(self) -> bool:
        """Whether records go out as they are: no stream map, no limit."""
        return self.ABORT_AT_RECORD_COUNT is None and all(
            type(stream_map) is SameRecordTransform and not stream_map.flattening_enabled
            for stream_map in self.stream_maps
        )


class TableReadsStream(QuietStream):
    """One record per table and run: how many rows there were, and how many came."""

    name = TABLE_READS
    primary_keys = ("database_name", "table_name", "snapshot_at")
    schema = th.PropertiesList(
        th.Property("database_name", th.StringType, required=True, description="The database"),
        th.Property("table_name", th.StringType, required=True, description="The table or view"),
        th.Property(
            "snapshot_at",
            th.DateTimeType,
            required=True,
            description="When the snapshot was taken, by the server's clock, in UTC",
        ),
        th.Property(
            "version",
            th.IntegerType,
            description="The version of the table's records in this run; NULL of an incremental table",
        ),
        th.Property("counted_rows", th.IntegerType, description="What COUNT(*) says in the snapshot"),
        th.Property(
            "emitted_rows", th.IntegerType, description="Rows that were read; the same, or the run fails"
        ),
        th.Property(
            "impossible_date_count",
            th.IntegerType,
            description="Dates that are in no calendar, such as 0000-00-00, and came as NULL",
        ),
        th.Property(
            "invalid_text_count",
            th.IntegerType,
            description=r"Texts that hold bytes that are no text, and came with `\xff`",
        ),
        th.Property(
            "impossible_dates",
            th.ObjectType(additional_properties=th.IntegerType),
            description="The impossible dates by column; only columns with some",
        ),
        th.Property(
            "invalid_texts",
            th.ObjectType(additional_properties=th.IntegerType),
            description="The invalid texts by column; only columns with some",
        ),
        th.Property("server_version", th.StringType, description="What the server calls itself"),
        th.Property(
            "binlog_file", th.StringType, description="File of the binary log at the snapshot, if known"
        ),
        th.Property("binlog_position", th.IntegerType, description="Position in it"),
        th.Property("gtid_set", th.StringType, description="GTIDs that the snapshot holds, if known"),
    ).to_dict()

    def apply_catalog(self, catalog: Catalog) -> None:
        """Take the selection."""
        self._tap_input_catalog = catalog

    def get_records(self, context: Context | None) -> Iterator[Record]:  # noqa: ARG002
        """Yield what was read in this run."""
        yield from self._tap.reads


class _QuietCounter(metrics.Counter):
    def exit(self) -> None:
        """Say nothing."""

    def _ready_to_log(self) -> bool:
        return False


class _QuietTimer(metrics.Timer):
    def __exit__(self, *_: object) -> None:
        """Say nothing."""
