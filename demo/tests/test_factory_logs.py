"""The log factory: repeatable, complete in its oddities, and it changes nothing that it need not."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from atelier_demo.factory import log_operations as operations
from atelier_demo.factory.ending import Ending
from atelier_demo.factory.log_plan import (
    ALWAYS_ODDITIES,
    CALENDAR_ODDITIES,
    DRAWN_ODDITIES,
    drawn_oddity,
    production_days,
)
from atelier_demo.factory.logs import LogsManifest, grow_logs, make_logs
from atelier_demo.factory.shifts import PLANT, clock_change_at_night

UNTIL = date(2025, 6, 12)
EVENT_LINE = re.compile(r"^([0-9]{8}) ([0-9]{2}:[0-9]{2}:[0-9]{2})\s*\|@\s*(\w+)\s*:?\s*(.*)$", re.DOTALL)
Event = tuple[datetime, str, str]


def decoded(line: bytes) -> str:
    """Decode a line as the contract says."""
    line = line.replace(b"\x00", b"")
    with suppress(UnicodeDecodeError):
        return line.decode()
    with suppress(UnicodeDecodeError):
        return line.decode("cp1252")
    return line.decode("latin-1")


def event_of(line: bytes) -> Event | None:
    """Read a line by the contract's grammar; None for a blank or rejected line."""
    match = EVENT_LINE.match(decoded(line).strip())
    if match is None:
        return None
    try:
        at = datetime.strptime(f"{match[1]} {match[2]}", "%Y%m%d %H:%M:%S")  # noqa: DTZ007 - wall clock
    except ValueError:
        return None
    return at, match[3], match[4].strip()


