"""What people do on the pages: log in, filter, send links, switch the language, print, export."""

from __future__ import annotations

import csv
import io
import re
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from pages.visit import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Route
    from served import Served

    from pages.visit import Visit

pytestmark = pytest.mark.integration

SCREENSHOTS = Path(__file__).resolve().parents[3] / ".local" / "screenshots"
MACHINE_DAY = "/machine/DEM12/2025-11-20"
ROWS = ".table--cards tbody tr"
LIST = "Commandes de volets à planifier"


def query(served: Served, statement: str) -> list[tuple[Any, ...]]:
    with closing(served.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


class TestLogIn:
    def test_a_wrong_password_is_said_and_the_right_one_leads_back(
        self, visit: Callable[..., Visit], served: Served
    ) -> None:
        seen = visit("/semaine/2025-W47", role=None)
        seen.allowed.append("401")
        page = seen.page
        assert page.url == f"{served.url}/login?next=/semaine/2025-W47"
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "connexion-laptop.png")
        page.get_by_label("Identifiant").fill("reader1")
        page.get_by_label("Mot de passe").fill("not the password")
        page.keyboard.press("Enter")
        assert "incorrect" in page.get_by_role("alert").inner_text()
        page.get_by_label("Identifiant").fill("reader1")
        page.get_by_label("Mot de passe").fill(served.passwords["reader"])
        page.keyboard.press("Enter")
        page.wait_for_url(f"{served.url}/semaine/2025-W47")
        seen.settle()

    def test_a_session_that_has_ended_leads_to_the_log_in(self, visit: Callable[..., Visit]) -> None:
        seen = visit("/commandes")
        seen.allowed.append("401")
        seen.page.context.clear_cookies()
        seen.page.get_by_label("Rechercher").fill("x")
        seen.page.wait_for_url("**/login?next=*commandes*")

    def test_log_out(self, browser: Browser, served: Served) -> None:
        context = browser.new_context(base_url=served.url)
        page = context.new_page()
        page.goto("/login?next=/compte")
        page.get_by_label("Identifiant").fill("dpo1")
        page.get_by_label("Mot de passe").fill(served.passwords["dpo"])
        page.keyboard.press("Enter")
        page.wait_for_url("**/compte")
        page.get_by_role("button", name="Se déconnecter").click()
        page.wait_for_url("**/login")
        page.goto("/compte")
        assert page.url.endswith("/login?next=/compte")
        context.close()

    def test_a_new_password(self, browser: Browser, served: Served, newcomer: tuple[str, str]) -> None:
        name, old = newcomer
        context = browser.new_context(base_url=served.url)
        page = context.new_page()
        page.goto("/login?next=/compte")
        page.get_by_label("Identifiant").fill(name)
        page.get_by_label("Mot de passe").fill(old)
        page.keyboard.press("Enter")
        for current, again, said in (
            (old, "four other words here!", "ne sont pas les mêmes"),
            ("not the password", "four other words here", "actuel est incorrect"),
            (old, "four other words here", "est changé"),
        ):
            page.get_by_label("Mot de passe actuel").fill(current)
            page.get_by_label("Nouveau mot de passe", exact=True).fill("four other words here")
            page.get_by_label("encore une fois").fill(again)
            page.get_by_role("button", name="Changer le mot de passe").click()
            page.locator("#password-message").get_by_text(said).wait_for()
        context.close()

    def test_a_link_that_is_not_good_says_what_to_do(self, visit: Callable[..., Visit]) -> None:
        seen = visit("/setup/never-made", role=None)
        seen.allowed.append("404")
        assert "Demandez-en un nouveau" in seen.page.locator("main").inner_text()


