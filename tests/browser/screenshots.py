"""Take the pictures of docs/screenshots from a real browser: ``python tests/browser/screenshots.py [FOLDER]``."""

from __future__ import annotations

import itertools
import re
import sys
import tempfile
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Cast:
    """The people of a company who look at the pages: their logins, and of whom "why not" is asked (its query)."""

    hr: str
    supervisor: str
    traveller: str
    not_told: str
    admin: str = "admin"


LAMPLIGHT = Cast(HR, SUPERVISOR, TRAVELLER, "person=p085&at=2026-03-31T19:00", ADMIN)
"""The cast of the sample company."""


def pages(said: dict[str, object], cast: Cast = LAMPLIGHT) -> list[tuple[str, str, str]]:
    """(name, login, address) of every picture."""
    return [
        ("today", cast.hr, "/today/"),
        ("nudges", cast.hr, "/nudges/"),
        ("why", cast.hr, f"/nudges/{said['told']}"),
        ("why-mine", cast.traveller, f"/nudges/{said['told']}"),
        ("why-not", cast.hr, f"/why-not/?rule=daily-report-missing&{cast.not_told}"),
        ("myday", cast.traveller, "/me/"),
        ("messages", cast.traveller, "/me/messages/"),
        ("nudge-mine", cast.traveller, f"/me/nudges/{said['told']}"),
        ("note", cast.traveller, f"/me/notes/{said['note']}"),
        ("team", cast.supervisor, "/team/"),
        ("team-person", cast.supervisor, f"/team/{cast.traveller}"),
        ("mydata", cast.traveller, "/me/data/"),
        ("gallery", cast.hr, "/gallery/"),
        ("people", cast.hr, "/people/"),
        ("person", cast.hr, f"/people/{cast.traveller}"),
        ("rules", cast.hr, "/rules/"),
        ("rule", cast.hr, "/rules/daily-report-missing"),
        ("drafts", cast.hr, "/drafts/"),
        ("draft", cast.hr, f"/drafts/{said['draft']}"),
        ("try", cast.hr, f"/drafts/{said['draft']}/try"),
        ("events", cast.hr, "/events/"),
        ("outbox", cast.hr, "/outbox/"),
        ("dead-letters", cast.hr, "/dead-letters/"),
        ("dead-letter", cast.hr, f"/dead-letters/{said['letter']}"),
        ("plugins", cast.hr, "/plugins/"),
        ("keys", cast.admin, "/keys/"),
        ("users", cast.admin, "/users/list/"),
        ("user-add", cast.admin, "/users/add"),
        ("password", cast.traveller, "/resetmypassword/form"),
        ("api", cast.hr, "/api/v1/docs"),
        ("more", cast.admin, "/more/"),
        ("organisation", cast.hr, "/organisation/"),
        ("who-answers", cast.hr, "/organisation/who-answers"),
        ("import", cast.hr, "/organisation/import/"),
        ("processes", cast.hr, "/processes/"),
        ("process", cast.hr, "/processes/customer_followup"),
        ("process-edit", cast.hr, "/processes/leave/edit"),
        ("case", cast.hr, f"/cases/{said['case']}"),
        ("to-do", cast.traveller, "/me/do/"),
        ("form", cast.traveller, "/me/do/trip"),
        ("report", cast.traveller, "/me/report/"),
        ("reports", cast.traveller, "/me/reports/"),
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