def events_in(content: bytes) -> list[Event]:
    return [event for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n") if (event := event_of(line))]


def rejected_in(content: bytes) -> list[bytes]:
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [line for line in lines if decoded(line).strip() and event_of(line) is None]


def snapshot(root: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LogsManifest]:
    root = tmp_path_factory.mktemp("ftp")
    return root, make_logs(root, seed=7, until=UNTIL)


def content_with(made: tuple[Path, LogsManifest], oddity: str) -> bytes:
    """Give the bytes of a file that the manifest says to have the oddity."""
    root, manifest = made
    return (root / manifest.oddities[oddity][0]).read_bytes()


def beside(made: tuple[Path, LogsManifest], oddity: str) -> tuple[bytes, Path, Path]:
    """Give a file's bytes, its path, and the path of the second file that the oddity brought."""
    root, manifest = made
    first, second = (root / path for path in manifest.oddities[oddity][:2])
    return first.read_bytes(), first, second


def test_two_runs_are_equal_to_the_byte_and_to_the_second(
    made: tuple[Path, LogsManifest], tmp_path: Path
) -> None:
    assert make_logs(tmp_path, seed=7, until=UNTIL) == made[1]
    assert snapshot(tmp_path) == snapshot(made[0])


def test_another_seed_makes_other_files(made: tuple[Path, LogsManifest], tmp_path: Path) -> None:
    make_logs(tmp_path, seed=8, days=2, until=UNTIL)
    path = "DEM12 (PVC)/20250611.LOG"
    assert (tmp_path / path).read_bytes() != (made[0] / path).read_bytes()


def test_the_manifest_counts_what_is_there(made: tuple[Path, LogsManifest]) -> None:
    root, manifest = made
    contents = [content for content, _ in snapshot(root).values()]
    assert manifest.files == len(contents)
    assert manifest.bytes == sum(map(len, contents))
    assert manifest.lines == sum(
        content.count(b"\n") + (1 if content.rpartition(b"\n")[2] else 0) for content in contents
    )
    assert manifest.machines[:3] == ["DEM12 (PVC)", "DEMALU (ALU)", "SU12 (HYBRIDE)"]
    assert sorted(manifest.machines) == sorted(path.name for path in root.iterdir())
    assert 40_000 < manifest.lines < 60_000


def test_each_named_oddity_is_in_a_file_that_exists(made: tuple[Path, LogsManifest]) -> None:
    root, manifest = made
    assert set(manifest.oddities) == {*DRAWN_ODDITIES, *ALWAYS_ODDITIES}
    for paths in manifest.oddities.values():
        assert all((root / path).is_file() for path in paths)


@pytest.mark.parametrize("later", range(60))
def test_thirty_days_of_three_machines_meet_every_oddity(later: int) -> None:
    until = UNTIL + timedelta(days=later)
    met = {
        drawn_oddity(place, day)
        for place in range(3)
        for day in production_days(30, until, late=False)
        if day != until
    }
    assert met >= set(DRAWN_ODDITIES)


def test_without_oddities_every_line_is_an_event(tmp_path: Path) -> None:
    manifest = make_logs(tmp_path, seed=7, days=6, until=UNTIL, machines=3, oddities=False)
    assert len(manifest.machines) == 3
    for path, (content, _) in snapshot(tmp_path).items():
        if path not in manifest.growing:
            assert rejected_in(content) == []
            assert len(events_in(content)) == content.count(b"\n")


def test_odd_bytes(made: tuple[Path, LogsManifest]) -> None:
    assert content_with(made, "utf8_bom").startswith(b"\xef\xbb\xbf2025")
    crlf = content_with(made, "crlf_line_ends")
    assert crlf.count(b"\r\n") == crlf.count(b"\n") > 0
    mixed = content_with(made, "mixed_line_ends")
    assert 0 < mixed.count(b"\r\n") < mixed.count(b"\n")
    assert any(b"\x00" in line and event_of(line) for line in content_with(made, "nul_bytes").split(b"\n"))
    assert b"\n" + b"\x00" * 16 in content_with(made, "nul_only_lines")
    assert b"\n   " in content_with(made, "blank_lines")
    assert b"\x92op\xe9rateur" in content_with(made, "cp1252_bytes")
    assert b"\xe9cran \x81" in content_with(made, "latin1_bytes")
    assert "🔥".encode() in content_with(made, "utf8_bytes")
    several = content_with(made, "mixed_encodings")
    assert b"\x92op\xe9rateur" in several
    assert b"\xe9cran \x81" in several
    assert "🔥".encode() in several
    assert b"pi\xc3\xa8ce ray\xe9e" in several
    assert max(map(len, content_with(made, "very_long_line").split(b"\n"))) > 20_000
    repeated = Counter(content_with(made, "runaway_logger").split(b"\n"))
    assert repeated.most_common(1)[0][1] == 1000
    torn = content_with(made, "torn_last_line")
    assert not torn.endswith(b"\n")


def test_odd_lines(made: tuple[Path, LogsManifest]) -> None:
    assert any(b"|@" not in line for line in rejected_in(content_with(made, "lines_without_marker")))
    assert any(
        re.fullmatch(rb"\d{8} \S{8}\|@", line.strip())
        for line in rejected_in(content_with(made, "event_name_missing"))
    )
    assert any(line.startswith(b"20250231") for line in rejected_in(content_with(made, "impossible_dates")))
    spaced = content_with(made, "varied_white_space")
    assert rejected_in(spaced) == []
    assert re.search(rb"\d \|@|\t\|@\t", spaced)
    assert re.search(rb"\|@  \w+  \S", spaced)
    assert events_in(content_with(made, "no_valid_event")) == []


def test_odd_events(made: tuple[Path, LogsManifest]) -> None:
    def names(oddity: str) -> list[str]:
        return [name for _, name, _ in events_in(content_with(made, oddity))]

    def stops_and_starts(oddity: str) -> str:
        return "".join(name[7] for name in names(oddity) if name in ("MachineStop", "MachineStart"))

    def ran(oddity: str) -> str:
        letters = {"MachineStop": "S", "MachineStart": "G", "StukUitgevoerd": "p", "JobProfiel": "j"}
        return "".join(letters.get(name, "") for name in names(oddity))

    assert stops_and_starts("stop_stop_start")
    assert re.search(r"SSG", ran("stop_stop_start"))
    assert re.search(r"G[pj]*G", ran("start_without_stop"))
    assert re.search(r"S[pj]*p[pj]*S?$", ran("stop_never_restarted"))
    assert "StukUitgevoerd" not in names("no_pieces")
    assert names("one_piece").count("StukUitgevoerd") == 1
    before_job = names("pieces_before_any_job")
    assert before_job.index("StukUitgevoerd") < before_job.index("JobProfiel")
    twice = Counter(events_in(content_with(made, "identical_lines")))
    assert max(count for (_, name, _), count in twice.items() if name == "StukUitgevoerd") >= 2
    times = [at for at, _, _ in events_in(content_with(made, "out_of_order"))]
    back = [a - b for a, b in pairwise(times) if b < a]
    assert back
    assert max(back) < timedelta(minutes=10)


def test_odd_waits(made: tuple[Path, LogsManifest]) -> None:
    details = {
        details
        for _, name, details in events_in(content_with(made, "wait_notations"))
        if name == "MachineWait"
    }
    assert details >= {"45 sec", "12.5 sec", "12,5 sec", "30", "7sec", "0", "0 sec", "", "sans durée"}
    overlapping = events_in(content_with(made, "overlapping_waits"))
    first = next(at for at, name, details in overlapping if details == "300 sec")
    assert (first, "MachineWait", "200,5 sec") in overlapping
    stopped = events_in(content_with(made, "wait_overlaps_stop"))
    wait = next(i for i, (_, name, details) in enumerate(stopped) if details == "240 sec")
    assert stopped[wait + 1][:2] == (stopped[wait][0], "MachineStop")
    assert (stopped[wait][0] + timedelta(seconds=90), "MachineStart", "") in stopped
    ending = events_in(content_with(made, "wait_past_the_end"))
    last_piece = max(at for at, name, _ in ending if name == "StukUitgevoerd")
    longest = [
        (at, int(d.split()[0])) for at, n, d in ending if n == "MachineWait" and re.match(r"\d{4} sec", d)
    ]
    assert any(at + timedelta(seconds=seconds) > last_piece > at for at, seconds in longest)


def test_odd_files(made: tuple[Path, LogsManifest]) -> None:
    content, _, copy = beside(made, "same_file_under_another_name")
    assert copy.read_bytes() == content
    assert copy.name.endswith(" (1).LOG")
    content, first, copy = beside(made, "same_file_in_sub_folder")
    assert copy.read_bytes() == content
    assert copy.parent.parent == first.parent
    content, _, copy = beside(made, "partial_copy")
    assert content.startswith(copy.read_bytes())
    assert 0 < copy.stat().st_size < len(content)
    _, first, copy = beside(made, "empty_file")
    assert copy.stat().st_size == 0
    assert copy.stat().st_mtime > first.stat().st_mtime
    assert events_in(beside(made, "garbage_file")[2].read_bytes()) == []
    root, manifest = made
    assert (root / manifest.oddities["lower_case_extension"][0]).suffix == ".log"
    assert len(Path(manifest.oddities["file_in_sub_folder"][0]).parts) == 3
    assert not manifest.oddities["accented_folder"][0].isascii()


def test_a_night_shift_runs_past_midnight_in_one_file(made: tuple[Path, LogsManifest]) -> None:
    root, manifest = made
    drawn = {path for oddity in DRAWN_ODDITIES for path in manifest.oddities[oddity]}
    path = next(path for path in manifest.oddities["night_shift_past_midnight"] if path not in drawn)
    events = events_in((root / path).read_bytes())
    assert events[-1][0].date() == events[0][0].date() + timedelta(days=1)
    assert events[-1][0].hour < 5


@pytest.mark.parametrize(
    ("until", "oddity"),
    [(date(2025, 4, 2), CALENDAR_ODDITIES[0]), (date(2025, 10, 28), CALENDAR_ODDITIES[1])],
)
def test_the_clocks_change_in_the_night(tmp_path: Path, until: date, oddity: str) -> None:
    manifest = make_logs(tmp_path, seed=7, days=5, until=until)
    drawn = {path for name in DRAWN_ODDITIES for path in manifest.oddities.get(name, ())}
    path = next(path for path in manifest.oddities[oddity] if path not in drawn)
    times = [at for at, _, _ in events_in((tmp_path / path).read_bytes())]
    steps = [b - a for a, b in pairwise(times)]
    hours = [at.hour for at in times if at.date() > times[0].date()]
    if oddity == "clocks_go_forward":
        assert 2 not in hours
        assert max(steps) > timedelta(hours=1)
    else:
        assert min(steps) < timedelta(0)
        assert hours.count(2) > 1.4 * hours.count(1)


def test_file_times_are_those_of_the_shift(made: tuple[Path, LogsManifest]) -> None:
    root, manifest = made
    drawn = {path for oddity in DRAWN_ODDITIES for path in manifest.oddities[oddity]}
    for path in root.rglob("*.LOG"):
        if path.relative_to(root).as_posix() not in drawn.union(manifest.growing):
            changed = datetime.fromtimestamp(path.stat().st_mtime, PLANT).replace(tzinfo=None)
            assert timedelta(0) <= changed - events_in(path.read_bytes())[-1][0] < timedelta(minutes=1)


def test_the_same_call_again_changes_nothing_even_where_files_were_taken_away(tmp_path: Path) -> None:
    root, note = tmp_path / "ftp", tmp_path / "logs.json"
    first = make_logs(root, seed=7, days=3, until=UNTIL, manifest=note)
    grow_logs(root, seed=7, until=UNTIL)
    taken = root / "DEM12 (PVC)" / "20250611.LOG"
    taken.unlink()
    before = snapshot(root)
    assert make_logs(root, seed=7, days=3, until=UNTIL, manifest=note) == first
    assert snapshot(root) == before
    assert make_logs(root, seed=7, days=3, until=UNTIL) == first
    assert taken.exists()
    taken.unlink()
    assert snapshot(root) == before


def test_a_manifest_on_the_ftp_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="below the FTP root"):
        make_logs(tmp_path, seed=7, days=1, until=UNTIL, manifest=tmp_path / "logs.json")


