"""What must hold before anything is loaded: the sources answer, and are what the pipeline expects.

A run that finds a source broken ends here, with raw and marts as they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_ftplogs.check import check_source as look_at_logs
from tap_ftplogs.errors import SourceError as FtpError
from tap_mysql.check import check_source as look_at_erp
from tap_mysql.errors import SourceError as MysqlError

from atelier.connections import FTP_VARIABLES, MYSQL_VARIABLES, port, require
from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Tables of the ERP and the columns that the tap reads.
ERP_COLUMNS: dict[str, tuple[str, ...]] = {
    "a_kopf": (
        "id",
        "auftragstyp",
        "aunummer",
        "aualpha",
        "kundennr",
        "kommission",
        "auftragsart",
        "fsystemgrp",
        "aufstatus",
        "techniker",
        "a_vormwst",
    ),
    "a_logbuch": ("id", "id_a_kopf", "code", "datum", "zeit", "benutzer", "notiz"),
    "p_zubeh": ("id_a_kopf", "position", "kennung", "znr", "zcode", "text", "stueck"),
    "a_vorgang": (
        "id_a_kopf",
        "nummer",
        "datum",
        "zeit",
        "benutzer",
        "notizcode",
        "codeintern",
        "nloesch",
    ),
    "p_artikel": ("id", "id_a_kopf", "position", "artikelid", "dim1", "dim2", "dim3"),
    "a_kopffreie": ("id_a_kopf", "nummer", "feld2", "feld3", "feld5"),
}


def check_logs(variables: Mapping[str, str]) -> str:
    """Check the FTP server: log-in, root folder, at least one machine folder.

    Returns:
        A sentence that says what is there.

    Raises:
        AtelierError: Something is missing or refuses.
    """
    require(variables, FTP_VARIABLES, "the FTP server of the machine logs")
    config: dict[str, object] = {
        "host": variables["FTP_HOST"],
        "user": variables["FTP_USER"],
        "password": variables["FTP_PASSWORD"],
        "tls": variables.get("FTP_TLS") or "off",
        "tls_ca_file": variables.get("FTP_TLS_CA") or None,
        "root": variables.get("FTP_ROOT") or "/",
        "plant_timezone": variables.get("PLANT_TIMEZONE") or "Europe/Paris",
        "after_load": variables.get("FTP_AFTER_LOAD") or "keep",
        "tls_verify": variables.get("FTP_TLS_VERIFY"),
        "archive_folder": variables.get("FTP_ARCHIVE_FOLDER"),
        "connections": variables.get("FTP_CONNECTIONS"),
        "time_limit": variables.get("FTP_TIME_LIMIT"),
    }
    if variables.get("FTP_PORT"):
        config["port"] = port(variables, "FTP_PORT")
    try:
        return str(look_at_logs(config))
    except FtpError as error:
        raise AtelierError(str(error)) from None


def check_erp(variables: Mapping[str, str]) -> str:
    """Check the ERP's database: log-in, and every table and column that is read.

    Returns:
        A sentence that says what is there.

    Raises:
        AtelierError: Something is missing or refuses.
    """
    require(variables, MYSQL_VARIABLES, "the ERP's MySQL server")
    database = variables["MYSQL_DATABASE"]
    config: dict[str, object] = {
        "host": variables["MYSQL_HOST"],
        "port": port(variables, "MYSQL_PORT"),
        "user": variables["MYSQL_USER"],
        "password": variables["MYSQL_PASSWORD"],
        "database": database,
        "tls": variables.get("MYSQL_TLS"),
        "tls_ca_file": variables.get("MYSQL_TLS_CA"),
        "tls_verify": variables.get("MYSQL_TLS_VERIFY"),
    }
    try:
        source = look_at_erp(config)
    except MysqlError as error:
        raise AtelierError(str(error)) from None
    if source.snapshot_refusal is not None:
        raise AtelierError(
            f"the ERP's MySQL server at {source.place} takes no consistent snapshot "
            f"({source.snapshot_refusal}), so the tables would not show one moment: ask its administrator"
        )
    place = source.place
    found = {table.name.lower(): {column.name.lower() for column in table.columns} for table in source.tables}
    for table, columns in ERP_COLUMNS.items():
        if table not in found:
            raise AtelierError(
                f"the ERP's database {database} at {place} has no table {table}, or user "
                f"{variables['MYSQL_USER']} may not read it: check MYSQL_DATABASE, or grant select on it"
            )
        missing = [column for column in columns if column not in found[table]]
        if missing:
            raise AtelierError(
                f"the table {table} of the ERP's database {database} at {place} has no column "
                f"{', '.join(missing)}, or user {variables['MYSQL_USER']} may not read it: has the ERP been "
                "upgraded?"
            )
    return f"The ERP's database {database} at {place} has the {len(ERP_COLUMNS)} tables with their columns."


CHECKS: dict[str, Callable[[Mapping[str, str]], str]] = {"logs": check_logs, "erp": check_erp}
