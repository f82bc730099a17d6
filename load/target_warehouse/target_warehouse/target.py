"""The target: when the sinks are drained, and which messages complete a full table."""

from __future__ import annotations

from json import JSONDecodeError
from typing import IO, TYPE_CHECKING, Any

from singer_sdk import typing as th
from singer_sdk.io_base import SingerReader
from singer_sdk.singerlib.json import deserialize_json
from target_postgres.target import TargetPostgres

from target_warehouse import plain_text
from target_warehouse.errors import LoadError, values_hidden
from target_warehouse.full_tables import DEFAULT_MAX_DELETE_SHARE, FullTables
from target_warehouse.sinks import WarehouseSink

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable

    from singer_sdk.sinks import Sink

OWN_SETTINGS = th.PropertiesList(
    th.Property(
        "pseudonym_columns",
        th.ArrayType(th.StringType),
        default=[],
        title="Pseudonym columns",
        description="Columns, as `table.column`, whose values are replaced by a pseudonym before they "
        "reach the warehouse.",
    ),
    th.Property(
        "pseudonym_key",
        th.StringType,
        secret=True,
        title="Pseudonym key",
        description="Secret key of the pseudonyms (HMAC-SHA-256); needed as soon as a column of "
        "pseudonym_columns arrives.",
    ),
    th.Property(
        "line_digests",
        th.BooleanType,
        default=False,
        title="Digests of log lines",
        description="Adds to log_events and rejected_lines a digest of each line under pseudonym_key, by "
        "which copies of a line are recognised after its text was overwritten.",
    ),
    th.Property(
        "max_delete_share",
        # Meltano hands over numbers as texts.
        th.CustomType({"type": ["number", "string", "null"]}),
        default=DEFAULT_MAX_DELETE_SHARE,
        title="Largest share of deletions",
        description="A load that would delete more than this share of a full table's rows (0..1), or all of "
        "them, is refused and changes nothing.",
    ),
    th.Property(
        "confirm_deletes",
        th.StringType,
        title="Confirmed deletions",
        description="Tables, separated by commas, that may lose any number of rows in this run; or `all`.",
    ),
    th.Property(
        "withholding_schema",
        th.StringType,
        title="Withholding schema",
        description="Schema that records which customers are erased and what is kept no longer: rows of the "
        "ERP's tables that are not to come into the warehouse. Nothing is withheld where it does not exist.",
    ),
    th.Property(
        "planned_note",
        th.StringType,
        title="Planned note",
        description="Words by which a journal note says that an order is planned: all that is kept of a note "
        "that is too old.",
    ),
).to_dict()


class Reader(SingerReader):
    """Reads a tap's messages; one that cannot be read or loaded is told of and not shown."""

    def process_lines(
        self, file_input: IO[str] | None, callbacks: dict[str, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        """Read messages to the end and hand each to the function for its type."""
        with values_hidden():
            return super().process_lines(file_input, callbacks)

    def deserialize_json(self, line: str) -> dict[str, Any]:
        """Return the message of a line; the last one of a killed tap is torn."""
        try:
            return deserialize_json(line)
        except JSONDecodeError as error:
            raise LoadError(f"the tap sent a line that is no message: {error.msg} at {error.pos}") from None


class TargetWarehouse(TargetPostgres):
    """target-postgres, with four guarantees added.

    - A row that is already as it should be is not written again.
    - The streams sent as full tables (their records carry a `version`) replace their tables in one
      transaction at the end of the run, those that the tap has called complete; until then the tables stay as
      they were. Should too many rows be gone, the run fails and no table is changed.
    - A row of a parent stream is never in the warehouse before the rows of its children: whoever sees a row
      of `log_files` also sees every line that it counts.
    - No error and no line of a log, at any level, shows a value of a row.
    """

    name = "target-warehouse"
    default_sink_class = WarehouseSink
    message_reader_class = Reader
    config_jsonschema = {  # noqa: RUF012 # the SDK declares it as an instance-independent dictionary
        **TargetPostgres.config_jsonschema,
        "properties": {
            **TargetPostgres.config_jsonschema["properties"],
            **OWN_SETTINGS["properties"],
        },
    }

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 # passed on to the SDK as they come
        super().__init__(**options)
        self.full_tables = FullTables(self.config, self.logger)
        self._mixed_case_streams: set[str] = set()

    @classmethod
    def invoke(cls, **options: Any) -> None:  # noqa: ANN401 # passed on to the SDK as they come
        """Run from the command line."""
        plain_text.install()
        super().invoke(**options)

    def process_endofpipe(self) -> None:
        """Load what is left, put the full tables in their place, and leave no session open."""
        try:
            super().process_endofpipe()
            self.full_tables.replace()
            for sink in self._sinks_active.values():
                if isinstance(sink, WarehouseSink) and sink.full_table_version is None:
                    sink.follow_columns()
        finally:
            for sink in self._sinks_active.values():
                if isinstance(sink, WarehouseSink):
                    sink.connector._engine.dispose()  # noqa: SLF001 # no public way to it

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        try:
            super()._process_schema_message(self._in_lower_case(message_dict))
        except LoadError:
            raise
        except Exception as error:
            # No row has a part in it, so it may say all it knows.
            raise LoadError(f"{message_dict.get('stream')} cannot be loaded: {error}") from error

    def _in_lower_case(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return a SCHEMA message with its columns' names in lower case, as the warehouse stores them.

        Raises:
            LoadError: Two of them differ by case only.
        """
        properties: dict[str, Any] = message["schema"].get("properties", {})
        named: dict[str, str] = {}
        for name in properties:
            if (other := named.setdefault(name.lower(), name)) != name:
                raise LoadError(
                    f"{message['stream']} has the columns {other} and {name}, which differ by case only: "
                    "rename one in the source, or select one of them only"
                )
        if list(named) == list(properties):
            return message
        self._mixed_case_streams.add(message["stream"])
        return {
            **message,
            "schema": {
                **message["schema"],
                "properties": {name.lower(): properties[name] for name in properties},
            },
            "key_properties": [name.lower() for name in message.get("key_properties") or []],
        }

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        stream = message_dict["stream"]
        if stream in self._mixed_case_streams:
            record = {name.lower(): value for name, value in message_dict["record"].items()}
            message_dict = {**message_dict, "record": record}
        sink = self._sinks_active.get(stream)
        if isinstance(sink, WarehouseSink) and message_dict.get("version") is not None:
            sink.full_table_version = message_dict["version"]
        super()._process_record_message(message_dict)
        # All sinks together, so that the state emitted afterwards covers what is committed: a run that is
        # killed loses at most one batch of work.
        if sink is not None and sink.current_size >= sink.max_size:
            self.drain_all()

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        for stream_map in self.mapper.stream_maps[message_dict["stream"]]:
            self.get_sink(stream_map.stream_alias).activate_version(message_dict["version"])

    def _drain_all(self, sink_list: Iterable[Sink], parallelism: int) -> None:  # noqa: ARG002 # the SDK's
        # A parent's schema arrives before its children's, so the reverse order drains children first. One
        # at a time: in parallel, a kill could leave the parent's rows without the children's.
        for sink in reversed(list(sink_list)):
            self.drain_one(sink)
