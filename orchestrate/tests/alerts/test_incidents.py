"""The rules by which an alert is told, without any server."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from atelier.alerts.incidents import (
    CRITICAL,
    REOPEN_WITHIN,
    Action,
    Alert,
    Incident,
    QuietHours,
    due,
    follow,
    told,
)
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 5, 9, 0, tzinfo=timezone.utc)
PARIS = ZoneInfo("Europe/Paris")
REMINDER = timedelta(hours=24)


def alert(name: str = "a", severity: str = "warning") -> Alert:
    return Alert(name, "machine_silent", severity, None, name, NOW, "title", "action", "")


@pytest.mark.parametrize(
    ("begins", "ends", "clock", "is_quiet"),
    [
        ("20:00", "06:00", "19:59", False),
        ("20:00", "06:00", "20:00", True),
        ("20:00", "06:00", "00:00", True),
        ("20:00", "06:00", "05:59", True),
        ("20:00", "06:00", "06:00", False),
        ("12:00", "13:30", "12:30", True),
        ("12:00", "13:30", "13:30", False),
    ],
)
def test_quiet_hours_may_run_past_midnight(begins: str, ends: str, clock: str, *, is_quiet: bool) -> None:
    hours = QuietHours(time.fromisoformat(begins), time.fromisoformat(ends), PARIS)
    moment = datetime.combine(datetime(2026, 7, 1, tzinfo=PARIS), time.fromisoformat(clock), PARIS)
    assert hours.hold(moment.astimezone(timezone.utc)) is is_quiet


def test_quiet_hours_are_those_of_the_plants_clock_when_an_hour_comes_twice() -> None:
    hours = QuietHours(time(2, 30), time(3, 0), PARIS)
    # 02:45 of summer time, 02:15 and 02:45 of winter time.
    for minutes, is_quiet in ((45, True), (75, False), (105, True)):
        moment = datetime(2026, 10, 25, 0, 0, tzinfo=timezone.utc) + timedelta(minutes=minutes)
        assert hours.hold(moment) is is_quiet


def test_a_channel_that_is_configured_later_tells_what_lasts_and_no_history() -> None:
    lasting, ended = follow([], [alert("a"), alert("b")], NOW, [])
    follow([lasting, ended], [alert("a")], NOW, [])
    assert due(lasting, "email", NOW, REMINDER, is_quiet=False) is Action.NEW
    assert due(ended, "email", NOW, REMINDER, is_quiet=False) is None


def test_an_alert_that_nobody_has_judged_goes_on() -> None:
    (incident,) = follow([], [alert()], NOW, ["email"])
    assert follow([incident], [], NOW, ["email"], lambda _: False) == []
    assert incident.gone_at is None


@pytest.mark.parametrize(
    ("state", "severity", "expected"),
    [
        ("new", CRITICAL, Action.NEW),
        ("new", "warning", None),
        ("reminder", CRITICAL, None),
        ("over", CRITICAL, Action.OVER),
        ("over", "warning", None),
        ("passed", CRITICAL, None),
    ],
)
def test_in_quiet_hours_what_is_critical_begins_and_ends(
    state: str, severity: str, expected: Action | None
) -> None:
    (incident,) = follow([], [alert(severity=severity)], NOW, ["email"])
    later = NOW
    if state in ("reminder", "over"):
        told(incident, "email", Action.NEW, NOW, "<1@x>")
        later += REMINDER
    if state in ("over", "passed"):
        follow([incident], [], later, ["email"])
    assert due(incident, "email", later, REMINDER, is_quiet=True) is expected


#: What happens between two looks: is the alert there, is it quiet, does the mail server take messages.
LOOKS = st.lists(
    st.tuples(st.integers(5, 300), st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=60
)


@given(looks=LOOKS, severity=st.sampled_from([CRITICAL, "warning"]))
def test_whatever_happens_everyone_knows_in_the_end_and_nobody_is_told_twice(
    looks: list[tuple[int, bool, bool, bool]], severity: str
) -> None:
    now = NOW
    known: dict[str, Incident] = {}
    said: list[tuple[str, Action, datetime]] = []

    def look(*, is_there: bool, is_quiet: bool, is_taken: bool) -> None:
        alerts = [alert(severity=severity)] if is_there else []
        for incident in follow(known.values(), alerts, now, ["email"]):
            known[incident.incident_id] = incident
        assert sum(incident.gone_at is None for incident in known.values()) == len(alerts)
        for incident in known.values():
            action = due(incident, "email", now, REMINDER, is_quiet=is_quiet)
            if action is None:
                continue
            if is_quiet:
                assert severity == CRITICAL
            if is_taken:
                told(incident, "email", action, now, f"<{len(said)}@x>")
                said.append((incident.incident_id, action, now))

    for minutes, is_there, is_quiet, is_taken in looks:
        now += timedelta(minutes=minutes)
        look(is_there=is_there, is_quiet=is_quiet, is_taken=is_taken)
    # In the end it is gone for long, and messages arrive.
    for _ in range(2):
        now += REOPEN_WITHIN + timedelta(minutes=1)
        look(is_there=False, is_quiet=False, is_taken=True)

    for incident_id in known:
        actions = [(action, at) for key, action, at in said if key == incident_id]
        assert actions, "an incident was never told"
        assert actions[-1][0] in (Action.OVER, Action.PASSED)
        is_told_open = False
        for place, (action, at) in enumerate(actions):
            if action is Action.NEW:
                assert place == 0
            elif action is Action.PASSED:
                assert not is_told_open
            elif action is Action.AGAIN:
                assert not is_told_open
                assert place > 0
            else:
                assert is_told_open
            if action is Action.REMINDER:
                assert at - actions[place - 1][1] >= REMINDER
            is_told_open = action not in (Action.OVER, Action.PASSED)
        # However often it comes and goes, it is over twice at most: at once, and when it has stayed away.
        assert sum(action in (Action.OVER, Action.PASSED) for action, _ in actions) <= 2
    # Two incidents of one alert are apart.
    begins = sorted((incident.opened_at, incident.gone_at) for incident in known.values())
    for (_, gone_at), (opened_at, _) in pairwise(begins):
        assert gone_at is not None
        assert opened_at - gone_at > REOPEN_WITHIN
