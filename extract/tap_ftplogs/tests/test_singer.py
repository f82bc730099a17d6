"""The tap as a Singer tap: the SDK's own suite, catalogs, stream maps, the command line."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class
from tap_ftplogs.tap import TapFtpLogs

from .scripted_ftp import ScriptedFtp

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = (
    b'20250528 07:02:11|@Piece: "\xc3\xa9\xe2\x82\xac\\ \x01\xf0\x9f\x98\x80\n'
    b"20250528 07:02:12|@St\xfcck\n"
    b'rejected "\\ \x1b\xff\n'
    b"20250231 07:02:12|@Piece\n\n"
)
CONFIG: dict[str, Any] = {"host": "127.0.0.1", "user": "u", "password": "p", "root": "/logs", "port": 1}


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[ScriptedFtp]:
    with ScriptedFtp() as server:
        for number in range(1, 4):
            server.add(f'/logs/DEM12 "(PVC)"/2025052{number}.LOG', LINES)
        CONFIG["port"] = server.port
        yield server


_Suite: Any = get_tap_test_class(
    TapFtpLogs,
    config=CONFIG,
    parse_env_config=False,
    # A source without problems has no record of any.
    suite_config=SuiteConfig(max_records_limit=50, ignore_no_records_for_streams=["source_problems"]),
)


class TestStandard(_Suite):  # type: ignore[misc] # made at run time
    """The SDK's suite."""


def run(**options: Any) -> list[dict[str, Any]]:
    output = io.StringIO()
    with redirect_stdout(output):
        TapFtpLogs(config={**CONFIG, **options.pop("config", {})}, **options).sync_all()
    return [json.loads(line) for line in output.getvalue().splitlines()]