def test_a_later_last_day_leaves_the_days_before_as_they_were(tmp_path: Path) -> None:
    make_logs(tmp_path, seed=7, days=6, until=UNTIL)
    grow_logs(tmp_path, seed=7, until=UNTIL)
    before = snapshot(tmp_path)
    make_logs(tmp_path, seed=7, days=7, until=UNTIL + timedelta(days=1))
    after = snapshot(tmp_path)
    assert before.items() <= after.items()
    assert "DEM12 (PVC)/20250613.LOG" in after


def test_one_machine_more_adds_a_folder_and_changes_no_other(tmp_path: Path) -> None:
    make_logs(tmp_path, seed=7, days=3, until=UNTIL)
    before = snapshot(tmp_path)
    manifest = make_logs(tmp_path, seed=7, days=3, until=UNTIL, machines=5)
    after = snapshot(tmp_path)
    assert before.items() <= after.items()
    assert {path.partition("/")[0] for path in after.keys() - before.keys()} == {"FOM21 (PVC)"}
    assert "FOM21 (PVC)" in manifest.machines


@pytest.mark.parametrize("until", [UNTIL + timedelta(days=n) for n in range(39)])
def test_growing_completes_the_torn_line_and_stops_there(tmp_path: Path, until: date) -> None:
    root = tmp_path
    manifest = make_logs(root, seed=7, days=1, until=until)
    torn = snapshot(root)
    assert set(torn) == set(manifest.growing)
    for path, (content, _) in torn.items():
        assert content
        assert not content.endswith(b"\n"), path
    assert grow_logs(root, seed=7, until=until) == len(torn) == 4
    grown = snapshot(root)
    for path, (content, changed) in grown.items():
        assert content.startswith(torn[path][0])
        assert content.endswith(b"\n"), path
        assert changed > torn[path][1]
    assert grow_logs(root, seed=7, until=until) == 0
    assert snapshot(root) == grown


