"""Every page, in both languages: nothing raw, nothing untranslated."""

from __future__ import annotations

import re
import string
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from webstory import NOW

import tideng_admin
from tideng.base.problems import say_sentence
from tideng_admin.auth import passwords

HOME = Path(tideng_admin.__file__).parent
PAGES = {
    "hr": "/today/ /today/?show=told /today/?show=all /people/ /people/?status=told /people/zhang /people/li /me/ /me/messages/ /me/data/ /me/data/person /contests/ /nudges/ /nudges/?status=held /rules/ /rules/?state=archived /rules/daily-report-missing /drafts/ "
    "/rules/missed /events/ /outbox/ /dead-letters/ /dead-letters/?state=retried /plugins/ /more/ /logout/",
    "admin": "/keys/ /users/list/ /users/add /users/show/1 /users/edit/1 /roles/list/ /roles/show/1 /resetmypassword/form",
    "zhang": "/me/ /me/messages/ /me/data/ /me/data/person /me/data/nudges /nudges/ /rules/ /more/",
    "nobody": "/login/ /nowhere",
}
ADDRESSES = [(who, path) for who, paths in PAGES.items() for path in paths.split()]
# what is nobody's wording: names, ids, and what people wrote
FREE = r"story|[\w.]+@\w+|English|Administrator|admin\w*|hr|boss|lead|zhang|li|look|impl|crm|daily-report-missing|report\.submitted|Asia/Shanghai"
FREE += r"|invoices|ImportError: no module named taxes|SMTP 451: the mail server is busy|API|can_?\s?[\w ]+ on [\w' ]+"


def words(html: str) -> str:
    """What people read on a page: no marks, scripts, styles, code or field values."""
    body = re.sub(r"<(script|style|pre|code|svg|option|textarea)\b.*?</\1>", " ", html, flags=re.S)
    body = re.sub(r"<[^>]+\blang=\"en\".*?</", "</", body, flags=re.S)
    spoken = re.findall(r"(?:aria-label|placeholder|title)=\"([^\"]*)\"", body)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body) + " ".join(spoken))


@pytest.fixture
def evening(story):
    story.said = story.an_evening()
    return story


@pytest.fixture
def open_page(evening):
    browsers = {}

    def opened(who: str, path: str, language: str) -> str:
        if (who, language) not in browsers:
            browsers[who, language] = evening.visitor() if who == "nobody" else evening.as_(who, language=language)
            browsers[who, language].get(f"/language/{language}")
        answer = browsers[who, language].get(path)
        assert answer.status_code == (404 if path == "/nowhere" else 200), path
        return answer.text

    return opened


def every_page(evening) -> list[tuple[str, str]]:
    said = evening.said
    more = [
        ("hr", f"/nudges/{said[name]}") for name in said if name not in ("event", "failed_event", "letter", "draft")
    ]
    more += [("hr", f"/events/{said['event']}"), ("hr", f"/events/{said['failed_event']}")]
    more += [("hr", f"/drafts/{said['draft']}{what}") for what in ("", "/try")]
    return [
        *ADDRESSES,
        *more,
        ("hr", f"/dead-letters/{said['letter']}"),
        ("zhang", f"/nudges/{said['told']}"),
        ("zhang", f"/me/nudges/{said['told']}"),
    ]


def test_no_page_shows_a_raw_value(evening, open_page):
    for who, path in every_page(evening):
        for language in ("zh", "en"):
            found = re.search(
                r"\b(None|True|False|null|undefined|nan)\b|%\(\w+\)s|\{\{|lazy", words(open_page(who, path, language))
            )
            assert not found, (path, language, found)


def test_a_chinese_page_has_no_english_word(evening, open_page):
    for who, path in every_page(evening):
        text = re.sub(rf"\b(?:{FREE})\b", "", words(open_page(who, path, "zh")))
        if path in ("/dead-letters/", f"/dead-letters/{evening.said['letter']}"):
            text = re.sub(r"is missing|has no offset", "", text)  # problems are written for who sends
        known = ("Bearer", "Authorization", "Cancel")  # the last is put right by fab.js
        found = [word for word in re.findall(r"[A-Za-z][a-z]{2,}", text) if word not in known]
        assert not found, (path, found)


def test_an_english_page_has_no_chinese_word_of_ours(evening, open_page):
    ours = {str(m.string[0] if isinstance(m.string, tuple) else m.string) for m in catalogue("zh") if m.id and m.string}
    ours = {text for text in ours if len(text) > 2 and not set(text) & set("%")}
    for who, path in every_page(evening):
        text = words(re.sub(r"<option.*?</option>", "", open_page(who, path, "en")))
        text = re.sub(r"张三，今天的日报还没写|明灯照明|张三今天的日报还没写", "", text)
        assert not [one for one in ours if one in text], path


def test_every_page_says_which_language_it_is_in(evening, open_page):
    for who, path in every_page(evening):
        assert '<html lang="zh-Hans"' in open_page(who, path, "zh"), path
        assert '<html lang="en"' in open_page(who, path, "en"), path


def catalogue(locale: str):
    with (HOME / "translations" / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=locale)


def test_every_wording_in_the_sources_is_in_the_chinese_catalogue():
    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
    keywords = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None}
    found = {message for _, _, message, _, _ in extract_from_dir(HOME, methods, keywords=keywords)}
    known = catalogue("zh")
    lacking = []
    for message in found:
        entry = known.get(message[0] if isinstance(message, tuple) else message)
        if entry is None or not all([entry.string] if isinstance(entry.string, str) else entry.string):
            lacking.append(message)
    assert len(found) > 250
    assert lacking == []


