"""Messages as they would be read, and how many short messages they take."""

from __future__ import annotations

import pytest

from tests.unit.rules.builders import a_catalogue, a_document
from tideng_rules.document.parser import parse_rule
from tideng_rules.wording.sample_messages import sample_messages, segments


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("灯" * 70, 1),
        ("灯" * 71, 2),
        ("灯" * 134, 2),
        ("灯" * 135, 3),
        ("a" * 70 + "灯", 2),
        ("today’s" + "a" * 64, 2),
        ("𠮷" * 35, 1),
        ("𠮷" * 36, 2),
    ],
)
def test_short_messages_are_counted_as_telephones_count_them(text, taken):
    assert segments(text) == taken


def test_an_example_that_speaks_gives_the_values():
    then = [{"nudge": "person", "message": {"zh": "今天 {metric.reports_today} 篇，{person.name}。"}}]
    (message,) = sample_messages(parse_rule(a_document(then=then)), a_catalogue(), ("zh", "en"))
    assert message.texts["zh"].text == "今天 0 篇，张三。"
    assert (message.texts["zh"].length, message.texts["zh"].sms) == (10, 1)
    assert "en" not in message.texts


def test_each_step_that_speaks_has_its_place():
    say = {"nudge": "hr", "message": {"zh": "在吗？", "en": "Hello."}}
    document = a_document(
        later=[{"after": "1 hour", "then": say}, {"after": "2 hours", "then": [{"mark": "late"}, say]}]
    )
    found = sample_messages(parse_rule(document), a_catalogue(), ("zh",))
    assert [one.place for one in found] == ["then[0]", "later[0].then", "later[1].then[1]"]
