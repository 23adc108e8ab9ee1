"""Writing a rule in the studio, in a real browser: what HR does, what is wrong and mended, and that nothing is ever lost."""

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
from webstory import LOGINS, NOW

from tideng.access.viewer import Viewer
from tideng.store.database import reading, writing
from tideng_admin.display import assets
from tideng_rules.lifecycle import drafts, versions

if chromium.where() is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)
if not assets.is_built():
    pytest.skip("the front end is not built: `make install` says why", allow_module_level=True)

pytestmark = pytest.mark.browser
HR = Viewer("hr", "", frozenset(LOGINS["hr"]))


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Iterator:
    made = a_story(tmp_path_factory.mktemp("studio"))
    yield made
    made.deployment.close()


@pytest.fixture(scope="module")
def windows(story) -> Iterator[dict]:
    with chromium.looking(story.app, "hr") as opened:
        yield opened


@pytest.fixture
def desk(windows) -> chromium.Watched:
    windows["desktop"].complaints.clear()
    return windows["desktop"]


def a_draft(story, **changes) -> int:
    """A draft of the rule in force with some parts changed."""
    with writing(story.deployment.engine) as connection:
        document = {**versions.latest(connection, "daily-report-missing").document, **changes}
        return drafts.create_draft(connection, HR, document, NOW).id


def kept(story, id: int):
    with reading(story.deployment.engine) as connection:
        return drafts.draft(connection, HR, id)


def opened(window, id: int):
    page = window.go(f"/drafts/{id}")
    page.wait_for_selector(".flow")
    return page


def saved(page) -> None:
    """Wait until what was typed is with the server."""
    chromium.soon(page, "!(`tideng-draft-${location.pathname.split('/').pop()}` in sessionStorage)")


def test_hr_changes_a_rule_with_the_keyboard_and_reads_what_it_means(story, desk):
    id = a_draft(story)
    page = opened(desk, id)
    expect(page.locator(".say")).to_contain_text("19:00")
    page.get_by_label("时间", exact=True).fill("18:45")
    expect(page.locator(".say")).to_contain_text("18:45")
    page.locator("#step-if").get_by_role("button", name="再加条件").press("Enter")
    expect(page.locator("#step-if [role=alert]")).to_contain_text("还没有选看什么")
    page.locator("#step-if").get_by_role("combobox", name=re.compile("内容")).nth(1).press("ArrowDown")
    page.keyboard.type("本周拜访")
    page.keyboard.press("Enter")
    expect(page.locator("#step-if [role=alert]")).to_have_count(0)
    saved(page)
    document = kept(story, id).document
    assert document["when"] == {"every": "workday", "at": "18:45"}
    assert document["if"]["all"][0] == {"fact": "metric.reports_today", "is": 0}
    assert document["if"]["all"][1]["fact"] == "metric.visits_this_week"
    assert desk.complaints == []


def test_what_is_wrong_stands_beside_its_field_and_the_publish_button_leads_there(story, desk):
    step = {"at": "18:30", "then": [{"mark": "incomplete"}]}
    page = opened(desk, a_draft(story, later=[step]))
    problem = page.locator("#step-later [role=alert]")
    expect(problem).to_contain_text("18:30")
    field = page.locator("#step-later").get_by_label("时间", exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="发布 · 还差 1 处").first.click()
    expect(page.locator("#step-later :focus")).to_contain_text("18:30")
    field.fill("21:00")
    expect(problem).to_have_count(0)
    expect(page.locator(".beside.error")).to_have_count(0)


