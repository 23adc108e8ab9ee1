"""What a new version of a process does otherwise, in sentences."""

from __future__ import annotations

import pytest
from leaving import a_document, a_leave

from tideng.org.directory import Directory
from tideng_processes.document.differences import differences
from tideng_processes.document.parser import parse_process

DIRECTORY = Directory()


def changed(change) -> list[dict]:
    """What `change` to the document gives."""
    document = a_document()
    change(document)
    return differences(a_leave(), parse_process(document), DIRECTORY)


def set_(*path_and_value):
    *path, last, value = path_and_value

    def change(document):
        for name in path:
            document = document[name]
        if value is None:
            del document[last]
        else:
            document[last] = value

    return change


A_STEP = {
    "title": {"zh": "看一眼", "en": "A look"},
    "owner": "hr",
    "outcomes": {"ok": {"title": {"zh": "好", "en": "Fine"}, "to": "taken"}},
}


def test_the_same_process_has_no_differences():
    assert changed(lambda document: None) == []


@pytest.mark.parametrize(
    ("change", "chinese", "english"),
    [
        (
            set_("nodes", "approve", "deadline", {"within": "12 hours", "clock": "working"}),
            "“主管同意”的期限：24 小时 → 12 小时工作时间",
            "“Approval”, deadline: 24 hours → 12 hours of working time",
        ),
        (
            set_("nodes", "approve", "owner", "hr"),
            "“主管同意”的负责人：直属主管 → 人事",
            "“Approval”, owner: Direct supervisor → HR",
        ),
        (
            set_("nodes", "approve", "remind", "4 hours"),
            "“主管同意”的提醒：没有 → 提前 4 小时提醒",
            "“Approval”, reminder: none → Reminder 4 hours before",
        ),
        (
            set_("nodes", "request", "form", ["from", "days?"]),
            "“申请”的要填的：从、天数 → 从、天数（可不填）",
            "“Request”, form: From, Days → From, Days (optional)",
        ),
        (
            set_("nodes", "waiting", "at_due", "skip"),
            "“等假期开始”的期限：“从”当天，到时自动：假期开始 → “从”当天，到时自动：不等了",
            "“Waiting”, deadline: On the day “From”, then automatically: Leave begins → On the day “From”, then automatically: Go on",
        ),
        (set_("nodes", "extra", A_STEP), "新增步骤“看一眼”", "New: the step “A look”"),
        (
            set_("ends", "later", {"title": {"zh": "以后再说", "en": "Later"}}),
            "新增结局“以后再说”",
            "New: the end “Later”",
        ),
        (set_("fields", "days", "maximum", 30), "“天数”的最大：没有 → 30", "“Days”, maximum: none → 30"),
        (set_("summary", "days"), "一单怎么叫：没有 → 天数", "Case summary: none → Days"),
        (set_("customer", "days"), "客户写在：没有 → 天数", None),
        (set_("start", "by", ["hr"]), "谁可以发起：任何人、front desk、其他系统的事件 → 人事、其他系统的事件", None),
        (
            set_("nodes", "together", "outcomes", "approve", "note", True),
            "“一起看”的去向：同意 → 等假期开始 → 同意 → 等假期开始，要写几句",
            None,
        ),
    ],
)
def test_a_difference_is_said_in_a_sentence(change, chinese, english):
    told = changed(change)
    assert chinese in [one["zh"] for one in told]
    assert english is None or english in [one["en"] for one in told]


def test_a_step_that_is_gone_is_named_by_the_title_it_had():
    def without(document):
        del document["nodes"]["together"]
        document["nodes"]["request"]["outcomes"]["submit"]["to"] = "approve"

    assert "去掉步骤“一起看”" in [one["zh"] for one in changed(without)]


def test_another_order_is_a_difference():
    def turned(document):
        nodes = document["nodes"]
        document["nodes"] = {"request": nodes["request"], **dict(reversed(nodes.items()))}

    assert [one["zh"] for one in changed(turned)] == ["步骤的先后变了"]
