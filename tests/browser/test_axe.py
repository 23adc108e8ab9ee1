"""axe-core on the pages that people use: nothing serious, nothing critical; zh and en, light and dark, desk and phone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

import chromium
from screenshots import pages
from small_company import CAST, a_story, begin_cases
from webstory import LOGINS, NOW

from tideng.access.viewer import Viewer
from tideng.store.database import writing
from tideng_rules.lifecycle import drafts

AXE = Path(__file__).parents[2] / "admin" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
if chromium.where() is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)
if not AXE.is_file():
    pytest.skip("axe-core is not installed: npm ci in admin/frontend", allow_module_level=True)

pytestmark = pytest.mark.browser
LOOKED_AT = set(
    "today nudges why why-not myday messages mydata nudge-mine note rules rule drafts draft gallery people person team team-person plugins every-card".split()
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ON_A_PHONE = {
    "every-card",
    "myday",
    "messages",
    "nudge-mine",
    "note",
    "team",
    "team-person",
    "draft",
    "gallery",
    "today",
}
LOOK = """
async (rules) => {
  const found = await axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']});
  return found.violations.filter(one => ['serious', 'critical'].includes(one.impact)).flatMap(one =>
    one.nodes.slice(0, 3).map(node => one.id + ': ' + node.target.join(' ') + ' — ' +
      [...node.any, ...node.all, ...node.none].map(check => check.message).join('; ').slice(0, 160)));
}
"""
VISITS = {"fact": "metric.visits_this_week", "between": [1, 3]}
EVERY_CARD = {
    "id": "every-card",
    "kind": "escalation",
    "title": {"zh": "每张卡片", "en": "Every card"},
    "when": {"event": "report.submitted", "without": "visit.completed", "within": "2 days", "match": "trip"},
    "who": {"fact": "person.unit", "in": ["north", "south"]},
    "if": {"any": [{"fact": "event.needs", "exists": True}, {"none": [VISITS, {"fact": "", "is": ""}, {"near": 1}]}]},
    "then": [
        {
            "plan": [
                {"course": "c-7", "title": {"zh": "产品参数"}, "after": "14 days"},
                {"review": "visits_this_week"},
                3,
            ]
        },
        {"ask": "needs", "severity": "must", "message": {"zh": "", "en": "A few words more?"}},
        {"infer": "found.", "because": {"zh": "三周没有写产品"}},
        {"improve": "owner", "cause": {"zh": "步骤还不熟"}},
        {"emit": "visit.completed"},
        {"nudge": "hr", "message": {"zh": "您必须看！"}},
    ],
    "later": [{"after": "1 day", "then": [{"mark": "overdue"}]}, {"odd": 1}],
    "until": {"fact": "metric.reports_today", "gte": {"fact": "target.reports_today", "times": 0.5}},
    "limit": {"once_per": "3 days", "at_most": "2 per week", "by": "trip"},
    "metrics": {"mine": {"count": "report.submitted", "window": "this week"}},
    "examples": [{"name": "one", "at": "2026-03-02T19:00+08:00", "facts": {}, "expect": ["mark overdue"]}],
    "of_later": {"a": [1]},
}
"""A draft with every card of the studio filled, much of it wrong: every field, problem and fold is on its page."""
WINDOWS = [("zh", "desktop"), ("en", "phone")]


@pytest.fixture(scope="module")
def evening(tmp_path_factory) -> Iterator:
    story = a_story(tmp_path_factory.mktemp("evening"))
    story.said = story.an_evening()
    story.said["case"] = begin_cases(story)
    viewer = Viewer("hr", "", frozenset(LOGINS["hr"]))
    with writing(story.deployment.engine) as connection:
        story.said["every_card"] = drafts.create_draft(connection, viewer, EVERY_CARD, NOW).id
    yield story
    story.deployment.close()


@pytest.fixture(scope="module")
def address(evening) -> Iterator[str]:
    with chromium.served(evening.app) as served:
        yield served


@pytest.mark.parametrize(("language", "size"), WINDOWS, ids=["-".join(one) for one in WINDOWS])
def test_axe_finds_nothing_serious(evening, address, language, size):
    """One load for each page; its colours are looked at in light, then in dark."""
    source = AXE.read_text("utf-8")
    wrong: dict[str, list[str]] = {}
    with chromium.launched() as browser:
        windows: dict[str, chromium.Watched] = {}
        every_card = ("every-card", "hr", f"/drafts/{evening.said['every_card']}")
        for name, login, path in [*pages(evening.said, CAST), every_card]:
            if name not in (LOOKED_AT if size == "desktop" else ON_A_PHONE):
                continue
            if login not in windows:
                windows[login] = chromium.Watched(browser, address, size)
                windows[login].page.emulate_media(reduced_motion="reduce")
                windows[login].sign_in(login, language)
            page = windows[login].go(path)
            if name in ("draft", "every-card"):
                page.locator("#studio .flow").wait_for()
                if name == "every-card":
                    page.locator("#studio .beside").first.wait_for()
                page.evaluate("document.querySelectorAll('#studio details').forEach(one => { one.open = true })")
            page.evaluate(source)
            for theme in ("light", "dark"):
                page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
                # what fades from one colour to the other is looked at when it has
                page.evaluate("Promise.all(document.getAnimations().map(one => one.finished.catch(() => 0)))")
                found = page.evaluate(LOOK, RULES)
                if found:
                    wrong[f"{name} {theme}"] = found
        for window in windows.values():
            window.close()
    assert not wrong, "\n".join(f"{name}: {line}" for name, lines in wrong.items() for line in lines)
