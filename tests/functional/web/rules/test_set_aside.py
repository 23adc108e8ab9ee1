"""A rule that was set aside, as the web shows it, and the way out."""

from __future__ import annotations

import pytest

from tideng.store.database import reading, writing
from tideng_rules.engine.faults import DIFFERS, Trouble
from tideng_rules.lifecycle import quarantine
from tideng_rules.lifecycle.quarantine import DURABLE, SetAside

RULE = "daily-report-missing"


@pytest.fixture
def aside(story):
    trouble = Trouble(DIFFERS, "", ("metric.reports_today", "person.on_trip"), durable=False)
    with writing(story.deployment.engine) as connection:
        one = SetAside(RULE, 1, DURABLE, str(trouble), story.deployment.clock.now(), trouble.details)
        assert quarantine.put(connection, one)
    return story


def test_the_rules_page_says_which_why_since_when_and_who_judges(aside):
    shown = aside.as_("hr").get("/rules/").text
    for words in ("已隔离", "两个引擎给出的答案不同", "metric.reports_today", "由闭包判断", "再试一次", "19:05"):
        assert words in shown
    assert "有 1 条规则被隔离" in aside.as_("hr").get("/today/").text
    assert "已隔离" not in aside.as_("zhang").get("/rules/").text


def test_readyz_counts_it(aside):
    assert aside.as_("hr").get("/readyz").json["needs_attention"] == 1


def test_only_who_may_change_rules_tries_again(aside):
    for login, status in (("zhang", 403), ("look", 403), ("impl", 302)):
        assert aside.as_(login).post(f"/rules/{RULE}/try-again").status_code == status
    with reading(aside.deployment.engine) as connection:
        assert quarantine.of_those_in_force(connection) == []
    assert aside.as_("hr").get("/readyz").json["needs_attention"] == 0
    assert aside.as_("hr").post(f"/rules/{RULE}/try-again").status_code == 404
