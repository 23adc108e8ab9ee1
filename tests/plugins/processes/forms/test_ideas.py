"""What one may write about in a text, and the days that a date is chosen from: read from a document, with everything that is
wrong said at once."""

from __future__ import annotations

from typing import Any

import pytest
from leaving import a_document

from tideng.org.directory import Directory
from tideng_processes.document.differences import differences
from tideng_processes.document.model import Definition
from tideng_processes.document.parser import InvalidProcess, parse_process

BUDGET, AREA = {"zh": "预算", "en": "Budget"}, {"zh": "面积", "en": "Area"}


def with_field(**said: Any) -> Definition:
    document = a_document()
    document["fields"]["extra"] = {"type": "text", "title": {"zh": "需求", "en": "Needs"}, **said}
    document["nodes"]["request"]["form"].append("extra?")
    return parse_process(document)


def wrong(**said: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidProcess) as caught:
        with_field(**said)
    return [(one.at, one.problem) for one in caught.value.problems]


def test_a_text_has_ideas_in_both_languages():
    assert with_field(ideas=[BUDGET, AREA]).fields["extra"].ideas == (BUDGET, AREA)
    assert with_field().fields["extra"].ideas == ()


@pytest.mark.parametrize(
    ("said", "problems"),
    [
        ({"ideas": "预算"}, [("fields.extra.ideas", "is not a list of texts")]),
        ({"ideas": [{"zh": "预算"}]}, [("fields.extra.ideas[0]", "a text in each language is needed")]),
        ({"ideas": [BUDGET], "type": "date"}, [("fields.extra.ideas", "only a text has ideas")]),
        (
            {"ideas": [{"zh": "预" * 21, "en": "b" * 41}]},
            [
                ("fields.extra.ideas[0].zh", "at most 20 characters"),
                ("fields.extra.ideas[0].en", "at most 40 characters"),
            ],
        ),
        (
            {"ideas": [BUDGET, {**BUDGET, "en": "Money"}]},
            [("fields.extra.ideas[1].zh", "stands there twice")],
        ),
        (
            {"ideas": [{"zh": f"想法{n}", "en": f"Idea {n}"} for n in range(9)]},
            [("fields.extra.ideas", "at most 8")],
        ),
        ({"recent": 14}, [("fields.extra.recent", "only a date is chosen among recent days")]),
        ({"type": "date", "recent": 32}, [("fields.extra.recent", "at most 31")]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_them_is_said_at_its_place(said, problems):
    assert wrong(**said) == problems


def test_a_column_has_neither():
    column = {"type": "text", "title": BUDGET, "ideas": [AREA]}
    assert wrong(type="table", columns={"sum": column}) == [
        ("fields.extra.columns.sum", "a column has neither ideas nor recent days")
    ]


def test_the_longest_that_fits_is_taken():
    long = {"zh": "预" * 20, "en": "b" * 40}
    assert with_field(ideas=[long, *({"zh": f"{n}", "en": f"{n}"} for n in range(7))]).fields["extra"].ideas[0] == long


def test_other_ideas_are_a_difference_in_words():
    told = differences(with_field(), with_field(ideas=[BUDGET, AREA]), Directory())
    assert [one["zh"] for one in told] == ["“需求”的可以写到的：没有 → 预算、面积"]
    assert [one["en"] for one in told] == ["“Needs”, ideas: none → Budget, Area"]
