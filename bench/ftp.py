"""The benchmark of tap-ftplogs: `python -m bench.ftp`; `--quick` is a small one that shows that it works."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from atelier_demo.servers import ServerError, ports

from bench import corpus
from bench.contestants import Contestants, Place, install_peers, missing
from bench.measure import Amount, BenchError, Result, compete, run
from bench.report import figure, megabytes, table, write_between
from bench.server import FAR_ADDRESS, FtpServer, carried, far

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"

ROUND_TRIP = 0.010
CONNECTIONS = (1, 4)

#: One more line for the newest file of a machine.
_LINE = b"20260630 23:59:59|@StukUitgevoerd: 240212/A pos 7\n"


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    sizes: corpus.Sizes
    rounds: int
    slow_rounds: int  # of what takes minutes: the large file, and many files from afar
    line_bytes: int


FULL = Plan(corpus.FULL, rounds=5, slow_rounds=3, line_bytes=2**30)
QUICK = Plan(corpus.QUICK, rounds=1, slow_rounds=1, line_bytes=2**25)

WORKLOADS = ("many", "large", "idle", "append")


@dataclass
class Table:
    """What was measured of one workload under one circumstance."""

    workload: str
    circumstance: str
    results: list[Result]


@dataclass
class Report:
    """All that was measured."""

    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    line: list[tuple[str, float, float]] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)
    start: Result | None = None


class FtpBench:
    """Makes contestants and lets them compete."""

    def __init__(self, folder: Path, plan: Plan, workloads: Sequence[str] = WORKLOADS) -> None:
        """Describe the benchmark; `run` does it.

        Args:
            folder: For the server, the files and all that is written.
            plan: How much is measured.
            workloads: Which of them.
        """
        self._workloads = workloads
        self._plan = plan
        self._server = FtpServer(folder / "site")
        self._work = folder / "work"
        self._errors = self._work / "errors.txt"
        self._with = Contestants(self._server, self._work)

    def run(self) -> Report:
        """Measure everything.

        Raises:
            BenchError: A contestant failed, or received something else than the others.
            ServerError: The FTP server cannot be started.
        """
        report = Report()
        self._work.mkdir(parents=True, exist_ok=True)
        self._say("making the files, or finding them made")
        files = corpus.make(self._server.folder, self._plan.sizes)
        with self._server.running(), _scratch(self._work) as scratch:
            report.versions = self._with.versions()
            report.loads.append(os.getloadavg()[0])
            report.notes = [
                f"{program} is not installed, so it is missing from these tables." for program in missing()
            ]
            report.start = self._start()
            report.line = self._line()
            state = self._work / "state.json"
            if {"idle", "append"} & set(self._workloads):
                self._read_once(files.idle, state)
            for place in (Place(ports.HOST, 0), Place(FAR_ADDRESS, ROUND_TRIP)):
                way = far(self._server.ports, place.round_trip) if place.round_trip else nullcontext()
                with way:
                    for workload in self._workloads:
                        for measured in self._measured(workload, place, files, scratch, state):
                            report.tables.append(measured)
                            self._say(f"{workload}, {measured.circumstance}")
                            for result in measured.results:
                                self._say(f"    {result.name:32} {result.median_seconds:8.3f} s")
            report.loads.append(os.getloadavg()[0])
        return report

    def _measured(
        self, workload: str, place: Place, files: corpus.Corpus, scratch: Path, state: Path
    ) -> Iterator[Table]:
        if workload == "many":
            for connections in CONNECTIONS:
                yield self._many(place, connections, files.many, scratch)
        elif workload == "large":
            yield self._large(place, files.large, scratch)
        elif workload == "idle":
            yield self._idle(place, files.idle, scratch, state)
        else:
            yield self._append(place, files.idle, scratch, state)

    # --- the workloads

    def _many(self, place: Place, connections: int, folder: Path, scratch: Path) -> Table:
        paths = corpus.files(folder)
        # curl 7.88 alone on a near server sleeps up to a second a file: whenever the data connection is there
        # before it has begun to wait for it, it waits for it in vain.
        contestants = [
            self._with.tap(place, folder, connections),
            *(self._with.curl(place, paths, connections) if place.round_trip or connections > 1 else []),
            *self._with.lftp(place, folder, connections, scratch),
            self._with.bare(place, [(path, 0) for path in paths], connections),
        ]
        rounds = self._plan.slow_rounds if place.round_trip else self._plan.rounds
        results = compete(contestants, rounds, self._errors)
        _all_the_same(results, Amount(len(paths), sum(path.stat().st_size for path in paths)))
        said = f"{connections} connection{'s' * (connections > 1)}"
        return Table("many", f"{place}, {said}", results)

    def _large(self, place: Place, folder: Path, scratch: Path) -> Table:
        (path,) = corpus.files(folder)
        contestants = [
            self._with.tap(place, folder, 1),
            *self._with.curl(place, [path], 1),
            *self._with.lftp(place, folder, 1, scratch),
            self._with.bare(place, [(path, 0)], 1),
            self._with.parser(path),
        ]
        if place.round_trip:
            # Neither needs to be measured twice: a local file is as near, and a file comes over one of them.
            contestants[-1] = self._with.tap(place, folder, 4, "tap, allowed 4 connections")
        results = compete(contestants, self._plan.slow_rounds, self._errors)
        _all_the_same(results, Amount(1, path.stat().st_size))
        return Table("large", str(place), results)

    def _idle(self, place: Place, folder: Path, scratch: Path, state: Path) -> Table:
        folders = sorted(path for path in folder.iterdir() if path.is_dir())
        mirror = self._with.lftp(place, folder, 1, scratch, is_fresh=False)
        for contestant in mirror:
            run(contestant, self._errors)
        contestants = [
            self._with.tap(place, folder, 1, state=state),
            *mirror,
            self._with.lister(place, folders),
        ]
        results = compete(contestants, self._plan.rounds, self._errors)
        _all_the_same(results, Amount(0, 0))
        return Table("idle", str(place), results)

    def _append(self, place: Place, folder: Path, scratch: Path, state: Path) -> Table:
        newest = [max(corpus.files(path)) for path in folder.iterdir() if path.is_dir()]
        before = {path: path.read_bytes() for path in newest}
        times = {path: path.stat().st_mtime for path in newest}
        copies = {path: scratch / "mirror" / path.relative_to(folder) for path in newest}

        def append() -> None:
            for path, copy in copies.items():
                for file in (path, copy) if copy.parent.exists() else (path,):
                    file.write_bytes(before[path])
                    os.utime(file, (times[path], times[path]))
                with path.open("ab") as log:
                    log.write(_LINE)
            self._server.forget()

        contestants = [
            self._with.tap(place, folder, 1, state=state, prepare=append),
            *self._with.lftp(place, folder, 1, scratch, is_fresh=False, prepare=append),
            self._with.bare(place, [(path, len(before[path])) for path in newest], 1, prepare=append),
        ]
        try:
            results = compete(contestants, self._plan.rounds, self._errors)
        finally:
            for path, content in before.items():
                path.write_bytes(content)
                os.utime(path, (times[path], times[path]))
        # lftp takes a file that has changed for another one, and fetches all of it.
        _all_the_same([results[0], results[-1]], Amount(len(newest), len(newest) * len(_LINE)))
        return Table("append", str(place), results)

    def _start(self) -> Result:
        return compete([self._with.start()], self._plan.rounds, self._errors)[0]

    def _line(self) -> list[tuple[str, float, float]]:
        ways = {
            "none: loopback alone": None,
            "through the delaying program, no delay": 0.0,
            f"through the delaying program, {ROUND_TRIP * 1000:.0f} ms": ROUND_TRIP,
        }
        return [(name, *carried(trip, self._plan.line_bytes)) for name, trip in ways.items()]

    def _read_once(self, folder: Path, state: Path) -> None:
        """Let the tap read everything once, and keep its state in a file."""
        output = self._work / "records.jsonl"
        near = Place(ports.HOST, 0)
        run(self._with.tap(near, folder, 4, output=output), self._errors)
        value: object = None
        with output.open(encoding="utf-8") as lines:
            for line in lines:
                if line.startswith('{"type":"STATE"'):
                    value = json.loads(line)["value"]
        if value is None:
            raise BenchError("the tap told no state")
        state.write_text(json.dumps(value))
        output.unlink()

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def _all_the_same(results: Sequence[Result], wanted: Amount) -> None:
    for result in results:
        if result.amount != wanted:
            raise BenchError(f"{result.name} received {result.amount}, but there was {wanted}")


@contextmanager
def _scratch(otherwise: Path) -> Iterator[Path]:
    """Give a folder in memory where there is one: what lftp writes should not measure the disk."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own below it
    with tempfile.TemporaryDirectory(prefix="bench-", dir=memory if memory.is_dir() else otherwise) as folder:
        yield Path(folder)


