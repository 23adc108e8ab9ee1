"""A trip on a phone, from the wish to the money: asked for, agreed to, and claimed with the trip chosen already."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete

sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

import chromium
from playwright.sync_api import Page, expect
from small_company import a_story
from test_axe import AXE, LOOK, RULES
from test_report import IS_READY, KEPT, NO_SYNC, Line
from webstory import NOW, WebStory

from tests.plugins.travel.travel_story import a_ticket, an_invoice
from tests.unit.core.plugins.attachment_files import a_picture
from tideng.runtime.worker import Worker
from tideng.store.database import writing
from tideng_admin.display.assets import built
from tideng_processes.tables import CaseRow, CounterRow, PaperRow, StepRow, TaskRow
from tideng_travel.tables import InvoiceRow

if chromium.where() is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)

pytestmark = pytest.mark.browser
AFTERWARDS = datetime.fromisoformat("2025-06-16T10:00:00+08:00").astimezone(UTC)
TRIP, CLAIM = "/me/do/trip", "/me/do/claim"
STOPS = [("2025-06-13", "上海", "万家灯饰"), ("2025-06-14", "杭州", "恒亮照明")]
WORDS = {"zh": "6月13日至14日 上海、杭州（2 家客户）", "en": "13–14 Jun 上海, 杭州 (customers: 2)"}


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Iterator[WebStory]:
    story = a_story(tmp_path_factory.mktemp("claim"))
    with story.app.test_request_context():
        if not built("form.js"):
            pytest.skip("the scripts are not built: make install")
    yield story
    story.deployment.close()


@pytest.fixture(autouse=True)
def _nothing_happened_yet(story):
    with writing(story.deployment.engine) as connection:
        for table in (InvoiceRow, PaperRow, TaskRow, StepRow, CaseRow, CounterRow):
            connection.execute(delete(table))
    story.clock.set(NOW)


@pytest.fixture
def phone(story) -> Iterator[Callable[..., chromium.Watched]]:
    """A phone in the hands of somebody."""
    with chromium.served(story.app) as address, chromium.launched() as browser:
        opened = []

        def open_one(login: str = "zhang", language: str = "zh", at: str = address) -> chromium.Watched:
            one = chromium.Watched(browser, at, "phone")
            opened.append(one)
            one.context.add_init_script(NO_SYNC)
            one.sign_in(login, language)
            return one

        yield open_one
        for one in opened:
            one.close()


# -- what people do ----------------------------------------------------------------------------------------------------
def write_trip(page: Page) -> None:
    page.fill("#f-purpose", "看两家灯饰店")
    page.fill("#f-from", "2025-06-13")
    page.fill("#f-until", "2025-06-14")
    page.click("[data-add]")
    for number, (day, city, customer) in enumerate(STOPS):
        row = page.locator("[data-row]").nth(number)
        row.locator("[data-column=date] input").fill(day)
        row.locator("[data-column=city] input").fill(city)
        row.locator("[data-column=customer] input").fill(customer)
    page.fill("#f-customers", "万家灯饰\n恒亮照明")
    page.fill("#f-planned_visits", "2")


def hand_in(page: Page, process: str) -> str:
    """Press the main button; the case's id."""
    page.locator("[data-main]").click()
    page.wait_for_url(lambda url: f"/cases/{process}-" in url)
    return page.url.rpartition("/")[2]


def agree(page: Page) -> None:
    page.locator("[data-main]").click()
    page.wait_for_url(lambda url: "/me/cases/" not in url)


def be_back(story: WebStory) -> None:
    """The trip begins and ends by itself."""
    worker = Worker(story.deployment)
    for day in ("2025-06-13T09:00:00+08:00", AFTERWARDS.isoformat()):
        story.clock.set(datetime.fromisoformat(day).astimezone(UTC))
        worker.step()


def a_finished_trip(story: WebStory, phone: Callable[..., chromium.Watched]) -> str:
    page = phone().go(TRIP)
    write_trip(page)
    trip = hand_in(page, "trip")
    agree(phone("lead").go(f"/me/cases/{trip}/approve"))
    be_back(story)
    return trip


def file(name: str, content: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "application/pdf", "buffer": content}


def add_papers(page: Page) -> None:
    page.locator("#f-invoices").set_input_files([file("hotel.pdf", an_invoice(day="2025年06月13日"))])
    expect(page.locator("[data-field=invoices] [data-paper]")).to_have_count(1)
    page.locator("#f-slips").set_input_files([file("train.pdf", a_ticket(day="2025年06月14日"))])
    expect(page.locator("[data-field=slips] [data-paper]")).to_have_count(1)
    picture = {"name": "signed.jpg", "mimeType": "image/jpeg", "buffer": a_picture(size=(300, 200))}
    page.locator("#f-confirmation").set_input_files([picture])
    expect(page.locator("[data-field=confirmation] [data-paper]")).to_have_count(1)