def records(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for message in messages:
        if message["type"] == "RECORD":
            message["record"].pop("read_at", None)
            found.append({"stream": message["stream"], "record": message["record"]})
    return found


def last_rows(messages: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = [record["record"] for record in records(messages) if record["stream"] == "log_files"]
    return {row["path"]: row for row in found}


def catalog() -> dict[str, Any]:
    return json.loads(json.dumps(TapFtpLogs(config=dict(CONFIG)).catalog_dict))  # type: ignore[no-any-return]


def test_the_short_way_writes_what_the_sdk_would_write(monkeypatch: pytest.MonkeyPatch) -> None:
    short = run()
    assert len(records(short)) == 15
    times = [message["time_extracted"] for message in short if message["type"] == "RECORD"]
    assert all(time.endswith("+00:00") for time in times)
    from tap_ftplogs.streams import LineStream

    monkeypatch.setattr(LineStream, "_is_plain", False)
    long = run()
    assert records(long) == records(short)
    assert [message["type"] for message in long] == [message["type"] for message in short]
    assert not [message for message in short if "version" in message or message["type"] == "ACTIVATE_VERSION"]


def test_each_schema_is_written_once_and_before_its_records() -> None:
    messages = run()
    kinds = [(message["type"], message.get("stream")) for message in messages]
    for stream in ("log_files", "log_events", "rejected_lines"):
        assert kinds.count(("SCHEMA", stream)) == 1
        assert kinds.index(("SCHEMA", stream)) < kinds.index(("RECORD", stream))
    assert messages[-1]["type"] == "STATE"


def test_the_short_way_is_taken_with_a_catalog_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from tap_ftplogs.streams import LineStream

    expected = records(run())
    # What the SDK would call for every record.
    monkeypatch.setattr(LineStream, "post_process", None)
    assert records(run(catalog=catalog())) == expected


@pytest.mark.parametrize("stream", ["log_files", "log_events", "rejected_lines"])
def test_a_stream_can_be_left_out(stream: str) -> None:
    expected = [record for record in records(run()) if record["stream"] != stream]
    changed = catalog()
    for entry in changed["streams"]:
        for metadata in entry["metadata"]:
            if not metadata["breadcrumb"]:
                metadata["metadata"]["selected"] = entry["stream"] != stream
    messages = run(catalog=changed)
    assert records(messages) == expected
    state = next(message["value"] for message in reversed(messages) if message["type"] == "STATE")
    assert not records(run(catalog=changed, state=state))


def test_a_column_can_be_left_out() -> None:
    changed = catalog()
    for entry in changed["streams"]:
        for metadata in entry["metadata"]:
            if metadata["breadcrumb"][-1:] == ["details"]:
                metadata["metadata"]["selected"] = False
    found = [record["record"] for record in records(run(catalog=changed)) if record["stream"] == "log_events"]
    assert len(found) == 6
    assert all("details" not in record for record in found)


def test_a_stream_map_is_applied() -> None:
    maps = {"log_events": {"details": "details.upper()", "__filter__": "event_name == 'Piece'"}}
    found = [
        record["record"]
        for record in records(run(config={"stream_maps": maps}))
        if record["stream"] == "log_events"
    ]
    assert {record["details"] for record in found} == {'"É€\\ \x01😀'}


def test_the_state_covers_no_line_that_is_not_written(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedFtp
) -> None:
    """A reader that stops anywhere and starts again with the last state it got has every row."""
    from tap_ftplogs import client
    from tap_ftplogs import run as run_module

    monkeypatch.setattr(client, "BLOCK_BYTES", 100)
    monkeypatch.setattr(run_module, "BYTES_BETWEEN_STATES", 1)
    content = LINES * 20
    server.add("/logs/BIG/20250528.LOG", content)
    try:
        whole = run()
        expected = {
            json.dumps(record["record"]) for record in records(whole) if record["stream"] == "log_events"
        }
        states = [number for number, message in enumerate(whole) if message["type"] == "STATE"]
        assert len(states) > 20
        for number in states[:: max(1, len(states) // 8)]:
            before = [message for message in whole[: number + 1] if message["type"] == "RECORD"]
            seen = {json.dumps(message["record"]) for message in before if message["stream"] == "log_events"}
            files = {m["record"]["file_version_id"] for m in before if m["stream"] == "log_files"}
            assert {json.loads(row)["file_version_id"] for row in seen} <= files
            after = run(state=whole[number]["value"])
            seen |= {
                json.dumps(record["record"]) for record in records(after) if record["stream"] == "log_events"
            }
            assert seen == expected
            assert last_rows(after).items() <= last_rows(whole).items()
    finally:
        del server.files["/logs/BIG/20250528.LOG"]


def command(tmp_path: Path, *arguments: str, **changes: Any) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**CONFIG, **changes}))
    return subprocess.run(
        [sys.executable, "-m", "tap_ftplogs", "--config", str(path), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_line_tests_the_source(tmp_path: Path) -> None:
    done = command(tmp_path, "--test")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"Logged in to 127.0.0.1:{CONFIG['port']} as u, without encryption.",
        '/logs holds 1 machine with 3 log files: DEM12 "(PVC)" (3).',
        'The newest file is DEM12 "(PVC)"/20250523.LOG, last modified 2025-05-28T07:30:00 UTC.',
        "Folders are listed with LIST (no MLSD: MDTM and SIZE tell changes).",
        'The time zone of the machines cannot be inferred: the last line of DEM12 "(PVC)"/20250523.LOG '
        "says 2025-05-28 07:02:12, the server modified it at 2025-05-28 07:30:00 UTC, so it was copied or "
        "has waited.",
        'The user may probably rename files in DEM12 "(PVC)"; whether it may delete them is not known. '
        "After loading, files are kept.",
    ]


@pytest.mark.parametrize(
    ("changes", "word", "arguments"),
    [
        ({"password": "wrong"}, "FTP_PASSWORD", ["--test"]),
        ({"host": ""}, "FTP_HOST", ["--test"]),
        ({"port": 1}, "FTP_PORT", []),
        ({"root": "/nothing"}, "FTP_ROOT", []),
        ({"after_load": "burn"}, "FTP_AFTER_LOAD", []),
    ],
)
def test_the_command_line_fails_in_one_sentence(
    tmp_path: Path, arguments: list[str], changes: dict[str, Any], word: str
) -> None:
    secret = "s3cret: / # $ %"  # noqa: S105 # to be looked for in the output
    done = command(tmp_path, *arguments, **{"password": secret, **changes})
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert "FAILED: " in last
    assert word in last
    assert "Traceback" not in done.stderr
    assert secret not in done.stderr + done.stdout


def test_the_log_is_short(tmp_path: Path) -> None:
    done = command(tmp_path)
    assert done.returncode == 0
    # Two of them are numbers for programs.
    assert len(done.stderr.splitlines()) < 16, done.stderr
    assert 'DEM12 "(PVC)": 3 of 3 files read (' in done.stderr


def test_a_reader_that_goes_away_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))
    with subprocess.Popen(
        [sys.executable, "-m", "tap_ftplogs", "--config", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read().decode()
        assert process.wait(timeout=60) == 1
    assert "FAILED: whatever was reading" in errors.splitlines()[-1]


def test_a_stopped_run_has_failed(tmp_path: Path, server: ScriptedFtp) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))
    with subprocess.Popen(
        [sys.executable, "-m", "tap_ftplogs", "--config", str(path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        asked = False

        def stop(line: str) -> None:
            # Once: a second signal would meet a Python that ends and has handed its handlers back.
            nonlocal asked
            if line.startswith("RETR") and not asked:
                asked = True
                os.kill(process.pid, signal.SIGTERM)

        server.on_command = stop
        try:
            errors = process.stderr.read().decode()
            assert process.wait(timeout=60) == 128 + signal.SIGTERM
        finally:
            server.on_command = lambda _: None
    assert "FAILED: tap-ftplogs was stopped by SIGTERM" in errors


def test_the_readme_has_the_settings_as_the_tap_tells_them() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tap_ftplogs", "--about", "--format", "markdown"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    ours = [row for row in rows if not re.match(r"\| (stream_map|faker|flattening)", row)]
    assert len(ours) > 15
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
    told = readme.partition("<!-- settings:")[2].partition("<!-- end of settings -->")[0]
    assert [line for line in told.splitlines() if line.startswith("| ")] == ours
