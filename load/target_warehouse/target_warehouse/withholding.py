"""What is not to be in the ERP's tables: the orders of erased customers, and what is kept no longer.

The clock has no part in it: only what a schema of the warehouse records as erased or too old is withheld. So
a load brings nothing back, and where nothing is recorded it withholds nothing.
"""

# ruff: noqa: S608 # every name is quoted by the dialect, every value is a parameter
from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from sqlalchemy.engine import Connection

ORDERS: Final = "a_kopf"
JOURNAL: Final = "a_logbuch"
FREE_FIELDS: Final = "a_kopffreie"
CHILDREN: Final = (JOURNAL, "p_zubeh", "a_vorgang", "p_artikel", FREE_FIELDS)
TABLES: Final = (ORDERS, *CHILDREN)

#: Retention periods by which whole orders go.
DELETED: Final = "orders"
#: The columns that are emptied, by the retention periods of their tags: by the age of the order ...
EMPTIED: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "job_names": ((ORDERS, "kommission"),),
    "pseudonyms": (
        (ORDERS, "kundennr"),
        (ORDERS, "techniker"),
        (JOURNAL, "benutzer"),
        ("a_vorgang", "benutzer"),
    ),
}
#: ... and by that of the journal entry.
NOTES: Final = ("journal_notes", (JOURNAL, "notiz"))

#: Days of the calendar, written YYYY-MM-DD: what the staging of the free fields takes for a date too.
CALENDAR_DAY: Final = (
    "^((?!0000)[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8]))"
    "|([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-02-29)$"
)

#: Signs beyond ASCII that may stand for a letter: with an accent, or mojibake of mojibake. Of no other
#: alphabet, in which whole names could hide.
_DISGUISE: Final = (
    r"[\u0080-\u024f\u02c6\u02dc\u0300-\u036f\u1e00-\u1eff\u2000-\u203a\u20ac\u2122\u2502-\u25a0\ufeff]"
)
#: The signs that French writes with an accent: a name cannot consist of these alone.
_DISGUISED: Final = frozenset("aceinouy")
#: Blanks of any kind and number: the rule takes them for one.
_BLANKS: Final = r"(?:\s|[\u00a0\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff]){1,20}"
_LIGATURES: Final = {"ff": r"\ufb00", "fi": r"\ufb01", "fl": r"\ufb02"}


@dataclass
class Withheld:
    """What was taken from a table: whole rows, and rows of which a value was taken."""

    deleted: int = 0
    anonymised: int = 0


