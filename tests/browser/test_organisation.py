"""The organisation in a real browser: found, opened, closed, looked at beside the chart, and saved as files that others open."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

import chromium
from playwright.sync_api import expect
from small_company import a_story
from test_axe import AXE, LOOK, RULES

from tideng_admin.display.assets import built

if chromium.where() is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Iterator:
    story = a_story(tmp_path_factory.mktemp("organisation"))
    with story.app.test_request_context():
        if not built("organisation.js"):
            pytest.skip("the scripts are not built: make install")
    yield story
    story.deployment.close()


@pytest.fixture(scope="module")
def window(story) -> Iterator[Callable[..., chromium.Watched]]:
    opened: list[chromium.Watched] = []
    with chromium.served(story.app) as address, chromium.launched() as browser:

        def open_one(login: str = "hr", size: str = "desktop", language: str = "zh", dark: bool = False):
            opened.append(chromium.Watched(browser, address, size, dark))
            opened[-1].sign_in(login, language)
            return opened[-1]

        yield open_one
        for one in opened:
            one.close()


@pytest.fixture(scope="module")
def hr(window) -> chromium.Watched:
    return window()


def chart(watched: chromium.Watched):
    page = watched.go("/organisation/")
    page.wait_for_selector("#og-chart .oc")
    return page


def node(page, unit: str):
    return page.locator(f'.oc[data-unit="{unit}"]')


def test_the_chart_opens_and_closes_units_by_mouse_and_keyboard(hr):
    page = chart(hr)
    expect(node(page, "sales")).to_contain_text("4")
    expect(node(page, "north")).to_have_count(1)
    fold = page.locator('[data-fold="sales"]')
    assert fold.get_attribute("aria-expanded") == "true"
    fold.click()
    expect(node(page, "north")).to_have_count(0)
    expect(page.locator("#og-chart")).to_have_attribute("aria-busy", "false")  # everything has come to its place
    # the same button has the focus again, and answers the keyboard
    expect(page.locator('[data-fold="sales"]')).to_be_focused()
    page.keyboard.press("Enter")
    expect(node(page, "north")).to_have_count(1)
    assert hr.complaints == []


def test_units_below_are_fetched_when_they_are_opened(hr, story):
    page = chart(hr)
    page.click("[data-zoom=none]")
    expect(page.locator(".oc")).to_have_count(1)
    page.click("[data-zoom=all]")
    expect(node(page, "sales")).to_have_count(1)
    expect(node(page, "north")).to_have_count(0)
    page.click("[data-zoom=all]")
    expect(node(page, "north")).to_have_count(1)


def test_every_node_is_reached_by_the_keyboard_and_shown(hr):
    page = chart(hr)
    page.locator('.oc[data-unit="sales"] .oc-name').focus()
    seen = set()
    for _ in range(30):
        found = page.evaluate("document.activeElement.closest('.oc')?.dataset.unit")
        if found:
            seen.add(found)
            inside = page.evaluate(
                """() => { const at = document.activeElement.getBoundingClientRect()
                  const box = document.querySelector('#og-chart').getBoundingClientRect()
                  return at.left >= box.left && at.right <= box.right && at.top >= box.top && at.bottom <= box.bottom }"""
            )
            assert inside, found
        page.keyboard.press("Tab")
    assert seen >= {"sales", "north", "south", "hq"}


def test_a_post_is_looked_at_beside_the_chart_and_the_focus_comes_back(hr):
    page = chart(hr)
    button = node(page, "north").locator("button", has_text="销售代表")
    button.click()
    panel = page.locator("#og-panel")
    expect(panel).to_contain_text("张三")
    expect(panel).to_be_focused()
    panel.locator("a", has_text="张三").click()
    expect(panel.locator("h2")).to_have_text("张三")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(button).to_be_focused()
    assert hr.complaints == []


def test_people_are_found_while_one_types(hr):
    page = chart(hr)
    page.fill("#q", "李晨")
    found = page.locator("#og-found a")
    expect(found).to_have_count(1)
    found.click()
    expect(page.locator("#og-panel h2")).to_have_text("李晨")
    page.fill("#q", "nobody at all")
    expect(page.locator("#og-found")).to_contain_text("没有找到")


def test_the_chart_is_saved_as_files_that_open(hr, tmp_path):
    page = chart(hr)
    files = {}
    for kind in ("png", "svg", "pdf"):
        page.click(".og-export summary")
        with page.expect_download() as download:
            page.click(f"[data-export={kind}]")
        files[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[kind])
    assert [file.name for file in files.values()] == [f"organisation-2025-06-12.{kind}" for kind in files]
    with Image.open(files["png"]) as image:
        image.load()
        assert image.format == "PNG"
        assert image.width > 600
        assert len(image.convert("RGB").getcolors(1 << 24) or ()) > 8  # something is drawn on it
    drawn = ElementTree.parse(files["svg"]).getroot()
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    words = "".join(drawn.itertext())
    assert all(word in words for word in ("华北", "王海燕", "销售代表"))
    assert b"foreignObject" not in files["svg"].read_bytes()
    pdf = files["pdf"].read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert b"%%EOF" in pdf[-1024:]
    assert hr.complaints == []


def test_on_a_phone_the_tree_stands_first_and_the_panel_comes_from_below(window):
    phone = window("zhang", "phone")
    page = phone.go("/organisation/")
    expect(page.locator("#og-tree")).to_be_visible()
    expect(page.locator("#og-chart")).to_be_hidden()
    page.locator(".og-tree .og-post", has_text="主管").first.click()
    panel = page.locator("#og-panel")
    expect(panel).to_contain_text("王海燕")
    box = panel.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] == pytest.approx(844, abs=2)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert phone.complaints == []


def test_everything_works_as_links_without_the_script(hr):
    page = hr.page
    page.route("**/organisation.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    try:
        hr.go("/organisation/")
        expect(page.locator("#og-tools")).to_be_hidden()
        page.fill("#q", "张三")
        page.press("#q", "Enter")
        page.locator("#og-found a").click()
        expect(page.locator("h1")).to_have_text("张三")
        page.go_back()
        page.locator(".og-tree .og-post", has_text="销售代表").first.click()
        expect(page.locator("h1")).to_have_text("销售代表")
    finally:
        page.unroute("**/organisation.js*")


def test_hr_adds_a_post_from_the_chart_and_finds_somebody_for_it(hr):
    page = chart(hr)
    page.get_by_role("link", name="加岗位").click()
    page.get_by_label("名称").fill("驻点工程师")
    page.get_by_label("部门", exact=True).select_option("south")
    page.get_by_label("编制人数").fill("1")
    page.get_by_role("button", name="加上").click()
    expect(page.locator("h1")).to_have_text("驻点工程师")
    chart(hr)
    vacant = page.locator(".og-vacant")
    expect(vacant).to_contain_text("驻点工程师空着")
    vacant.get_by_role("link", name="安排人").click()
    page.get_by_label("谁").fill("李晨")
    page.get_by_role("button", name="就这样安排").click()
    expect(page.locator(".og-faces")).to_contain_text("李晨")
    assert hr.complaints == []


def test_a_unit_moves_from_a_day_on_and_the_chart_of_each_day_shows_it(hr):
    page = hr.go("/organisation/edit/unit/south")
    page.get_by_label("上级部门").select_option("hq")
    page.locator("#from").fill("2025-07-01")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".og-turns")).to_contain_text("2025-07-01 起")
    for day, above in (("2025-06-30", "sales"), ("2025-07-01", "hq")):
        hr.go(f"/organisation/?day={day}&unit={above}")
        expect(node(page, "south")).to_have_count(1)
    assert hr.complaints == []


PAGES = (
    "/organisation/",
    "/organisation/units/north",
    "/organisation/positions/rep",
    "/organisation/who-answers",
    "/organisation/import/",
    "/organisation/edit/unit/north",
    "/organisation/edit/position",
)


@pytest.mark.parametrize(("size", "dark"), [("desktop", False), ("desktop", True), ("phone", False)])
def test_axe_has_nothing_to_say(window, size, dark):
    watched = window("hr", size, "en", dark)
    for path in PAGES:
        page = watched.go(path)
        if path == "/organisation/" and size == "desktop":
            page.wait_for_selector("#og-chart .oc")
            node(page, "north").locator("button", has_text="销售代表").click()
            expect(page.locator("#og-panel")).to_contain_text("张三")
        page.evaluate(AXE.read_text("utf-8"))
        found = page.evaluate(LOOK, RULES)
        assert found == [], (path, found)
