"""Full tables: gathered beside the real ones, and put in their place all together or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from target_warehouse import schema_changes, withholding
from target_warehouse.errors import LoadError, values_hidden

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection, Engine

    from target_warehouse.sinks import WarehouseSink

DEFAULT_MAX_DELETE_SHARE = 0.2

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]

#: One row per full table and load: what the replacement did, and how many rows there were after it.
LOADS_TABLE = "full_table_loads"


class DeletionRefusedError(LoadError):
    """A load would take more rows away than is to be believed; nothing was changed."""


class FullTables:
    """The stages of a run, on one connection, and their replacement in one transaction.

    All tables show the source at the moment of the tap, so either all of them follow it or none.
    """

    def __init__(self, config: Mapping[str, Any], logger: logging.Logger) -> None:
        """Begin a run; nothing is opened yet.

        Args:
            config: `max_delete_share`, `confirm_deletes`, `withholding_schema` and `planned_note` of the
                target.
            logger: Where it is told what was done.

        Raises:
            ValueError: `max_delete_share` is not a number from 0 to 1.
        """
        self._max_share = _share(config.get("max_delete_share"))
        confirmed = str(config.get("confirm_deletes") or "")
        self._confirmed = {name.strip() for name in confirmed.split(",") if name.strip()}
        self._withholding_schema = str(config.get("withholding_schema") or "")
        self._planned_note = str(config.get("planned_note") or "") or None
        self._logger = logger
        self._connection: Connection | None = None
        self._stages: dict[WarehouseSink, sa.Table] = {}
        self._complete: dict[WarehouseSink, int] = {}

    def stage(self, sink: WarehouseSink, engine: Engine) -> tuple[sa.Table, Connection]:
        """Return a sink's stage, a temporary table like its own, and the connection that sees it."""
        if self._connection is None:
            self._connection = engine.connect()
        if sink not in self._stages:
            table = sink.reflected(self._connection)
            self._stages[sink] = sink.connector.copy_table_structure(
                full_table_name=sink.temp_table_name,
                from_table=schema_changes.changed(
                    table, sink.needed_changes(self._connection), sink.key_properties
                ),
                as_temp_table=True,
                connection=self._connection,
            )
            self._connection.commit()
        return self._stages[sink], self._connection

    def complete(self, sink: WarehouseSink, version: int) -> None:
        """Note that a stage holds all rows of a version."""
        self._complete[sink] = version

    def is_staged(self, sink: WarehouseSink) -> bool:
        """Whether rows of a full table have come."""
        return sink in self._stages

    def replace(self) -> None:
        """Put all complete stages into the place of their tables, in one transaction.

        Raises:
            DeletionRefusedError: That would take away too much; no table was changed.
        """
        connection = self._connection
        if connection is None:
            return
        for sink in self._stages:
            if sink not in self._complete:
                self._logger.warning(
                    "%s: the source ended before the table was complete; %s stays as it was",
                    sink.stream_name,
                    sink.full_table_name,
                )
        try:
            tables = {sink: sink.reflected(connection) for sink in self._complete}
            refusals = [
                refusal
                for sink, table in tables.items()
                if (refusal := self._refusal(sink, table, connection)) is not None
            ]
            if refusals:
                names = ",".join(sink.table_name for sink in tables)
                raise DeletionRefusedError(
                    f"{'; '.join(refusals)}: nothing was changed. See whether the source is whole; if "
                    "the rows are gone rightly, load once with confirm_deletes (ERP_CONFIRM_DELETES) set to "
                    f"all or to some of {names}"
                )
            withheld = self._withhold(tables, connection)
            for sink in tables:
                with values_hidden(sink.table_name):
                    self._follow(sink, connection, withheld.get(sink, 0))
            connection.commit()
        finally:
            # Invalidated, not given back to the pool: closing the session drops the temporary tables.
            connection.invalidate()
            connection.close()
            self._connection = None
            self._stages.clear()
            self._complete.clear()

    def _refusal(self, sink: WarehouseSink, table: sa.Table, connection: Connection) -> str | None:
        if self._confirmed & {"all", sink.table_name}:
            return None
        rows = _count(connection, sa.select(sa.func.count()).select_from(table))
        new = _count(connection, sa.select(sa.func.count()).select_from(self._stages[sink]))
        if rows and not new:
            return f"{sink.full_table_name} has {rows:,} rows and the source none"
        gone = self._gone_rows(sink, table, connection, as_mysql=False)
        if gone > self._max_share * rows:
            # A row whose key only changed its case is deleted and inserted, and yet it is not gone.
            gone = self._gone_rows(sink, table, connection, as_mysql=True)
        if gone > self._max_share * rows:
            return (
                f"{sink.full_table_name} would lose {gone:,} of its {rows:,} rows ({gone / rows:.0%}, at "
                f"most {self._max_share:.0%} are believed)"
            )
        return None

    def _withhold(
        self, tables: Mapping[WarehouseSink, sa.Table], connection: Connection
    ) -> dict[WarehouseSink, int]:
        """Take from the stages what is not to come (back) into the warehouse; return how many rows.

        After the guard: it judges what the source has sent.
        """
        staged = {sink.table_name: sink for sink in tables}
        if not self._withholding_schema or not staged.keys() & set(withholding.TABLES):
            return {}
        schema = next(iter(staged.values())).schema_name
        there = sa.inspect(connection).get_table_names(schema=schema)
        seen = {
            name: self._stages[staged[name]]
            if name in staged
            else sa.Table(name, sa.MetaData(), schema=schema, autoload_with=connection)
            for name in withholding.TABLES
            if name in staged or name in there
        }
        with values_hidden(withholding.ORDERS):
            taken = withholding.withhold(
                connection, seen, self._withholding_schema, self._planned_note, staged.keys()
            )
        for name, withheld in taken.items():
            if withheld.deleted or withheld.anonymised:
                self._logger.info(
                    "%s: %d rows withheld, %d without their personal values (erased, or kept no longer)",
                    name,
                    withheld.deleted,
                    withheld.anonymised,
                )
        return {staged[name]: withheld.deleted for name, withheld in taken.items()}

    def _follow(self, sink: WarehouseSink, connection: Connection, rows_withheld: int) -> None:
        held = sink.reflected(connection)
        if {column.name for column in held.primary_key.columns} != set(sink.key_properties):
            self._give_key(sink, held, connection)
        schema_changes.follow(connection, held, sink.needed_changes(connection))
        table = sink.reflected(connection)
        stage = self._stages[sink]
        inserted, updated = sink.write_differences(stage, table, sink.key_properties, connection)
        deleted = connection.execute(sa.delete(table).where(self._is_gone(sink, table))).rowcount
        if deleted:
            self._logger.info("%s: %d rows deleted, as they are gone from the source", table.name, deleted)
            sink.say_written(deleted)
        loads = _made_loads_table(table.schema, connection)
        connection.execute(
            sa.insert(loads).values(
                table_name=table.name,
                version=self._complete[sink],
                rows_inserted=inserted,
                rows_updated=updated,
                rows_deleted=deleted,
                rows_withheld=rows_withheld,
                row_count=sa.select(sa.func.count()).select_from(table).scalar_subquery(),
            )
        )

    def _give_key(self, sink: WarehouseSink, table: sa.Table, connection: Connection) -> None:
        """Give a table the key that its stream has by now; rows that share it go, and are read again."""
        columns = [table.c[name] for name in sink.key_properties]
        repeated = sa.select(*columns).group_by(*columns).having(sa.func.count() > 1)
        connection.execute(
            sa.delete(table).where(
                sa.or_(*(column.is_(None) for column in columns), sa.tuple_(*columns).in_(repeated))
            )
        )
        quote = connection.dialect.identifier_preparer
        parts = []
        if table.primary_key.name is not None:
            parts.append(f"drop constraint {quote.quote(str(table.primary_key.name))}")
            parts += [
                f"alter column {quote.quote(column.name)} drop not null"
                for column in table.primary_key.columns
            ]
        parts.append(f"add primary key ({', '.join(quote.quote(column.name) for column in columns)})")
        for part in parts:
            connection.exec_driver_sql(
                f"alter table {quote.format_table(table)} {part}",
                execution_options={"no_parameters": True},
            )

    def _gone_rows(
        self, sink: WarehouseSink, table: sa.Table, connection: Connection, *, as_mysql: bool
    ) -> int:
        gone = self._is_gone(sink, table, as_mysql=as_mysql)
        return _count(connection, sa.select(sa.func.count()).select_from(table).where(gone))

    def _is_gone(
        self, sink: WarehouseSink, table: sa.Table, *, as_mysql: bool = False
    ) -> sa.ColumnElement[bool]:
        """Say of a row of the table that the stage lacks it; `as_mysql`: keys are compared as there."""
        stage = self._stages[sink]
        compared = _folded if as_mysql else _as_it_is
        same_key = sa.and_(*(compared(stage.c[key]) == compared(table.c[key]) for key in sink.key_properties))
        return ~sa.exists().where(same_key).select_from(stage).correlate(table)


