"""What stands beside a claim on its page: its invoices, where code and page disagree, what the tax system said."""

from __future__ import annotations

import pytest

from tests.plugins.travel.test_tax import TICKET, TaxOffice, ask, connect
from tests.plugins.travel.travel_story import TravelStory
from tests.unit.core.paper_files import DIGITAL_CODE, INVOICE_LINES, NUMBER, a_pdf
from tideng.asides import FINE, LOOK, OPEN, beside_case
from tideng.database import reading


@pytest.fixture
def story(a_deployment, tmp_path):
    return TravelStory(a_deployment, tmp_path)


@pytest.fixture
def office():
    found = TaxOffice()
    yield found
    found.close()


def beside(story, case, process="claim"):
    with reading(story.deployment.engine) as connection:
        return beside_case(story.deployment, connection, process, case, story.clock.now())


def test_without_a_tax_system_a_claim_says_that_nothing_was_checked(story):
    (aside,) = beside(story, story.a_claim())
    assert [(line.name, line.words["zh"], line.mark) for line in aside.lines] == [
        (NUMBER, "2025-06-17 · 128.00 CNY · a.pdf", {}),
        (TICKET, "2025-06-16 · 73.00 CNY · a.pdf", {}),
    ]
    assert aside.note["en"] == "Not checked: no tax system connected."
    assert aside.note["zh"] == "没有连接税务系统，这些发票没有查验过。"


def test_with_one_each_invoice_says_how_it_stands(story, office):
    connect(story, office)
    office.known[NUMBER] = "28.00"
    claim = story.a_claim()
    (aside,) = beside(story, claim)
    assert {line.mark["zh"] for line in aside.lines} == {"等待查验"}
    ask(story)
    (aside,) = beside(story, claim)
    assert [(line.look, line.mark["zh"]) for line in aside.lines] == [
        (LOOK, "和税务系统里的不同"),
        (FINE, "税务系统里一致"),
    ]
    assert aside.lines[0].notes == ({"zh": "查到了，金额不同", "en": "found, with another amount"},)
    assert aside.note == {}


def test_one_that_cannot_be_reached_is_no_fault_of_the_claim(story, office):
    connect(story, office)
    office.closed = True
    claim = story.a_claim()
    ask(story)
    (aside,) = beside(story, claim)
    assert {line.look for line in aside.lines} == {OPEN}


def test_where_code_and_page_disagree_whoever_looks_at_the_claim_reads_it(story):
    content = a_pdf(INVOICE_LINES, DIGITAL_CODE.replace("128.00", "182.00"))
    papers = {"invoices": [story.keep("invoices", content).id]}
    claim = story.a_claim(amount=182, papers=papers, remark="去年的")
    (aside,) = beside(story, claim)
    assert aside.lines[0].notes[0]["zh"] == "二维码上的金额是 182.00，票面上是 128.00，请看一眼哪个对。"


def test_other_cases_have_nothing_beside_them(story):
    assert beside(story, story.a_trip(), "trip") == []
    typed = [{"number": "17", "issued": "2025-06-17", "amount": 80}]
    claim = story.a_claim(amount=80, papers={}, typed=typed)
    assert beside(story, claim)[0].lines[0].words["zh"] == "2025-06-17 · 80.00 CNY · 手填"


def test_a_claim_of_any_size_costs_two_statements(story):
    claim = story.a_claim()
    assert story.statements(lambda: beside(story, claim)) == 2
