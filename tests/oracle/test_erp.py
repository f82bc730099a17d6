"""The oracle's account of roller-shutter orders against examples worked out by hand."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from .erp import (
    MADE_TO_MEASURE_BOX,
    ROLLER_SHUTTER,
    STANDARD_BOX,
    accessory_kind,
    expected_order_accessories,
    expected_selection,
    expected_shutter_orders,
    fold_text,
    repair,
    text_date,
    wall_clock,
)


def wall(*parts: int) -> datetime:
    """A wall-clock time as MySQL gives it."""
    year, month, day, hour, minute = (*parts, 0, 0)[:5]
    return datetime(year, month, day, hour, minute)  # noqa: DTZ001 - a wall clock


NOON = wall(1899, 12, 30, 12)


def header(order_id: str = "o1", status: str | None = "Planifiée", **columns: Any) -> dict[str, Any]:
    row = {"id": order_id, "auftragstyp": 1, "aunummer": 230001, "aualpha": "A", "kommission": "Villa"}
    return row | {"aufstatus": status, "a_vormwst": Decimal("99.50")} | columns


def entry(notiz: str = "Cde Planifiée", order_id: str = "o1", **columns: Any) -> dict[str, Any]:
    return {"id_a_kopf": order_id, "notiz": notiz, "datum": wall(2025, 5, 28), "zeit": NOON} | columns


def accessory(zcode: str, znr: int = 1, order_id: str = "o1", **columns: Any) -> dict[str, Any]:
    row = {"id_a_kopf": order_id, "position": 1, "kennung": 1, "znr": znr, "zcode": zcode}
    return row | {"text": "Coffre", "stueck": 1.5} | columns


def source(**tables: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    names = ("a_kopf", "a_logbuch", "p_zubeh", "a_vorgang", "p_artikel", "a_kopffreie")
    return {name: tables.get(name, []) for name in names}


def test_an_order_with_all_its_columns() -> None:
    rows = source(
        a_kopf=[header(status="PlanifiÃ©e", kommission="RÃ©sidence")],
        a_logbuch=[
            entry("la cde planifiÃ©e ce jour"),
            entry("CDE PLANIFIEE", datum=wall(2025, 6, 2), zeit=wall(2025, 6, 2, 8, 15)),
            entry("cde planifiée", datum=None),
            entry("autre", datum=wall(2026, 1, 1)),
        ],
        p_zubeh=[
            accessory("vr10", 3, stueck=0.1),
            accessory("S P456", 2),
            accessory("XX", 1),
            accessory("SOP", 1, position=2, stueck=None),
        ],
        a_vorgang=[{"id_a_kopf": "o1", "nummer": "1VR2", "nloesch": 0}],
        a_kopffreie=[
            {"id_a_kopf": "o1", "nummer": 2, "feld2": "9", "feld3": None, "feld5": None},
            {"id_a_kopf": "o1", "nummer": 1, "feld2": "12", "feld3": "2025-05-01", "feld5": "2025-02-30"},
        ],
    )
    (order,) = expected_shutter_orders(rows)
    assert (order.status, order.status_name, order.job_name) == ("Planifiée", "Planifiée", "Résidence")
    assert (order.order_id, order.order_number, order.extension, order.order_type) == ("o1", 230001, "A", 1)
    assert order.planned_at == datetime(2025, 6, 2, 6, 15, tzinfo=timezone.utc)
    assert order.planned_on == date(2025, 6, 2)
    assert (order.box_code, order.accessory_count, order.accessory_quantity) == ("S P456", 3, Decimal("1.6"))
    assert order.is_stock_managed
    assert (order.price_eur, order.window_unit_count) == (Decimal("99.50"), 12)
    assert (order.entered_on, order.deliver_on) == (date(2025, 5, 1), None)
    accessories = expected_order_accessories([order])
    assert [(item.accessory_code, item.accessory_kind) for item in accessories] == [
        ("S P456", MADE_TO_MEASURE_BOX),
        ("vr10", ROLLER_SHUTTER),
        ("SOP", STANDARD_BOX),
    ]


@pytest.mark.parametrize(
    "missing",
    [
        {"a_kopf": [header(status="Terminée")]},
        {"a_logbuch": [entry("cde à planifier")]},
        {"a_logbuch": [entry(order_id="o2")]},
        {"p_zubeh": [accessory("SP 45")]},
        {"p_zubeh": []},
    ],
)
def test_an_order_counts_only_when_all_three_hold(missing: dict[str, list[dict[str, Any]]]) -> None:
    tables = {"a_kopf": [header()], "a_logbuch": [entry()], "p_zubeh": [accessory("VR1")]}
    assert len(expected_shutter_orders(source(**tables))) == 1
    assert expected_shutter_orders(source(**(tables | missing))) == []


def test_a_deleted_event_does_not_make_an_order_stock_managed() -> None:
    tables = {"a_kopf": [header()], "a_logbuch": [entry(datum=None)], "p_zubeh": [accessory("VR1")]}
    events = [
        {"id_a_kopf": "o1", "nummer": "VR", "nloesch": 1},
        {"id_a_kopf": "o1", "nummer": "V R", "nloesch": 0},
    ]
    (order,) = expected_shutter_orders(source(**tables, a_vorgang=events))
    assert not order.is_stock_managed
    assert (order.planned_at, order.planned_on, order.window_unit_count) == (None, None, None)


def test_rows_refer_to_their_order_as_mysql_compares_keys() -> None:
    rows = source(
        a_kopf=[header("CMD1")],
        a_logbuch=[entry(order_id="cmd1 ")],
        p_zubeh=[accessory("VR1", order_id="Cmd1"), accessory("VR2", order_id=" CMD1")],
    )
    (order,) = expected_shutter_orders(rows)
    assert [item.accessory_code for item in order.accessories] == ["VR1"]
    assert order.accessories[0].order_id == "CMD1"


def test_markers_are_in_the_order_of_their_numbers() -> None:
    rows = source(
        a_kopf=[header()],
        a_logbuch=[entry()],
        p_zubeh=[
            accessory(f"VR-{kennung}", kennung=kennung, stueck=3760123456789.0)
            for kennung in ("a", "10", "2", "B", " 1 ")
        ],
    )
    (order,) = expected_shutter_orders(rows)
    assert [item.kennung for item in order.accessories] == [" 1 ", "2", "10", "B", "a"]
    assert order.accessory_quantity == 0


@pytest.mark.parametrize(
    ("status", "name", "is_selected"),
    [
        ("cde Planifiee", "Planifiée", True),
        ("Planifi\u201ae", "Planifiée", True),
        ("Lancer  en prod", "lancer en prod", True),
        (" vitrage ", "vitrage", True),
        ("le vitrage", None, False),
        ("Annulée", "Annulée", False),
        ("Bloquée", None, False),
        (" ", None, False),
        (None, None, False),
    ],
)
def test_every_order_tells_what_its_status_is(
    status: str | None,
    name: str | None,
    is_selected: bool,  # noqa: FBT001 # a case of the table
) -> None:
    rows = source(a_kopf=[header(status=status)], a_logbuch=[entry()], p_zubeh=[accessory("VR1")])
    (row,) = expected_selection(rows)
    assert (row.status_name, row.is_status_known, row.is_selected) == (name, name is not None, is_selected)
    assert [order.status_name for order in expected_shutter_orders(rows)] == ([name] if is_selected else [])


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("VR", ROLLER_SHUTTER),
        ("VRX 1", ROLLER_SHUTTER),
        ("SOPX", STANDARD_BOX),
        ("S P 456", MADE_TO_MEASURE_BOX),
        ("S P456", MADE_TO_MEASURE_BOX),
        ("s tab 1", MADE_TO_MEASURE_BOX),
        ("S TN3", MADE_TO_MEASURE_BOX),
        ("S T 1", MADE_TO_MEASURE_BOX),
        ("S TX 1", None),
        ("S PA", None),
        ("S P", None),
        ("S X 1", None),
        ("XVR", None),
        ("", None),
        (None, None),
    ],
)
def test_prefixes(code: str | None, kind: str | None) -> None:
    assert accessory_kind(code) == kind


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("PlanifiÃ©e", "Planifiée"),
        ("PLANIFIÃ‰E", "PLANIFIÉE"),
        ("PLANIFIÃ\x89E", "PLANIFIÉE"),
        ("PlanifiÃƒÂ©e", "Planifiée"),
        ("déjà planifiÃ©e", "déjà planifiée"),
        ("Planifiée", "Planifiée"),
        ("CAFÉ» n° 5", "CAFÉ» n° 5"),
        ("lâ€™ami", "l\u2019ami"),
        ("Ã", "Ã"),
        ("", ""),
    ],
)
def test_mojibake(text: str, repaired: str) -> None:
    assert repair(text) == repaired


def test_accents_case_and_mojibake_never_decide() -> None:
    spellings = ["Planifiée", "Planifiee", "PlanifiÃ©e", "PLANIFIÉE", "Planifie\u0301e"]
    assert {fold_text(spelling) for spelling in spellings} == {"planifiee"}


def test_dates() -> None:
    assert text_date(" 2025-05-28 ") == date(2025, 5, 28)
    assert [text_date(text) for text in ("0000-00-00", "2025-02-30", "28/05/2025", "", None)] == [None] * 5
    day = wall(2025, 5, 28)
    assert wall_clock(day, NOON) == wall(2025, 5, 28, 12)
    assert wall_clock(day, None) == day
    assert wall_clock(None, NOON) is None
    assert wall_clock("0000-00-00 00:00:00", NOON) is None
