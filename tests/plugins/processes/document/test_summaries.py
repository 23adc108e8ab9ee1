"""A case in a few words, as its process says."""

from __future__ import annotations

from datetime import date

import pytest

from tests.plugins.processes.engine_story import PURCHASE
from tideng.base.errors import Refused
from tideng_processes.document.check import check_process
from tideng_processes.document.model import Definition
from tideng_processes.document.parser import parse_process
from tideng_processes.document.summaries import told
from tideng_processes.document.yaml_text import read_typed

TODAY = date(2025, 6, 12)
PLACES = [{"day": "2025-06-09", "city": "上海"}, {"day": "2025-06-12", "city": "上海"}, {"day": "x", "city": "杭州"}]
JOURNEY = {"from": "2025-06-09", "until": "2025-06-12", "places": PLACES, "customers": ["万家", "恒亮", "明辉"]}
SUMMARY = {
    "zh": "{from..until} {places.city}[（{customers#} 家客户）]",
    "en": "{from..until} {places.city}[ (customers: {customers#})]",
}


def title(words: str) -> dict[str, str]:
    return {"zh": words, "en": words}


def process(summary: object = SUMMARY, **fields: object) -> Definition:
    known = {
        "from": {"type": "date", "title": title("从")},
        "until": {"type": "date", "title": title("到")},
        "places": {
            "type": "table",
            "title": title("行程"),
            "columns": {"city": {"type": "text", "title": title("城市")}},
        },
        "customers": {"type": "list", "title": title("客户")},
        "amount": {"type": "money", "title": title("金额"), "currency": "currency"},
        "currency": {"type": "currency", "title": title("币种")},
        "why": {"type": "text", "title": title("原因"), "sensitive": True},
    }
    step = {
        "title": title("写"),
        "owner": "person",
        "form": ["from"],
        "outcomes": {"go": {"title": title("好"), "to": "done"}},
    }
    return parse_process(
        {
            "id": "journey",
            "title": title("出行"),
            "summary": summary,
            "fields": {**known, **fields},
            "nodes": {"write": step},
            "ends": {"done": {"title": title("好了")}},
        }
    )


def test_days_places_and_how_many_make_a_summary():
    assert told(process(), JOURNEY, TODAY) == {
        "zh": "6月9日至12日 上海、杭州（3 家客户）",
        "en": "9–12 Jun 上海, 杭州 (customers: 3)",
    }


def test_what_nobody_filled_in_is_left_out_with_its_brackets():
    assert told(process(), {**JOURNEY, "customers": []}, TODAY)["zh"] == "6月9日至12日 上海、杭州"
    assert told(process(), {}, TODAY) == {}


def test_another_year_is_said():
    assert told(process(), JOURNEY, date(2026, 1, 5))["zh"].startswith("2025年6月9日至12日")


def test_what_came_from_elsewhere_and_has_another_shape_stands_as_it_was_said():
    odd = {"from": "next week", "until": 7, "places": "上海", "customers": "万家"}
    assert told(process(), odd, TODAY)["zh"] == "next week – 7"


def test_one_field_is_a_summary_too_and_an_amount_is_said_with_its_currency():
    assert told(process("amount"), {"amount": 201, "currency": "CNY"})["zh"] == "201.00 CNY"
    assert told(process("why"), {"why": "灯" * 50})["zh"] == "灯" * 40 + "…"


def test_without_a_summary_the_first_text_of_the_first_form_is_one():
    document, _problems = read_typed(PURCHASE)
    purchase = parse_process(document)
    assert told(purchase, {"what": "样灯", "amount": 200}) == {"zh": "样灯", "en": "样灯"}


def test_a_summary_names_fields_that_are_there_and_that_everybody_may_see():
    wrong = {"zh": "{gone} {places.gone} {why}", "en": "{from..away}"}
    found = [(one.at, one.problem) for one in check_process(process(wrong))]
    assert found == [
        ("summary", "there is no field gone"),
        ("summary", "there is no field of places gone"),
        ("summary", "why is shown to few, and a summary stands in lists"),
        ("summary", "there is no field away"),
    ]


# -- a field that is a case --------------------------------------------------------------------------------------------
def a_case_field(**said: object) -> dict[str, object]:
    return {"type": "case", "process": "trip", "title": title("哪次"), **said}


def test_a_case_is_one_of_a_process_and_nothing_else_is():
    with pytest.raises(Refused) as refused:
        process(
            trip={"type": "case", "title": title("哪次")},
            day={"type": "date", "title": title("哪天"), "process": "trip"},
        )
    assert [one.at for one in refused.value.problems] == ["fields.trip.process", "fields.day.process"]


def test_a_process_that_is_not_there_is_told_of_and_keeps_nothing_back_where_one_may_do_without():
    definition = process(trip=a_case_field())
    assert check_process(definition, processes=["trip"]) == []
    (found,) = check_process(definition, processes=["claim"])
    assert (found.at, found.problem, found.severity) == ("fields.trip.process", "there is no process trip", "warning")
    assert "switched off" in found.hint


def test_a_process_that_a_step_needs_is_there():
    definition = process(**{"from": a_case_field(process="tripp")})
    (found,) = check_process(definition, processes=["trip"])
    assert (found.problem, found.hint, found.severity) == ("there is no process tripp", "trip", "error")