TITLES = {
    "many": "{many:,} files of {many_kb:g} KB in 3 machine folders",
    "large": "One file of {large_mb:,.0f} MB",
    "idle": "Nothing new among {idle:,} files",
    "append": "One new line in each of 3 files among {idle:,}",
}


def markdown(report: Report, plan: Plan) -> str:
    """Return the report as a page's part."""
    sizes = plan.sizes
    figures = {
        "many": sizes.many,
        "many_kb": sizes.many_bytes / 1000,
        "large_mb": sizes.large_bytes / 1e6,
        "idle": sizes.idle,
    }
    done = {measured.workload for measured in report.tables}
    parts = [
        f"Measured on {datetime.now(timezone.utc):%Y-%m-%d}, {os.cpu_count()} cores; "
        f"{', '.join(report.versions)}; rounds: {plan.rounds}, and {plan.slow_rounds} of what takes minutes. "
        f"Load average before and after: {' and '.join(map(figure, report.loads))} (1 is one core's work).\n",
        *(f"{note}\n" for note in report.notes),
    ]
    for workload in (workload for workload in WORKLOADS if workload in done):
        parts.append(f"### {TITLES[workload].format(**figures)}\n")
        for measured in report.tables:
            if measured.workload == workload:
                parts.append(f"{measured.circumstance[0].upper()}{measured.circumstance[1:]}:\n")
                parts.append(_results(measured.results))
    if report.start is not None:
        parts.append("### What the figures contain\n")
        parts.append(
            f"The start of the tap alone (`{report.start.name}`): {figure(report.start.median_seconds)} s, "
            f"{megabytes(report.start.peak_bytes)} MB. The line between client and server, without FTP:\n"
        )
        rows = [(name, figure(trip * 1000), megabytes(rate)) for name, trip, rate in report.line]
        parts.append(table(("line", "round trip, ms", "one connection, MB/s"), rows))
    return "\n".join(parts)