@pytest.mark.parametrize("oddities", [True, False])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 9])
def test_as_many_machines_are_made_as_are_asked_for(tmp_path: Path, count: int, *, oddities: bool) -> None:
    manifest = make_logs(tmp_path, seed=7, days=3, until=UNTIL, machines=count, oddities=oddities)
    assert len(manifest.machines) == len(list(tmp_path.iterdir())) == count


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PLANT)


#: An ordinary day hour by hour, and the nights in which the clocks change, each hour that is there twice.
MOMENTS = [
    *(moment(f"2025-06-12 {hour:02}:{minute:02}") for hour in range(24) for minute in (0, 25)),
    moment("2025-06-15 09:00"),  # a Sunday
    *(
        moment(f"2026-03-29 {clock}")
        for clock in ("00:30", "01:59", "03:01", "04:30", "05:19", "05:21", "12:00")
    ),
    *(moment(f"2025-10-26 {clock}") for clock in ("00:30", "01:59", "02:00", "02:30", "02:59")),
    *(
        moment(f"2025-10-26 {clock}").replace(fold=1)
        for clock in ("02:00", "02:30", "02:59", "03:30", "05:21")
    ),
]


@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_the_last_day_ends_now(tmp_path: Path, now: datetime) -> None:
    ending = Ending.of_moment(now)
    manifest = make_logs(tmp_path, seed=7, days=2, until=ending.day, now=ending.now, oddities=False)
    begun = {path: tmp_path.joinpath(path).read_bytes() for path in manifest.growing}
    assert len(begun) == 4
    assert grow_logs(tmp_path, seed=7, until=ending.day, now=ending.now, oddities=False) == 4
    night = clock_change_at_night(ending.day)
    newest = []
    for path in tmp_path.rglob("*.LOG"):
        content = path.read_bytes()
        assert content.endswith(b"\n")
        walls = [wall for wall, *_ in events_in(content)]
        times = [wall.replace(tzinfo=PLANT).timestamp() for wall in walls]
        back = next((n for n, (one, next_one) in enumerate(pairwise(walls), 1) if next_one < one), None)
        if night < 0 and back is not None:
            times[back:] = [wall.replace(tzinfo=PLANT, fold=1).timestamp() for wall in walls[back:]]
        assert max(times) <= ending.now
        assert path.stat().st_mtime <= ending.now
        newest.append(max(times))
    # At work: the early, the late and in the nights of the clocks the night shift.
    if (now.weekday() < 5 and 5 < now.hour < 20) or (night and now.hour < 4):
        assert all(ending.now - one < 60 * 60 for one in sorted(newest)[-4:])
    assert ending.erp_day < now.date()


