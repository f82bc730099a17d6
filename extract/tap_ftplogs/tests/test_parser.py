"""Bytes to rows: nothing lost, nothing twice, however the bytes are cut into blocks and runs."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tap_ftplogs.grammar import classify, decode
from tap_ftplogs.parser import Batch, Parser
from tap_ftplogs.position import Position

BOM = b"\xef\xbb\xbf"

LINES = [
    b"20250528 07:02:11|@MachineStart",
    b"20250528 07:03:55 |@ St\xc3\xbck : 230001/A pos 2\r",
    b"2025\x000528 07:03:55|@St\xfcck: \x81\x93",
    b"20250528 23:59:60|@Late",
    b"20250231 07:00:00|@Never: x",
    b"20250528 07:00:00 no event",
    b"",
    b" \t\r",
    b"\x00\x00",
    b"\xff\xfe garbage",
    BOM + b"20250528 07:02:11|@AfterAMark",
    b"x" * 300,
    b"\x00" * 300 + b"20250528 07:02:12|@AfterAPowerCut",
]

files = st.one_of(
    st.binary(max_size=400),
    st.tuples(st.booleans(), st.lists(st.sampled_from(LINES), max_size=8), st.booleans()).map(
        lambda parts: (BOM if parts[0] else b"") + b"\n".join(parts[1]) + (b"\n" if parts[2] else b"")
    ),
)


def read(parser: Parser, content: bytes, block: int = 1 << 20) -> Batch:
    batch = Batch()
    for start in range(0, len(content), block):
        part = parser.feed(content[start : start + block])
        batch.events += part.events
        batch.rejected += part.rejected
    return batch


def read_whole(content: bytes, *, max_line_bytes: int = 1 << 20) -> tuple[Batch, Position]:
    parser = Parser(Position(), max_line_bytes=max_line_bytes)
    batch = read(parser, content)
    last = parser.finish()
    return Batch(batch.events + last.events, batch.rejected + last.rejected), parser.position.with_tail()


@given(files)
@example(BOM + b"\n" + BOM)
@example(b"\n".join(LINES))
def test_every_line_is_accounted_for(content: bytes) -> None:
    batch, position = read_whole(content)
    lines = content.split(b"\n")
    if not lines[-1]:
        lines.pop()
    offsets, offset = [], 0
    for line in lines:
        offsets.append(offset)
        offset += len(line) + 1
    assert position.line_count == len(lines)
    assert position.event_count == len(batch.events)
    assert position.rejected_count == len(batch.rejected)
    assert position.read_bytes == len(content)
    assert position.read_checksum == zlib.crc32(content)
    found: dict[int, tuple[int, ...]] = {}
    for event in batch.events:
        found[event[0]] = event[:2]
    for rejected in batch.rejected:
        found[rejected[0]] = rejected[:2]
        assert rejected[2] == len(lines[rejected[1] - 1])
        assert len(rejected[3]) <= 4000
        assert rejected[3].isprintable() or not rejected[3].isascii()
    for number, (offset, line) in enumerate(zip(offsets, lines, strict=True), start=1):
        text = decode((line.removeprefix(BOM) if offset == 0 else line).replace(b"\0", b""))
        assert (found.pop(offset, None) == (offset, number)) is (classify(text) is not None)
    assert not found
    assert position.first_event_at == (batch.events[0][2] if batch.events else None)
    assert position.last_event_at == (batch.events[-1][2] if batch.events else None)


@given(files, st.integers(1, 50), st.sampled_from([16, 100, 1 << 20]))
def test_blocks_change_nothing(content: bytes, block: int, max_line_bytes: int) -> None:
    expected, position = read_whole(content, max_line_bytes=max_line_bytes)
    parser = Parser(Position(), max_line_bytes=max_line_bytes)
    batch = read(parser, content, block)
    last = parser.finish()
    assert Batch(batch.events + last.events, batch.rejected + last.rejected) == expected
    assert parser.position.with_tail() == position


@pytest.mark.parametrize("max_line_bytes", [40, 1 << 20])
@pytest.mark.parametrize(
    "content",
    [
        BOM + b"\r\n".join(LINES[:6]) + b"\n\n" + LINES[2] + b"\r\n\x00\xc3\xa9",
        b"\n".join(LINES),
        b"\n".join([*LINES[9:], b""]),
        BOM,
        b"\n",
    ],
)
def test_cutting_a_file_anywhere_into_two_runs_changes_nothing(content: bytes, max_line_bytes: int) -> None:
    expected, position = read_whole(content, max_line_bytes=max_line_bytes)
    for cut in range(len(content) + 1):
        first = Parser(Position(), max_line_bytes=max_line_bytes)
        before = read(first, content[:cut])
        second = Parser(first.position, max_line_bytes=max_line_bytes)
        after = read(second, content[first.position.offset :])
        last = second.finish()
        assert before.events + after.events + last.events == expected.events, cut
        assert before.rejected + after.rejected + last.rejected == expected.rejected, cut
        assert second.position.with_tail() == position, cut


@given(files, st.data())
def test_a_line_taken_without_its_end_is_taken_again(content: bytes, data: st.DataObject) -> None:
    expected, position = read_whole(content)
    cut = data.draw(st.integers(0, len(content)))
    first = Parser(Position())
    before = read(first, content[:cut])
    torn = first.finish()
    second = Parser(first.position)
    after = read(second, content[first.position.offset :])
    last = second.finish()
    rows = {row[0]: row for row in [*before.events, *torn.events, *after.events, *last.events]}
    for row in expected.events:
        assert rows[row[0]] == row
    assert second.position.with_tail() == position


@given(files, st.sampled_from([16, 1 << 20]))
def test_the_checksums_are_those_of_all_bytes_so_far(content: bytes, max_line_bytes: int) -> None:
    parser = Parser(Position(), max_line_bytes=max_line_bytes)
    read(parser, content, 7)
    assert parser.position.checksum == zlib.crc32(content[: parser.position.offset])
    assert parser.torn_checksum == zlib.crc32(content)


def test_the_fingerprint_is_the_hash_of_the_first_line() -> None:
    position = read_whole(b"")[1]
    assert position.fingerprint is None
    assert read_whole(b"no line end")[1].fingerprint is None
    long = [b"y" * 4095 + b"\n", b"y" * 4096 + b"\n", b"y" * 5000 + b"\nz\n"]
    fingerprints = [
        read_whole(content, max_line_bytes=cap)[1].fingerprint for content in long for cap in (16, 9999)
    ]
    assert fingerprints[0] == fingerprints[1] != fingerprints[2] == fingerprints[3] == fingerprints[4]


def test_a_line_that_is_too_long_to_be_kept() -> None:
    event = b"20250528 07:02:12|@Long: " + b"\xc3\xa9" * 50
    content = (
        b" \0" * 99 + event + b"\n" + event.replace(b"|@", b"--") + b"\n" + b" " * 300 + b"\n" + b"x" * 20_000
    )
    batch, position = read_whole(content, max_line_bytes=60)
    [row] = batch.events
    assert row[:4] == (0, 1, "2025-05-28T07:02:12", "Long")
    assert row[4] == "é" * 17
    assert [row[5] for row in batch.rejected] == ["no_event", "no_time"]
    assert (batch.rejected[1][2], batch.rejected[1][4]) == (20_000, True)
    assert position.blank_count == 1
    assert position.read_bytes == len(content)
