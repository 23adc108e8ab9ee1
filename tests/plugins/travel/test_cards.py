"""What stands beside a claim on its page: its invoices, where code and page disagree, what the tax system said."""

from __future__ import annotations

import pytest

from tests.plugins.travel.test_tax import TICKET, TaxOffice, ask, connect
from tests.plugins.travel.travel_story import TravelStory, an_invoice
from tests.unit.core.plugins.attachment_files import DIGITAL_CODE, INVOICE_LINES, NUMBER, a_pdf
from tideng.plugins.cards import (
    LINE_ATTENTION,
    LINE_FINE,
    LINE_OPEN,
    beside_case,
)
from tideng.store.database import reading


@pytest.fixture
def story(a_deployment, tmp_path):
    return TravelStory(a_deployment, tmp_path)


@pytest.fixture
def office():
    found = TaxOffice()
    yield found
    found.close()


def beside(story, case, process="claim"):
    """What stands beside the invoices of a claim."""
    return [one for one in everything(story, case, process) if one.title["en"] != "Sum and journey"]


def everything(story, case, process="claim"):
    with reading(story.deployment.engine) as connection:
        return beside_case(story.deployment, connection, story.directory, process, case, story.clock.now())


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
        (LINE_ATTENTION, "和税务系统里的不同"),
        (LINE_FINE, "税务系统里一致"),
    ]
    assert aside.lines[0].notes == ({"zh": "查到了，金额不同", "en": "found, with another amount"},)
    assert aside.note == {}


def test_one_that_cannot_be_reached_is_no_fault_of_the_claim(story, office):
    connect(story, office)
    office.closed = True
    claim = story.a_claim()
    ask(story)
    (aside,) = beside(story, claim)
    assert {line.look for line in aside.lines} == {LINE_OPEN}


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


# -- how the sum and the journey compare -------------------------------------------------------------------------------
def compared(story, **said):
    """What whoever looks at a claim reads of its sum, its rates and its journey."""
    claim = story.a_claim(**said)
    return next(one for one in everything(story, claim) if one.title["en"] == "Sum and journey")


def test_a_sum_that_agrees_says_so(story):
    (line,) = compared(story, trip=story.an_ended_trip()).lines
    assert (line.name, line.words["zh"], line.mark["zh"], line.notes) == (
        "201.00 CNY",
        "单据合计 201.00 CNY",
        "对得上",
        (),
    )


def test_more_than_the_papers_say_and_what_does_not_match_is_read_by_whoever_looks(story):
    trip = story.an_ended_trip()
    papers = story.all_papers(day="2025年06月30日")
    del papers["confirmation"]
    (line,) = compared(story, trip=trip, amount=230.5, papers=papers, remark="加了餐补").lines
    assert (line.words["zh"], line.look) == ("单据合计 201.00 CNY，报销多 29.50 CNY", LINE_ATTENTION)
    assert line.words["en"] == "The papers add up to 201.00 CNY; 29.50 CNY more is claimed"
    assert [one["zh"] for one in line.notes] == [
        "没有客户签字确认单（见说明）",
        "a.pdf是 6月30日的，行程是 6月16日到6月18日。是这次的吗？",
    ]


def test_the_rate_and_its_day_stand_beside_a_claim_in_another_currency(story):
    papers = {"invoices": [story.keep("invoices", an_invoice(total="700.00")).id]}
    line, rate = compared(story, amount=101, currency="USD", papers=papers).lines
    assert (line.words["zh"], line.mark["en"]) == ("单据合计 100.00 USD，报销多 1.00 USD", "Within the rate")
    assert (rate.name, rate.words["zh"]) == ("1 USD = 7 CNY", "6月12日的汇率，报销合 707.00 CNY")


def test_one_invoice_in_two_files_is_told(story):
    twice = [story.keep("invoices", an_invoice()).id, story.keep("invoices", an_invoice() + b"\n").id]
    (line,) = compared(story, amount=128, papers={"invoices": twice}).lines
    assert [one["en"] for one in line.notes] == ["Invoice …456789 is here twice; it counts once."]


def test_a_claim_of_another_system_has_no_papers_to_compare(story):
    story.tell("claim.submitted", "zhang", claim="OA-1", amount=128)
    assert everything(story, "claim-000001") == []


def test_a_claim_of_any_size_costs_five_statements(story):
    """Its form, its files, its trip; its invoices, and their files."""
    claim = story.a_claim(trip=story.an_ended_trip())
    assert story.statements(lambda: everything(story, claim)) == 5