def test_what_has_no_form_is_kept_and_every_change_can_be_taken_back(story, desk):
    odd = {"any": [{"fact": "person.on_trip", "is": True}, {"fact": "person.on_trip", "near": [1, {"x": None}]}]}
    more = {"who": odd, "notes_of_mine": {"b": 1, "a": [2]}}
    id = a_draft(story, **more)
    page = opened(desk, id)
    title = page.get_by_role("textbox", name="名称 · 中文")
    title.fill("晚上的日报")
    saved(page)
    document = kept(story, id).document
    assert document["title"]["zh"] == "晚上的日报"
    assert {name: document[name] for name in more} == more

    page.locator("#step-then").get_by_role("button", name="去掉：第 1 个动作").click()
    expect(page.locator("#step-then textarea")).to_have_count(0)
    page.locator(".undo button").click()
    expect(page.locator("#step-then textarea")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(title).to_have_value("日报未提交提醒")


def test_two_people_at_one_draft_lose_nothing(story, desk):
    id = a_draft(story)
    page = opened(desk, id)
    with writing(story.deployment.engine) as connection:
        theirs = {**drafts.draft(connection, HR, id).document, "priority": 7}
        drafts.save_draft(connection, HR, id, theirs, 1, NOW)
    page.get_by_role("textbox", name="名称 · 中文").fill("我的名称")
    page.get_by_role("button", name="两份都留").click()
    page.wait_for_url(lambda url: not url.endswith(f"/{id}"))
    mine = int(page.url.rsplit("/", 1)[1])
    assert kept(story, id).document["priority"] == 7
    assert kept(story, mine).document["title"]["zh"] == "我的名称"


def test_what_was_typed_without_a_line_is_there_after_a_reload_and_then_saved(story, desk):
    id = a_draft(story)
    page = opened(desk, id)
    page.route("**/api/v1/drafts/*", lambda route: route.abort())
    page.get_by_role("textbox", name="名称 · 中文").fill("路上写的")
    expect(page.locator(".save-offline")).to_be_visible()
    page.unroute("**/api/v1/drafts/*")
    page.reload()
    expect(page.get_by_role("textbox", name="名称 · 中文")).to_have_value("路上写的")
    saved(page)
    assert kept(story, id).document["title"]["zh"] == "路上写的"


def test_on_a_phone_nothing_is_wider_than_the_screen_and_all_can_be_touched(story, windows):
    window = windows["phone"]
    conditions = {"any": [{"fact": "metric.visits_this_week", "lt": {"fact": "target.visits_this_week", "times": 0.8}}]}
    page = opened(window, a_draft(story, **{"if": {"all": [conditions, conditions["any"][0]]}}))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = page.evaluate(
        "[...document.querySelectorAll('#studio button, #studio select, #studio input')]"
        ".filter((one) => one.offsetParent && one.getBoundingClientRect().height < 40).map((one) => one.outerHTML)"
    )
    assert small == []


def test_without_script_the_same_address_reads_and_takes_the_rule_as_text(story):
    id = a_draft(story)
    browser = story.as_("hr")
    page = browser.get(f"/drafts/{id}").text
    text = page.split("<noscript>")[1].split("</noscript>")[0]
    assert '<textarea class="inp code" id="text"' in text
    assert "studio-boot" not in browser.get(f"/drafts/{id}?text=1").text


def test_hr_begins_with_nothing_and_every_card_says_what_comes_next(story, desk):
    page = desk.go("/gallery/")
    page.get_by_role("button", name="从空白写").click()
    expect(page.locator("#step-when")).to_contain_text("先选什么时候看")
    expect(page.locator("#step-then")).to_contain_text("写下要做什么")
    expect(page.locator("#studio")).not_to_contain_text(re.compile(r"\b(when|then|null|undefined)\b"))
    page.get_by_role("button", name="先用每个工作日 19:00").click()
    page.get_by_role("button", name="先写一句提醒").click()
    page.get_by_role("textbox", name="名称 · 中文").fill("今天的拜访")
    page.locator("#step-title").get_by_role("button", name="先抄另一种语言").click()
    page.get_by_role("button", name="照规则写一个例子").click()
    expect(page.locator(".examples li")).to_contain_text("提醒")
    saved(page)
    page.locator("#publish").get_by_role("button", name="发布", exact=True).click()
    page.locator("dialog").get_by_role("button", name="发布", exact=True).click()
    expect(page.locator("#publish")).to_contain_text("第 1 版已经生效")
    with reading(story.deployment.engine) as connection:
        published = versions.latest(connection, page.locator("a[href*='/rules/rule-']").first.get_attribute("href")[7:])
    assert published.state == "published"
    assert published.document["title"] == {"zh": "今天的拜访", "en": "今天的拜访"}
    assert published.document["when"] == {"every": "workday", "at": "19:00"}
    assert desk.complaints == []


def test_one_press_mends_what_is_wrong_and_one_more_takes_that_back(story, desk):
    id = a_draft(story, later=[{"at": "18:30", "then": [{"mark": "incomplete"}]}])
    page = opened(desk, id)
    problem = page.locator("#step-later [role=alert]")
    expect(problem).to_have_count(1)
    problem.get_by_role("button", name="改为“21:00”").click()
    expect(problem).to_have_count(0)
    expect(page.locator("#step-later").get_by_label("时间", exact=True)).to_have_value("21:00")
    saved(page)
    assert kept(story, id).document["later"] == [{"at": "21:00", "then": [{"mark": "incomplete"}]}]
    page.locator(".undo button").click()
    expect(problem).to_have_count(1)


def test_the_steps_of_a_plan_are_added_written_and_moved_with_the_keyboard(story, desk):
    course = {"course": "c-7", "title": {"zh": "产品参数", "en": "Product parameters"}, "after": "14 days"}
    id = a_draft(
        story, then=[{"plan": [course], "message": {"zh": "一起往前走一步。", "en": "One step on, together."}}]
    )
    page = opened(desk, id)
    plan = page.locator("#step-then .plan")
    expect(plan.get_by_label("编号")).to_have_value("c-7")
    plan.get_by_role("button", name="加一步").press("Enter")
    expect(plan.get_by_role("textbox", name="这一步 · 中文").nth(1)).to_be_focused()
    page.keyboard.type("和同事演练一次")
    page.keyboard.press("Alt+ArrowUp")
    expect(plan.get_by_role("status")).to_have_text("移到第 1 步，共 2 步。")
    expect(plan.get_by_role("textbox", name="这一步 · 中文").first).to_have_value("和同事演练一次")
    plan.get_by_role("button", name="期限", exact=True).press("Enter")
    plan.get_by_role("button", name="去掉：第 2 步").press("Enter")
    expect(plan.locator(".plan-step")).to_have_count(1)
    saved(page)
    practice = {"practice": "和同事演练一次", "title": {"zh": "和同事演练一次"}, "after": "14 days"}
    assert kept(story, id).document["then"][0]["plan"] == [practice]
    page.keyboard.press("Control+z")
    saved(page)
    assert kept(story, id).document["then"][0]["plan"] == [practice, course]


REACHED = """() => {
  const one = document.activeElement, look = getComputedStyle(one), box = one.getBoundingClientRect();
  const step = one.closest("[id^=step-], #try, #preview, #publish");
  return {
    step: step ? step.id : "", name: one.getAttribute("aria-label") || one.textContent, inside: !!one.closest("#studio"),
    ringed: (look.outlineStyle !== "none" && look.outlineWidth !== "0px") || look.boxShadow !== "none",
    seen: box.width > 0 && box.height > 0, dated: ["date", "time"].includes(one.type),
  };
}"""


def test_the_keyboard_goes_through_the_cards_in_their_order_and_is_always_seen(story, desk):
    page = opened(desk, a_draft(story))
    page.wait_for_selector(".say a")
    reached = []
    page.locator(".head .btn").last.focus()
    while len(reached) < 120:
        page.keyboard.press("Tab")
        now = page.evaluate(REACHED)
        if not now["inside"]:
            break
        reached.append(now)
    assert [one for one in reached if not one["seen"] or not (one["ringed"] or one["dated"])] == []
    steps = list(dict.fromkeys(one["step"] for one in reached if one["step"]))
    cards = "title when who if then later until limit".split()
    assert [one for one in steps if one.removeprefix("step-") in cards] == [f"step-{one}" for one in cards]
    assert steps[-1] == "publish"
    names = [one["name"] for one in reached if one["step"] == "step-if"]
    assert names[0] == "如果 · 内容"
    assert names[-2:] == ["再加条件", "一组条件"]

    field = page.locator("#step-if").get_by_role("combobox", name="如果 · 内容")
    field.press("ArrowDown")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.type("拜访")
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_have_count(0)
    expect(field).to_be_focused()
    expect(field).to_have_value("今日日报")
