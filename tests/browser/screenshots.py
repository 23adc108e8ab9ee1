"""Take the pictures of docs/screenshots from a real browser: ``python tests/browser/screenshots.py [FOLDER]``."""

from __future__ import annotations

import itertools
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from chromium import Watched, launched, served, where  # noqa: E402
from playwright.sync_api import Page  # noqa: E402
from sample_company import ADMIN, HR, SUPERVISOR, TRAVELLER, SampleCompany  # noqa: E402

from tideng_admin.display.assets import is_built  # noqa: E402

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
THINKING = re.compile("正在看|Looking")
"""What stands beside the editor of a process until its problems are known."""
TARGET = HERE.parent.parent / "docs" / "screenshots"


def pages(said: dict[str, object]) -> list[tuple[str, str, str]]:
    """(name, login, address) of every picture."""
    return [
        ("today", HR, "/today/"),
        ("nudges", HR, "/nudges/"),
        ("why", HR, f"/nudges/{said['told']}"),
        ("why-mine", TRAVELLER, f"/nudges/{said['told']}"),
        ("why-not", HR, "/why-not/?rule=daily-report-missing&person=p085&at=2026-03-31T19:00"),
        ("myday", TRAVELLER, "/me/"),
        ("messages", TRAVELLER, "/me/messages/"),
        ("nudge-mine", TRAVELLER, f"/me/nudges/{said['told']}"),
        ("note", TRAVELLER, f"/me/notes/{said['note']}"),
        ("team", SUPERVISOR, "/team/"),
        ("team-person", SUPERVISOR, f"/team/{TRAVELLER}"),
        ("mydata", TRAVELLER, "/me/data/"),
        ("gallery", HR, "/gallery/"),
        ("people", HR, "/people/"),
        ("person", HR, f"/people/{TRAVELLER}"),
        ("rules", HR, "/rules/"),
        ("rule", HR, "/rules/daily-report-missing"),
        ("drafts", HR, "/drafts/"),
        ("draft", HR, f"/drafts/{said['draft']}"),
        ("try", HR, f"/drafts/{said['draft']}/try"),
        ("events", HR, "/events/"),
        ("outbox", HR, "/outbox/"),
        ("dead-letters", HR, "/dead-letters/"),
        ("dead-letter", HR, f"/dead-letters/{said['letter']}"),
        ("plugins", HR, "/plugins/"),
        ("keys", ADMIN, "/keys/"),
        ("users", ADMIN, "/users/list/"),
        ("user-add", ADMIN, "/users/add"),
        ("password", TRAVELLER, "/resetmypassword/form"),
        ("api", HR, "/api/v1/docs"),
        ("more", ADMIN, "/more/"),
        ("organisation", HR, "/organisation/"),
        ("who-answers", HR, "/organisation/who-answers"),
        ("import", HR, "/organisation/import/"),
        ("processes", HR, "/processes/"),
        ("process", HR, "/processes/customer_followup"),
        ("process-edit", HR, "/processes/leave/edit"),
        ("case", HR, f"/cases/{said['case']}"),
        ("to-do", TRAVELLER, "/me/do/"),
        ("form", TRAVELLER, "/me/do/trip"),
        ("report", TRAVELLER, "/me/report/"),
        ("reports", TRAVELLER, "/me/reports/"),
    ]


def settle(page: Page, name: str, size: str) -> None:
    """Wait until what scripts make of the page stands."""
    if not is_built():
        return
    if name in WRITTEN:
        page.fill(*WRITTEN[name])

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
        company = SampleCompany(Path(folder) / "company")
        with served(company.app) as address, launched() as browser:
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
                for name, login, path in pages(company.said):
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
        company.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET, set(sys.argv[2:]))
