"""The sink: writes the rows that differ, and replaces a full table at once."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from psycopg.errors import UniqueViolation
from target_postgres.connector import PostgresConnector
from target_postgres.sinks import PostgresSink

from target_warehouse import line_digests, schema_changes, sessions
from target_warehouse.errors import LoadError, MissingPseudonymKeyError, values_hidden

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from singer_sdk.sql.connector import FullyQualifiedName
    from sqlalchemy.engine import Connection

    from target_warehouse.full_tables import FullTables
    from target_warehouse.target import TargetWarehouse


def pseudonym(value: object, key: str) -> str:
    """Return the pseudonym of a value: 64 hexadecimal digits, the same for the same value and key.

    Blanks around the value do not count, as MySQL pads and trims them at will.
    """
    return hmac.new(key.encode(), str(value).strip().encode(), hashlib.sha256).hexdigest()


class ExactNumber(sa.Numeric[Any]):
    """A number whose digits all arrive: SQLAlchemy's own makes a float of it on its way into a COPY."""

    cache_ok = True

    def bind_processor(self, dialect: sa.Dialect) -> None:
        """Leave values as they are."""


class WarehouseConnector(PostgresConnector):
    """Gives every session its settings and the configured role, and checks them."""

    def get_sqlalchemy_query(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Add the settings and the role to the address: unlike a SET ROLE, no rollback takes them back."""
        query: dict[str, Any] = super().get_sqlalchemy_query(config)
        query["keepalives_idle"] = str(sessions.KEEPALIVES_IDLE_SECONDS)
        query["client_encoding"] = sessions.SETTINGS["client_encoding"]
        role = {"role": config["role"]} if config.get("role") else {}
        # Options of the address take the place of those of the environment.
        query["options"] = f"{os.environ.get('PGOPTIONS', '')} {sessions.options(role)}".lstrip()
        return query

    def create_engine(self) -> sa.Engine:
        """Return an engine that looks at each new session before it is used."""
        engine = super().create_engine()
        sa.event.listen(engine, "connect", _ensure)
        return engine

    def to_sql_type(self, jsonschema_type: dict[str, Any]) -> sa.types.TypeEngine[Any]:
        """Return the type of a column; integers beyond PostgreSQL's own are numbers."""
        is_beyond = (
            "integer" in jsonschema_type.get("type", ()) and jsonschema_type.get("maximum", 0) >= 2**63
        )
        found = super().to_sql_type(jsonschema_type)
        return ExactNumber() if is_beyond or isinstance(found, sa.DECIMAL) else found

    def prepare_table(  # type: ignore[override]
        self,
        full_table_name: str | FullyQualifiedName,
        schema: dict[str, Any],
        primary_keys: Sequence[str],
        connection: Connection,
        **options: Any,  # noqa: ANN401 # passed on to the base class as they come
    ) -> sa.Table:
        """Return a table that takes a stream's rows: made, or changed where that is safe.

        Raises:
            SchemaRefusedError: It is not safe; nothing was changed.
        """
        if not self.table_exists(full_table_name=full_table_name):
            return super().prepare_table(full_table_name, schema, primary_keys, connection, **options)
        _, schema_name, table_name = self.parse_full_table_name(full_table_name)
        table = reflected(schema_name, table_name, connection)
        schema_changes.check_key(table, primary_keys)
        found = schema_changes.changes(table, sql_types(self, schema), primary_keys)
        schema_changes.follow(connection, table, found)
        return reflected(schema_name, table_name, connection) if found else table


def sql_types(connector: PostgresConnector, schema: dict[str, Any]) -> dict[str, sa.types.TypeEngine[Any]]:
    """Return the columns of a stream and their types in a new table."""
    return {name: connector.to_sql_type(described) for name, described in schema["properties"].items()}


def reflected(schema_name: str | None, table_name: str, connection: Connection) -> sa.Table:
    """Return a table as it is."""
    return sa.Table(table_name, sa.MetaData(), schema=schema_name, autoload_with=connection)


def _ensure(connection: object, _record: object) -> None:
    try:
        sessions.ensure(connection)
    except sessions.SessionError as error:
        raise LoadError(f"the warehouse {error}") from None


class WarehouseSink(PostgresSink):
    """Loads one stream into one table."""

    connector_class = WarehouseConnector

    def __init__(
        self,
        target: TargetWarehouse,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
        **options: Any,  # noqa: ANN401 # passed on to the SDK as they come
    ) -> None:
        """Prepare the sink; see the SDK's Sink for the parameters."""
        table = stream_name.rpartition("-")[2].lower()
        wanted = {column.lower() for column in target.config.get("pseudonym_columns") or []}
        self.pseudonym_columns = [column for column in schema["properties"] if f"{table}.{column}" in wanted]
        key = target.config.get("pseudonym_key")
        if self.pseudonym_columns and not key:
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
        self.line_columns = line_digests.LINES.get(table, ()) if target.config.get("line_digests") else ()
        if self.line_columns:
            if not key:
                msg = (
                    f"the lines of {table} get a digest and there is no key for it: "
                    "set PSEUDONYM_KEY to a long random text and keep it safe"
                )
                raise MissingPseudonymKeyError(msg)
            self.line_digests = line_digests.LineDigests(key)
            pseudonymised["properties"][line_digests.COLUMN] = text
        super().__init__(target, stream_name, pseudonymised, key_properties, **options)
        # The target compares the schema of a later SCHEMA message with this one.
        self.original_schema = schema
        self.full_table_version: int | None = None
        self.full_tables: FullTables = target.full_tables
        self._activations = 0

    @property
    def is_full(self) -> bool:
        """Never: the target drains all of its sinks together (see TargetWarehouse)."""
        return False

    def conform_name(self, name: str, object_type: str | None = None) -> str:  # noqa: ARG002 # the SDK's
        """Return a name as the warehouse stores it: in lower case."""
        return name.lower()

    def preprocess_record(self, record: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
        """Replace personal values by their pseudonyms; NULL stays NULL. Add the digest of a log line."""
        for column in self.pseudonym_columns:
            if record.get(column) is not None:
                record[column] = pseudonym(record[column], self.config["pseudonym_key"])
        if self.line_columns:
            record[line_digests.COLUMN] = self.line_digests.of(map(record.get, self.line_columns))
        return super().preprocess_record(record, context)

    def _after_process_record(self, context: dict[str, Any]) -> None:
        """Do without the SDK's line in the debug log, which shows the records."""

    def setup(self) -> None:
        """Make the table if there is none; refuse one that cannot take the stream's rows.

        What the table needs to take them follows with the first rows, or at the end of the run.

        Raises:
            SchemaRefusedError: A column holds something else now.
        """
        if not self.connector.table_exists(full_table_name=self.full_table_name):
            super().setup()
            return
        self.append_only = not self.key_properties
        with self.connector._connect() as connection:  # noqa: SLF001 # no public way to it
            self.needed_changes(connection)

    def follow_columns(self) -> None:
        """Give the table the stream's columns, also where no row has come."""
        with self.connector._connect() as connection, connection.begin():  # noqa: SLF001 # no public way to it
            self.connector.prepare_table(
                full_table_name=self.full_table_name,
                schema=self.schema,
                primary_keys=self.key_properties,
                connection=connection,
            )

    def needed_changes(self, connection: Connection) -> list[schema_changes.Change]:
        """Return what the table needs to take the stream's rows.

        Raises:
            SchemaRefusedError: It cannot take them.
        """
        types = sql_types(self.connector, self.schema)
        return schema_changes.changes(self.reflected(connection), types, self.key_properties)

    def reflected(self, connection: Connection) -> sa.Table:
        """Return the table as it is."""
        return reflected(self.schema_name, self.table_name, connection)

    def process_batch(self, context: dict[str, Any]) -> None:
        """Load a batch: into the table, or for a full table into its stage."""
        with values_hidden(self.table_name):
            self._load_batch(context)

    def _load_batch(self, context: dict[str, Any]) -> None:
        if self.full_table_version is None:
            super().process_batch(context)
            return
        stage, connection = self._open_stage()
        records = context["records"]
        key = self.key_properties
        # The base class keeps the last of several rows with one key.
        if len({tuple(record[name] for name in key) for record in records}) < len(records):
            raise self._same_key()
        try:
            self.bulk_insert_records(
                table=stage, schema=self.schema, primary_keys=key, records=records, connection=connection
            )
        except UniqueViolation:
            raise self._same_key() from None
        connection.commit()

    def _same_key(self) -> LoadError:
        return LoadError(
            f"{self.table_name} could not be loaded: several rows have the same key "
            f"({', '.join(self.key_properties)}), so one would overwrite the other; correct them in the "
            "source, or set the stream's table-key-properties to the columns that tell its rows apart"
        )

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
            written = super().upsert(from_table, to_table, schema, join_keys, connection)
            self.say_written(written or 0)
            return written
        return sum(self.write_differences(from_table, to_table, join_keys, connection))

    def write_differences(
        self, from_table: sa.Table, to_table: sa.Table, join_keys: Sequence[str], connection: Connection
    ) -> tuple[int, int]:
        """Do what `upsert` does; return how many rows were inserted and how many updated."""
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
        self.say_written(inserted + updated)
        return inserted, updated

    def say_written(self, rows: int) -> None:
        """Say how many rows were inserted, updated or deleted, as the Singer SDK says its own numbers."""
        tags = {"stream": self.stream_name}
        point = {"type": "counter", "metric": "rows_written", "value": rows, "tags": tags}
        self.logger.info("METRIC: %s", json.dumps(point))

    def activate_version(self, new_version: int) -> None:
        """Note that all rows of a full table have come, to be put in its place at the end of the run.

        A tap may announce a version before its first record (PyPI's tap-mysql does) and always does after
        the last: only a message that follows records, or an announcement, completes the table.
        """
        self._activations += 1
        if self.current_size == 0 and not self.full_tables.is_staged(self) and self._activations == 1:
            return
        with values_hidden(self.table_name):
            self._complete(new_version)

    def _complete(self, new_version: int) -> None:
        self.full_table_version = new_version
        if self.current_size:
            self.process_batch(self.start_drain())
            self.mark_drained()
        self._open_stage()
        self.full_tables.complete(self, new_version)

    def _open_stage(self) -> tuple[sa.Table, Connection]:
        if not self.key_properties:
            raise LoadError(
                f"{self.table_name} could not be loaded: it has no key, so its rows cannot be told apart; "
                "set the stream's table-key-properties to the columns that do"
            )
        return self.full_tables.stage(self, self.connector._engine)  # noqa: SLF001 # no public way to it
