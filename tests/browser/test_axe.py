"""axe-core on the pages that people use: nothing serious, nothing critical; zh and en, light and dark, desk and phone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

import chromium
from screenshots import a_story, pages

AXE = Path(__file__).parents[2] / "admin" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
if chromium.where() is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)
if not AXE.is_file():
    pytest.skip("axe-core is not installed: npm ci in admin/frontend", allow_module_level=True)

pytestmark = pytest.mark.browser
LOOKED_AT = set(
    "today nudges why why-not myday messages mydata nudge-mine note rules rule drafts draft gallery people person team team-person plugins".split()
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ON_A_PHONE = {"myday", "messages", "nudge-mine", "note", "team", "team-person", "draft", "gallery", "today"}
LOOK = """
async (rules) => {
  const found = await axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']});
  return found.violations.filter(one => ['serious', 'critical'].includes(one.impact)).flatMap(one =>
    one.nodes.slice(0, 3).map(node => one.id + ': ' + node.target.join(' ') + ' — ' +
      [...node.any, ...node.all, ...node.none].map(check => check.message).join('; ').slice(0, 160)));
}
"""
WINDOWS = [("zh", "desktop"), ("en", "phone")]


@pytest.fixture(scope="module")
def evening(tmp_path_factory) -> Iterator:
    story = a_story(tmp_path_factory.mktemp("evening"))
    story.said = story.an_evening()
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
        for name, login, path in pages(evening.said):
            if name not in (LOOKED_AT if size == "desktop" else ON_A_PHONE):
                continue
            if login not in windows:
                windows[login] = chromium.Watched(browser, address, size)
                windows[login].page.emulate_media(reduced_motion="reduce")
                windows[login].sign_in(login, language)
            page = windows[login].go(path)
            if name == "draft":
                page.locator("#studio .flow").wait_for()
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
