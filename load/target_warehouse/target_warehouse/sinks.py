"""The sink: writes the rows that differ, and replaces a full table at once."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from target_postgres.sinks import PostgresSink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.target_base import Target
    from sqlalchemy.engine import Connection


class MissingPseudonymKeyError(Exception):
    """A column must be pseudonymised and there is no key to do it with."""


def pseudonym(value: object, key: str) -> str:
    """Return the pseudonym of a value: 64 hexadecimal digits, the same for the same value and key.

    Blanks around the value do not count, as MySQL pads and trims them at will.
    """
    return hmac.new(key.encode(), str(value).strip().encode(), hashlib.sha256).hexdigest()


class WarehouseSink(PostgresSink):
    """Loads one stream into one table."""

    def __init__(
        self,
        target: Target,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
        **options: Any,  # noqa: ANN401 # passed on to the SDK as they come
    ) -> None:
        """Prepare the sink; see the SDK's Sink for the parameters."""
        table = stream_name.rpartition("-")[2]
        wanted = target.config.get("pseudonym_columns") or []
        self.pseudonym_columns = [column for column in schema["properties"] if f"{table}.{column}" in wanted]
        if self.pseudonym_columns and not target.config.get("pseudonym_key"):
            msg = (
                f"{table}.{self.pseudonym_columns[0]} is personal data and there is no key to hide it with: "
                "set PSEUDONYM_KEY to a long random text and keep it safe"
            )
            raise MissingPseudonymKeyError(msg)
        text = {"type": ["null", "string"]}
        pseudonymised = {
            **schema,
            "properties": schema["properties"] | dict.fromkeys(self.pseudonym_columns, text),
        }
        super().__init__(target, stream_name, pseudonymised, key_properties, **options)
        # The target compares the schema of a later SCHEMA message with this one.
        self.original_schema = schema
        self.full_table_version: int | None = None
        self._activations = 0
        self._stage: sa.Table | None = None
        self._stage_connection: Connection | None = None

    @property
    def is_full(self) -> bool:
        """Never: the target drains all of its sinks together (see TargetWarehouse)."""
        return False

    def preprocess_record(self, record: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
        """Replace personal values by their pseudonyms; NULL stays NULL."""
        for column in self.pseudonym_columns:
            if record.get(column) is not None:
                record[column] = pseudonym(record[column], self.config["pseudonym_key"])
        return super().preprocess_record(record, context)

    def process_batch(self, context: dict[str, Any]) -> None:
        """Load a batch: into the table, or for a full table into its stage."""
        if self.full_table_version is None:
            super().process_batch(context)
            return
        stage, connection = self._open_stage()
        self.bulk_insert_records(
            table=stage,
            schema=self.schema,
            primary_keys=self.key_properties,
            records=context["records"],
            connection=connection,
        )
        connection.commit()

    def upsert(
        self,
        from_table: sa.Table,
        to_table: sa.Table,
        schema: dict[str, Any],
        join_keys: Sequence[str],
        connection: Connection,
    ) -> int | None:
        """Insert the rows that are missing and update those that differ.

        Returns:
            The number of rows written.
        """
        if self.append_only:
            return super().upsert(from_table, to_table, schema, join_keys, connection)
        same_key = sa.and_(*(from_table.c[key] == to_table.c[key] for key in join_keys))
        columns = list(self.schema["properties"])
        missing = sa.select(*(from_table.c[name] for name in columns)).where(
            ~sa.exists().where(same_key).select_from(to_table).correlate(from_table)
        )
        insert = sa.insert(to_table).from_select(columns, missing)
        # SQLAlchemy forgets how many rows an INSERT wrote unless it is asked to remember.
        inserted = connection.execute(insert, execution_options={"preserve_rowcount": True}).rowcount
        others = [name for name in columns if name not in join_keys]
        updated = 0
        if others:
            differs = sa.or_(*(to_table.c[name].is_distinct_from(from_table.c[name]) for name in others))
            values = {to_table.c[name]: from_table.c[name] for name in others}
            updated = connection.execute(
                sa.update(to_table).where(same_key).where(differs).values(values)
            ).rowcount
        self.logger.info("%s: %d rows inserted, %d updated", self.table_name, inserted, updated)
        return inserted + updated

    def activate_version(self, new_version: int) -> None:
        """Replace the table by the rows of this version, if the tap has sent all of them.

        A tap may announce a version before its first record (PyPI's tap-mysql does) and always does after
        the last: only a message that follows records, or an announcement, completes the table.
        """
        self._activations += 1
        if self.current_size == 0 and self._stage is None and self._activations == 1:
            return
        self.full_table_version = new_version
        if self.current_size:
            self.process_batch(self.start_drain())
            self.mark_drained()
        stage, connection = self._open_stage()
        table = self._reflected_table(connection)
        self.upsert(stage, table, self.schema, self.key_properties, connection)
        same_key = sa.and_(*(stage.c[key] == table.c[key] for key in self.key_properties))
        gone = ~sa.exists().where(same_key).select_from(stage).correlate(table)
        deleted = connection.execute(sa.delete(table).where(gone)).rowcount
        connection.commit()
        if deleted:
            self.logger.info(
                "%s: %d rows deleted, as they are gone from the source", self.table_name, deleted
            )
        self._close_stage()

    def clean_up(self) -> None:
        """Drop what an incomplete full table has left; its table stays as it was."""
        if self._stage is not None:
            self.logger.warning(
                "%s: the source ended before the table was complete; %s stays as it was",
                self.stream_name,
                self.full_table_name,
            )
            self._close_stage()
        super().clean_up()

    def _open_stage(self) -> tuple[sa.Table, Connection]:
        """Return the stage: a temporary table like the stream's own, on a connection kept for it."""
        if self._stage is None or self._stage_connection is None:
            self._stage_connection = self.connector._engine.connect()  # noqa: SLF001 # no public way to it
            self._stage = self.connector.copy_table_structure(
                full_table_name=self.temp_table_name,
                from_table=self._reflected_table(self._stage_connection),
                as_temp_table=True,
                connection=self._stage_connection,
            )
            self._stage_connection.commit()
        return self._stage, self._stage_connection

    def _close_stage(self) -> None:
        if self._stage_connection is not None:
            # Invalidated, not given back to the pool: closing the session drops the temporary table.
            self._stage_connection.invalidate()
            self._stage_connection.close()
        self._stage = self._stage_connection = None

    def _reflected_table(self, connection: Connection) -> sa.Table:
        return sa.Table(self.table_name, sa.MetaData(), schema=self.schema_name, autoload_with=connection)
