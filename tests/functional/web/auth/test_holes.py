"""The holes that were measured in Flask-AppBuilder and beside it, each closed."""

from __future__ import annotations

import re

import pytest
from flask_appbuilder import ModelView
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.sqla.models import User
from webstory import LOGINS, PASSWORD, WebStory

from tideng.base.errors import InvalidSettings, NotFound, Refused
from tideng_admin.app.factory import create_app
from tideng_admin.app.setup import (
    NewUser,
    add_users,
    prepare,
    set_password,
)
from tideng_admin.auth.security import SafeModelView

PAGES = "/today/ /me/ /me/messages/ /me/data/ /contests/ /nudges/ /rules/ /events/ /outbox/ /dead-letters/ /plugins/ /keys/ /users/list/ /roles/list/".split()


def test_without_signing_in_every_page_leads_to_the_door(story):
    for page in PAGES:
        answer = story.visitor().get(page)
        assert answer.status_code == 302, page
        assert "/login/" in answer.location, page


# -- forged requests -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("login", "path"),
    [
        ("admin", "/outbox/retry"),
        ("admin", "/dead-letters/retry"),
        ("admin", "/keys/"),
        ("admin", "/users/delete/3"),
        ("admin", "/users/add"),
        ("zhang", "/me/nudges/1/answer"),
        ("zhang", "/logout/"),
        ("crm", "/api/v1/events"),
        ("admin", "/api/v1/security/refresh"),
    ],
)
def test_a_request_forged_by_another_site_has_the_cookie_but_no_token(story, login, path):
    browser = story.as_(login)
    answer = browser.client.post(path, data={"kind": "acknowledged"})
    assert answer.status_code == 400
    assert browser.signed_in


def test_leaving_takes_more_than_a_link_in_a_mail(story):
    browser = story.as_("zhang")
    browser.get("/logout/")
    assert browser.signed_in


# -- trying passwords ------------------------------------------------------------------------------------------------------


def test_the_door_stops_whoever_tries_many_passwords(story):
    browser = story.visitor(story.new_app(RATELIMIT_ENABLED=True))
    answers = [browser.sign_in("zhang", f"wrong password {n}").status_code for n in range(11)]
    assert answers[:10] == [302] * 10
    assert answers[10] == 429


def knock(client, forwarded: str) -> int:
    body = {"username": "zhang", "password": "wrong", "provider": "db"}
    return client.post("/api/v1/security/login", json=body, headers={"X-Forwarded-For": forwarded}).status_code


def test_a_forged_address_does_not_give_more_tries(a_story):
    client = a_story().new_app(RATELIMIT_ENABLED=True).test_client()
    assert [knock(client, f"192.0.2.{n}") for n in range(11)] == [401] * 10 + [429]


def test_behind_a_proxy_tries_are_counted_for_each_client_and_only_the_proxy_is_believed(a_story):
    client = a_story(trusted_proxies=1).new_app(RATELIMIT_ENABLED=True).test_client()
    assert [knock(client, f"192.0.2.{n}, 198.51.100.7") for n in range(11)] == [401] * 10 + [429]
    assert knock(client, "198.51.100.8") == 401


def test_so_does_the_door_for_programs_which_the_framework_forgets(story):
    client = story.new_app(RATELIMIT_ENABLED=True).test_client()
    body = {"username": "zhang", "password": "wrong", "provider": "db"}
    answers = [client.post("/api/v1/security/login", json=body).status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]


@pytest.mark.parametrize("weak", ["pw", "123456789012", "aaaaaaaaaaaa", "password123", "my name is zhang"])
def test_a_weak_password_is_refused_on_the_command_line_too(story, weak):
    with pytest.raises(Refused):
        add_users(story.deployment, [NewUser("new", ("employee",), weak if "zhang" not in weak else "new", "New")])
    with pytest.raises(Refused):
        set_password(story.deployment, "zhang", weak)
    with pytest.raises(Refused):
        prepare(story.deployment, admin_password=weak if "zhang" not in weak else "x")


def change_password(browser, current: str, new: str):
    form = {"current": current, "password": new, "conf_password": new}
    return browser.post("/resetmypassword/form", "/resetmypassword/form", **form)


