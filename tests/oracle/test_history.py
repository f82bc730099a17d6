"""The oracle's account of statuses against an example worked out by hand."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

from .history import LeadTime, Sight, expected_lead_times, expected_status_history

PLANNED = datetime(2025, 5, 28, tzinfo=timezone.utc)


def at(hour: int) -> datetime:
    return datetime(2025, 6, 1, hour, tzinfo=timezone.utc)


def sight(hour: int, planned_at: datetime | None = PLANNED, **statuses: str | None) -> Sight:
    return Sight(at(hour), statuses, {order_id: planned_at for order_id in statuses if order_id != "c"})


SIGHTS = [
    sight(1, a="Planifiée", b="Terminée", c=None),
    sight(2, a="PLANIFIEE", b="Terminée", c=""),
    sight(3, a="TerminÃ©e", c="Bloquée"),
    sight(4, a="vitrage", b="Terminée", c="BLOQUEE"),
    sight(6, a="terminee"),
]


def test_stretches() -> None:
    found = {
        order_id: [
            (each.status, each.status_from.hour, each.status_to and each.status_to.hour, each.is_start_known)
            for each in stretches
        ]
        for order_id, stretches in expected_status_history(SIGHTS).items()
    }
    assert found == {
        "a": [
            ("Planifiée", 1, 3, False),
            ("Terminée", 3, 4, True),
            ("vitrage", 4, 6, True),
            ("Terminée", 6, None, True),
        ],
        "b": [("Terminée", 1, 3, False), ("Terminée", 4, 6, True)],
        "c": [(None, 1, 3, False), ("Bloquée", 3, 6, True)],
    }
    history = expected_status_history(SIGHTS)
    assert [each.duration_seconds for each in history["a"]] == [7200, 3600, 7200, None]
    assert {order_id for order_id, stretches in history.items() if stretches[0].is_deleted} == {"b", "c"}


def test_lead_times() -> None:
    seconds = Decimal(4 * 86400 + 3 * 3600)
    assert expected_lead_times(SIGHTS) == {
        "a": LeadTime("a", PLANNED, at(3), seconds, is_done=True, is_done_at_known=True, is_deleted=False),
        "b": LeadTime("b", PLANNED, None, None, is_done=True, is_done_at_known=False, is_deleted=True),
    }
    assert expected_lead_times([*SIGHTS, sight(7, planned_at=at(4), a="Terminée")])["a"].done_at == at(6)
    assert not expected_lead_times([*SIGHTS, sight(9, planned_at=at(8), a="Terminée")])["a"].is_done
