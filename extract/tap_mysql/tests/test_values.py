"""Every value is what MySQL shows: compared, row by row, with what the server itself makes of it."""

from __future__ import annotations

import json
import shutil
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .source import Source, source_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .source import Server

pytestmark = pytest.mark.integration


def whole(bits: int, *, unsigned: bool = False) -> st.SearchStrategy[int]:
    return st.integers(0, 2**bits - 1) if unsigned else st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def decimals(digits: int, places: int) -> st.SearchStrategy[str]:
    return st.decimals(
        -(10 ** (digits - places)) + 1, 10 ** (digits - places) - 1, allow_nan=False, places=places
    ).map(lambda value: format(value, "f"))


def dates() -> st.SearchStrategy[str]:
    usual = st.dates().map(str)
    partial = st.sampled_from(
        ["0000-00-00", "2022-11-00", "2022-00-00", "2022-00-07", "0000-05-05", "2024-02-29"]
    )
    return st.one_of(usual, partial)


def moments(digits: int) -> st.SearchStrategy[str]:
    fraction = f".{{:0{digits}d}}" if digits else ""
    return st.builds(
        lambda day, clock, part: f"{day} {clock.replace(microsecond=0)}{fraction.format(part)}",
        dates(),
        st.times(),
        st.integers(0, 10**digits - 1),
    )


# MySQL stores no unpaired surrogates as text, and a text column keeps NULs and all other control characters.
WORDS = st.one_of(
    st.sampled_from(["", "NULL", "null", "\\N", "\\", "\n", "\t\r\n", '"', "'", "\0", "é€😀", " pad ", "Ã©"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
)
LATIN = st.text(st.characters(max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=20)
SPANS = st.builds(
    lambda sign, hours, minutes: f"{sign}{hours}:{minutes:02}:07.5",
    st.sampled_from(["", "-"]),
    st.integers(0, 837),
    st.integers(0, 59),
)
STAMPS = st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2037, 12, 31))  # noqa: DTZ001 # a clock

# A zero without a sign: as a number, which is how it is compared here, it has none.
FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0)
DOUBLES = st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0)

