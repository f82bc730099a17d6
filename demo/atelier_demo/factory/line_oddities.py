"""Odd things that loggers and transfers do to lines: each function changes a draft in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_demo.factory.writing import STAMP_LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from atelier_demo.factory.writing import Draft

BOM = b"\xef\xbb\xbf"
IMPOSSIBLE_TIMES = (
    b"20250231 10:00:00",
    b"20251301 08:15:00",
    b"20250400 08:15:00",
    b"00000000 00:00:00",
    b"20250528 24:00:00",
    b"20250528 10:61:07",
)
WITHOUT_MARKER = (
    b"*** reprise du journal ***",
    b"%s StukUitgevoerd: 230001/A pos 2",
    b"%s|StukUitgevoerd: 230001/A pos 3",
    b"%s",
    b"Erreur d'E/S disque : secteur 0x1F",
    b"|@StukUitgevoerd: 230001/A pos 4",
)
UNDEFINED_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"


def crlf_line_ends(draft: Draft, rng: Random) -> None:  # noqa: ARG001 - every oddity is called alike
    """Every line ends with CR LF."""
    draft.line_end = b"\r\n"


def mixed_line_ends(draft: Draft, rng: Random) -> None:
    """Some lines end with CR LF, the others with LF."""
    draft.line_end = b"\n"
    draft.lines = [line + b"\r" if rng.random() < 0.5 else line for line in draft.lines]


def nul_bytes(draft: Draft, rng: Random) -> None:
    """NULs within lines: in the time, in the event's name, in the details and at the end."""
    for _ in range(max(8, len(draft.lines) // 20)):
        at = rng.randrange(len(draft.lines))
        line = draft.lines[at]
        cut = rng.randrange(len(line) + 1)
        draft.lines[at] = line[:cut] + b"\x00" * rng.randrange(1, 4) + line[cut:]


def nul_only_lines(draft: Draft, rng: Random) -> None:
    """Lines of NULs alone, as after a power cut: blank once the NULs are removed."""
    for length in (1, 16, 300):
        _insert(draft, rng, b"\x00" * length)


def blank_lines(draft: Draft, rng: Random) -> None:
    """Empty lines and lines of white space."""
    for blank in (b"", b"", b"   ", b"\t", b" \t \r", b""):
        _insert(draft, rng, blank)


def cp1252_bytes(draft: Draft, rng: Random) -> None:
    """Lines with accents and with signs that only cp1252 has (euro, oe, apostrophe)."""
    for text in ("MessageOperateur: l\u2019opérateur règle la bûche à 12 €", "Défaut: œillet cassé"):
        _insert(draft, rng, b"%s|@" + text.encode("cp1252"))


def latin1_bytes(draft: Draft, rng: Random) -> None:
    """A line with bytes that cp1252 leaves undefined: only latin-1 can read them."""
    _insert(draft, rng, b"%s|@Alarme: \xe9cran " + UNDEFINED_IN_CP1252)


def utf8_bytes(draft: Draft, rng: Random) -> None:
    """Lines in UTF-8, one with a sign beyond the 16-bit plane."""
    for text in ("Réglage: l\u2019œillet à 3,2 mm", "MessageOperateur: température élevée 🔥"):
        _insert(draft, rng, b"%s|@" + text.encode())


def mixed_encodings(draft: Draft, rng: Random) -> None:
    """UTF-8, cp1252 and latin-1 lines in one file, and both in one line."""
    cp1252_bytes(draft, rng)
    latin1_bytes(draft, rng)
    utf8_bytes(draft, rng)
    _insert(draft, rng, b"%s|@Info: pi\xc3\xa8ce ray\xe9e")


def utf8_bom(draft: Draft, rng: Random) -> None:  # noqa: ARG001 - every oddity is called alike
    """The file begins with a UTF-8 byte-order mark."""
    draft.head = BOM


def torn_last_line(draft: Draft, rng: Random) -> None:
    """The file's last line was cut off while it was being written."""
    last = draft.lines.pop()
    draft.torn = last[: rng.randrange(3, max(4, len(last)))]


def lines_without_marker(draft: Draft, rng: Random) -> None:
    """Lines without `|@`, with or without a time."""
    for line in WITHOUT_MARKER:
        _insert(draft, rng, line)


def event_name_missing(draft: Draft, rng: Random) -> None:
    """A time and `|@`, but no event's name."""
    for rest in (b"|@", b"|@: 45 sec", b"|@ - "):
        _insert(draft, rng, b"%s" + rest)


def impossible_dates(draft: Draft, rng: Random) -> None:
    """Times that are not in the calendar, such as 20250231, on lines that are well formed otherwise."""
    for impossible in IMPOSSIBLE_TIMES:
        _insert(draft, rng, impossible + b"|@StukUitgevoerd: 230001/A pos 2")


def varied_white_space(draft: Draft, rng: Random) -> None:
    """White space before the line, around `|@`, the event's name and the colon, or no colon at all."""
    shapes = (b"%s |@%s: %s", b"%s|@ %s:%s", b"%s|@%s : %s", b"%s\t|@\t%s\t:\t%s  ", b"  %s|@  %s  %s ")
    for at in range(len(draft.lines)):
        stamp, marker, rest = draft.lines[at].partition(b"|@")
        name, colon, details = rest.partition(b":")
        if marker and colon and rng.random() < 0.3:
            draft.lines[at] = rng.choice(shapes) % (stamp, name.strip(), details.strip())
        elif marker and not colon and rng.random() < 0.3:
            draft.lines[at] += rng.choice((b":", b" : ", b"  "))


def very_long_line(draft: Draft, rng: Random) -> None:
    """One event with details of 20,000 characters, and a line of 9,000 characters that is no event."""
    _insert(draft, rng, b"%s|@Diagnostic: " + b"0123456789abcdef ;" * 1112)
    _insert(draft, rng, b"#" * 8998 + b"\xe9\x07")


def runaway_logger(draft: Draft, rng: Random) -> None:
    """The logger went wild: the same alarm a thousand times within one second."""
    at = rng.randrange(len(draft.lines) // 5, len(draft.lines))
    alarm = draft.lines[at - 1][:STAMP_LENGTH] + b"|@Alarme: E999 bus de terrain"
    draft.lines[at:at] = [alarm] * 1000


def no_valid_event(draft: Draft, rng: Random) -> None:
    """Not one line of the file is an event: it has no production day."""
    draft.lines = [b"*** journal r\xe9initialis\xe9 ***", b""]
    draft.lines += [time + b"|@MachineStart" for time in rng.sample(IMPOSSIBLE_TIMES, 4)]


def _insert(draft: Draft, rng: Random, line: bytes) -> None:
    """Put a line at a drawn place; `%s` in it stands for the time of the line before it."""
    at = rng.randrange(1, len(draft.lines) + 1)
    stamp = next((earlier[:STAMP_LENGTH] for earlier in reversed(draft.lines[:at]) if b"|@" in earlier), b"")
    draft.lines.insert(at, line.replace(b"%s", stamp))


LINE_ODDITIES: dict[str, Callable[[Draft, Random], None]] = {
    oddity.__name__: oddity
    for oddity in (
        crlf_line_ends,
        mixed_line_ends,
        nul_bytes,
        nul_only_lines,
        blank_lines,
        cp1252_bytes,
        latin1_bytes,
        utf8_bytes,
        mixed_encodings,
        utf8_bom,
        torn_last_line,
        lines_without_marker,
        event_name_missing,
        impossible_dates,
        varied_white_space,
        very_long_line,
        runaway_logger,
        no_valid_event,
    )
}
