"""What the ERP must be before anything of it is loaded: its tables, their columns, and what these hold.

A column may be widened; one that holds something else now would spoil the rows, so it is refused by name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tap_mysql.check import check_source
from tap_mysql.errors import SourceError
from tap_mysql.values import kind_of

from atelier.connections import MYSQL_VARIABLES, port, require
from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_mysql.check import SourceReport
    from tap_mysql.tables import Column, Table


@dataclass(frozen=True)
class Holds:
    """What a column must hold.

    Attributes:
        types: The types as a person would name them.
        kinds: The kinds of values that fit, as the tap names them.
    """

    types: str
    kinds: frozenset[str]

    def fits(self, column: Column) -> bool:
        """Whether a column is of such a type."""
        kind = kind_of(column, binary_as_text=True)
        if kind is None or column.data_type in _OTHER_MEANING:
            return False
        is_whole = kind.name == "decimal" and _NO_FRACTION.search(column.column_type) is not None
        return kind.name in self.kinds or (is_whole and "integer" in self.kinds)


#: Told like a number or a text, and yet something else.
_OTHER_MEANING: Final = frozenset({"year", "json", "uuid", "inet4", "inet6"})
_NO_FRACTION: Final = re.compile(r"\(\d+,0\)")

TEXT: Final = Holds("varchar or text", frozenset({"text", "bytes"}))
WHOLE: Final = Holds("int, smallint or bigint", frozenset({"integer"}))
NUMBER: Final = Holds("decimal or float", frozenset({"integer", "decimal", "float"}))
DAY: Final = Holds("datetime or date", frozenset({"datetime", "timestamp", "date"}))
MOMENT: Final = Holds("datetime or timestamp", frozenset({"datetime", "timestamp"}))

#: Tables of the ERP and the columns that the tap reads.
ERP_COLUMNS: Final[dict[str, dict[str, Holds]]] = {
    "a_kopf": {
        "id": TEXT,
        "auftragstyp": WHOLE,
        "aunummer": WHOLE,
        "aualpha": TEXT,
        "kundennr": TEXT,
        "kommission": TEXT,
        "auftragsart": TEXT,
        "fsystemgrp": WHOLE,
        "aufstatus": TEXT,
        "techniker": TEXT,
        "a_vormwst": NUMBER,
    },
    "a_logbuch": {
        "id": WHOLE,
        "id_a_kopf": TEXT,
        "code": TEXT,
        "datum": DAY,
        "zeit": MOMENT,
        "benutzer": TEXT,
        "notiz": TEXT,
    },
    "p_zubeh": {
        "id_a_kopf": TEXT,
        "position": WHOLE,
        "kennung": TEXT,
        "znr": WHOLE,
        "zcode": TEXT,
        "text": TEXT,
        "stueck": NUMBER,
    },
    "a_vorgang": {
        "id_a_kopf": TEXT,
        "nummer": TEXT,
        "datum": DAY,
        "zeit": MOMENT,
        "benutzer": TEXT,
        "notizcode": TEXT,
        "codeintern": TEXT,
        "nloesch": WHOLE,
    },
    "p_artikel": {
        "id": TEXT,
        "id_a_kopf": TEXT,
        "position": WHOLE,
        "artikelid": TEXT,
        "dim1": WHOLE,
        "dim2": WHOLE,
        "dim3": WHOLE,
    },
    "a_kopffreie": {"id_a_kopf": TEXT, "nummer": WHOLE, "feld2": TEXT, "feld3": TEXT, "feld5": TEXT},
}

#: What PyPI's tap reads as something else: as UTC, as true and false, or not at all.
_UNKNOWN_TO_PUBLISHED: Final = re.compile(r"timestamp|tinyint\(1\)|tinytext|set\(|.*(binary|blob)")


def check_erp(variables: Mapping[str, str]) -> str:
    """Check the ERP's database: log-in, every table and column that is read, and what the columns hold.

    Returns:
        A sentence that says what is there.

    Raises:
        AtelierError: Something is missing, locked, of another type, or refuses.
    """
    tables, database = _checked(variables)
    return f"The ERP's {database} has the {len(tables)} tables with their columns."


def check_erp_published(variables: Mapping[str, str]) -> str:
    """Check the ERP's database for PyPI's tap, which reads less than ours and does not say so.

    Returns:
        A sentence that says what is there.

    Raises:
        AtelierError: As `check_erp`; or a name or a type is there that PyPI's tap passes over or misreads.
    """
    tables, database = _checked(variables)
    for name, table in tables.items():
        wanted = [column for column in table.columns if column.name in ERP_COLUMNS[name]]
        odd = [each for each in (table.source_name, *(c.source_name for c in wanted)) if each != each.lower()]
        misread = [
            f"{c.name} ({c.column_type})" for c in wanted if _UNKNOWN_TO_PUBLISHED.match(c.column_type)
        ]
        why = ""
        if odd:
            why = f"finds names in lower case only, and there is {', '.join(odd)}"
        elif misread:
            why = f"misreads {', '.join(misread)}"
        elif not table.key or not set(table.key) <= ERP_COLUMNS[name].keys():
            why = "takes no other key than a table's own, and that is not the one of the known ERP"
        if why:
            raise AtelierError(
                f"PyPI's tap cannot read the table {table.source_name} of the ERP's {database}: it {why}; "
                "use the job erp"
            )
    return f"The ERP's {database} has the {len(tables)} tables as PyPI's tap reads them."


def _checked(variables: Mapping[str, str]) -> tuple[dict[str, Table], str]:
    """Return the tables by their names in lower case, and what the database is called, once checked."""
    report = _report(variables)
    database = f"database {report.database} at {report.place}"
    if report.snapshot_refusal is not None:
        raise AtelierError(
            f"the ERP's MySQL server at {report.place} takes no consistent snapshot "
            f"({report.snapshot_refusal}), so the tables would not show one moment: ask its administrator"
        )
    named: dict[str, list[Table]] = defaultdict(list)
    for table in report.tables:
        named[table.name].append(table)
    others: list[str] = []
    for name, columns in ERP_COLUMNS.items():
        if name not in named:
            raise AtelierError(
                f"the ERP's {database} has no table {name}, or user {report.user} may not read it: check "
                "MYSQL_DATABASE, or grant select on it"
            )
        if len(named[name]) > 1:
            raise AtelierError(
                f"the ERP's {database} has several tables {name}, as "
                f"{', '.join(table.source_name for table in named[name])}: names match without case, so "
                "rename all but one of them"
            )
        others += _columns_of_other_types(named[name][0], columns, report, database)
        if name in report.unreadable:
            raise AtelierError(
                f"the table {name} of the ERP's {database} cannot be read ({report.unreadable[name]}): let "
                f"its administrator mend it, or grant select on it to user {report.user}"
            )
    if others:
        raise AtelierError(
            f"columns of the ERP's {database} have other types now: {'; '.join(others)}: nothing is loaded "
            "until they have such types again, or until the staging models and atelier/erp_source.py know "
            "the new ones"
        )
    return {name: named[name][0] for name in ERP_COLUMNS}, database


def _columns_of_other_types(
    table: Table, columns: Mapping[str, Holds], report: SourceReport, database: str
) -> list[str]:
    """Say of each column that holds something else what its type is, and what it must be."""
    found = {column.name: column for column in table.columns}
    if missing := [name for name in columns if name not in found]:
        raise AtelierError(
            f"the table {table.name} of the ERP's {database} has no column {', '.join(missing)}, or user "
            f"{report.user} may not read it: has the ERP been upgraded?"
        )
    return [
        f"{table.name}.{name} is {found[name].column_type} and was {holds.types}"
        for name, holds in columns.items()
        if not holds.fits(found[name])
    ]


def _report(variables: Mapping[str, str]) -> SourceReport:
    require(variables, MYSQL_VARIABLES, "the ERP's MySQL server")
    config: dict[str, object] = {
        "host": variables["MYSQL_HOST"],
        "port": port(variables, "MYSQL_PORT"),
        "user": variables["MYSQL_USER"],
        "password": variables["MYSQL_PASSWORD"],
        "database": variables["MYSQL_DATABASE"],
        "tls": variables.get("MYSQL_TLS"),
        "tls_ca_file": variables.get("MYSQL_TLS_CA"),
        "tls_verify": variables.get("MYSQL_TLS_VERIFY"),
        "public_key_file": variables.get("MYSQL_PUBLIC_KEY"),
    }
    try:
        return check_source(config, needed=ERP_COLUMNS)
    except SourceError as error:
        raise AtelierError(str(error)) from None
