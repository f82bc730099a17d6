"""The seven tables of the legacy ERP, as its maker created them: German names, mixed character sets.

The maker's indexes are keys only; what we advise beside them comes from `extract/erp_indexes.sql`.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atelier_demo.servers.places import project_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymysql.connections import Connection

# A column in latin1 holds bytes that are UTF-8 in truth: read as text they are mojibake.
TABLES = {
    "a_kopf": """
        create table a_kopf (
            id varchar(32) not null,
            auftragstyp smallint not null,
            aunummer int not null,
            aualpha varchar(5) not null default '',
            kundennr varchar(10),
            kundenbez varchar(50),
            kommission varchar(50) character set latin1,
            bauvorhaben varchar(50),
            auftragsart varchar(10),
            fsystemgrp smallint,
            aufstatus varchar(15) character set latin1,
            techniker varchar(30),
            a_vormwst decimal(15,2),
            primary key (id),
            unique key a_kopf_nummer (auftragstyp, aunummer, aualpha)
        )""",
    "a_logbuch": """
        create table a_logbuch (
            id int not null auto_increment,
            id_a_kopf varchar(32) not null,
            code varchar(10),
            bezeichnung varchar(50),
            datum datetime,
            zeit datetime,
            benutzer varchar(30),
            notiz text,
            primary key (id),
            constraint a_logbuch_a_kopf foreign key (id_a_kopf) references a_kopf (id)
        )""",
    "p_zubeh": """
        create table p_zubeh (
            id_a_kopf varchar(32) not null,
            position int not null,
            kennung varchar(5) not null,
            znr int not null,
            zcode varchar(20),
            text varchar(50) character set latin1,
            stueck float,
            primary key (id_a_kopf, position, kennung, znr),
            constraint p_zubeh_a_kopf foreign key (id_a_kopf) references a_kopf (id)
        )""",
    "a_vorgang": """
        create table a_vorgang (
            id_a_kopf varchar(32) not null,
            nummer varchar(10) not null,
            bezeichnung varchar(50),
            datum datetime,
            zeit datetime,
            benutzer varchar(30),
            notizcode varchar(10),
            notiztext text,
            codeintern varchar(20),
            nloesch smallint not null default 0,
            primary key (id_a_kopf, nummer),
            constraint a_vorgang_a_kopf foreign key (id_a_kopf) references a_kopf (id)
        )""",
    "p_artikel": """
        create table p_artikel (
            id varchar(32) not null,
            id_a_kopf varchar(32) not null,
            position int,
            artikelid varchar(20),
            dim1 int,
            dim2 int,
            dim3 int,
            primary key (id),
            constraint p_artikel_a_kopf foreign key (id_a_kopf) references a_kopf (id)
        )""",
    "a_kopffreie": """
        create table a_kopffreie (
            id_a_kopf varchar(32) not null,
            nummer int not null,
            feld1 varchar(50),
            feld2 varchar(50),
            feld3 varchar(50),
            feld4 varchar(50),
            feld5 varchar(50),
            feld6 varchar(50),
            primary key (id_a_kopf, nummer),
            constraint a_kopffreie_a_kopf foreign key (id_a_kopf) references a_kopf (id)
        )""",
    "a_adresse": """
        create table a_adresse (
            id_a_kopf varchar(32) not null,
            nummer int not null,
            firma varchar(50),
            name varchar(50),
            strasse varchar(50),
            plz varchar(10),
            ort varchar(50),
            telefon varchar(30),
            email varchar(80),
            primary key (id_a_kopf, nummer),
            constraint a_adresse_a_kopf foreign key (id_a_kopf) references a_kopf (id)
        )""",
}
CHILD_TABLES = tuple(table for table in TABLES if table != "a_kopf")
OPTIONS = "engine=InnoDB default charset=utf8mb4 collate=utf8mb4_general_ci"


def recreate_tables(connection: Connection[Any]) -> None:
    """Drop the seven tables, with everything in them, and create them anew and empty."""
    with connection.cursor() as cursor:
        for table in reversed(TABLES):
            cursor.execute(f"drop table if exists {table}")
        for definition in TABLES.values():
            cursor.execute(f"{definition} {OPTIONS}")


def add_advised_indexes(connection: Connection[Any]) -> None:
    """Add the indexes that `extract/erp_indexes.sql` advises, from that very file.

    Raises:
        FileNotFoundError: the demo does not run inside the project.
    """
    script = (project_root() or Path()) / "extract" / "erp_indexes.sql"
    lines = script.read_text(encoding="utf-8").splitlines()
    statements = "\n".join(line for line in lines if not line.startswith("--")).split(";")
    with connection.cursor() as cursor:
        for statement in statements:
            if statement.strip():
                cursor.execute(statement)


def has_orders(connection: Connection[Any]) -> bool:
    """Say whether all seven tables are there and hold at least one order."""
    names = ", ".join(["%s"] * len(TABLES))
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from information_schema.tables "  # noqa: S608 - placeholders only
            f"where table_schema = database() and table_name in ({names})",
            tuple(TABLES),
        )
        if cursor.fetchone() != (len(TABLES),):
            return False
        cursor.execute("select 1 from a_kopf limit 1")
        return cursor.fetchone() is not None


@contextmanager
def old_server_habits(connection: Connection[Any]) -> Iterator[None]:
    """Let the session write what an old server accepted, such as the date 0000-00-00, for a while."""
    with connection.cursor() as cursor:
        cursor.execute("select @@session.sql_mode")
        row = cursor.fetchone()
        cursor.execute("set session sql_mode = 'NO_ENGINE_SUBSTITUTION'")
        try:
            yield
        finally:
            cursor.execute("set session sql_mode = %s", row)