def _as_it_is(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    return column


def _folded(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """Return a text's key as MySQL compares it."""
    if not isinstance(column.type, sa.String):
        return column
    quote = _DIALECT.identifier_preparer
    name = f"{quote.format_table(column.table)}.{quote.quote(column.name)}"
    return sa.literal_column(withholding.order_key(name))


def _share(value: object) -> float:
    try:
        share = float(str(value)) if value not in (None, "") else DEFAULT_MAX_DELETE_SHARE
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError(
            f"max_delete_share is {value!r}: set it (ERP_MAX_DELETE_SHARE) to a number from 0 to 1"
        )
    return share


def _made_loads_table(schema: str | None, connection: Connection) -> sa.Table:
    loads = sa.Table(
        LOADS_TABLE,
        sa.MetaData(),
        sa.Column("table_name", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column(
            "loaded_at",
            sa.DateTime(timezone=True),
            primary_key=True,
            server_default=sa.func.clock_timestamp(),
        ),
        sa.Column("rows_inserted", sa.BigInteger, nullable=False),
        sa.Column("rows_updated", sa.BigInteger, nullable=False),
        sa.Column("rows_deleted", sa.BigInteger, nullable=False),
        sa.Column("rows_withheld", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("row_count", sa.BigInteger, nullable=False),
        schema=schema,
    )
    loads.create(connection, checkfirst=True)
    # A warehouse from before has counted nothing there.
    if "rows_withheld" not in {
        column["name"] for column in sa.inspect(connection).get_columns(LOADS_TABLE, schema)
    }:
        name = connection.dialect.identifier_preparer.format_table(loads)
        connection.execute(sa.text(f"alter table {name} add column rows_withheld bigint not null default 0"))
    return loads


def _count(connection: Connection, query: sa.Select[tuple[int]]) -> int:
    return connection.execute(query).scalar_one()
