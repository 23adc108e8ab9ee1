"""What changed between two documents of a rule, in words of both languages; and that nothing goes unsaid."""

from __future__ import annotations

import copy
import re
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rules.builders import a_catalogue, a_document
from tideng_rules.document.merge import ABSENT, same
from tideng_rules.wording.differences import differences, said

CATALOGUE = a_catalogue()
LEAF = {"fact": "event.needs.length", "lt": 100}
VISITS = {"fact": "metric.visits_this_week", "gte": 3}


def between(locale, old: dict, new: dict) -> list[str]:
    return said(differences(a_document(**old), a_document(**new), locale, CATALOGUE))


@pytest.mark.parametrize(
    ("old", "new", "zh", "en"),
    [
        (
            {"if_": LEAF},
            {"if_": {**LEAF, "lt": 120}},
            "客户需求的长度 少于 100 → 120 字",
            "the length of needs is less than 100 → 120 characters",
        ),
        (
            {"if_": VISITS},
            {"if_": {**VISITS, "gte": 4}},
            "本周拜访 不少于 3 → 4 次",
            "visits this week is at least 3 → 4 visits",
        ),
        (
            {},
            {"when": {"every": "workday", "at": "19:30"}},
            "什么时候：每个工作日 19:00 → 每个工作日 19:30",
            "when: Every workday at 19:00 → Every workday at 19:30",
        ),
        (
            {},
            {"who": {"fact": "person.on_trip", "is": False}},
            "对谁：出差中 → 没有出差中",
            "who: on a trip → not on a trip",
        ),
        ({}, {"who": None}, "对谁：去掉：出差中", "who: taken out: on a trip"),
        (
            {"if_": LEAF},
            {"if_": [LEAF, VISITS]},
            "如果：新增：本周拜访 不少于 3",
            "if: added: visits this week is at least 3",
        ),
        (
            {"if_": {"any": [LEAF, VISITS]}},
            {"if_": {"any": [LEAF]}},
            "如果：去掉：本周拜访 不少于 3",
            "if: taken out: visits this week is at least 3",
        ),
        (
            {"if_": [LEAF, VISITS]},
            {"if_": {"any": [LEAF, VISITS]}},
            "如果：客户需求的长度 少于 100，并且本周拜访 不少于 3 → 客户需求的长度 少于 100，或者本周拜访 不少于 3",
            "if: the length of needs is less than 100, and visits this week is at least 3 → "
            "the length of needs is less than 100, or visits this week is at least 3",
        ),
        (
            {},
            {"then": [*a_document()["then"], {"mark": "late"}]},
            "就：新增：标记为 late",
            "then: added: mark as late",
        ),
        (
            {},
            {"then": [{"nudge": "person", "message": {"zh": "写一下？", "en": "The report is still open."}}]},
            "消息（中文）：“日报还没写。” → “写一下？”",
            "message in Chinese: “日报还没写。” → “写一下？”",
        ),
        (
            {},
            {"then": [{**a_document()["then"][0], "nudge": "supervisor"}]},
            "提醒谁：本人 → 主管",
            "whom to nudge: the person → the supervisor",
        ),
        (
            {"limit": {"once_per": "day"}},
            {"limit": {"once_per": "week"}},
            "多久一次：每天 → 每周",
            "once per: day → week",
        ),
        ({}, {"limit": {"once_per": "week"}}, "多久一次：新增：每周", "once per: added: week"),
        (
            {"then": [{"mark": "incomplete"}]},
            {"then": [{"mark": "overdue"}]},
            "记号：“未完成” → “还没完成”",
            "mark: “Not done” → “Still open”",
        ),
        ({}, {"kind": "escalation"}, "类型：“提醒” → “升级”", "kind: “Reminder” → “Escalation”"),
        (
            {"later": None},
            {"later": [{"at": "21:00", "then": [{"nudge": "supervisor", "message": {"zh": "一起看看？"}}]}]},
            "之后：新增：21:00 提醒主管",
            "later: added: at 21:00, nudge the supervisor",
        ),
        (
            {},
            {"if_": [{"fact": "metric.reports_today", "is": 0}]},
            "如果：换了写法",
            "if: written another way",
        ),
    ],
)
def test_a_change_is_said_in_both_languages(old, new, zh, en):
    for locale, expected in (("zh", zh), ("en", en)):
        found = between(locale, old, new)
        assert len(found) == 1, found
        assert found[0].startswith(expected)


