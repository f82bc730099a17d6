"""A false server: it gets no password and no file, fills no memory, and forges no record."""

from __future__ import annotations

import json
import tracemalloc
import unicodedata
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from tap_mysql import source as source_module
from tap_mysql.check import check_source
from tap_mysql.errors import SourceError
from tap_mysql.tables import Column
from tap_mysql.tap import TapMySQL
from tap_mysql.values import Oddities, formatter, kind_of
from tap_mysql.wire import fields

from .false_mysql import OK, SALT, FalseMySQL, Session, greeting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PASSWORD = "s3cret-of-the-erp"  # noqa: S105 - made up
HARMFUL = "no\0way \x1b[31mred \u202egnp.exe"


def config(server: FalseMySQL, **changes: Any) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": server.port,
        "user": "reader",
        "password": PASSWORD,
        "database": "erp",
        "attempts": 1,
        "read_timeout": 5,
        **changes,
    }


def failure(server: FalseMySQL, **changes: Any) -> str:
    with pytest.raises(SourceError) as caught:
        check_source(config(server, **changes))
    told = str(caught.value)
    assert not any(unicodedata.category(letter) in ("Cc", "Cf") for letter in told)
    assert PASSWORD not in told
    return told


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def switching(plugin: bytes, *more: bytes) -> Callable[[Session], None]:
    def log_in(session: Session) -> None:
        session.send(b"\xfe" + plugin + b"\0" + SALT)
        for packet in more:
            session.receive()
            session.send(packet)
        session.receive()
        session.send(OK)

    return log_in


@pytest.mark.security(
    attack="a false MySQL server that asks for the password in clear",
    rule="refused without TLS",
)
@pytest.mark.parametrize(
    "first", [b"mysql_native_password", b"caching_sha2_password", b"mysql_clear_password"]
)
@pytest.mark.parametrize("plugin", [b"mysql_clear_password", b"dialog", b"mysql_old_password"])
def test_the_password_is_not_told_without_tls(first: bytes, plugin: bytes) -> None:
    prompt = {b"dialog": b"\x04Password: "}.get(plugin, b"")
    with FalseMySQL(switching(plugin + (b"\0" + prompt if prompt else b"")), first=greeting(first)) as server:
        told = failure(server)
    assert f"by {plugin.decode()}, so that a false server could read it: it gets none without TLS" in told
    assert "MYSQL_TLS" in told
    assert len(server.received) == 1, "only the answer to the greeting, without the password"
    assert PASSWORD.encode() not in b"".join(server.received)


@pytest.mark.parametrize("first", [b"caching_sha2_password", b"sha256_password", b"mysql_native_password"])
@pytest.mark.parametrize("plugin", [b"caching_sha2_password", b"sha256_password", None])
def test_a_key_that_the_server_sends_is_not_used(
    first: bytes, plugin: bytes | None, key: rsa.RSAPrivateKey
) -> None:
    more = [b"\x01\x04", b"\x01" + public(key)]

    def log_in(session: Session) -> None:
        if plugin is not None:
            session.send(b"\xfe" + plugin + b"\0" + SALT)
            session.receive()
        for packet in more:
            session.send(packet)
            session.receive()
        session.send(OK)

    with FalseMySQL(log_in, first=greeting(first)) as server:
        failure(server)
    assert not any(len(packet) == 256 for packet in server.received), "nothing encrypted with the key"


def test_the_key_of_the_settings_is_used(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "public_key.pem"
    path.write_bytes(public(key))
    logged_in = switching(b"caching_sha2_password", b"\x01\x04")
    with FalseMySQL(logged_in, first=greeting(b"caching_sha2_password")) as server:
        with suppress(SourceError):
            check_source(config(server, public_key_file=str(path)))
    ciphertext = next(packet for packet in server.received if len(packet) == 256)
    mixed = key.decrypt(
        ciphertext,
        padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None),  # noqa: S303 - MySQL's way
    )
    salt = SALT.rstrip(b"\0")
    assert bytes(c ^ salt[i % len(salt)] for i, c in enumerate(mixed)) == PASSWORD.encode() + b"\0"
    path.write_text("no key")
    assert "MYSQL_PUBLIC_KEY" in failure(server, public_key_file=str(path))


@pytest.mark.security(
    attack="a MySQL server that asks for a file",
    rule="refused",
)
def test_no_file_is_sent_to_the_server() -> None:
    with FalseMySQL(answer=lambda session, _: session.send(b"\xfb/etc/passwd")) as server:
        assert "(it asks for a file of this machine)" in failure(server)
    assert b"root:" not in b"".join(server.received)


def endless_packet(session: Session, _: bytes = b"") -> None:
    while True:
        session.number = (session.number + 1) & 0xFF
        session.raw(b"\xff\xff\xff" + bytes([session.number]) + b"x" * 0xFFFFFF)


def endless_rows(session: Session, query: bytes) -> None:
    if not query.startswith(b"select table_name"):
        session.send(OK)
        return
    session.send(b"\x04")
    for _ in range(4):
        session.send(b"\x03def\0\0\0\x01a\0\x0c\x2d\x00\xff\0\0\0\xfd\0\0\0\0\0")
    session.send(b"\xfe\0\0\x02\0")
    row = b"\xfc\xff\x3f" + b"a" * 0x3FFF + b"\x04VIEW\xfb\xfb"
    while True:
        session.send(row)