#: Declaration, values to write, how the server is asked for a text of it, how JSON tells that text.
TEXT, NUMBER, DATE, MOMENT, STAMP = "text", "number", "date", "moment", "stamp"
COLUMNS: dict[str, tuple[str, st.SearchStrategy[Any], str, str]] = {
    "c_tinyint": ("tinyint", whole(8), "cast({} as char)", NUMBER),
    "c_bool": ("tinyint(1)", whole(8), "cast({} as char)", NUMBER),
    "c_smallint": ("smallint unsigned", whole(16, unsigned=True), "cast({} as char)", NUMBER),
    "c_mediumint": ("mediumint", whole(24), "cast({} as char)", NUMBER),
    "c_int": ("int(8) unsigned zerofill", whole(32, unsigned=True), "cast({} + 0 as char)", NUMBER),
    "c_bigint": ("bigint", whole(64), "cast({} as char)", NUMBER),
    "c_ubigint": ("bigint unsigned", whole(64, unsigned=True), "cast({} as char)", NUMBER),
    "c_decimal": ("decimal(65, 30)", decimals(65, 30), "cast({} as char)", NUMBER),
    "c_price": ("decimal(15, 2)", decimals(15, 2), "cast({} as char)", NUMBER),
    "c_filled": ("decimal(9, 3) zerofill", decimals(9, 3).map(lambda t: t.lstrip("-")), "{} + 0", NUMBER),
    "c_float": ("float", FLOATS, "concat({})", NUMBER),
    "c_double": ("double", DOUBLES, "concat({})", NUMBER),
    "c_bit": ("bit(64)", whole(64, unsigned=True), "cast({} + 0 as char)", NUMBER),
    "c_flag": ("bit", st.integers(0, 1), "cast({} + 0 as char)", NUMBER),
    "c_year": ("year", st.sampled_from([0, 1901, 2025, 2155]), "cast({} + 0 as char)", NUMBER),
    "c_date": ("date", dates(), "cast({} as char)", DATE),
    "c_datetime": ("datetime", moments(0), "cast({} as char)", MOMENT),
    "c_datetime2": ("datetime(2)", moments(2), "cast({} as char)", MOMENT),
    "c_datetime6": ("datetime(6)", moments(6), "cast({} as char)", MOMENT),
    "c_timestamp": ("timestamp(6) null", STAMPS, "cast({} as char)", STAMP),
    "c_time": ("time(1)", SPANS, "cast({} as char)", TEXT),
    "c_char": ("char(30)", WORDS, "hex(convert({} using utf8mb4))", TEXT),
    "c_varchar": ("varchar(40)", WORDS, "hex({})", TEXT),
    "c_latin1": ("varchar(20) character set latin1", LATIN, "hex(convert({} using utf8mb4))", TEXT),
    "c_utf16": ("text character set utf16", WORDS, "hex(convert({} using utf8mb4))", TEXT),
    "c_longtext": ("longtext", WORDS, "hex({})", TEXT),
    "c_enum": ("enum('', 'a', 'é\"')", st.sampled_from(["", "a", 'é"']), "hex({})", TEXT),
    "c_set": ("set('a', 'b''', 'ü')", st.sampled_from(["", "a", "a,ü", "b'"]), "hex({})", TEXT),
    "c_json": ("json", st.sampled_from(["{}", '{"a": [1, "é"]}', "null"]), "hex({})", TEXT),
    "c_blob": ("blob", st.binary(max_size=30), "lower(hex({}))", TEXT),
    "c_binary": ("binary(3)", st.binary(max_size=3), "lower(hex({}))", TEXT),
    "c_varbinary": ("varbinary(300)", st.binary(min_size=240, max_size=300), "lower(hex({}))", TEXT),
}
ROWS = st.lists(st.tuples(*(st.none() | values for _, values, _, _ in COLUMNS.values())), max_size=8)


@pytest.fixture(scope="module")
def types(mysql: Server) -> Iterator[Source]:
    with source_on(mysql, "all types") as source:
        declared = ", ".join(f"{name} {declaration}" for name, (declaration, *_) in COLUMNS.items())
        source.execute("set time_zone = '+00:00'")
        # Deflating rows of so many long columns off the page keeps them below InnoDB's limit.
        source.execute(f"create table t (id int auto_increment primary key, {declared}) row_format = dynamic")
        yield source


def exists(day: str) -> bool:
    try:
        date.fromisoformat(day[:10])
    except ValueError:
        return False
    return True


def expected(shown: str | None, ask: str, telling: str) -> object:
    if shown is None:
        return None
    if ask.startswith("hex"):
        shown = bytes.fromhex(shown).decode()
    if telling in (DATE, MOMENT) and not exists(shown):
        return None
    if telling in (MOMENT, STAMP):
        return shown.replace(" ", "T") + ("+00:00" if telling == STAMP else "")
    return shown


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(rows=ROWS)
def test_each_value_is_what_the_server_shows(types: Source, rows: list[tuple[Any, ...]]) -> None:
    types.execute("truncate table t")
    marks = ", ".join(["%s"] * len(COLUMNS))
    for row in rows:
        types.execute(f"insert into t ({', '.join(COLUMNS)}) values ({marks})", row)
    asked = ", ".join(ask.format(name) for name, (_, _, ask, _) in COLUMNS.items())
    shown = types.execute(f"select {asked} from t order by id")
    run = types.run(config={"table_reads": True})
    assert run.error is None
    impossible = 0
    for record, row in zip(run.records("t"), shown, strict=True):
        for (name, (_, _, ask, telling)), value in zip(COLUMNS.items(), row, strict=True):
            told = record[name]
            if name in ("c_float", "c_double") and value is not None:
                # One server writes 7.6e-9 in a text, and 0.0000000076 in a row: the same digits.
                assert Decimal(str(told)) == Decimal(str(value)), name
            elif telling == NUMBER and value is not None:
                # As texts: not a digit may differ. The server pads decimals with zeros only where declared.
                assert str(told) == str(value), name
            else:
                assert told == expected(value, ask, telling), name
            impossible += telling in (DATE, MOMENT) and value is not None and told is None
    counts = run.records("table_reads")[0]
    assert sum(counts["impossible_dates"].values()) == impossible
    assert (counts["counted_rows"], counts["emitted_rows"]) == (len(rows), len(rows))