def test_todays_files_stop_at_about_noon(tmp_path: Path) -> None:
    make_logs(tmp_path, seed=7, days=1, until=UNTIL, oddities=False)
    for content, _ in snapshot(tmp_path).values():
        last = events_in(content.rpartition(b"\n")[0])[-1][0]
        assert abs(last - datetime(2025, 6, 12, 12)) < timedelta(minutes=40)  # noqa: DTZ001 - wall clock


def test_growing_leaves_a_replaced_or_missing_file_alone(tmp_path: Path) -> None:
    manifest = make_logs(tmp_path, seed=7, days=1, until=UNTIL)
    replaced, gone = (tmp_path / path for path in manifest.growing[:2])
    operations.replace_with_shorter(replaced)
    content = replaced.read_bytes()
    gone.unlink()
    assert grow_logs(tmp_path, seed=7, until=UNTIL) == 2
    assert replaced.read_bytes() == content
    assert not gone.exists()


def test_operations_change_a_file_and_its_time(tmp_path: Path) -> None:
    make_logs(tmp_path, seed=7, days=2, until=UNTIL, machines=1, oddities=False)
    path = tmp_path / "DEM12 (PVC)" / "20250611.LOG"

    def changed() -> tuple[bytes, float]:
        return path.read_bytes(), path.stat().st_mtime

    first = changed()
    operations.append(path, b"20250611 23:00:00|@Machine")
    grown = changed()
    assert grown == (first[0] + b"20250611 23:00:00|@Machine", grown[1])
    assert grown[1] > first[1]
    operations.replace_with_longer(path)
    longer = changed()
    assert len(longer[0]) > len(grown[0])
    assert longer[0].split(b"\n")[0] == first[0].split(b"\n")[0]
    assert not longer[0].startswith(first[0])
    assert longer[1] > grown[1]
    operations.replace_with_shorter(path, same_first_line=False)
    shorter = changed()
    assert 0 < len(shorter[0]) < len(first[0])
    assert shorter[0].split(b"\n")[0] != first[0].split(b"\n")[0]
    operations.cut_short(path)
    assert shorter[0].startswith(path.read_bytes())
    operations.run_wild(path, 2_000_000)
    assert 2_000_000 <= path.stat().st_size < 2_000_100
    assert operations.send_again(path, "20250611 (1).LOG").read_bytes() == path.read_bytes()
    fresh = path.with_name("20250613.LOG")
    operations.start_empty(fresh)
    assert fresh.stat().st_size == 0
    name = operations.write_latin1_named_file(path.parent, b"")
    assert b"\xe9" in name
