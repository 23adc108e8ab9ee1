"""Take the pictures of docs/screenshots from a real browser: ``python tests/browser/screenshots.py [FOLDER]``."""

from __future__ import annotations

import itertools
import re
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from chromium import Watched, launched, served, where  # noqa: E402
from playwright.sync_api import Page  # noqa: E402
from sqlalchemy import insert  # noqa: E402
from webstory import NOW, WebStory, copied, write_client  # noqa: E402

from tideng.access.viewer import Viewer  # noqa: E402
from tideng.base.settings import Settings  # noqa: E402
from tideng.client.bundle import read_bundle  # noqa: E402
from tideng.runtime.apply import apply  # noqa: E402
from tideng.runtime.deployment import Deployment  # noqa: E402
from tideng.store.database import reading, writing  # noqa: E402
from tideng.store.tables import StateRow  # noqa: E402
from tideng_admin.display.assets import is_built  # noqa: E402
from tideng_processes.forms import submissions  # noqa: E402
from tideng_processes.forms.fields import Submission  # noqa: E402

DRAWN = {"process": ".diagram svg", "case": ".diagram svg", "organisation": '#og-chart[aria-busy="false"] .oc'}
"""Page → what a script draws on it, and is waited for."""
WIDE = {"organisation"}
"""Pages on which it is drawn where there is room for it."""
WRITTEN = {
    "report": (
        "#f-needs",
        "恒亮照明要翻新二楼展厅，约260平方米，想用轨道射灯配少量吊灯，主推现代风格。老板希望显色高一些，布料和木纹不偏色，眩光要低，"
        "预算八万元左右，先出一版方案，下周二当面确认样品。",
    )
}
"""Page → the field in which something is written before the picture is taken, and what."""
SHORT = """\
id: needs-too-short
kind: validation
title: {zh: 客户需求再补几句, en: A little more on the customer’s needs}
when: {event: report.submitted}
if: {fact: event.needs.length, lt: 100}
then: [{ask: needs, severity: should, message: {zh: "再说说安装时间？产品好一次配对。", en: "When will it be fitted? Then the product team can get it right first time."}}]
"""
THINKING = re.compile("正在看|Looking")
"""What stands beside the editor of a process until its problems are known."""
TARGET = HERE.parent.parent / "docs" / "screenshots"


def pages(said: dict[str, int]) -> list[tuple[str, str, str]]:
    """(name, login, address) of every picture."""
    return [
        ("today", "hr", "/today/"),
        ("nudges", "hr", "/nudges/"),
        ("why", "hr", f"/nudges/{said['told']}"),
        ("why-mine", "zhang", f"/nudges/{said['told']}"),
        ("why-not", "hr", "/why-not/?rule=daily-report-missing&person=li&at=2025-06-12T19:00"),
        ("myday", "zhang", "/me/"),
        ("messages", "zhang", "/me/messages/"),
        ("nudge-mine", "zhang", f"/me/nudges/{said['told']}"),
        ("note", "zhang", f"/me/notes/{said['note']}"),
        ("team", "lead", "/team/"),
        ("team-person", "lead", "/team/zhang"),
        ("mydata", "zhang", "/me/data/"),
        ("gallery", "hr", "/gallery/"),
        ("people", "hr", "/people/"),
        ("person", "hr", "/people/zhang"),
        ("rules", "hr", "/rules/"),
        ("rule", "hr", "/rules/daily-report-missing"),
        ("drafts", "hr", "/drafts/"),
        ("draft", "hr", f"/drafts/{said['draft']}"),
        ("try", "hr", f"/drafts/{said['draft']}/try"),
        ("events", "hr", "/events/"),
        ("outbox", "hr", "/outbox/"),
        ("dead-letters", "hr", "/dead-letters/"),
        ("dead-letter", "hr", f"/dead-letters/{said['letter']}"),
        ("plugins", "hr", "/plugins/"),
        ("keys", "admin", "/keys/"),
        ("users", "admin", "/users/list/"),
        ("user-add", "admin", "/users/add"),
        ("password", "zhang", "/resetmypassword/form"),
        ("api", "hr", "/api/v1/docs"),
        ("more", "admin", "/more/"),
        ("organisation", "hr", "/organisation/"),
        ("who-answers", "hr", "/organisation/who-answers"),
        ("import", "hr", "/organisation/import/"),
        ("processes", "hr", "/processes/"),
        ("process", "hr", "/processes/customer_followup"),
        ("process-edit", "hr", "/processes/leave/edit"),
        ("case", "hr", "/cases/customer-followup-000001"),
        ("to-do", "zhang", "/me/do/"),
        ("form", "zhang", "/me/do/trip"),
        ("report", "zhang", "/me/report/"),
        ("reports", "zhang", "/me/reports/"),
    ]