class TestOrders:
    def test_filters_stand_in_the_address_and_come_back(
        self, visit: Callable[..., Visit], served: Served
    ) -> None:
        seen = visit("/commandes")
        page = seen.page
        table = page.get_by_role("table", name=LIST)
        table.wait_for()
        page.get_by_label("Statut", exact=True).select_option("vitrage")
        page.get_by_label("Géré en stock").select_option("oui")
        expected = query(
            served,
            "select order_number::text || coalesce('/' || nullif(extension, ''), '') "
            "from marts.fct_shutter_orders where status_name = 'vitrage' and is_stock_managed order by 1",
        )
        expect(page.locator(ROWS)).to_have_count(len(expected))
        assert sorted(row[0] for row in seen.rows(LIST)) == [number for (number,) in expected]
        address = page.url
        assert "status=vitrage" in address
        again = visit(address.removeprefix(served.url))
        again.page.get_by_role("table", name=LIST).wait_for()
        assert again.rows(LIST) == seen.rows(LIST)
        assert again.page.get_by_label("Statut", exact=True).input_value() == "vitrage"
        again.page.get_by_role("button", name="Effacer les filtres").click()
        expect(again.page.locator(ROWS)).to_have_count(40)

    def test_search_and_order(self, visit: Callable[..., Visit]) -> None:
        seen = visit("/commandes")
        page = seen.page
        expect(page.locator(ROWS)).to_have_count(40)
        page.get_by_label("Rechercher").fill("ECOLE")
        expect(page.locator(ROWS).filter(has_not_text="École")).to_have_count(0)
        assert page.locator(ROWS).count() > 0
        assert "q=ECOLE" in page.url
        page.get_by_role("button", name="Quantité").click()
        page.locator("th[aria-sort=ascending]", has_text="Quantité").wait_for()
        assert "sort=accessory_quantity" in page.url
        page.get_by_label("Rechercher").fill("no order has this name")
        page.get_by_text("Aucune commande ne répond à ces filtres").wait_for()

    def test_an_order_opens_by_the_keyboard(self, visit: Callable[..., Visit]) -> None:
        seen = visit("/commandes")
        page = seen.page
        first = page.locator(".row-button").first
        first.focus()
        name = plain(first.inner_text())
        page.keyboard.press("Enter")
        drawer = page.get_by_role("dialog", name=f"Commande {name}")
        drawer.get_by_role("table", name="Accessoires de volet").wait_for()
        rows = seen.rows("Accessoires de volet")
        assert [row[3] for row in rows] == ["1", "2"]
        assert seen.rows("Statuts")[-1][2] == "maintenant"
        page.keyboard.press("Escape")
        drawer.wait_for(state="detached")
        assert page.evaluate("document.activeElement.textContent") == first.inner_text()

    @pytest.mark.parametrize("kind", ["Excel", "CSV"])
    def test_the_export_is_what_the_table_shows(
        self, visit: Callable[..., Visit], tmp_path: Path, kind: str
    ) -> None:
        seen = visit("/commandes?is_stock_managed=true&sort=-order_number")
        page = seen.page
        page.get_by_role("table", name=LIST).wait_for()
        shown = seen.rows(LIST)
        with page.expect_download() as download:
            page.get_by_role("link", name=kind).click()
        path = tmp_path / "export.xlsx"
        download.value.save_as(path)
        rows = workbook_rows(path) if kind == "Excel" else csv_rows(path)
        assert len(rows) == len(shown) > 5
        for row, cells in zip(rows, shown, strict=True):
            number = str(row["N° de commande"]) + (f"/{row['Extension']}" if row["Extension"] else "")
            # A text that Excel would take for a formula has an apostrophe before it.
            job = str(row["Affaire"] or "-").removeprefix("'")
            price = row["Prix HT (€)"]
            assert cells[0] == number
            assert cells[1] == plain(job)
            assert cells[2] == row["Statut (nom)"]
            assert cells[3] == f"{row['Planifiée le']:%d/%m/%Y}"
            assert cells[5] == row["Code coffre"]
            assert float(cells[6].replace(",", ".")) == row["Quantité d'accessoires"]
            assert cells[9] == (
                "-" if price is None else f"{price:,.2f} €".replace(",", " ").replace(".", ",")
            )

    def test_a_reader_sees_neither_prices_nor_exports(self, visit: Callable[..., Visit]) -> None:
        seen = visit("/commandes", role="reader")
        seen.page.get_by_role("table", name=LIST).wait_for()
        assert seen.page.get_by_role("columnheader", name="Prix HT").count() == 0
        assert seen.page.get_by_role("link", name="Excel").count() == 0


