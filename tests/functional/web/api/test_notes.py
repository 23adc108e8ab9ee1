"""Notes over the interface: left by text and by voice, heard in parts, answered, taken back; nothing too large is read."""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.unit.core.responses.recordings import EACH, a_wav, a_webm
from tideng.store.database import reading
from tideng.store.tables import PersonNoteRow

LEAVE = "/api/v1/people/zhang/notes"


class Desk:
    """Browsers with their tokens, by login."""

    def __init__(self, story):
        self.story, self._browsers = story, {}

    def call(self, login: str, method: str, path: str, token: bool = True, **more: Any):
        if login not in self._browsers:
            browser = self._browsers[login] = self.story.as_(login)
            browser.form_token = browser.token()
        browser = self._browsers[login]
        headers = {**more.pop("headers", {}), **({"X-CSRFToken": browser.form_token} if token else {})}
        return browser.client.open(path, method=method, headers=headers, **more)

    def speak(self, login: str, sound: bytes, path: str = LEAVE, **fields: str):
        file = (io.BytesIO(sound), "../../x.html", "text/html")
        return self.call(login, "POST", path, data={**fields, "voice": file}, content_type="multipart/form-data")

    def left(self) -> int:
        with reading(self.story.deployment.engine) as connection:
            return connection.scalar(select(func.count()).select_from(PersonNoteRow))


@pytest.fixture
def desk(story) -> Desk:
    return Desk(story)


def test_a_note_is_left_read_seen_answered_and_the_author_reads_the_answer(desk):
    left = desk.call("lead", "POST", LEAVE, json={"text": "先歇着。", "nudge": desk.story.a_nudge(), "key": "k1"})
    assert left.status_code == 200
    note = left.get_json()
    assert (note["author_name"], note["person_name"], note["text"], note["voice"]) == (
        "王海燕",
        "张三",
        "先歇着。",
        None,
    )
    assert desk.call("lead", "POST", LEAVE, json={"text": "先歇着。", "key": "k1"}).get_json()["id"] == note["id"]
    path = f"/api/v1/notes/{note['id']}"
    assert desk.call("zhang", "GET", path).get_json()["seen"] is False
    assert desk.call("zhang", "POST", f"{path}/seen").get_json()["seen_at"]
    assert desk.call("zhang", "POST", f"{path}/reply", json={"text": "好的。"}).get_json()["reply"] == "好的。"
    by_lead = desk.call("lead", "GET", path).get_json()
    assert (by_lead["reply"], by_lead["seen"], by_lead["seen_at"]) == ("好的。", True, None)
    refused = desk.call("lead", "DELETE", path, headers={"Accept-Language": "zh"})
    assert refused.status_code == 400
    assert refused.get_json()["problems"][0]["problem"] == "对方已经看过了"


@pytest.mark.parametrize("media_type", EACH)
def test_a_recording_is_heard_as_what_its_bytes_are(desk, media_type):
    """It came as a page with a path for a name; it is served as the sound it is, and never as a page."""
    sound = EACH[media_type](2)
    told = desk.speak("lead", sound, text="听一下")
    assert told.status_code == 200, told.text
    note = told.get_json()
    assert note["voice"] | {"seconds": 2} == {"media_type": media_type, "seconds": 2, "size": len(sound), "href": f"/api/v1/notes/{note['id']}/voice"}  # fmt: skip
    for login in ("zhang", "lead"):
        heard = desk.call(login, "GET", note["voice"]["href"])
        assert heard.data == sound
        assert heard.headers["Content-Type"] == media_type
        assert heard.headers["X-Content-Type-Options"] == "nosniff"
        assert heard.headers["Content-Disposition"].startswith(f"inline; filename=note-{note['id']}.")
        assert heard.headers["Cache-Control"] == "private, no-store"
    part = desk.call("zhang", "GET", note["voice"]["href"], headers={"Range": "bytes=4-11"})
    assert (part.status_code, part.data, part.headers["Content-Range"]) == (206, sound[4:12], f"bytes 4-11/{len(sound)}")  # fmt: skip
    assert desk.call("zhang", "GET", note["voice"]["href"], headers={"Range": "bytes=999999999-"}).status_code == 416