def a_story(folder: Path) -> WebStory:
    """A small client with its web in `folder`, and nobody told anything yet."""
    copied(folder)

    return WebStory(lambda clock, **settings: Deployment.open(Settings(folder=folder, **settings), clock), folder)


def begin_cases(story: WebStory) -> None:
    """A few cases, so that the pages of processes have something to tell. No worker takes them further."""
    plugins, who = story.deployment.plugins, Viewer("zhang", "zhang", frozenset({"employee"}))
    with reading(story.deployment.engine) as connection:
        plugins.call("refresh", connection=connection)
        directory = plugins.first("directory", connection=connection)
    needs = "二楼展厅翻新，约 260 平方米，轨道射灯配少量吊灯，下周二当面确认样品。"
    said = {"customer": "恒亮照明", "needs": needs, "owner": "li"}
    submissions.begin(story.deployment, who, directory, "customer_followup", Submission("submit", said))
    away = {"kind": "annual", "from": "2025-06-16", "until": "2025-06-17", "days": 2}
    submissions.begin(story.deployment, who, directory, "leave", Submission("submit", away))


def begin_a_trip(story: WebStory, folder: Path) -> None:
    """A day on the road, so that its report begins with something; and a rule that asks for a little more."""
    client = write_client(folder / "more")
    (client / "rules" / "short.yaml").write_text(SHORT, encoding="utf-8")
    apply(story.deployment, read_bundle(client))
    plugins, who = story.deployment.plugins, Viewer("zhang", "zhang", frozenset({"employee"}))
    with reading(story.deployment.engine) as connection:
        plugins.call("refresh", connection=connection)
        directory = plugins.first("directory", connection=connection)
    stops = [
        {"date": "2025-06-12", "city": "沧州", "customer": "华彩酒店"},
        {"date": "2025-06-13", "city": "石家庄", "customer": "万家灯饰"},
        {"date": "2025-06-13", "city": "石家庄", "customer": "光之源灯具城"},
    ]
    said = {"purpose": "看展厅", "from": "2025-06-12", "until": "2025-06-13", "itinerary": stops, "planned_visits": 3}
    trip = submissions.begin(story.deployment, who, directory, "trip", Submission("submit", said))
    with writing(story.deployment.engine) as connection:
        on_trip = {"subject": "zhang", "state": "person.on_trip", "key": trip, "started_at": NOW - timedelta(hours=10)}
        connection.execute(insert(StateRow).values(on_trip))
    story.an_event("zhang", "visit.completed", data={"customer": "恒亮照明"}, time=NOW - timedelta(hours=8))


def settle(page: Page, name: str, size: str) -> None:
    """Wait until what scripts make of the page stands."""
    if not is_built():
        return
    if name in WRITTEN:
        page.fill(*WRITTEN[name])
        page.locator("[data-hint]", has_text=re.compile("配对|right first time")).first.wait_for()
    if name in DRAWN and (size == "desktop" or name not in WIDE):
        page.wait_for_selector(DRAWN[name], state="attached")
    if name == "draft":
        page.locator("#studio .flow").wait_for()
    if name == "process-edit":
        page.locator("[role=status]").first.wait_for(state="attached")
        page.locator("[role=status]", has_text=THINKING).wait_for(state="detached")


def main(target: Path, only: set[str]) -> None:
    if where() is None:
        sys.exit("no Chromium is installed: apt-get install chromium")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        story = a_story(Path(folder))
        said = story.an_evening()
        begin_cases(story)
        begin_a_trip(story, Path(folder))
        with served(story.app) as address, launched() as browser:
            for size, (language, dark) in itertools.product(
                ("desktop", "phone"), (("zh", False), ("en", False), ("zh", True))
            ):
                tail = f"{'-en' if language == 'en' else ''}{'-dark' if dark else ''}-{size}"
                windows: dict[str, Watched] = {}
                if not only or "login" in only:
                    door = Watched(browser, address, size, dark)
                    door.go(f"/language/{language}?next=/login/")
                    door.page.screenshot(path=target / f"login{tail}.png")
                    door.close()
                for name, login, path in pages(said):
                    if only and name not in only:
                        continue
                    if login not in windows:
                        windows[login] = Watched(browser, address, size, dark)
                        windows[login].page.emulate_media(reduced_motion="reduce")
                        windows[login].sign_in(login, language)
                    settle(windows[login].go(path), name, size)
                    windows[login].stretch(size)
                    settle(windows[login].page, name, size)
                    windows[login].page.screenshot(path=target / f"{name}{tail}.png")
                    for complaint in windows[login].complaints:
                        print(f"{name}{tail}: {complaint}")
                    windows[login].complaints.clear()
                for window in windows.values():
                    window.close()
        story.deployment.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET, set(sys.argv[2:]))