def test_whoever_finds_a_screen_unlocked_cannot_change_the_password(story):
    browser = story.as_("zhang")
    for guess in ("", "not the lantern at all"):
        answer = change_password(browser, guess, "a new lantern tonight")
        assert answer.status_code == 200
    assert "这不是您现在的密码" in answer.text
    assert story.as_("zhang").signed_in


def test_a_new_password_leaves_signed_in_only_who_changed_it(story):
    browser, elsewhere = story.as_("zhang"), story.as_("zhang")
    assert change_password(browser, PASSWORD, "a new lantern tonight").status_code == 302
    assert browser.signed_in
    assert not elsewhere.signed_in
    assert not story.as_("zhang").signed_in, "the old password opens nothing"
    again = story.visitor()
    again.sign_in("zhang", "a new lantern tonight")
    assert again.signed_in


def test_a_new_password_does_not_contain_the_login(story):
    assert "密码里不要有登录名" in change_password(story.as_("zhang"), PASSWORD, "my name is zhang").text


def test_the_password_cannot_be_guessed_from_an_unlocked_screen_either(story):
    app = story.new_app(RATELIMIT_ENABLED=True)
    browser = story.as_("zhang", app)
    answers = [change_password(browser, f"guess {n}", "a new lantern tonight").status_code for n in range(11)]
    assert answers == [200] * 10 + [429]


def test_a_weak_password_is_refused_in_the_form_in_the_reader_s_language(story):
    browser = story.as_("zhang")
    answer = change_password(browser, PASSWORD, "pw")
    assert "密码至少 10 个字符" in answer.text
    assert story.as_("zhang").signed_in


def test_nobody_registers_themselves(story):
    assert story.visitor().get("/register/form").status_code == 404


# -- cookies ----------------------------------------------------------------------------------------------------------------


def test_a_stolen_cookie_is_worth_nothing_after_its_owner_left(story):
    browser, thief = story.as_("zhang"), story.visitor()
    cookie = browser.client.get_cookie("tideng").value
    thief.client.set_cookie("tideng", cookie)
    assert thief.signed_in
    browser.post("/logout/")
    thief.client.set_cookie("tideng", cookie)
    assert not thief.signed_in


