"""Where the key figures are read."""

from __future__ import annotations

from typing import Final

from atelier_api.listing import Listing
from atelier_api.resources.kpis.schemas import ALL, DayKpis, WeekKpis

_COUNTS: Final = ("piece_count", "job_count", "stop_count", "wait_count", "rejected_line_count")
_SECONDS: Final = ("span_seconds", "productive_seconds", "waiting_seconds", "stopped_seconds")
_DAY_CONDITIONS: Final = {
    "machine_id": "machine_id = %(machine_id)s",
    "production_date_from": "production_date >= %(production_date_from)s",
    "production_date_to": "production_date <= %(production_date_to)s",
}
_WEEK_CONDITIONS: Final = {
    "machine_id": "machine_id = %(machine_id)s",
    "iso_week": "iso_week = %(iso_week)s",
    "week_from": "week_starts_on >= %(week_from)s",
    "week_to": "week_starts_on <= %(week_to)s",
}


def _together(mart: str, grain: tuple[str, ...], more: str = "") -> str:
    """Return the rows of a mart with all machines together; rates come from the sums, as in the mart."""
    sums = ", ".join(
        [f"sum({name})::bigint as {name}" for name in _COUNTS]
        + [f"sum({name}) as {name}" for name in _SECONDS]
    )
    totals = (
        f"select {', '.join(grain)}, count(distinct machine_id) as machine_count{more}, {sums} "  # noqa: S608
        f"from marts.{mart} group by {', '.join(grain)}"
    )
    # As many digits as the marts have: a cursor holds what is shown, and must find its row again.
    rates = ", ".join(
        f"(totals.{part} / nullif(totals.span_seconds, 0))::numeric(18, 12) as {rate}"
        for part, rate in (
            ("productive_seconds", "occupancy_rate"),
            ("waiting_seconds", "waiting_rate"),
            ("stopped_seconds", "stop_rate"),
        )
    )
    return (
        f"(select totals.*, '{ALL}' as machine_id, {rates}, "  # noqa: S608
        "(totals.piece_count * 3600 / nullif(totals.productive_seconds, 0))::numeric(24, 6) "
        f"as pieces_per_productive_hour from ({totals}) as totals) as {mart}"
    )


DAYS = Listing(
    row=DayKpis,
    source="marts.fct_machine_days",
    key=("production_date", "machine_id"),
    expressions={"machine_count": "1"},
    conditions=_DAY_CONDITIONS,
)
DAYS_TOGETHER = Listing(
    row=DayKpis,
    source=_together("fct_machine_days", ("production_date",)),
    key=("production_date", "machine_id"),
    conditions=_DAY_CONDITIONS,
)
WEEKS = Listing(
    row=WeekKpis,
    source="marts.fct_machine_weeks",
    key=("week_starts_on", "machine_id"),
    expressions={"machine_count": "1"},
    conditions=_WEEK_CONDITIONS,
)
WEEKS_TOGETHER = Listing(
    row=WeekKpis,
    source=_together(
        "fct_machine_weeks", ("week_starts_on", "iso_week"), ", sum(day_count)::bigint as day_count"
    ),
    key=("week_starts_on", "machine_id"),
    conditions=_WEEK_CONDITIONS,
)
