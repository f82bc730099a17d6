"""Odd things that happen at the machine: each function changes a day's events in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from atelier_demo.factory.shifts import Event

PIECE, JOB = "StukUitgevoerd", "JobProfiel"


def stop_stop_start(events: list[Event], rng: Random) -> None:
    """A stop is logged twice before the restart."""
    at, second = _amid(events, rng)
    events[at:at] = [(second, "MachineStop"), (second, "MachineStop"), (second, "MachineStart")]


def start_without_stop(events: list[Event], rng: Random) -> None:
    """A restart without a stop before it."""
    at, second = _amid(events, rng)
    events.insert(at, (second, "MachineStart"))


def stop_never_restarted(events: list[Event], rng: Random) -> None:
    """After the last stop of the day pieces follow without any restart."""
    last = max(i for i, (_, text) in enumerate(events[:-1]) if text == "MachineStart")
    at = min(last + 1 + rng.randrange(5, 15), len(events) - 2)
    events[at] = (events[at][0], "MachineStop")


def wait_overlaps_stop(events: list[Event], rng: Random) -> None:
    """A wait of four minutes begins together with a stop of a minute and a half."""
    at, second = _amid(events, rng)
    events[at:at] = [(second, "MachineWait: 240 sec"), (second, "MachineStop")]
    restart = second + 90
    later = next(i for i in range(at + 2, len(events)) if events[i][0] > restart)
    events.insert(later, (restart, "MachineStart"))


def overlapping_waits(events: list[Event], rng: Random) -> None:
    """A second wait begins while the first still runs."""
    at, second = _amid(events, rng)
    events[at:at] = [(second, "MachineWait: 300 sec"), (second, "MachineWait: 200,5 sec")]


def wait_past_the_end(events: list[Event], rng: Random) -> None:
    """A wait that begins before the last piece would run long past it."""
    last = max(i for i, (_, text) in enumerate(events) if text.startswith(PIECE))
    events.insert(last, (events[last - 1][0], f"MachineWait: {rng.randrange(3600, 7200)} sec"))


def wait_notations(events: list[Event], rng: Random) -> None:
    """Every way in which a wait's duration is written, or is missing."""
    notations = (": 45 sec", ": 12.5 sec", ": 12,5 sec", ": 30", ":7sec", ": 0", ": 0 sec", "", ":")
    for notation in (*notations, ": sans durée", ": chargeur 20 sec"):
        at, second = _amid(events, rng)
        events.insert(at, (second, f"MachineWait{notation}"))


def no_pieces(events: list[Event], rng: Random) -> None:  # noqa: ARG001 - every oddity is called alike
    """A day of set-up: events, but not one finished piece."""
    events[:] = [event for event in events if not event[1].startswith(PIECE)]


def one_piece(events: list[Event], rng: Random) -> None:
    """A day with a single piece: its span is 0."""
    kept = rng.choice([event for event in events if event[1].startswith(PIECE)])
    events[:] = [event for event in events if event is kept or not event[1].startswith(PIECE)]


def pieces_before_any_job(events: list[Event], rng: Random) -> None:
    """The first pieces of the day are cut before a job is logged."""
    lost = rng.randrange(1, 4)
    jobs = [i for i, (_, text) in enumerate(events) if text.startswith(JOB)][:lost]
    for i in reversed(jobs):
        del events[i]


def identical_lines(events: list[Event], rng: Random) -> None:
    """Two equal pieces are finished within one second: two lines that are the same."""
    pieces = [i for i, (_, text) in enumerate(events) if text.startswith(PIECE)]
    for i in sorted(rng.sample(pieces, 3), reverse=True):
        events.insert(i, events[i])


def out_of_order(events: list[Event], rng: Random) -> None:
    """Some lines are written a few seconds after younger ones."""
    for _ in range(8):
        at, second = _amid(events, rng)
        events.insert(at, (second - rng.randrange(2, 9), "Info: transfert terminé"))
    pieces = [i for i, (_, text) in enumerate(events[:-1]) if text.startswith(PIECE)]
    for i in rng.sample(pieces, 4):
        events[i], events[i + 1] = events[i + 1], events[i]


def _amid(events: list[Event], rng: Random) -> tuple[int, int]:
    """Draw a place between two events of the day's middle, and the second of the event before it."""
    at = rng.randrange(len(events) // 5, len(events) * 4 // 5)
    return at, events[at - 1][0]


EVENT_ODDITIES: dict[str, Callable[[list[Event], Random], None]] = {
    oddity.__name__: oddity
    for oddity in (
        stop_stop_start,
        start_without_stop,
        stop_never_restarted,
        wait_overlaps_stop,
        overlapping_waits,
        wait_past_the_end,
        wait_notations,
        no_pieces,
        one_piece,
        pieces_before_any_job,
        identical_lines,
        out_of_order,
    )
}
