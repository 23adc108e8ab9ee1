"""A minute of voice from a supervisor's browser to an employee's; and what is left where there is no microphone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

import chromium
from playwright.sync_api import expect
from small_company import a_story
from test_axe import AXE, LOOK, RULES

from tideng.store.database import reading
from tideng.store.tables import PersonNoteRow
from tideng_admin.display.assets import built

if chromium.where() is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)

pytestmark = pytest.mark.browser
MICROPHONE = "--use-fake-device-for-media-stream"
"""A real recorder of the browser hears a beep a second."""
IN_STATE = ".recorder[data-state={}]"
MOVES = """async () => {
  const audio = document.querySelector('.heard audio');
  audio.muted = true;
  await audio.play();
  for (let tries = 0; tries < 60 && audio.currentTime < 0.2; tries++) await new Promise(on => setTimeout(on, 50));
  return [audio.readyState, audio.currentTime, audio.error && audio.error.message];
}"""


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Iterator:
    story = a_story(tmp_path_factory.mktemp("team"))
    with story.app.test_request_context():
        if not built("team.js"):
            pytest.skip("the scripts are not built: make install")
    yield story
    story.deployment.close()


@pytest.fixture(scope="module")
def window(story) -> Iterator[Callable[..., chromium.Watched]]:
    """Opens a window of a signed-in person; with a microphone only where it is allowed."""
    opened: list[chromium.Watched] = []

    with chromium.served(story.app) as address, chromium.launched(MICROPHONE) as browser:

        def open_one(login: str, allowed: str = "", before: str = "", language: str = "zh") -> chromium.Watched:
            one = chromium.Watched(browser, address, "phone")
            opened.append(one)
            # what is not named is refused, as by a person's press
            one.context.grant_permissions([allowed or "geolocation"], origin=address)
            if before:
                one.context.add_init_script(before)
            one.sign_in(login, language)
            return one

        yield open_one
        for one in opened:
            one.close()


@pytest.fixture(scope="module")
def lead(window) -> chromium.Watched:
    return window("lead", allowed="microphone")


def recorded(window: chromium.Watched, speak: int = 1200) -> None:
    """Press, speak for so many ms, press."""
    window.page.click(".rec")
    window.page.wait_for_selector(IN_STATE.format("recording"))
    window.page.wait_for_timeout(speak)
    window.page.click(".rec")
    window.page.wait_for_selector(IN_STATE.format("recorded"))


def left(story) -> int:
    with reading(story.deployment.engine) as connection:
        return connection.scalar(select(func.count()).select_from(PersonNoteRow)) or 0


def test_a_supervisor_records_listens_and_sends_and_the_person_hears_it(lead, window):
    page = lead.go("/team/zhang")
    page.click(".rec")
    page.wait_for_selector(IN_STATE.format("recording"))
    expect(page.locator("[data-part=said]")).to_contain_text("正在录")
    chromium.soon(page, "document.querySelectorAll('.wave .on').length > 0")
    chromium.soon(page, "parseInt(document.querySelector('.wave i').style.height) > 15")  # it hears the beep
    chromium.soon(page, "document.querySelector('[data-part=clock]').textContent === '0:01'")
    page.click(".rec")
    page.wait_for_selector(IN_STATE.format("recorded"))
    expect(page.locator("[data-part=said]")).to_contain_text("停下了")
    expect(page.locator("[data-part=main]")).to_be_focused()
    page.click(".rec")
    page.wait_for_selector(IN_STATE.format("playing"))
    chromium.soon(page, "document.querySelector('[data-part=audio]').currentTime > 0.1")
    page.wait_for_selector(IN_STATE.format("recorded"))  # played to its end
    page.click("#note form.stack > .btn-lamp")
    expect(page.locator("main")).to_contain_text("只有张三看得到")
    assert lead.complaints == []

    person = window("zhang")
    heard = person.go("/me/notes/")
    ready, at, error = heard.evaluate(MOVES)
    assert (ready >= 2, at > 0.1, error) == (True, True, None)
    assert person.complaints == []


def test_what_was_recorded_is_discarded_and_recorded_again(story, lead):
    page = lead.go("/team/zhang")
    recorded(lead, 300)
    page.click("[data-part=discard]")
    page.wait_for_selector(IN_STATE.format("idle"))
    expect(page.locator("[data-part=main]")).to_be_focused()
    chromium.soon(page, "document.querySelector('#voice').files.length === 0")
    recorded(lead, 300)
    page.click("[data-part=again]")
    page.wait_for_selector(IN_STATE.format("recording"))
    before = left(story)
    page.wait_for_timeout(300)
    page.click("#note form.stack > .btn-lamp")  # sending stops it first
    page.wait_for_url(lambda url: "/me/notes/" in url)
    expect(page.locator(".heard audio")).to_have_count(1)
    assert left(story) == before + 1


def test_it_stops_by_itself_when_the_minute_is_over(lead):
    page = lead.go("/team/zhang")
    # a second for a minute: the page reads how long one may speak when its script begins
    page.route(
        "**/team/zhang",
        lambda route: route.fulfill(
            response=(answer := route.fetch()), body=answer.text().replace('data-seconds="60"', 'data-seconds="1"')
        ),
    )
    page.reload()
    page.unroute("**/team/zhang")
    page.click(".rec")
    page.wait_for_selector(IN_STATE.format("recorded"), timeout=5000)
    expect(page.locator("[data-part=said]")).to_contain_text("满 1 分钟了")
    assert page.evaluate("document.querySelector('#voice').files[0].name") == "note.webm"
    page.reload()
    expect(page.locator(".recorder")).to_have_attribute("data-seconds", "60")


ABSENT = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError') }"


@pytest.mark.parametrize(
    ("before", "said"),
    [("", "麦克风没有放行"), (ABSENT, "这里没有麦克风"), ("delete window.MediaRecorder", "这个浏览器不能录音")],
    ids=["refused", "absent", "unable"],
)
def test_without_a_microphone_the_words_say_so_and_a_few_written_ones_are_sent(story, window, before, said):
    one = window("lead", before=before)
    page = one.go("/team/zhang")
    if "delete" not in before:
        page.click(".rec")
    page.locator("[data-part=said]", has_text=said).wait_for()
    assert page.is_visible("#voice")
    assert page.is_enabled("#voice")
    before_it = left(story)
    page.fill("#text", "明天我跟你一起去。")
    page.click("#note form.stack > .btn-lamp")
    expect(page.locator("main")).to_contain_text("明天我跟你一起去。")
    assert left(story) == before_it + 1
    assert one.complaints == []


def test_the_microphone_is_open_on_the_page_where_one_records_and_nowhere_else(story, lead):
    for path, opens in (("/team/zhang", True), ("/team/", False), ("/me/", False), ("/me/notes/", False)):
        headers = lead.page.request.get(lead.address + path).headers
        assert ("microphone=(self)" in headers["permissions-policy"]) is opens, path
        assert ("microphone=()" in headers["permissions-policy"]) is not opens, path
        assert ("media-src 'self' blob:" in headers["content-security-policy"]) is opens, path


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm ci in admin/frontend")
def test_the_open_recorder_is_fine_for_axe_for_thumbs_and_for_the_width(lead):
    page = lead.go("/team/zhang")
    page.evaluate(AXE.read_text("utf-8"))
    recorded(lead, 200)
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        page.evaluate("Promise.all(document.getAnimations().map(one => one.finished.catch(() => 0)))")
        assert page.evaluate(LOOK, RULES) == [], theme
    assert lead.overflow() <= 0
    heights = page.evaluate(
        "[...document.querySelectorAll('.recorder button')].map(one => one.getBoundingClientRect().height)"
    )
    assert len(heights) == 3
    assert min(heights) >= 44