def workbook_rows(path: Path) -> list[dict[str, Any]]:
    sheet = load_workbook(path).worksheets[0]
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def csv_rows(path: Path) -> list[dict[str, Any]]:
    text = path.read_bytes().decode("utf-8-sig")

    def value(name: str, cell: str) -> Any:
        if not cell:
            return None
        if re.fullmatch(r"-?\d+,\d+", cell) or name.startswith(("Quantité", "Prix")):
            return float(cell.replace(",", "."))
        if name == "Planifiée le":
            return date.fromisoformat(cell) if "-" in cell else datetime.strptime(cell, "%d/%m/%Y")  # noqa: DTZ007
        return cell

    return [
        {name: value(name, cell) for name, cell in row.items()}
        for row in csv.DictReader(io.StringIO(text), delimiter=";")
    ]


class TestLinks:
    def test_a_machine_without_a_day_is_its_newest(self, visit: Callable[..., Visit], served: Served) -> None:
        seen = visit("/")
        seen.page.get_by_role("link", name="Machine-jour").click()
        seen.page.wait_for_url(f"{served.url}/machine/*/2025-11-20")
        seen.settle()
        seen.page.get_by_role("link", name="Jour précédent").click()
        seen.page.wait_for_url("**/2025-11-19")
        seen.settle()
        seen.page.get_by_label("Machine", exact=True).select_option("DEMALU")
        seen.page.wait_for_url("**/machine/DEMALU/2025-11-19")
        seen.settle()

    def test_a_day_of_the_calendar_opens_its_machine(self, visit: Callable[..., Visit]) -> None:
        seen = visit("/semaine")
        assert "2025" in seen.page.get_by_role("heading", level=1).inner_text()
        box = seen.page.locator("[data-chart=calendar]").bounding_box()
        assert box is not None
        # The second of seven fields, in the upper of two rows, right of the names.
        seen.page.mouse.click(box["x"] + 80 + (box["width"] - 96) / 7 * 1.5, box["y"] + 30)
        seen.page.wait_for_url("**/machine/DEM12/2025-11-18")
        seen.settle()

    @pytest.mark.parametrize(
        ("path", "said"),
        [
            ("/machine/NONE/2025-11-20", "La machine NONE n'existe pas"),
            ("/machine/DEM12/2025-11-16", "n'a rien écrit le dimanche 16 novembre 2025"),
            ("/semaine/2001-W01", "Aucune machine n'a produit"),
            ("/semaine/2025-W60", "Cette semaine n'existe pas"),
            ("/machine/<b>x/2025-11-20", "La machine <b>x n'existe pas"),
        ],
    )
    def test_nothing_there_says_what_to_do(self, visit: Callable[..., Visit], path: str, said: str) -> None:
        empty = visit(path).page.locator("[data-empty]")
        assert said in plain(empty.inner_text())
        assert empty.locator("a").count() == 1

    def test_an_address_without_a_page_leads_on(self, visit: Callable[..., Visit], served: Served) -> None:
        seen = visit("/no/such/page", role=None)
        seen.allowed.append("404")
        assert seen.page.get_by_role("heading", name="Page introuvable").is_visible()
        assert seen.serious() == []
        seen.page.get_by_role("link", name="Revenir").click()
        seen.page.wait_for_url(f"{served.url}/login")

    def test_a_server_that_fails_can_be_asked_again(self, visit: Callable[..., Visit]) -> None:
        seen = visit(MACHINE_DAY)
        seen.allowed += ["ERR_FAILED", "503"]
        page = seen.page
        page.route("**/v1/freshness", lambda route: route.abort())
        page.reload()
        alert = page.get_by_role("alert")
        assert "Le serveur ne répond pas" in alert.inner_text()
        page.unroute("**/v1/freshness")
        page.get_by_role("button", name="Réessayer").click()
        seen.settle()
        assert seen.figure("Pièces")