def test_another_units_supervisor_finds_nobody_there(desk):
    """Li works in the south, of which Wang Haiyan sees nothing; of her own note to Zhang nobody in the south learns."""
    desk.story.a_nudge("li")
    for path in ("/api/v1/people/li/notes", "/api/v1/people/nobody/notes", "/api/v1/people/boss/notes"):
        answer = desk.call("lead", "POST", path, json={"text": "你好"})
        assert (answer.status_code, answer.get_json()) == (404, {"error": "这里没有内容。"})
        assert desk.speak("lead", a_wav(1), path).status_code == 404
    assert desk.left() == 0
    note = desk.story.a_note()
    for login in ("li", "boss", "crm"):
        assert desk.call(login, "GET", f"/api/v1/notes/{note}").status_code == 404
        for method, rest in (("GET", "/voice"), ("POST", "/seen"), ("POST", "/reply"), ("DELETE", "")):
            sent = {"json": {"text": "x"}} if method == "POST" else {}
            assert desk.call(login, method, f"/api/v1/notes/{note}{rest}", **sent).status_code == 404
    assert desk.call("zhang", "GET", "/api/v1/notes/99999999999999999999").status_code == 404


def test_hr_sees_that_there_is_a_note_and_hears_nothing(desk):
    note = desk.story.a_note(text="只说给张三")
    told = desk.call("hr", "GET", f"/api/v1/notes/{note}")
    assert told.get_json()["hidden"] is True
    assert "只说给张三" not in told.text
    assert desk.call("hr", "GET", f"/api/v1/notes/{note}/voice").status_code == 403


def test_what_is_taken_back_is_heard_no_more(desk):
    note = desk.speak("lead", a_webm(1)).get_json()
    taken = desk.call("lead", "DELETE", f"/api/v1/notes/{note['id']}").get_json()
    assert (taken["voice"], bool(taken["taken_back_at"])) == (None, True)
    assert desk.call("zhang", "GET", note["voice"]["href"]).status_code == 404


def test_every_problem_is_said_in_the_callers_language(desk):
    answer = desk.speak("lead", b"<script>alert(1)</script>", text="字" * 1001, nudge="4711")
    assert answer.status_code == 400
    assert {one["at"] for one in answer.get_json()["problems"]} == {"text", "voice", "nudge"}
    zh = desk.call("lead", "POST", LEAVE, json={}, headers={"Accept-Language": "zh"}).get_json()["problems"]
    assert zh[0]["problem"] == "写几个字，或者录一段"
    for sent in ({"text": 7}, {"voice": "x"}, {"nudge": 0}, {"nudge": 10**30}, {"text": "x", "by": "boss"}):
        assert desk.call("lead", "POST", LEAVE, json=sent).status_code == 400
    assert desk.call("lead", "POST", LEAVE, data=b"[1]", content_type="application/json").status_code == 400
    assert desk.left() == 0


class Watched(io.RawIOBase):
    """A body that counts what is read of it."""

    def __init__(self, size: int):
        self.left, self.taken = size, 0

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        length = min(len(into), self.left)
        into[:length] = b"x" * length
        self.left, self.taken = self.left - length, self.taken + length
        return length


@pytest.mark.parametrize("by", ["cookie", "key"])
def test_what_is_too_large_is_turned_down_before_it_is_read(desk, by):
    """Also where the token of a form would be looked for in it."""
    size = 4 * 1024 * 1024  # less than what other addresses take
    body = Watched(size)
    sent = {"wsgi.input": body, "CONTENT_LENGTH": str(size), "CONTENT_TYPE": "multipart/form-data; boundary=x"}
    headers = {"Authorization": "Bearer nothing"} if by == "key" else {}
    answer = desk.call("lead", "POST", LEAVE, token=False, headers=headers, environ_overrides=sent)
    assert answer.status_code == (413 if by == "cookie" else 401)
    assert answer.is_json
    assert body.taken == 0


def test_without_the_token_of_a_form_nothing_is_left(desk):
    assert desk.call("lead", "POST", LEAVE, token=False, json={"text": "你好"}).status_code == 400
    assert desk.left() == 0


def test_the_description_tells_of_the_form(desk):
    paths = desk.call("lead", "GET", "/api/v1/openapi.json").get_json()["paths"]
    body = paths["/api/v1/people/{id}/notes"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "multipart/form-data"}
    assert {"413", "404"} <= set(paths["/api/v1/people/{id}/notes"]["post"]["responses"])