@dataclass(frozen=True)
class Recorded:
    """What a warehouse has recorded: whether anybody is erased, and before which day each period ended."""

    erased: bool
    cutoffs: Mapping[str, date]

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to withhold."""
        return not self.erased and not self.cutoffs


def recorded(connection: Connection, schema: str) -> Recorded:
    """Read what a schema records; nothing where the schema or its tables are missing."""
    found = connection.execute(
        sa.text(
            "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname = :schema "
            "and c.relname in ('suppressed_customers', 'suppressed_orders', 'cutoffs')"
        ),
        {"schema": schema},
    ).scalar_one()
    if found < 3:
        return Recorded(erased=False, cutoffs={})
    return Recorded(
        erased=connection.execute(
            sa.select(sa.exists().select_from(_records(schema, "suppressed_customers", "customer_key")))
        ).scalar_one(),
        cutoffs={
            row.retention_key: row.before_date
            for row in connection.execute(
                sa.select(_records(schema, "cutoffs", "retention_key", "before_date"))
            )
        },
    )


def withhold(
    connection: Connection,
    tables: Mapping[str, sa.Table],
    schema: str,
    planned_note: str | None = None,
    writable: Collection[str] = TABLES,
) -> dict[str, Withheld]:
    """Take from the ERP's tables what is recorded as erased or as too old, in the caller's transaction.

    Args:
        connection: Sees the tables.
        tables: The ERP's tables by name, or what stands for them in a load; without those that are missing.
        schema: Where `suppressed_customers`, `suppressed_orders` and `cutoffs` are; the orders of erased
            customers that are met are added to the second.
        planned_note: The words by which a journal note says that an order is planned: all that is kept of a
            note that is too old, as somebody typed them.
        writable: The tables from which something is taken; the others are only read.

    Returns:
        What was taken, by the name of the table; empty where nothing is recorded.
    """
    known = recorded(connection, schema)
    if known.is_nothing or ORDERS not in tables:
        return {}
    work = _Work(connection, tables, schema, [name for name in TABLES if name in tables and name in writable])
    work.find_ages(known)
    work.delete(orphans=ORDERS not in writable)
    work.anonymise(known.cutoffs, planned_note)
    return work.taken


def order_key(column: str) -> str:
    """Return the SQL of an order's identifier as MySQL compares it, as the transformation has it.

    Without case and blanks at the end, letters decomposed (macro order_key).
    """
    decomposed = f"normalize(rtrim(cast({column} as text), ' '), nfd)"
    return f"(lower(translate({decomposed}, 'ÆÐØÞŒ', 'æðøþœ') collate \"C\") collate \"default\")"


def words_pattern(words: str) -> str:
    """Return a regular expression of PostgreSQL for words in any spelling that the house knows.

    It is meant wide: letters with an accent may hide behind any signs beyond ASCII. Whether what it finds are
    the words is for the rule in the transformation to decide, as before.
    """
    plain = "".join(
        sign for sign in unicodedata.normalize("NFKD", words) if not unicodedata.combining(sign)
    ).lower()
    pattern = "".join(_letter(sign) for sign in plain)
    for letters, ligature in _LIGATURES.items():
        pair = "".join(_letter(sign) for sign in letters)
        pattern = pattern.replace(pair, f"(?:{pair}|{ligature})")
    return f"(?i)({pattern})"


def _letter(sign: str) -> str:
    if sign == " ":
        return f"(?:{_BLANKS}|{_DISGUISE}{{1,6}}){_DISGUISE}{{0,6}}"
    plain = sign if sign.isalnum() else re.escape(sign)
    written = f"(?:{plain}|{_DISGUISE}{{1,6}})" if sign in _DISGUISED else plain
    return f"{written}{_DISGUISE}{{0,6}}"


#: What is left of a note: the words of the rule, each time that they stand there. Few notes have them, and to
#: find that out is quicker.
_PLANNED_WORDS: Final = (
    "case when t.notiz ~ :words then (select string_agg(found.words[1], ' / ' order by found.place) "
    "from regexp_matches(t.notiz, :words, 'g') with ordinality as found (words, place)) end"
)


def _records(schema: str, table: str, *columns: str) -> sa.TableClause:
    return sa.table(table, *(sa.column(column) for column in columns), schema=schema)


def _is_of(table: str) -> str:
    """Return the condition that a row `t` of a table belongs to the order `age`.

    Of orders that differ in nothing but case and blanks, only the exact spelling says which is meant.
    """
    if table == ORDERS:
        return "age.order_id = t.id"
    return (
        f"age.order_key = {order_key('t.id_a_kopf')} and (not age.is_ambiguous or age.order_id = t.id_a_kopf)"
    )


class _Work:
    """One withholding: the ages of the orders in a temporary table, and what was taken so far."""

    def __init__(
        self, connection: Connection, tables: Mapping[str, sa.Table], schema: str, writable: list[str]
    ) -> None:
        self._connection = connection
        self._tables = tables
        preparer = connection.dialect.identifier_preparer
        self._names = {name: preparer.format_table(table) for name, table in tables.items()}
        self._schema = preparer.quote(schema)
        self._writable = writable
        self.taken = {name: Withheld() for name in writable}

    def find_ages(self, known: Recorded) -> None:
        """Note of every order how old it is and whether it goes; record the orders of erased customers."""
        self._run(
            f"insert into {self._schema}.suppressed_orders (order_id, order_number, extension) "
            f"select o.id, coalesce(o.aunummer, 0), coalesce(o.aualpha, '') from {self._names[ORDERS]} o "
            f"join {self._schema}.suppressed_customers s on s.customer_key = o.kundennr "
            f"where not exists (select 1 from {self._schema}.suppressed_orders known "
            "where known.order_id = o.id "
            "and known.order_number = coalesce(o.aunummer, 0) "
            "and known.extension = coalesce(o.aualpha, ''))"
        )
        self._run("drop table if exists pg_temp.order_ages")
        self._run(
            "create temporary table order_ages on commit drop as with ages as ("
            f"select o.id as order_id, {order_key('o.id')} as order_key, o.kundennr, "
            f"count(*) over (partition by {order_key('o.id')}) > 1 as is_ambiguous "
            f"from {self._names[ORDERS]} o), "
            f"entered as ({self._entered()}), noted as ({self._noted()}) "
            "select age.order_id, age.order_key, age.is_ambiguous, "
            "coalesce(entered.entered_on, noted.noted_on) as aged_on, "
            "s.customer_key is not null as goes from ages age "
            f"left join {self._schema}.suppressed_customers s on s.customer_key = age.kundennr "
            "left join entered on entered.order_id = age.order_id "
            "left join noted on noted.order_id = age.order_id",
            day=CALENDAR_DAY,
        )
        if DELETED in known.cutoffs:
            self._run(
                "update order_ages set goes = true where aged_on < :before", before=known.cutoffs[DELETED]
            )
        self._run("create unique index on order_ages (order_id)")
        self._run("create index on order_ages (order_key)")
        self._run("analyze order_ages")

    def delete(self, *, orphans: bool) -> None:
        """Delete the orders that go with all their rows; `orphans`: and rows of orders that nobody knows."""
        for name in self._writable:
            order = f"select 1 from order_ages age where {_is_of(name)}"
            condition = f"exists ({order} and age.goes)" + (f" or not exists ({order})" if orphans else "")
            self.taken[name].deleted += self._run(f"delete from {self._names[name]} t where {condition}")

    def anonymise(self, cutoffs: Mapping[str, date], planned_note: str | None) -> None:
        """Empty the columns that are too old; of a note, leave the words by which an order is planned."""
        changes: dict[str, list[tuple[str, str]]] = {}
        for key, columns in EMPTIED.items():
            for table, column in columns if key in cutoffs else ():
                is_old = f"age.aged_on < :{key}"
                value = f"case when {is_old} then null else t.{column} end"
                changes.setdefault(table, []).append((column, value))
        key, (table, column) = NOTES
        if key in cutoffs:
            is_old = f"coalesce(cast(t.datum as date), age.aged_on) < :{key}"
            words = _PLANNED_WORDS if planned_note else "null"
            value = f"case when {is_old} then {words} else t.{column} end"
            changes.setdefault(table, []).append((column, value))
        for table, values in changes.items():
            if table in self._writable:
                there = [each for each in values if each[0] in self._tables[table].c]
                self._change(table, there, words=words_pattern(planned_note or ""), **cutoffs)

    def _change(self, table: str, values: list[tuple[str, str]], **parameters: object) -> None:
        new = ", ".join(f"{value} as {column}" for column, value in values)
        assignments = ", ".join(f"{column} = new.{column}" for column, _ in values)
        differs = " or ".join(f"entry.{column} is distinct from new.{column}" for column, _ in values)
        # OFFSET 0 keeps the new values from being computed twice.
        self.taken[table].anonymised += self._run(
            f"update {self._names[table]} entry set {assignments} from (select t.ctid as place, {new} "
            f"from {self._names[table]} t join order_ages age on {_is_of(table)} offset 0) new "
            f"where entry.ctid = new.place and ({differs})",
            **parameters,
        )

    def _entered(self) -> str:
        if FREE_FIELDS not in self._names:
            return "select cast(null as text) as order_id, cast(null as date) as entered_on"
        return (
            "select distinct on (age.order_id) age.order_id, "
            "case when trim(t.feld3) ~ :day then cast(trim(t.feld3) as date) end as entered_on "
            f"from {self._names[FREE_FIELDS]} t join ages age on {_is_of(FREE_FIELDS)} "
            "order by age.order_id, t.nummer"
        )

    def _noted(self) -> str:
        if JOURNAL not in self._names:
            return "select cast(null as text) as order_id, cast(null as date) as noted_on"
        return (
            "select age.order_id, cast(min(t.datum) as date) as noted_on "
            f"from {self._names[JOURNAL]} t join ages age on {_is_of(JOURNAL)} group by age.order_id"
        )

    def _run(self, statement: str, **parameters: object) -> int:
        # A parameter that a statement does not have is refused by some drivers.
        named = {name: value for name, value in parameters.items() if f":{name}" in statement}
        return self._connection.execute(sa.text(statement), named).rowcount


def undated_orders(connection: Connection) -> int:
    """Count the orders without a date by which they could be too old, after `withhold` in its transaction."""
    if connection.execute(sa.text("select to_regclass('pg_temp.order_ages') is null")).scalar_one():
        return 0
    count = connection.execute(
        sa.text("select count(*) from order_ages where aged_on is null and not goes")
    ).scalar_one()
    return int(count)
