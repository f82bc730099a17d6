"""What the marts must hold about the statuses of orders, worked out from what each run saw in the ERP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from . import erp
from .erp import fold_text
from .timeline import to_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

DONE = "Terminée"


@dataclass(frozen=True, slots=True)
class Sight:
    """What one run saw: the statuses of all orders, as the ERP spells them, and when they were planned."""

    seen_at: datetime
    statuses: Mapping[str, str | None]
    plannings: Mapping[str, datetime | None]


@dataclass(slots=True)
class StatusStretch:
    """A row of fct_order_status_history."""

    order_id: str
    status_number: int
    status: str | None
    status_from: datetime
    status_to: datetime | None
    is_start_known: bool
    is_deleted: bool = False

    @property
    def duration_seconds(self) -> Decimal | None:
        """How long the status lasted; None while it lasts."""
        return None if self.status_to is None else _seconds(self.status_from, self.status_to)


@dataclass(frozen=True, slots=True)
class LeadTime:
    """A row of fct_order_lead_times."""

    order_id: str
    planned_at: datetime | None
    done_at: datetime | None
    lead_time_seconds: Decimal | None
    is_done: bool
    is_done_at_known: bool | None
    is_deleted: bool


def status_name(text: str | None) -> str | None:
    """The status under its one name, as it is spelled where the seed has none; None for no status."""
    return erp.status_name(text) or erp.shown_status(text)


def expected_status_history(sights: Sequence[Sight]) -> dict[str, list[StatusStretch]]:
    """The stretches of each order that was ever seen, from what the runs saw, the earliest first."""
    stretches: dict[str, list[StatusStretch]] = {}
    for sight in sights:
        for order_id in sight.statuses.keys() | stretches.keys():
            known = stretches.setdefault(order_id, [])
            lasting = known[-1] if known and known[-1].status_to is None else None
            is_there = order_id in sight.statuses
            status = status_name(sight.statuses.get(order_id))
            if lasting is not None and (not is_there or fold_text(status) != fold_text(lasting.status)):
                lasting.status_to = sight.seen_at
                lasting = None
            if lasting is None and is_there:
                is_start_known = sight is not sights[0]
                number = len(known) + 1
                known.append(StatusStretch(order_id, number, status, sight.seen_at, None, is_start_known))
    for known in stretches.values():
        for stretch in known:
            stretch.is_deleted = known[-1].status_to is not None
    return stretches


def expected_lead_times(sights: Sequence[Sight]) -> dict[str, LeadTime]:
    """The lead time of each order that was planned when a run last saw it."""
    lead_times = {}
    for order_id, stretches in expected_status_history(sights).items():
        last_sight = next(sight for sight in reversed(sights) if order_id in sight.statuses)
        if order_id not in last_sight.plannings:
            continue
        planned_at = last_sight.plannings[order_id]
        done = [
            stretch
            for stretch in stretches
            if stretch.status == DONE and (planned_at is None or stretch.status_from >= planned_at)
        ]
        done_at = done[0].status_from if done and done[0].is_start_known else None
        lead_times[order_id] = LeadTime(
            order_id=order_id,
            planned_at=planned_at,
            done_at=done_at,
            lead_time_seconds=_seconds(planned_at, done_at) if planned_at and done_at else None,
            is_done=bool(done),
            is_done_at_known=done[0].is_start_known if done else None,
            is_deleted=stretches[-1].is_deleted,
        )
    return lead_times


def _seconds(started_at: datetime, ended_at: datetime) -> Decimal:
    return to_seconds((ended_at - started_at) // timedelta(microseconds=1))
