"""What each key figure is made from. A new one is an entry here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_api.resources.explain.schemas import KpiName, Unit


@dataclass(frozen=True)
class Kpi:
    """How a figure of a machine and day is made.

    Args:
        unit: What it is measured in.
        inputs: Columns of the machine's day that it is made from.
        compute: Makes it from them; None where it has no sense.
        states: States whose stretches count for it.
        kinds: Kinds of events that count for it.
    """

    unit: Unit
    inputs: tuple[str, ...]
    compute: Callable[..., float | None]
    states: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _itself(value: float) -> float:
    return value


_STOPS: Final = ("stop", "start")
_SPAN: Final = ("piece",)

KPIS: Final[dict[KpiName, Kpi]] = {
    "occupancy_rate": Kpi(
        "rate",
        ("productive_seconds", "span_seconds"),
        _ratio,
        ("productive",),
        (*_SPAN, "wait", *_STOPS),
    ),
    "waiting_rate": Kpi("rate", ("waiting_seconds", "span_seconds"), _ratio, ("waiting",), ("wait", *_STOPS)),
    "stop_rate": Kpi("rate", ("stopped_seconds", "span_seconds"), _ratio, ("stopped",), _STOPS),
    "pieces_per_productive_hour": Kpi(
        "per_hour",
        ("piece_count", "productive_seconds"),
        lambda pieces, seconds: _ratio(pieces * 3600, seconds),
        ("productive",),
        ("piece",),
    ),
    "span_seconds": Kpi(
        "seconds",
        ("productive_seconds", "waiting_seconds", "stopped_seconds"),
        lambda *parts: sum(parts),
        ("productive", "waiting", "stopped"),
        _SPAN,
    ),
    "productive_seconds": Kpi(
        "seconds",
        ("span_seconds", "waiting_seconds", "stopped_seconds"),
        lambda span, waiting, stopped: span - waiting - stopped,
        ("productive",),
        (*_SPAN, "wait", *_STOPS),
    ),
    "waiting_seconds": Kpi("seconds", ("waiting_seconds",), _itself, ("waiting",), ("wait", *_STOPS)),
    "stopped_seconds": Kpi("seconds", ("stopped_seconds",), _itself, ("stopped",), _STOPS),
    "piece_count": Kpi("count", ("piece_count",), _itself, (), ("piece",)),
    "job_count": Kpi("count", ("job_count",), _itself, (), ("job",)),
    "stop_count": Kpi("count", ("stop_count",), _itself, ("stopped",), _STOPS),
    "wait_count": Kpi("count", ("wait_count",), _itself, ("waiting",), ("wait", *_STOPS)),
}


def unit_of(column: str) -> Unit:
    """Return what a column is measured in."""
    return "seconds" if column.endswith("_seconds") else "count"
