"""The target: when the sinks are drained, and which messages complete a full table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th
from target_postgres.target import TargetPostgres

from target_warehouse.sinks import WarehouseSink

if TYPE_CHECKING:
    from collections.abc import Iterable

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
).to_dict()


class TargetWarehouse(TargetPostgres):
    """target-postgres, with three guarantees added.

    - A row that is already as it should be is not written again.
    - A stream sent as a full table (its records carry a `version`) replaces its table in one transaction,
      when the tap says that the table is complete; until then the table stays as it was.
    - A row of a parent stream is never in the warehouse before the rows of its children: whoever sees a row
      of `log_files` also sees every line that it counts.
    """

    name = "target-warehouse"
    default_sink_class = WarehouseSink
    config_jsonschema = {  # noqa: RUF012 # the SDK declares it as an instance-independent dictionary
        **TargetPostgres.config_jsonschema,
        "properties": {
            **TargetPostgres.config_jsonschema["properties"],
            **OWN_SETTINGS["properties"],
        },
    }

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        sink = self._sinks_active.get(message_dict["stream"])
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