def _results(results: Sequence[Result]) -> str:
    tap = results[0]
    head = ("", "received, bytes", "median s", "least s", "the tap takes", "MB/s", "CPU s", "peak MB")
    rows = []
    for result in results:
        ratio = "" if result is tap else f"{figure(tap.ratio_to(result))} times"
        amount = result.amount.bytes
        rate = megabytes(amount / result.median_seconds) if amount > 100_000 else ""
        times = (figure(result.median_seconds), figure(result.least_seconds))
        rows.append(
            (
                result.name,
                f"{amount:,}",
                *times,
                ratio,
                rate,
                figure(result.cpu_seconds),
                megabytes(result.peak_bytes),
            )
        )
    return table(head, rows)


def main(arguments: Sequence[str] | None = None) -> Report:
    """Measure, print the tables, and write them into the page unless it is only a quick look."""
    parser = argparse.ArgumentParser(prog="python -m bench.ftp", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small files, one round, nothing written")
    parser.add_argument("--only", choices=WORKLOADS, nargs="+", help="some workloads, nothing written")
    parser.add_argument("--rounds", type=int, help="how often each contestant runs")
    parser.add_argument("--slow-rounds", type=int, help="the same for what takes minutes")
    parser.add_argument("--folder", type=Path, help="for the server and its files (default: .local/bench)")
    options = parser.parse_args(arguments)
    plan = QUICK if options.quick else FULL
    plan = replace(
        plan,
        rounds=options.rounds or plan.rounds,
        slow_rounds=options.slow_rounds or plan.slow_rounds,
    )
    if not options.quick:
        install_peers()
    folder: Path = options.folder or ROOT / ".local" / ("bench-quick" if options.quick else "bench")
    report = FtpBench(folder.resolve(), plan, options.only or WORKLOADS).run()
    text = markdown(report, plan)
    print(text)
    if not options.quick and not options.only:
        write_between(PAGE, "ftp", text)
    return report


if __name__ == "__main__":
    try:
        main()
    except (BenchError, ServerError) as error:
        sys.exit(f"bench: failed: {error}")