class TestLanguage:
    def test_the_switch_is_remembered(self, visit: Callable[..., Visit]) -> None:
        seen = visit("/semaine/2025-W47?mural=0")
        page = seen.page
        page.get_by_role("link", name="English").click()
        seen.settle()
        assert page.locator("html").get_attribute("lang") == "en"
        assert page.url.endswith("/semaine/2025-W47?mural=0")
        assert plain(page.get_by_role("heading", level=1).inner_text()) == "Week 47, 2025"
        assert re.fullmatch(r"\d\d\.\d%", seen.figure("Occupancy"))
        page.get_by_role("link", name="Orders").click()
        seen.settle()
        assert "Shutter orders to plan" in page.get_by_role("heading", level=1).inner_text()
        page.get_by_role("link", name="Français").click()
        seen.settle()
        assert page.locator("html").get_attribute("lang") == "fr"

    def test_numbers_are_french(self, visit: Callable[..., Visit]) -> None:
        seen = visit("/commandes?sort=-price_eur")
        seen.page.get_by_role("table", name=LIST).wait_for()
        price = seen.page.locator(ROWS).first.locator("td").last.inner_text()
        # Groups of three are set apart by a narrow space that does not break.
        assert re.fullmatch("\\d\u202f\\d{3},\\d{2}\u00a0€", price)


class TestWall:
    def test_it_refreshes_by_itself(self, visit: Callable[..., Visit]) -> None:
        wall = visit("/?mural=1")
        assert not wall.page.get_by_role("navigation").is_visible()
        assert re.fullmatch(r"\d\d:\d\d", wall.page.locator("#wall-clock").inner_text())
        wall.page.clock.install()
        wall.go("/?mural=1")
        with wall.page.expect_response("**/v1/machines/status*") as answer:
            wall.page.clock.fast_forward(61_000)
        assert answer.value.ok
        wall.settle()
        wall.allowed.append("ERR_FAILED")
        wall.page.route("**/v1/**", lambda route: route.abort())
        wall.page.clock.fast_forward(61_000)
        wall.page.get_by_text("derniers chiffres connus").wait_for()
        assert wall.figure("Pièces")

    def test_a_late_answer_does_not_hide_that_the_server_is_gone(self, visit: Callable[..., Visit]) -> None:
        wall = visit("/?mural=1")
        wall.page.clock.install()
        wall.go("/?mural=1")
        wall.settle()
        asked: list[Route] = []

        def hold_that_of_the_bar(route: Route) -> None:
            asked.append(route)
            if len(asked) == 1:
                # The page's own comes first.
                route.continue_()

        wall.page.route("**/v1/freshness*", hold_that_of_the_bar)
        wall.page.clock.fast_forward(61_000)
        while len(asked) < 2:
            wall.page.wait_for_timeout(20)
        # All else that the page asks for is answered meanwhile.
        wall.page.wait_for_timeout(1000)
        wall.allowed.append("ERR_FAILED")
        wall.page.route("**/v1/**", lambda route: route.abort())
        wall.page.clock.fast_forward(61_000)
        lost = wall.page.get_by_text("derniers chiffres connus")
        lost.wait_for()
        with wall.page.expect_response("**/v1/freshness*"):
            asked[1].continue_()
        # The page's clock stands still, and its frames with it.
        wall.page.wait_for_timeout(500)
        assert lost.is_visible()

    def test_the_button_leads_there(self, visit: Callable[..., Visit]) -> None:
        seen = visit(MACHINE_DAY)
        seen.page.get_by_role("link", name="Écran mural").click()
        seen.settle()
        assert seen.page.url.endswith(f"{MACHINE_DAY}?mural=1")
        dark = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert dark == "rgb(13, 20, 27)"


class TestPaper:
    @pytest.mark.parametrize(
        ("name", "path"),
        [("aujourdhui", "/"), ("machine-jour", MACHINE_DAY), ("semaine", "/semaine/2025-W47")],
    )
    def test_a_page_of_charts_is_one_sheet(self, visit: Callable[..., Visit], name: str, path: str) -> None:
        seen = visit(path)
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        sheet = seen.page.pdf(
            path=SCREENSHOTS / f"{name}.pdf", prefer_css_page_size=True, print_background=True
        )
        assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1
        seen.page.emulate_media(media="print")
        for hidden in ("header.bar", ".tools"):
            assert not seen.page.locator(hidden).first.is_visible()
        assert path.partition("?")[0] in seen.page.locator(".print-line").inner_text()