def test_a_new_password_ends_every_session_and_token(story):
    browser = story.as_("zhang")
    token = (
        story.app.test_client()
        .post("/api/v1/security/login", json={"username": "zhang", "password": PASSWORD, "provider": "db"})
        .json["access_token"]
    )
    by_token = {"Authorization": f"Bearer {token}"}
    assert story.visitor().get("/api/v1/nudges", headers=by_token).status_code == 200
    set_password(story.deployment, "zhang", "a new lantern tonight")
    assert not browser.signed_in
    assert story.visitor().get("/api/v1/nudges", headers=by_token).status_code == 401


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(story):
    answer = story.visitor().get("/login/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie  # plain http, and this machine only


def test_under_a_real_host_name_the_cookie_goes_over_https_only(tmp_path, a_deployment):
    story = WebStory(a_deployment, tmp_path, trusted_hosts=("hr.example.cn",))
    answer = story.app.test_client().get("/login/", headers={"Host": "hr.example.cn"})
    assert "Secure" in answer.headers["Set-Cookie"]


def test_a_role_taken_away_is_gone_at_the_next_page(story):
    browser = story.as_("hr")
    assert browser.get("/outbox/").status_code == 200
    with story.app.app_context():
        manager = story.app.appbuilder.sm
        user = manager.find_user(username="hr")
        user.roles = [manager.find_role("employee")]
        manager.update_user(user)
        manager.session.commit()
    assert browser.get("/outbox/").status_code == 403


def test_who_was_locked_out_is_out(story):
    browser = story.as_("li")
    with story.app.app_context():
        manager = story.app.appbuilder.sm
        user = manager.find_user(username="li")
        user.active = False
        manager.update_user(user)
        manager.session.commit()
    assert not browser.signed_in


# -- hosts and redirects ---------------------------------------------------------------------------------------------------


def test_a_forged_host_is_not_answered(story):
    assert story.app.test_client().get("/login/", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_led_away(story, target):
    browser = story.visitor()
    for path in ("/language/en", "/theme/dark"):
        assert browser.client.get(path, query_string={"next": target}).location == "/"
    token = browser.token("/login/")
    form = {"username": "zhang", "password": PASSWORD, "csrf_token": token}
    answer = browser.client.post("/login/", query_string={"next": target}, data=form)
    assert re.fullmatch(r"/(?![/\\\\]).*", answer.location)


def test_every_page_forbids_foreign_scripts_frames_and_guessing(story):
    browser = story.as_("admin")
    for page in (*PAGES, "/login/", "/nowhere", "/api/v1/openapi.json"):
        headers = browser.get(page).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy, page
        assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0], page
        assert "frame-ancestors 'none'" in policy, page
        assert headers["X-Content-Type-Options"] == "nosniff", page
        assert headers["X-Frame-Options"] == "DENY", page
        assert headers["Referrer-Policy"] == "same-origin", page


def test_scripts_carry_a_nonce_that_is_never_the_same(story):
    browser = story.as_("admin")
    found = []
    for _ in range(2):
        answer = browser.get("/users/list/")
        nonce = re.search(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"]).group(1)
        for inline in re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", answer.text):
            assert nonce in inline
        found.append(nonce)
    assert found[0] != found[1]


def test_no_page_names_a_foreign_host(story):
    story.an_evening()
    browser = story.as_("admin")
    for page in (*PAGES, "/login/", "/api/v1/docs", "/users/add", "/users/show/1", "/roles/show/1"):
        text = browser.get(page).text
        assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]+', text), page


# -- rows --------------------------------------------------------------------------------------------------------------------


def test_what_somebody_may_not_see_is_not_there(story):
    said, heard = story.a_nudge("li"), story.an_event("li")
    browser = story.as_("zhang")
    assert browser.get(f"/nudges/{said}").status_code == 404
    assert browser.get(f"/events/{heard}").status_code == 403
    assert browser.get("/keys/").status_code == 403
    assert browser.get("/users/list/").status_code == 403


def test_a_list_without_its_search_and_order_columns_cannot_be_written():
    with pytest.raises(TypeError, match="search_columns"):
        type("Careless", (SafeModelView,), {"datamodel": SQLAInterface(User)})
    with pytest.raises(TypeError, match="order_columns"):
        type("Half", (SafeModelView,), {"datamodel": SQLAInterface(User), "search_columns": ["username"]})


def test_every_list_of_the_framework_is_a_safe_one(story):
    lists = [view for view in story.app.appbuilder.baseviews if isinstance(view, ModelView)]
    assert lists
    assert [type(view).__name__ for view in lists if not isinstance(view, SafeModelView)] == []


def test_a_hash_cannot_be_guessed_by_filtering_for_it(story):
    browser = story.as_("admin")
    everyone = browser.get("/users/list/").text.count("/users/show/")
    assert everyone >= len(LOGINS)
    filtered = browser.get("/users/list/?_flt_0_password=scrypt").text.count("/users/show/")
    assert filtered == everyone


def test_a_file_is_only_given_to_whoever_may_see_its_row(story):
    folder = story.deployment.settings.folder / "uploads"
    folder.mkdir()
    (folder / "secret.pdf").write_text("secret")
    browser = story.as_("admin")
    assert browser.get("/users/download/secret.pdf").status_code == 404
    assert browser.get("/users/download/..%2Ftideng.db").status_code == 404


def test_actions_are_never_links(story):
    assert story.as_("admin").get("/users/action/resetpasswords/2").status_code in (404, 405)


# -- setting up ------------------------------------------------------------------------------------------------------------


def test_preparing_twice_changes_nothing(story):
    assert prepare(story.deployment) is None
    assert story.as_("hr").get("/outbox/").status_code == 200


def test_without_a_password_the_first_administrator_gets_one_that_is_shown_once(a_deployment):
    deployment = a_deployment(secret_key="k" * 40)
    made = prepare(deployment)
    assert made
    assert prepare(deployment) is None


def test_an_unknown_role_is_refused(story):
    with pytest.raises(NotFound):
        add_users(story.deployment, [NewUser("x", ("king",), PASSWORD)])


def test_without_a_secret_key_no_web_is_made(a_deployment):
    with pytest.raises(InvalidSettings, match="secret_key"):
        create_app(a_deployment())