@pytest.mark.parametrize("password", ["", "x" * 300, "aaaaaaaaaaaa", "hello zhang hello", "password1234"])
def test_what_is_weak_about_a_password_is_said_in_chinese_too(password):
    weakness = passwords.weakness(password, "zhang")
    assert re.search("[\u4e00-\u9fff]", say_sentence(weakness, "zh"))
    assert not re.search("[\u4e00-\u9fff]", say_sentence(weakness, "en"))


def test_a_translation_keeps_the_places_to_fill_in():
    names = lambda text: set(re.findall(r"%\((\w+)\)", text))  # noqa: E731
    for message in catalogue("zh"):
        source = message.id[-1] if isinstance(message.id, tuple) else message.id
        made = message.string[0] if isinstance(message.string, tuple) else message.string
        assert names(made) <= names(source), message.id


def test_a_language_that_is_gone_falls_back_instead_of_failing(story):
    browser = story.as_("hr")
    with browser.client.session_transaction() as session:
        session["locale"] = "tlh"
    assert '<html lang="zh-Hans"' in browser.get("/today/").text


def test_a_person_is_greeted_in_their_own_language_unless_they_chose_another(story):
    browser = story.visitor()
    browser.sign_in("li")
    assert '<html lang="en"' in browser.get("/me/").text
    chose = story.visitor()
    chose.get("/language/zh")
    chose.sign_in("li")
    assert '<html lang="zh-Hans"' in chose.get("/me/").text


def test_the_theme_is_remembered_and_set_before_the_first_paint(story):
    browser = story.as_("hr")
    browser.get("/theme/dark")
    assert '<html lang="zh-Hans" data-theme="dark">' in browser.get("/today/").text
    browser.get("/theme/device")
    assert '<html lang="zh-Hans">' in browser.get("/today/").text


def test_times_are_the_reader_s_own(story):
    said = story.a_nudge("zhang")
    assert "19:05" in story.as_("zhang").get(f"/nudges/{said}").text


def test_a_calm_day_says_so(story):
    story.an_event()
    page = story.as_("hr").get("/today/").text
    assert "现在没有要您处理的事" in page
    assert "5 盏灯，5 盏亮着" in page


@pytest.mark.parametrize(
    ("login", "first"), [("hr", "/today/"), ("zhang", "/me/"), ("look", "/today/"), ("crm", "/more/")]
)
def test_everyone_begins_where_their_day_begins(story, login, first):
    assert story.as_(login).get("/").location == first


def test_the_menu_shows_only_what_may_be_opened(story):
    for login in ("hr", "zhang", "look", "impl", "lead", "admin"):
        browser = story.as_(login)
        for path in re.findall(r'<a href="(/(?!language|theme)[^"]*)"', browser.get("/more/").text):
            assert browser.get(path).status_code == 200, (login, path)


def test_a_page_is_small_and_asks_little(story):
    from sqlalchemy import event

    for _ in range(50):
        story.a_nudge()
    browser = story.as_("hr")
    browser.get("/nudges/")
    seen: list[str] = []
    event.listen(story.deployment.engine, "before_cursor_execute", lambda *of: seen.append(of[2]))
    answer = browser.get("/nudges/")
    assert len(seen) <= 23  # each plugin that keeps something asks whether it changed, in a savepoint of its own
    assert len(answer.data) < 80_000


# -- screens of plugins -------------------------------------------------------------------------------------------------------

PLUGIN = """\
from flask import render_template_string
from flask_appbuilder import expose
from tideng.plugins.hookspecs import hookimpl
from tideng_admin.display.base_page import READ, Page, needs
from tideng_admin.screens import Screen

class WeatherPage(Page):
    route_base = "/weather"
    class_permission_name = "Weather"

    @expose("/")
    @needs(READ)
    def show_all(self):
        return render_template_string("{% extends 'tideng/base.html' %}{% block main %}sunny{% endblock %}")

class Plugin:
    @hookimpl
    def screens(self):
        return [SCREENS]
"""


def a_plugin(folder: Path, name: str, screens: str) -> EntryPoint:
    (folder / f"{name}.py").write_text(PLUGIN.replace("SCREENS", screens), encoding="utf-8")
    return EntryPoint(name, f"{name}:Plugin", "tideng")


@pytest.fixture
def with_plugin(tmp_path, a_deployment, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)

    def build(name: str, screens: str):
        from tideng_admin.app.factory import create_app
        from tideng_admin.app.setup import prepare

        found = [a_plugin(tmp_path, name, screens)]
        deployment = a_deployment(secret_key="k" * 40, found=found)
        prepare(deployment, "lantern over the river")
        return deployment, create_app(deployment, RATELIMIT_ENABLED=False)

    return build


def test_a_plugin_s_screen_stands_in_the_menu_under_its_own_permission(with_plugin):
    from webstory import Browser

    _, app = with_plugin("weather_plugin", 'Screen(WeatherPage, {"zh": "天气", "en": "Weather"}, "cloud")')
    browser = Browser(app.test_client())
    browser.sign_in("admin", "lantern over the river")
    assert "天气" in browser.get("/more/").text
    assert "sunny" in browser.get("/weather/").text


@pytest.mark.parametrize("screens", ["1", 'Screen(WeatherPage, {}, "no-such-icon")', "1 / 0"])
def test_a_plugin_whose_screen_is_broken_is_switched_off_alone(with_plugin, screens):
    name = f"broken_plugin_{''.join(c for c in screens if c in string.ascii_letters + string.digits)}"
    deployment, app = with_plugin(name, screens)
    assert deployment.failed_plugins() == {name}
    assert app.test_client().get("/login/").status_code == 200


def test_now_is_the_deployment_s_clock(story):
    story.clock.set(NOW.replace(hour=1))
    story.an_event()
    assert "早上好" in story.as_("hr").get("/today/").text
