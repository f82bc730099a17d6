"""Files for people: what Excel gets is what the list says, and no text becomes a formula."""

from __future__ import annotations

import asyncio
import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from atelier_api import limits
from atelier_api.auth.principals import Principal
from atelier_api.errors import ProblemError
from atelier_api.formats.csv import harmless, lines

if TYPE_CHECKING:
    from served import Served


def test_no_text_becomes_a_formula() -> None:
    for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"):
        assert harmless(text) == f"'{text}"
    for text in ("a=1", "230001/A", " =1", ""):
        assert harmless(text) == text


def test_values_are_as_french_excel_reads_them() -> None:
    moment = datetime.fromisoformat("2025-05-28T07:02:11+02:00")
    row = [1.5, -2.0, 0.123456789012, 1e15, 7, None, True, False, date(2025, 5, 28), moment, 'a;"b"\n', "=x"]
    assert lines([row], "fr") == (
        "1,5;-2;0,123456789012;1000000000000000,000000;7;;oui;non;2025-05-28;2025-05-28 07:02:11;"
        '"a;""b""\n";\'=x\r\n'
    )


@pytest.mark.integration
def test_a_csv_has_all_rows_and_the_headings_of_the_language(served: Served) -> None:
    with served.client("planner") as client:
        data = []
        cursor = None
        while True:
            page = client.get("/v1/pieces", params={"limit": 1000} | ({"cursor": cursor} if cursor else {}))
            data += page.json()["data"]
            cursor = page.json()["next_cursor"]
            if not cursor:
                break
        answer = client.get("/v1/pieces", params={"format": "csv"})
        english = client.get(
            "/v1/pieces", params={"format": "csv", "limit": 1}, headers={"Accept-Language": "en"}
        )
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="pieces.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in answer.content
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert rows[0][:5] == ["Pièce", "Session", "Machine", "Journée de production", "N° de pièce"]
    assert (
        english.content.decode("utf-8-sig").splitlines()[0].startswith("Piece;Session;Machine;Production day")
    )
    assert len(english.content.decode("utf-8-sig").splitlines()) == 2
    assert len(rows) - 1 == len(data) > 500
    assert [row[0] for row in rows[1:]] == [row["piece_id"] for row in data]
    cycles = [float(row[-1].replace(",", ".")) if row[-1] else None for row in rows[1:]]
    assert cycles == [row["cycle_seconds"] for row in data]


@pytest.mark.integration
def test_an_xlsx_has_real_numbers_dates_and_texts(served: Served) -> None:
    asked: dict[str, Any] = {
        "fields": "order_number,job_name,planned_at,planned_on,price_eur,is_stock_managed"
    }
    with served.client("planner") as client:
        data = client.get("/v1/shutter-orders", params={**asked, "limit": 1000}).json()["data"]
        answer = client.get(
            "/v1/shutter-orders",
            params=asked,
            headers={"Accept": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
        )
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    head, *rows = list(sheet.iter_rows())
    shown = [str(cell.value) for cell in head]
    assert shown == [
        "Identifiant de commande",
        "N° de commande",
        "Affaire",
        "Planifiée à",
        "Planifiée le",
        "Géré en stock",
        "Prix HT (€)",
    ]
    assert len(rows) == len(data)
    for cells, row in zip(rows, data, strict=True):
        found = dict(zip(shown, cells, strict=True))
        number, at = found["N° de commande"], found["Planifiée à"]
        assert number.data_type == "n"
        assert number.value == row["order_number"]
        assert at.data_type == "d"
        assert at.value == datetime.fromisoformat(row["planned_at"]).replace(tzinfo=None)
        on = found["Planifiée le"].value
        assert isinstance(on, datetime)
        assert on.date().isoformat() == row["planned_on"]
        assert found["Prix HT (€)"].value == row["price_eur"]
        name = found["Affaire"]
        assert name.value == row["job_name"]
        # A job name such as =HYPERLINK(…) is the text that it is, not a formula.
        assert name.data_type in {"s", "n"}
        assert name.data_type == "s" or name.value is None
    assert {"=", "+"} <= {row["job_name"][0] for row in data if row["job_name"]}


@pytest.mark.integration
def test_an_export_is_written_down(served: Served) -> None:
    with served.client("planner") as client:
        client.get("/v1/jobs", params={"format": "xlsx", "machine_id": "DEM12"})
    with served.client("dpo") as client:
        entry = client.get("/v1/admin/audit", params={"action": "export", "limit": 1}).json()["data"][0]
    assert (entry["actor"], entry["target"]) == ("planner1", "/v1/jobs")
    assert '"form": "xlsx"' in entry["details"]


@pytest.mark.security(
    attack="many files of all rows at once",
    rule="one for each user, two in all, connections of their own",
)
@pytest.mark.integration
def test_one_user_who_asks_for_many_files_holds_up_no_other(served: Served) -> None:
    def statuses(role: str, form: str, times: int) -> list[int]:
        with served.client(role) as client:
            return [client.get("/v1/jobs", params={"format": form}).status_code for _ in range(times)]

    with ThreadPoolExecutor(13) as threads:
        files = [threads.submit(statuses, "planner", "xlsx", 3) for _ in range(12)]
        pages = threads.submit(statuses, "reader", "json", 20)
        assert set(pages.result()) == {200}
        found = {status for each in files for status in each.result()}
    assert 200 in found
    assert found <= {200, 429}


def test_files_are_made_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EXPORT_WAIT_SECONDS", 0.05)
    users = [Principal("user", f"planner{number}", "token", "planner", frozenset()) for number in range(4)]

    async def refused(exports: limits.Exports, user: Principal) -> str | None:
        try:
            async with exports.turn(user):
                return None
        except ProblemError as problem:
            return f"{int(problem.status)} {problem.kind} {problem.headers['Retry-After']}"

    async def turns() -> list[str | None]:
        exports = limits.Exports()
        async with exports.turn(users[0]):
            found = [await refused(exports, users[0])]
            async with exports.turn(users[1]):
                found.append(await refused(exports, users[2]))
                waiting = asyncio.create_task(refused(exports, users[3]))
                await asyncio.sleep(0)
            found.append(await waiting)
        return [*found, await refused(exports, users[0]), await refused(exports, users[2])]

    busy = "503 exports-busy 10"
    assert asyncio.run(turns()) == ["429 one-export-at-a-time 5", busy, None, None, None]
