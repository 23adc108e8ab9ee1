"""Processes in a real browser: the picture is drawn under the page's own policy, and HR changes a process in the form."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

import chromium
from playwright.sync_api import expect
from small_company import a_story
from test_axe import AXE, LOOK, RULES

from tideng.access.viewer import Viewer
from tideng.store.database import reading
from tideng_admin.display import assets
from tideng_processes.forms import submissions
from tideng_processes.forms.fields import Submission
from tideng_processes.publication.registry import registry_of

if chromium.where() is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)
if not assets.is_built():
    pytest.skip("the front end is not built: `make install` says why", allow_module_level=True)

pytestmark = pytest.mark.browser
LEAVE = {"kind": "annual", "from": "2025-06-20", "until": "2025-06-21", "days": 2}


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Iterator:
    made = a_story(tmp_path_factory.mktemp("processes"))
    with reading(made.deployment.engine) as connection:
        made.deployment.plugins.call("refresh", connection=connection)
        directory = made.deployment.plugins.first("directory", connection=connection)
    zhang = Viewer("zhang", "zhang", frozenset({"employee"}))
    made.case = submissions.begin(made.deployment, zhang, directory, "leave", Submission("submit", LEAVE))
    yield made
    made.deployment.close()


@pytest.fixture(scope="module")
def address(story) -> Iterator[str]:
    with chromium.served(story.app) as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with chromium.launched() as launched:
        yield launched


@pytest.fixture(scope="module")
def windows(browser, address) -> Iterator[dict]:
    with chromium.signed_in(browser, address, "hr") as opened:
        yield opened


@pytest.fixture
def desk(windows) -> Iterator[chromium.Watched]:
    """A desk at which nothing may go wrong."""
    windows["desktop"].complaints.clear()
    yield windows["desktop"]
    assert windows["desktop"].complaints == []


def latest(story, process: str = "leave"):
    with reading(story.deployment.engine) as connection:
        story.deployment.plugins.call("refresh", connection=connection)
    return registry_of(story.deployment).latest(process)


def opened(desk: chromium.Watched, step: str = ""):
    """The editor of the leave, freshly loaded, with nothing kept from before."""
    page = desk.go("/processes/leave")
    page.evaluate("localStorage.clear()")
    page = desk.go("/processes/leave/edit" + (f"#step-{step}" if step else ""))
    expect(page.locator(".ed-aside .diagram svg")).to_be_visible()
    return page


def card(page, place: str):
    return page.locator(f'details[data-at="{place}"]')


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_picture_is_drawn_and_marks_where_the_case_stands(story, windows, size):
    window = windows[size]
    window.complaints.clear()
    page = window.go(f"/cases/{story.case}")
    expect(page.locator(".diagram svg .node.here")).to_contain_text("主管答复")
    assert window.overflow() == 0
    page = window.go("/processes/leave")
    expect(page.locator(".diagram svg .node")).to_have_count(9)
    assert window.overflow() == 0
    assert window.complaints == []


COVERED = """() => {
  const boxes = (of) => [...document.querySelectorAll(`.diagram svg ${of}`)].filter((one) => one.textContent.trim()).map((one) => [one.textContent.trim(), one.getBoundingClientRect()])
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1
  const words = boxes('g.edgeLabel')
  const pairs = words.flatMap((one, n) => [...words.slice(n + 1), ...boxes('g.node')].map((other) => [one, other]))
  return pairs.filter(([[, a], [, b]]) => meet(a, b)).map(([[a], [b]]) => `${a} / ${b}`)
}"""
"""The words on arrows that cover other ones, or a step."""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_words_on_the_arrows_cover_other_ones(story, browser, address, language):
    window = chromium.Watched(browser, address)
    window.sign_in("hr", language)
    covered = {}
    for one in registry_of(story.deployment).all():
        page = window.go(f"/processes/{one.definition.id}")
        expect(page.locator(".diagram svg .node")).to_have_count(
            len(one.definition.nodes) + len(one.definition.ends) + 1
        )
        expect(page.locator(".diagram")).to_be_visible()
        if found := page.evaluate(COVERED):
            covered[one.definition.id] = found
    window.close()
    assert covered == {}


def test_a_case_is_called_by_what_it_is_about(story, desk):
    page = desk.go(f"/cases/{story.case}")
    expect(page.locator("h1")).to_contain_text("请假")
    expect(page.locator(".head")).to_contain_text("张三")


def test_the_editor_shows_the_picture_and_what_it_says_of_it_as_soon_as_it_opens(desk):
    page = desk.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page = opened(desk)
    expect(page.locator(".ed-aside [role=status]")).to_contain_text("都对得上")
    assert not [one for one in asked if one.endswith("/check")]


def test_a_title_that_looks_like_a_script_is_drawn_as_it_is_written(desk):
    page = opened(desk, "approve")
    title = card(page, "nodes.approve").get_by_label("名称", exact=True).first
    title.fill('<img src=x onerror=alert(1)> "] --> x')
    expect(page.locator(".ed-aside .diagram svg")).to_contain_text('<img src=x onerror=alert(1)> "] --> x')
    assert page.locator(".ed-aside .diagram img").count() == 0


def test_hr_gives_a_step_another_deadline_and_publishes_it(story, desk):
    before = latest(story).version
    page = opened(desk, "approve")
    step = card(page, "nodes.approve")
    deadline = step.locator('[data-at="nodes.approve.deadline"]')
    deadline.get_by_label("多久之内").fill("12")
    deadline.locator("select").select_option("hours")
    deadline.get_by_role("button", name="工作时间").click()
    expect(page.locator(".ed-aside .diff")).to_contain_text("“主管答复”的期限：1 个工作日 → 12 小时工作时间")
    expect(page.locator(".ed-aside")).to_contain_text("在办的 1 件照旧")
    page.locator(".ed-aside").get_by_label("改了什么，给看版本的人").fill("半天内答复")
    page.locator(".ed-publish").click()
    page.wait_for_url(re.compile("/processes/leave/moving$"))
    found = latest(story)
    assert (found.version, found.by, found.note) == (before + 1, "hr", "半天内答复")
    assert found.definition.document["nodes"]["approve"]["deadline"] == {"within": "12 hours", "clock": "working"}
    assert list(found.definition.nodes)[:2] == ["request", "approve"]


def test_what_is_still_open_stands_beside_its_place_and_the_button_leads_there(story, desk):
    before = latest(story).version
    page = opened(desk)
    page.get_by_role("button", name="加一步").click()
    added = card(page, "nodes.step")
    expect(added).to_have_attribute("open", "")
    expect(added.locator('.said-beside[role="alert"]').first).to_contain_text("没有去处指向这一步")
    button = page.locator(".ed-publish")
    expect(button).to_contain_text("还差 1 处")
    added.locator("summary").first.click()
    button.click()
    expect(added).to_have_attribute("open", "")
    assert latest(story).version == before


def test_a_step_is_taken_away_and_brought_back(desk):
    page = opened(desk)
    page.get_by_role("button", name="去掉: 人事看一眼").click()
    expect(card(page, "nodes.hr_check")).to_have_count(0)
    expect(page.locator(".ed-aside .diff")).to_contain_text("去掉步骤“人事看一眼”")
    expect(page.locator(".ed-publish")).not_to_contain_text("还差")
    page.get_by_role("button", name="撤销").click()
    expect(card(page, "nodes.hr_check")).to_have_count(1)
    expect(page.locator(".ed-publish")).to_contain_text("还没有改动")


def test_steps_are_put_in_another_order_by_the_keyboard(desk):
    page = opened(desk)
    later = page.get_by_role("button", name="往后: 主管答复")
    later.focus()
    page.keyboard.press("Enter")
    titles = page.locator(".ed-fold[data-at^=nodes] > summary > b").all_inner_texts()
    assert titles[1:3] == ["人事看一眼", "主管答复"]
    expect(page.locator(".ed-aside .diff")).to_contain_text("步骤的先后变了")


def test_changes_that_were_not_published_are_there_after_loading_again(desk):
    page = opened(desk)
    page.get_by_label("名称", exact=True).first.fill("请个假")
    expect(page.locator(".ed-aside .diff")).to_contain_text("请个假")
    page.reload()
    expect(page.get_by_text("上次没发布的改动还在。")).to_be_visible()
    expect(page.get_by_label("名称", exact=True).first).to_have_value("请个假")
    page.get_by_role("button", name=re.compile("重新开始")).click()
    expect(page.get_by_label("名称", exact=True).first).to_have_value("请假")


def test_owners_by_case_fields_and_choices_are_changed_in_the_form(story, desk):
    page = opened(desk, "approve")
    step = card(page, "nodes.approve")
    step.locator('[data-at="nodes.approve.owner"]').get_by_role("button", name="看情况").click()
    case = step.locator('[data-at="nodes.approve.owner[0]"]')
    case.locator("select").nth(0).select_option("kind")
    case.locator("select").nth(1).select_option("is")
    case.locator("select").nth(2).select_option("sick")
    card(page, "fields.kind").locator("summary").click()
    card(page, "fields.kind").get_by_role("button", name="加一个选项").click()
    last = card(page, "fields.kind").locator(".ed-choice").last
    last.get_by_label("名称", exact=True).fill("公益假")
    last.get_by_label("英文名称").fill("Volunteering")
    expect(page.locator(".ed-aside .diff")).to_contain_text("直属主管；假别是病假：人事")
    expect(page.locator(".ed-aside .diff")).to_contain_text("公益假")
    expect(page.locator(".ed-publish")).not_to_contain_text("还差")


def test_somebody_else_published_meanwhile_and_the_change_is_not_lost(story, desk):
    page = opened(desk)
    page.get_by_label("名称", exact=True).first.fill("休假")
    expect(page.locator(".ed-aside .diff")).to_contain_text("休假")
    token = page.get_attribute("#editor", "data-token")
    now = latest(story)
    document = {**now.definition.document, "title": {"zh": "请假（新）", "en": "Leave"}}
    answer = page.request.post(
        f"{desk.address}/processes/leave/publish",
        data={"document": document, "note": "", "base": now.version},
        headers={"X-CSRFToken": token, "Referer": f"{desk.address}/"},
    )
    assert answer.status == 200
    page.locator(".ed-publish").click()
    expect(page.locator(".ed-aside .beside[role=alert]")).to_contain_text("刚有人发布了另一个版本")
    expect(page.get_by_label("名称", exact=True).first).to_have_value("休假")
    desk.complaints[:] = [one for one in desk.complaints if "409" not in one]


def test_another_deadline_is_estimated_tried_for_two_weeks_and_kept(story, desk):
    before = latest(story).version
    page = opened(desk, "approve")
    deadline = card(page, "nodes.approve").locator('[data-at="nodes.approve.deadline"]')
    deadline.get_by_label("多久之内").fill("3")
    expect(deadline.locator(".ed-guess")).to_contain_text("满 5 件才估得出")
    expect(page.locator(".ed-publish")).to_contain_text(f"发布第 {before + 1} 版")
    page.get_by_role("button", name="试两周").click()
    page.wait_for_url(re.compile("/processes/leave#trial$"))
    trial = page.locator("#trial")
    expect(trial).to_contain_text(f"试用第 {before + 1} 版")
    expect(trial).to_contain_text(f"自动回到第 {before} 版")
    assert latest(story).version == before + 1
    trial.get_by_role("button", name="留下").click()
    expect(page.locator("#trial")).to_contain_text("留下了它")
    expect(page.locator("#trial").get_by_role("button")).to_have_count(0)
    assert latest(story).version == before + 1


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed")
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_everyone_can_use_these_pages(story, windows, size):
    window = windows[size]
    for path in ("/processes/", "/processes/leave", "/processes/leave/cases", f"/cases/{story.case}", "/processes/leave/edit#step-approve"):  # fmt: skip
        page = window.go(path)
        page.wait_for_timeout(700)
        page.evaluate(AXE.read_text("utf-8"))
        assert page.evaluate(LOOK, RULES) == [], path
        assert window.overflow() == 0, path