def test_changes_come_in_the_order_in_which_the_rule_is_written():
    new = a_document(priority=4, kind="escalation", title={"zh": "日报", "en": "Report"})
    places = [one.place for one in differences(a_document(), new, "en", CATALOGUE)]
    assert places == ["kind", "title.zh", "title.en", "priority"]


def test_items_that_changed_places_are_said_to_have_moved():
    one, other = a_document()["then"][0], {"mark": "late"}
    found = differences(a_document(then=[one, other]), a_document(then=[other, one]), "en", CATALOGUE)
    assert [(d.place, d.sentence) for d in found] == [("then[0]", "then: moved: mark as late")]


def test_an_example_is_known_by_its_name():
    first, second = a_document()["examples"][0], {**a_document()["examples"][0], "name": "silent"}
    old, new = a_document(examples=[first, second]), a_document(examples=[{**second, "expect": []}])
    found = differences(old, new, "en", CATALOGUE)
    assert [d.place for d in found] == ["examples[0].expect[0]", "examples[0]"]
    assert found[1].sentence == "examples: taken out: “speaks”"


# -- laws ----------------------------------------------------------------------------------------------------------
SCALARS = st.one_of(
    st.booleans(), st.integers(-3, 3), st.floats(-2, 2), st.sampled_from(["", "a", "19:00", "person", "日报"])
)
KEYS = st.sampled_from(
    ["fact", "is", "lt", "all", "any", "nudge", "mark", "message", "zh", "en", "at", "name", "expect"]
)
VALUES = st.recursive(
    st.one_of(SCALARS, st.just(LEAF), st.just(VISITS), st.just({"mark": "late"})),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
TOP = st.sampled_from(
    ["id", "kind", "title", "why", "when", "who", "if", "then", "later", "until", "limit", "metrics", "examples", "odd"]
)
CHANGES = st.dictionaries(TOP, VALUES, max_size=4)


def changed(changes: dict) -> dict:
    return {**copy.deepcopy(a_document()), **changes}


@settings(max_examples=400, deadline=None)
@given(CHANGES, CHANGES, st.sampled_from(["zh", "en"]))
def test_documents_say_the_same_exactly_when_nothing_differs(old, new, locale):
    one, other = changed(old), changed(new)
    found = differences(one, other, locale, CATALOGUE)
    assert bool(found) == (not same(one, other))
    assert all(
        (d.sentence and not same(d.before, d.after)) or "moved" in d.sentence or "换了位置" in d.sentence for d in found
    )


@settings(max_examples=400, deadline=None)
@given(CHANGES, CHANGES)
def test_what_stands_before_and_after_is_what_the_documents_hold_there(old, new):
    one, other = changed(old), changed(new)
    for found in differences(one, other, "en", CATALOGUE):
        if found.after is not ABSENT:
            assert same(at(other, found.place), found.after)
        else:  # taken away, perhaps out of an item that stands elsewhere now
            assert any(same(value, found.before) for value in everything(one))


@settings(max_examples=300, deadline=None)
@given(CHANGES, st.data())
def test_one_value_changed_anywhere_is_found(changes, data):
    document = changed(changes)
    places = list(every_place(document))
    place = data.draw(st.sampled_from(places))
    other = copy.deepcopy(document)
    put(other, place, "something else altogether")
    found = differences(document, other, "en", CATALOGUE)
    assert found
    assert any("something else altogether" in str(one.after) for one in found)


def everything(value):
    """The value, and every value in it."""
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        yield from everything(item)


def at(value, place: str):
    """What stands at a place; a key may hold dots of its own, as the names of facts do."""
    if not place:
        return value
    if isinstance(value, list):
        number, _, rest = place.lstrip(".").removeprefix("[").partition("]")
        return at(value[int(number)], rest)
    place = place.removeprefix(".")
    key = next(key for key in sorted(value, key=len, reverse=True) if re.match(re.escape(key) + r"(\.|\[|$)", place))
    return at(value[key], place[len(key) :])


def every_place(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from every_place(inner, (*path, key))


def put(document, path, value) -> None:
    reduce(lambda inner, key: inner[key], path[:-1], document)[path[-1]] = value


def test_examples_that_are_taken_out_are_named_one_by_one():
    names = [one["name"] for one in a_document()["examples"]]
    assert between("zh", {}, {"examples": None}) == [f"例子：去掉：“{name}”" for name in names]
