"""Messages are filled from a flat list of facts; nothing in a fact is ever read as a template."""

from hypothesis import given
from hypothesis import strategies as st

from tideng.model.templates import choose, render


def test_a_message_reads_in_the_readers_language_and_falls_back():
    wording = {"zh": "日报还没写", "en": "the report is still open"}
    assert choose(wording, "en_GB") == ("the report is still open", "en")
    assert choose(wording, "zh_TW") == ("日报还没写", "zh")
    assert choose(wording, "fr", fallback="zh") == ("日报还没写", "zh")


def test_a_missing_fact_is_said_as_no_data():
    assert render("本周 {metric.visits} 家", {}, "zh") == "本周 没有数据 家"
    assert render("{metric.visits} visits", {}, "en") == "no data visits"


def test_numbers_and_yes_and_no_read_as_people_write_them():
    facts = {"a.n": 3.0, "a.share": 0.756, "a.flag": True, "a.list": ["x", "y"]}
    assert render("{a.n} {a.share} {a.flag} {a.list}", facts, "zh") == "3 0.76 是 x、y"


@given(st.text())
def test_braces_in_a_fact_are_only_text(value):
    assert render("{event.text}", {"event.text": value, "person.name": "secret"}, "en") == value