def chosen_words(page: Page):
    return page.locator("#f-trip option:checked")


# -- from the wish to the money ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_claim_has_its_trip_chosen_and_asks_for_nobodys_number(story, phone, language):
    trip = a_finished_trip(story, phone)
    zhang = phone(language=language)
    page = zhang.go(CLAIM)
    expect(chosen_words(page)).to_have_text(WORDS[language])
    expect(page.locator("#f-from")).to_have_value("2025-06-13")
    add_papers(page)
    expect(page.locator("#f-amount")).to_have_value("201")
    expect(page.locator("[data-field=amount] .beside")).to_have_count(0)
    hand_in(page, "claim")
    page.get_by_role("link", name=WORDS[language]).click()
    page.wait_for_url(lambda url: url.endswith(f"/cases/{trip}"))
    assert (zhang.complaints, zhang.overflow()) == ([], 0)


def test_a_claim_for_no_trip_lets_go_of_what_the_trip_filled_in(story, phone):
    a_finished_trip(story, phone)
    page = phone().go(CLAIM)
    expect(page.locator("[data-field=from] [data-source]")).to_have_text("来自出差 上海、杭州")
    page.select_option("#f-trip", "")
    expect(page.locator("#f-from")).to_have_value("")
    page.select_option("#f-trip", label=WORDS["zh"])
    expect(page.locator("#f-from")).to_have_value("2025-06-13")


def test_what_is_chosen_before_the_script_has_come_counts_as_well(story, phone):
    a_finished_trip(story, phone)
    here, held = phone(), []
    page, script = here.page, re.compile(r"/form[^/]*\.js")
    page.route(script, lambda route: held.append(route))
    with page.expect_request(script):
        page.goto(here.address + CLAIM, wait_until="commit")
    page.select_option("#f-trip", "")
    expect(page.locator("#f-from")).to_have_value("2025-06-13")
    held[0].continue_()
    expect(page.locator("#f-from")).to_have_value("")


def test_whoever_had_no_trip_is_not_asked_which(phone):
    page = phone().go(CLAIM)
    expect(page.locator("#f-amount")).to_be_visible()
    expect(page.locator("[data-field=trip]")).to_have_count(0)


def test_without_a_network_ones_trips_are_there_and_what_waits_names_them_in_words(story, phone):
    a_finished_trip(story, phone)
    line = Line(story.app)
    zhang = phone(at=line.address)
    page = zhang.go(CLAIM)
    chromium.soon(page, IS_READY)
    page.reload()
    expect(chosen_words(page)).to_have_text(WORDS["zh"])
    line.cut(zhang)
    page.reload()
    expect(chosen_words(page)).to_have_text(WORDS["zh"])
    page.fill("#f-amount", "201")
    page.locator("[data-main]").click()
    expect(page.locator("[data-saved]")).to_contain_text("没有网络")
    kept = page.evaluate(f"async () => (await ({KEPT})()).queue[0].shown")
    assert ["哪次出差", WORDS["zh"]] in kept


def test_a_claim_with_a_trip_can_be_read_by_everybody(story, phone):
    a_finished_trip(story, phone)
    zhang = phone()
    page = zhang.go(CLAIM)
    page.locator("#f-invoices").set_input_files([file("odd.pdf", b"no pdf at all")])
    expect(page.locator("[data-refused]")).to_have_count(1)
    page.evaluate(AXE.read_text("utf-8"))
    assert page.evaluate(LOOK, RULES) == []
    assert zhang.overflow() == 0


# -- files that are not taken ------------------------------------------------------------------------------------------
def test_of_several_files_each_that_is_not_taken_says_why(phone):
    page = phone().go(CLAIM)
    expect(page.locator("[data-saved]")).to_be_hidden()
    odd, cut = file("odd.pdf", b"no pdf at all"), file("cut.pdf", an_invoice()[:300])
    page.locator("#f-invoices").set_input_files([odd, file("hotel.pdf", an_invoice()), cut])
    refused = page.locator("[data-field=invoices] [data-refused]")
    expect(refused).to_have_count(2)
    expect(page.locator("[data-refused='odd.pdf']")).to_contain_text("odd.pdf")
    expect(page.locator("[data-refused='cut.pdf']")).to_contain_text("cut.pdf")
    expect(page.locator("[data-field=invoices] [data-paper]")).to_have_count(1)
    page.fill("#f-remark", "酒店的那张稍后补")  # writing on, and the look that follows, leaves them where they are
    expect(page.locator("#f-amount")).to_have_value("128")
    expect(refused).to_have_count(2)
    page.locator("#f-invoices").set_input_files([file("odd.pdf", a_ticket())])
    expect(page.locator("[data-field=invoices] [data-paper]")).to_have_count(2)
    expect(refused).to_have_count(1)
    page.locator("[data-refused='cut.pdf'] button").click()
    expect(refused).to_have_count(0)
