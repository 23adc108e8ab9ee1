"""What a plugin brings for its pages is found by itself: templates, words, files; its roles; its tab in the portal."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from webstory import Browser

from tideng_admin.app.factory import create_app
from tideng_admin.app.setup import NewUser, add_users, prepare

PASSWORD = "lantern over the river"
PLUGIN = """\
from flask import render_template, request
from flask_appbuilder import expose
from tideng.plugins.hookspecs import hookimpl
from tideng_admin.display.base_page import READ, WRITE, Page, needs, takes
from tideng_admin.screens import Screen

class GardenPage(Page):
    route_base = "/garden"
    class_permission_name = "Garden"

    @expose("/")
    @needs(READ)
    def show_all(self):
        return render_template("garden_plugin/garden.html")

    @expose("/leaf", methods=["POST"])
    @needs(READ)
    @takes(6 * 1024 * 1024)
    def leaf(self):
        return str(len(request.get_data()))

class Plugin:
    title = {"zh": "花园", "en": "Garden"}

    @hookimpl
    def screens(self):
        return [Screen(GardenPage, {"zh": "花园", "en": "Garden"}, "grow", roles={"employee": ("read",)}, hidden=True, portal=15)]
"""
FILES = {
    "garden_plugin.py": PLUGIN,
    "templates/garden_plugin/garden.html": "{% extends 'tideng/portal.html' %}{% block title %}g{% endblock %}{% block main %}"
    "<link rel='stylesheet' href=\"{{ asset('garden_plugin/garden.css') }}\">{{ _('Water the roses') }}{% endblock %}",
    "static/garden.css": "main { color: green }",
    "translations/zh/LC_MESSAGES/messages.po": 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Water the roses"\nmsgstr "给玫瑰浇水"\n',
    "secret.txt": "not to be handed out",
}


@pytest.fixture
def browser(tmp_path: Path, a_deployment, monkeypatch) -> Browser:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    found = [EntryPoint("garden_plugin", "garden_plugin:Plugin", "tideng")]
    deployment = a_deployment(secret_key="k" * 40, found=found)
    prepare(deployment, PASSWORD)
    add_users(deployment, [NewUser("zhang", ("employee",), PASSWORD), NewUser("look", ("auditor",), PASSWORD)])
    browser = Browser(create_app(deployment, RATELIMIT_ENABLED=False).test_client())
    browser.sign_in("zhang", PASSWORD)
    return browser


def test_a_plugins_page_has_its_template_its_words_and_its_style(browser: Browser):
    page = browser.get("/garden/")
    assert "给玫瑰浇水" in page.text
    address = re.search(r"/static-of/[^\"']+", page.text)
    assert address is not None
    assert browser.get(address[0]).text == "main { color: green }"


def test_only_what_lies_in_its_static_folder_is_handed_out(browser: Browser):
    for name in ("../secret.txt", "%2e%2e/secret.txt", "nothing.css"):
        assert browser.get(f"/static-of/garden_plugin/{name}").status_code == 404
    assert browser.get("/static-of/other/garden.css").status_code == 404


def test_a_hidden_screen_is_in_no_menu_and_its_tab_is_in_the_portal(browser: Browser):
    assert 'href="/garden/"' in browser.get("/me/").text
    assert "花园" not in browser.get("/more/").text


def test_the_roles_that_a_screen_names_may_open_it_and_no_other(browser: Browser):
    assert browser.get("/garden/").status_code == 200
    browser = Browser(browser.client.application.test_client())
    browser.sign_in("look", PASSWORD)
    assert browser.get("/garden/").status_code == 403


def test_a_page_may_take_more_than_others(browser: Browser):
    token = browser.token()
    send = lambda size: browser.client.post(  # noqa: E731
        "/garden/leaf", data=b"x" * size, content_type="text/plain", headers={"X-CSRFToken": token}
    )
    assert send(5 * 1024 * 1024 + 1).text == str(5 * 1024 * 1024 + 1)
    assert send(7 * 1024 * 1024).status_code == 413
