"""What a run remembers: exact while it matters, small whatever the number of files."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_ftplogs.listing import Listed
from tap_ftplogs.packing import PackedSet
from tap_ftplogs.parser import Parser
from tap_ftplogs.plan import Action, decide, is_listed_as_known, judge, next_generation, trusted_time_text
from tap_ftplogs.position import Position, Tail
from tap_ftplogs.state import FileState, Problem, StateBook, file_version_id

TODAY = "DEM12 (PVC)/20250528.LOG"
FINGERPRINT = "5a677704bda34bae61ac53a5561530fc584bbbb462b75a4a74ba0a4bb50785a0"


def state(path: str = TODAY, **values: Any) -> FileState:
    position = Position(100, 3, 1, 1, "2025-05-28T07:00:00", "2025-05-28T08:00:00", 7, FINGERPRINT)
    defaults: dict[str, Any] = {
        "size": 100,
        "modified": 1000,
        "listed": "May 28 07:30",
        "day": 20250528,
    }
    return FileState(path, **{"position": position, "read_at": 2000, **defaults, **values})


positions = st.builds(
    Position,
    offset=st.integers(0, 1 << 40),
    event_count=st.integers(0, 99),
    rejected_count=st.integers(0, 99),
    blank_count=st.integers(0, 99),
    first_event_at=st.none()
    | st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S").zfill(19)),
    last_event_at=st.none() | st.just("2025-05-28T07:00:00"),
    checksum=st.integers(0, (1 << 32) - 1),
    fingerprint=st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex),
    tail=st.none() | st.just(Tail(5, 6, "event", "2025-05-28T07:00:00")) | st.just(Tail(5, 6, "blank", None)),
)
states = st.builds(
    FileState,
    path=st.sampled_from([TODAY, "A/b/c.log", "A/é.log"]),
    size=st.integers(0, 1 << 40),
    modified=st.none() | st.integers(0, 1 << 32),
    listed=st.sampled_from(["", "May 28 2025"]),
    position=positions,
    generation=st.integers(0, 3),
    read_at=st.integers(0, 1 << 32),
    is_complete=st.booleans(),
    read_error=st.none() | st.text(),
    past=st.dictionaries(st.binary(min_size=32, max_size=32).map(bytes.hex), st.integers(0, 3), max_size=2),
    day=st.none() | st.just(20250528),
    changed_at=st.integers(0, 1 << 32),
    removed_at=st.none() | st.integers(0, 1 << 32),
)


@given(states)
def test_what_is_stored_comes_back(file: FileState) -> None:
    stored = json.loads(json.dumps(file.dump()))
    assert FileState.load(file.path, stored) == file


def test_a_state_of_a_version_that_kept_a_probe_is_read() -> None:
    old = [120, 1000, "May 28 07:30", 20250528, 1, 2000, 100, 7, "", [36, 64, 9], 3, 1, 1]
    file = FileState.load(TODAY, old)
    assert (file.position.checksum, file.position.event_count, file.changed_at) == (7, 3, 0)
    assert file.removed_at is None


def test_a_book_comes_back() -> None:
    book = StateBook()
    for path in (TODAY, "DEM12 (PVC)/sub/x.log", "ALU/x.log"):
        book.put(state(path))
    stored = json.loads(json.dumps(book.dump()))
    assert StateBook.load(stored).dump() == stored
    assert stored["format"] == 1


def test_a_state_of_a_later_version_is_refused() -> None:
    with pytest.raises(ValueError, match="format 2"):
        StateBook.load({"format": 2})


def test_ten_thousand_files_fit_into_64_kib() -> None:
    book = StateBook()
    for number in range(10_000):
        path = f"DEM{number % 3} (PVC)/2{number:07}.LOG"
        book.put(
            state(
                path,
                size=number,
                is_complete=True,
                position=Position(offset=number, fingerprint=FINGERPRINT, checksum=number * 7),
            )
        )
    text = json.dumps(book.dump())
    assert len(text) < 64 * 1024
    loaded = StateBook.load(json.loads(text))
    assert json.dumps(loaded.dump()) == text
    packed = mistakes = 0
    for number in range(10_000):
        path = f"DEM{number % 3} (PVC)/2{number:07}.LOG"
        if loaded.find(path, set()) is None:
            packed += 1
            assert loaded.was_packed(path)
            assert loaded.is_settled(path, number, 20250528)
            assert loaded.is_proven(path, number, 20250528, number * 7)
            mistakes += loaded.is_settled(path, number + 1, 20250528)
            mistakes += loaded.is_settled(path, number, 20250529)
            mistakes += loaded.is_proven(path, number, 20250528, number * 7 + 1) / 16
    assert 9_500 < packed < 10_000
    # As rare as 16 and 12 bits make them.
    assert mistakes < 3


def test_a_file_that_is_distrusted_is_looked_at_again() -> None:
    book = StateBook()
    packed, kept = "DEM12 (PVC)/20250527.LOG", TODAY
    book.put(state(packed, is_complete=True))
    book.put(state(kept, is_complete=True))
    book._pack(packed)
    for path in (packed, kept):
        book.distrust(path)
    assert book.was_packed(packed)
    assert not book.is_settled(packed, 100, 20250528)
    assert not book.is_proven(packed, 100, 20250528, 7)
    known = book.find(kept, set())
    assert decide(known, 100, 1000, is_newest=False, is_settling=False) is Action.VERIFY


def test_problems_come_back() -> None:
    book = StateBook()
    book.problems = [Problem("file_unreadable", TODAY, "550 no", "2025-05-28T07:00:00")]
    book.names_seen = ["abcdef"]
    loaded = StateBook.load(json.loads(json.dumps(book.dump())))
    assert (loaded.problems, loaded.names_seen) == (book.problems, book.names_seen)


def test_only_files_that_are_settled_are_packed() -> None:
    assert state(is_complete=True).is_packable
    assert not state().is_packable
    assert not state(is_complete=True, read_error="no").is_packable
    assert not state(is_complete=True, generation=1).is_packable
    assert not state(is_complete=True, listed="").is_packable
    assert not state(is_complete=True, size=101).is_packable


def test_a_file_is_found_under_another_case() -> None:
    book = StateBook()
    book.put(state())
    other = TODAY.lower()
    assert book.find(other, {other}) is book.find(TODAY, {TODAY})
    assert book.find(other, {other, TODAY}) is None
    assert book.find("DEM13/20250528.LOG", set()) is None


@given(
    st.dictionaries(st.text(max_size=9), st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=300)
)
def test_a_packed_set_keeps_what_it_got(entries: dict[str, tuple[str, str]]) -> None:
    packed = PackedSet()
    for key, (value, proof) in entries.items():
        packed.add(key, value, proof)
    loaded = PackedSet.load(packed.dump())
    assert loaded.dump() == packed.dump()
    for key, (value, proof) in entries.items():
        assert loaded.has_key(key)
        assert loaded.has_value(key, value)
        assert loaded.has_proof(key, value, proof)


def test_the_key_of_a_version() -> None:
    import hashlib

    expected = hashlib.sha256(f"{TODAY}\n{FINGERPRINT}\n2".encode()).hexdigest()[:32]
    assert file_version_id(TODAY, FINGERPRINT, 2) == expected


@pytest.mark.parametrize(
    ("size", "modified", "changes", "is_newest", "expected"),
    [
        (100, 1000, {}, True, Action.NOTHING),
        (100, 1000, {"read_error": "no"}, True, Action.RESUME),
        (110, 1000, {"size": 110}, True, Action.RESUME),
        (110, 1001, {}, True, Action.RESUME),
        (110, 999, {}, True, Action.VERIFY),
        (110, 1001, {"is_complete": True}, True, Action.VERIFY),
        (110, 1001, {}, False, Action.VERIFY),
        (100, 1000, {"removed_at": 3000}, False, Action.VERIFY),
        (100, 1001, {}, True, Action.VERIFY),
        (105, 1001, {"size": 110}, True, Action.VERIFY),
        (99, 1001, {}, True, Action.REPLACE),
        (0, 1001, {}, True, Action.REPLACE),
        (0, 1001, {"size": 0, "position": Position()}, True, Action.NOTHING),
        (9, 1001, {"size": 5, "position": Position()}, True, Action.RESUME),
        (5, 1001, {"size": 5, "position": Position()}, True, Action.RESUME),
    ],
)
def test_how_a_file_is_read(
    size: int, modified: int, changes: dict[str, Any], *, is_newest: bool, expected: Action
) -> None:
    assert decide(state(**changes), size, modified, is_newest=is_newest, is_settling=False) is expected


def test_a_file_never_seen_is_read_from_its_start() -> None:
    assert decide(None, 0, None, is_newest=True, is_settling=False) is Action.START


def test_a_file_that_has_come_to_rest_is_compared_once() -> None:
    assert decide(state(), 100, 1000, is_newest=False, is_settling=True) is Action.VERIFY


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"20250528 08:00:01|@A\n", Action.RESUME),
        (b"20250528 08:00:00|@A\n", Action.RESUME),
        (b"20250528 07:59:59|@A\n", Action.VERIFY),
        (b"\n\n20250528 07:59:59|@A\n", Action.VERIFY),
        (b"\n\n", Action.VERIFY),
        (b"gevoerd: 230001/A\n20250528 08:00:01|@A\n", Action.VERIFY),
        (b"20250528 08:00:01 no event\n", Action.VERIFY),
    ],
)
def test_whether_new_lines_continue_a_file(content: bytes, expected: Action) -> None:
    known = state()
    parser = Parser(known.position)
    parser.feed(content)
    assert judge(known, parser) is expected


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("rejected", b"20250528 08:00:01|@A\n", Action.REPLACE),
        ("event", b"20250528 08:00:01|@A\n", Action.RESUME),
        ("event", b"\n", Action.REPLACE),
        ("blank", b"20250528 08:00:01|@A\n", Action.RESUME),
    ],
)
def test_a_torn_line_that_went_on_may_need_a_new_version(kind: str, content: bytes, expected: Action) -> None:
    known = state()
    known.position.tail = Tail(3, 0, kind, None)
    parser = Parser(known.position)
    parser.feed(content)
    assert judge(known, parser) is expected


def test_a_listing_is_only_a_hint() -> None:
    listed = Listed("20250528.LOG", "file", 100, "May 28 07:30")
    assert is_listed_as_known(state(), listed)
    assert not is_listed_as_known(state(listed=""), listed)
    assert not is_listed_as_known(state(size=99), listed)
    assert trusted_time_text(listed, 1000, now=1121) == "May 28 07:30"
    assert trusted_time_text(listed, 1000, now=1119) == ""
    assert trusted_time_text(Listed("x", "link", 100, "May 28 07:30"), 0, now=9999) == ""


def test_generations_count_the_same_fingerprint_only() -> None:
    assert next_generation("a", {}) == 0
    assert next_generation("a", {"a": 2, "b": 7}) == 3
    assert next_generation("c", {"a": 2, "b": 7}) == 0