def endless_columns(session: Session, _: bytes) -> None:
    session.send(b"\xfe" + b"\xff" * 7 + b"\x00")
    while True:
        session.send(b"\x03def\0\0\0\xfc\xff\x3f" + b"a" * 0x3FFF + b"\0\x0c\x2d\x00\xff\0\0\0\xfd\0\0\0\0\0")


@pytest.mark.security(
    attack="answers of MySQL without end",
    rule="bytes of a packet, an answer, a row, a run",
)
@pytest.mark.parametrize(
    "server",
    [
        FalseMySQL(log_in=endless_packet),
        FalseMySQL(answer=endless_packet),
        FalseMySQL(answer=endless_rows),
        FalseMySQL(answer=endless_columns),
    ],
    ids=["log-in", "answer", "rows", "columns"],
)
def test_an_answer_without_end_is_given_up(server: FalseMySQL) -> None:
    tracemalloc.start()
    try:
        with server:
            assert "an answer that does not end" in failure(server)
        assert tracemalloc.get_traced_memory()[1] < 250_000_000
    finally:
        tracemalloc.stop()
    assert server.sent < 100_000_000


@pytest.mark.parametrize("where", ["log-in", "answer"])
def test_single_bytes_have_one_time_out(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def trickle(session: Session, _: bytes = b"") -> None:
        session.trickle(b"\x01")

    server = FalseMySQL(log_in=trickle) if where == "log-in" else FalseMySQL(answer=trickle)
    monkeypatch.setattr(source_module, "_SESSION", ())
    with server:
        assert "lost" in failure(server, read_timeout=0.5)


def test_a_run_ends_with_its_time_limit() -> None:
    def answer(session: Session, query: bytes) -> None:
        if query.startswith(b"select table_name"):
            session.trickle(b"\x01")
        session.send(OK)

    with FalseMySQL(answer=answer) as server:
        assert "took longer than 0.5 s: see the setting time_limit" in failure(server, time_limit=0.5)


def test_what_the_server_says_is_shown_in_plain_text() -> None:
    error = b"\xff\x15\x04#28000" + HARMFUL.encode() * 500
    with FalseMySQL(log_in=lambda session: session.send(b"\xff\x48\x04#HY000" + error)) as server:
        told = failure(server)
    assert r"no\x00way \x1b[31mred \u202egnp.exe" in told
    assert len(told) <= 2000


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80), st.sampled_from(["first", "log-in", "answer"]))
def test_any_answer_ends_in_a_sentence(data: bytes, where: str) -> None:
    def say(session: Session, _: bytes = b"") -> None:
        session.send(data)
        raise EOFError

    server = {
        "first": lambda: FalseMySQL(first=data, log_in=say),
        "log-in": lambda: FalseMySQL(log_in=say),
        "answer": lambda: FalseMySQL(answer=say),
    }[where]()
    with server:
        failure(server, read_timeout=0.3)


TYPES = [
    *("tinyint(4)", "int(11)", "bigint(20) unsigned", "int(5) unsigned zerofill", "year(4)"),
    *("decimal(10,2)", "double", "float(8,3) unsigned zerofill", "bit(64)"),
    *("date", "datetime(6)", "timestamp", "time(3)", "varchar(20)", "blob"),
]
FORGERIES = [
    b'1,"forged":true',
    b'2025-01-0"',
    b'2025-01-01 10:00:00",',
    b"1}\n{",
    b"007",
    b"1_0",
    b"9" * 5000,
]


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(TYPES),
    st.sampled_from(
        [*FORGERIES, b"1", b"-5", b"1e5", b"1e999999999", b"2025-01-31", b"0000-00-00", b"-838:59:59"]
    )
    | st.binary(max_size=30)
    | st.text('0123456789-+.:eE "}', max_size=20).map(str.encode),
)
@pytest.mark.security(
    attack="values of MySQL that forge a record",
    rule="each value is checked against its type",
)
def test_no_value_forges_a_record(column_type: str, value: bytes) -> None:
    data_type = column_type.partition("(")[0]
    column = Column("a", data_type, column_type, None, 64, is_key=False)
    kind = kind_of(column)
    assert kind is not None
    try:
        told = formatter(column, kind, "+00:00", Oddities())(value)
    except ValueError:
        return
    assert "\n" not in told
    found = json.loads(told, parse_constant=pytest.fail)
    if kind.name == "integer":
        assert isinstance(found, int)
        assert kind.schema["minimum"] <= found <= kind.schema["maximum"]
    elif kind.name in ("decimal", "float", "bits"):
        assert isinstance(found, (int, float))
    else:
        assert found is None or isinstance(found, str)


@given(st.binary(max_size=40))
def test_any_packet_is_a_row_or_none(packet: bytes) -> None:
    try:
        values = fields(packet)
    except ValueError:
        return
    assert sum(len(value or b"") for value in values) <= len(packet)


def test_a_clock_that_tells_no_time_forges_nothing() -> None:
    def answer(session: Session, query: bytes) -> None:
        if not query.startswith(b"select version()"):
            session.send(OK)
            return
        session.send(b"\x02")
        for _ in range(2):
            session.send(b"\x03def\0\0\0\x01a\0\x0c\x2d\x00\xff\0\0\0\xfd\0\0\0\0\0")
        session.send(b"\xfe\0\0\x02\0")
        session.send(b"\x018" + b"\x14" + b'2025","record":{}  ' + b'"')
        session.send(b"\xfe\0\0\x02\0")

    with FalseMySQL(answer=answer) as server, pytest.raises(SourceError, match="its clock tells no time"):
        TapMySQL(config=config(server)).discover_streams()