def test_floats_are_told_as_mysql_shows_them(source: Source) -> None:
    source.execute("create table t (id int primary key, f float, d double)")
    source.execute("insert into t values (1, 0.1, 0.1), (2, 1e20, 1e300), (3, -2.5, 123456789.125)")
    told = [(row["f"], row["d"]) for row in source.run().records("t")]
    assert told == [("0.1", "0.1"), ("1e20", "1e300"), ("-2.5", "123456789.125")]


def test_types_have_schemas(types: Source) -> None:
    schema = types.run().schema("t")
    assert schema["c_bigint"] == {"type": ["integer", "null"], "minimum": -(2**63), "maximum": 2**63 - 1}
    assert schema["c_ubigint"] == {"type": ["number", "null"], "minimum": 0, "maximum": 2**64 - 1}
    assert schema["c_bool"]["type"] == ["integer", "null"]
    assert schema["c_decimal"] == {"type": ["number", "null"]}
    assert schema["c_date"] == {"type": ["string", "null"], "format": "date"}
    assert (
        schema["c_datetime"] == schema["c_timestamp"] == {"type": ["string", "null"], "format": "date-time"}
    )
    assert schema["c_blob"] == {"type": ["string", "null"], "contentEncoding": "base16"}


def test_days_that_only_a_careless_server_knows_are_null_and_counted(
    source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    source.execute("create table t (id int primary key, d date, at datetime)")
    source.execute("set sql_mode = 'ALLOW_INVALID_DATES'")
    source.execute(
        "insert into t values (1, '2022-02-31', '2022-02-31 10:00:00'), "
        "(2, '2022-11-00', '0000-00-00 00:00:00'), (3, '2022-02-28', '2022-04-30 10:00:00')"
    )
    run = source.run(config={"table_reads": True})
    assert [(row["d"], row["at"]) for row in run.records("t")] == [
        (None, None),
        (None, None),
        ("2022-02-28", "2022-04-30T10:00:00"),
    ]
    assert run.records("table_reads")[0]["impossible_dates"] == {"d": 2, "at": 2}
    assert "t.at: 2 dates are in no calendar" in caplog.text


def test_timestamps_are_told_with_the_offset_that_is_set(source: Source) -> None:
    source.execute("create table t (id int primary key, at timestamp, wall datetime)")
    source.execute("set time_zone = '+02:00'")
    source.execute("insert into t values (1, '2025-05-28 00:30:00', '2025-05-28 00:30:00')")
    (row,) = source.run().records("t")
    assert row == {"id": 1, "at": "2025-05-27T22:30:00+00:00", "wall": "2025-05-28T00:30:00"}
    (row,) = source.run(config={"timezone": "-03:30"}).records("t")
    assert row == {"id": 1, "at": "2025-05-27T19:00:00-03:30", "wall": "2025-05-28T00:30:00"}


def test_utf8_in_a_latin1_column_stays_mojibake(source: Source) -> None:
    source.execute("create table t (id int primary key, word varchar(20) character set latin1)")
    source.execute("insert into t values (1, cast(%s as binary))", ("Planifiée".encode(),))
    assert source.run().records("t") == [{"id": 1, "word": "PlanifiÃ©e"}]


def test_bytes_that_are_no_text_are_told_and_counted(mysql: Server, caplog: pytest.LogCaptureFixture) -> None:
    if mysql.data_folder is None:
        pytest.skip("the files of a server that is not ours cannot be exchanged")
    with source_on(mysql, "damaged") as source:
        # The server would refuse to write them: the files of two tables of the same shape are exchanged.
        for name, column in (("raw", "varbinary(40)"), ("t", "varchar(10) character set utf8mb4")):
            source.execute(f"create table {name} (id int primary key, word {column}) engine = MyISAM")
        source.execute("insert into raw values (7, 'good'), (8, %s), (9, %s)", (b"caf\xe9!", b"\xff"))
        source.execute("flush tables")
        folder = mysql.data_folder / "damaged"
        shutil.copyfile(folder / "raw.MYD", folder / "t.MYD")
        shutil.copyfile(folder / "raw.MYI", folder / "t.MYI")
        source.execute("flush tables")
        catalog = source.catalog()
        next(entry for entry in catalog["streams"] if entry["stream"] == "raw")["metadata"][0]["metadata"][
            "selected"
        ] = False
        for entry in catalog["streams"]:
            for metadata in entry["metadata"]:
                if not metadata["breadcrumb"]:
                    metadata["metadata"]["selected"] = entry["stream"] == "t"
        run = source.run(catalog=catalog, config={"table_reads": True})
        assert run.error is None
        assert [row["word"] for row in run.records("t")] == ["good", r"caf\xe9!", r"\xff"]
        assert "t.word: 2 texts hold bytes that are no text" in caplog.text
        assert "t.word holds bytes that are no text, first in the row id = 8" in caplog.text
        # Of all tables, this one is not part of the snapshot.
        assert "t is a table of the engine MyISAM, which knows no snapshot" in caplog.text


def test_the_row_of_an_invalid_text_is_named_by_its_key(caplog: pytest.LogCaptureFixture) -> None:
    import logging

    from tap_mysql.records import RecordFormatter
    from tap_mysql.tables import Column
    from tap_mysql.values import Kind

    columns = [
        (Column("id", "int", "int", None, None, is_key=True), Kind("integer")),
        (Column("word", "varchar", "varchar(9)", "utf8mb4", None, is_key=False), Kind("text")),
    ]
    formatter = RecordFormatter("t", columns, "+00:00", logging.getLogger())
    text = formatter.lines([b"\x0241\x02ok", b"\x0242\x02\xc3(", b"\x0243\x01\xff"], "{", "}\n")
    assert [json.loads(line)["word"] for line in text.splitlines()] == ["ok", r"\xc3(", r"\xff"]
    assert "first in the row id = 42" in caplog.text
    assert formatter.invalid_texts == {"word": 2}


def test_geometry_is_skipped_with_a_warning(source: Source, caplog: pytest.LogCaptureFixture) -> None:
    source.execute("create table t (id int primary key, place point, word text)")
    source.execute("insert into t values (1, point(1, 2), 'x')")
    assert source.run().records("t") == [{"id": 1, "word": "x"}]
    assert "t: skipped, as there is no way to tell them: place (point)" in caplog.text


def test_a_value_may_be_longer_than_a_packet(source: Source) -> None:
    source.execute("set global max_allowed_packet = 67108864")
    with source.server.connect(source.database) as connection:
        with connection.cursor() as cursor:
            cursor.execute("create table t (id int primary key, word longtext, after varchar(5))")
            # One row of exactly the longest packet, one of more than two packets, one after them.
            for number, length in ((1, 0xFFFFFF - 14), (2, 40_000_000), (3, 0)):
                cursor.execute("insert into t values (%s, repeat('x', %s), 'after')", (number, length))
        connection.commit()
    run = source.run()
    assert run.error is None
    told = [(row["id"], len(row["word"]), row["after"]) for row in run.records("t")]
    assert told == [(1, 0xFFFFFF - 14, "after"), (2, 40_000_000, "after"), (3, 0, "after")]
