"""What must hold before anything is loaded: the sources answer, and are what the pipeline expects.

A run that finds a source broken ends here, with raw and marts as they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pymysql
from tap_ftplogs.check import check_source
from tap_ftplogs.errors import SourceError

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

CONNECT_TIMEOUT_SECONDS = 15

_WRONG_LOGIN = 1045
_NO_ACCESS = (1044, 1698)
_UNKNOWN_DATABASE = 1049
_CANNOT_CONNECT = (2002, 2003, 2005)


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
        return str(check_source(config))
    except SourceError as error:
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
    place = f"{variables['MYSQL_HOST']}:{variables['MYSQL_PORT']}"
    try:
        connection = pymysql.connect(
            host=variables["MYSQL_HOST"],
            port=port(variables, "MYSQL_PORT"),
            user=variables["MYSQL_USER"],
            password=variables["MYSQL_PASSWORD"],
            database=database,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            charset="utf8mb4",
        )
    except pymysql.err.MySQLError as error:
        raise AtelierError(f"the ERP's MySQL server at {place} {_reason(error, variables)}") from None
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select table_name, column_name from information_schema.columns where table_schema = %s",
            (database,),
        )
        found: dict[str, set[str]] = {}
        for table, column in cursor.fetchall():
            found.setdefault(table.lower(), set()).add(column.lower())
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


def _reason(error: pymysql.err.MySQLError, variables: Mapping[str, str]) -> str:
    code = error.args[0] if error.args else None
    if code == _WRONG_LOGIN or code in _NO_ACCESS:
        return (
            f"refuses user {variables['MYSQL_USER']} or keeps the database {variables['MYSQL_DATABASE']} "
            "from it: check MYSQL_USER, MYSQL_PASSWORD, MYSQL_DATABASE and the user's rights"
        )
    if code == _UNKNOWN_DATABASE:
        return f"has no database {variables['MYSQL_DATABASE']}: check MYSQL_DATABASE"
    if code in _CANNOT_CONNECT:
        return "cannot be reached: check that it runs there, MYSQL_HOST and MYSQL_PORT, and the network"
    return f"cannot be used (error {code}): check the MYSQL_ variables"


CHECKS: dict[str, Callable[[Mapping[str, str]], str]] = {"logs": check_logs, "erp": check_erp}
