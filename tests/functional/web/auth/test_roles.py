"""Who may use which address: every page and every operation, for every role; and whose rows a supervisor ever sees.

``python tests/functional/web/auth/test_roles.py`` prints the table as the code answers now. It is to be read before it is
believed: a line here is a decision.
"""

from __future__ import annotations

import itertools
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[3])]

from webstory import FILES, Browser, WebStory

COLUMNS = {
    "nobody": "",
    "employee": "zhang",
    "supervisor": "lead",
    "hr": "hr",
    "implementer": "impl",
    "auditor": "look",
    "connector": "crm",
    "admin": "admin",
}
"""Role → who holds it in the story. What an address names is Zhang San's, whose supervisor holds that role."""

#: + let in (whatever is wrong with what was sent is said) · - turned away · 0 as absent as what never was
TABLE = """
- + + + + + + +  GET      /
+ + + + + + + +  GET      /api/v1/docs
- - - + + + - +  GET      /api/v1/drafts
- - - + + - - +  POST     /api/v1/drafts
- - - + + - - +  DELETE,PUT /api/v1/drafts/<int:id>
- - - + + + - +  GET      /api/v1/drafts/<int:id>
- - - - - - - -  POST     /api/v1/drafts/<int:id>/approve
- - - + + - - +  POST     /api/v1/drafts/<int:id>/ask-approval
- - - + + + - +  GET      /api/v1/drafts/<int:id>/check
- - - + + + - +  GET      /api/v1/drafts/<int:id>/differences
- - - + + + - +  POST     /api/v1/drafts/<int:id>/preview
- - - + + - - +  POST     /api/v1/drafts/<int:id>/publish
- - - + + - - +  POST     /api/v1/drafts/<int:id>/rebase
- - - + + - - +  DELETE   /api/v1/drafts/<int:id>/schedule
- - - + - - - +  POST     /api/v1/drafts/<int:id>/send-back
- - - - + - + +  POST     /api/v1/events
- - - + + + - +  GET      /api/v1/held
- - - 0 - - - 0  POST     /api/v1/held/<rule>/drop
- - - 0 - - - 0  POST     /api/v1/held/<rule>/send
- - - - - - - +  GET      /api/v1/menu/
- - + - - - 0 -  DELETE   /api/v1/notes/<int:id>
- + + + + + 0 +  GET      /api/v1/notes/<int:id>
- + - - - - 0 -  POST     /api/v1/notes/<int:id>/reply
- + - - - - 0 -  POST     /api/v1/notes/<int:id>/seen
- + + - - - 0 -  GET      /api/v1/notes/<int:id>/voice
- + + + + + + +  GET      /api/v1/nudges
- + + + + + 0 +  GET      /api/v1/nudges/<int:id>/why
+ + + + + + + +  GET      /api/v1/openapi.json
- - + + - - 0 -  POST     /api/v1/people/<id>/notes
- + + + + + + +  GET      /api/v1/people/find
- + + + + + + +  POST     /api/v1/previews
- - - + + + - +  GET      /api/v1/rules
- - - + + + - +  GET      /api/v1/rules/<rule>
- - - + + - - +  POST     /api/v1/rules/<rule>/archive
- - - + + + - +  GET      /api/v1/rules/<rule>/differences
- - - 0 0 - - 0  POST     /api/v1/rules/<rule>/pause
- - - + + - - +  POST     /api/v1/rules/<rule>/restore
- - - 0 0 - - 0  POST     /api/v1/rules/<rule>/resume
- - - + + - - +  POST     /api/v1/rules/<rule>/rollback
- - - 0 0 - - 0  POST     /api/v1/rules/<rule>/try-again
- + + + + + 0 +  GET      /api/v1/rules/<rule>/why-not
- - - + + + - +  POST     /api/v1/rules/check
- - - + + + - +  POST     /api/v1/rules/count
- - - + + + - +  POST     /api/v1/rules/try
+ + + + + + + +  POST     /api/v1/security/login
- - - - - - - -  POST     /api/v1/security/refresh
- - - + + + - +  GET      /api/v1/vocabulary
+ + + + + + + +  GET      /back
- + + + + + - +  GET      /cases/
- 0 0 0 0 0 - 0  GET      /cases/<string:case>
- + + + - - - +  POST     /cases/<string:case>/hand-over
- 0 0 0 0 0 - 0  GET      /cases/<string:case>/papers/<int:paper>
- + + + - - - +  POST     /cases/<string:case>/say
- - - + + + - +  GET      /contests/
- - - 0 - - - 0  POST     /contests/<int:id>
- - - + + + - +  GET      /dead-letters/
- - - + + + - +  GET      /dead-letters/<int:id>
- - - + - - - +  POST     /dead-letters/retry
- - - + + + - +  GET      /drafts/
- - - + + + - +  GET      /drafts/<int:id>
- - - + + - - +  POST     /drafts/<int:id>
- - - + + - - +  POST     /drafts/<int:id>/<what>
- - - + + + - +  GET      /drafts/<int:id>/try
- - - + + - - +  POST     /drafts/new
- - - + + + - +  GET      /events/
- - - + + + - +  GET      /events/<int:id>
- - - + + + - +  GET      /gallery/
- - - + + - - +  POST     /gallery/<pack>/<rule>
- - - + + - - +  POST     /gallery/sentence
0 0 0 0 0 0 0 0  GET,POST /groups/action/<string:name>/<pk>
0 0 0 0 0 0 0 0  POST     /groups/action_post
- - - - - - - +  GET,POST /groups/add
- - - - - - - +  GET      /groups/delete/<pk>
- - - - - - - 0  POST     /groups/delete/<pk>
0 0 0 0 0 0 0 0  GET      /groups/download/<string:filename>
- - - - - - - 0  GET,POST /groups/edit/<pk>
- - - - - - - +  GET      /groups/list/
- - - - - - - 0  GET      /groups/show/<pk>
+ + + + + + + +  GET      /healthz
- + + + - - - +  GET      /inbox/
- - - - + - - +  GET,POST /keys/
- - - - 0 - - 0  POST     /keys/<int:id>/revoke
+ + + + + + + +  GET      /lang/<string:locale>
+ + + + + + + +  GET      /language/<name>
- + + + - - - +  GET      /me/
- 0 0 0 - - - 0  GET,POST /me/cases/<string:case>/<string:node>
- 0 0 0 - - - 0  POST     /me/cases/<string:case>/<string:node>/look
- 0 0 0 - - - 0  POST     /me/contests/<int:id>/seen
- + + + - - - +  GET      /me/data/
- + + 0 - - - 0  GET      /me/data/<name>
- + + + - - - 0  GET      /me/data/download
- + + + - - - +  GET      /me/do/
- 0 0 0 - - - 0  GET,POST /me/do/<string:process>
- 0 0 0 - - - 0  POST     /me/do/<string:process>/look
- + + + - - - +  POST     /me/forms/papers/<int:paper>/discard
- + + + - - - +  POST     /me/forms/papers/<string:process>/<string:field>
- + + + - - - +  GET      /me/forms/token
+ + + + + + + +  GET      /me/manifest.webmanifest
- + + + - - - +  GET      /me/messages/
- + + + - - - +  GET      /me/notes/
- + + + - - - +  GET      /me/notes/<int:id>
- + - - - - - -  POST     /me/notes/<int:id>/answer
- + - - - - - -  POST     /me/notes/<int:id>/seen
- - + - - - - -  POST     /me/notes/<int:id>/take-back
- + + + - - - +  GET      /me/nudges/<int:id>
- + 0 0 - - - 0  POST     /me/nudges/<int:id>/answer
- + 0 0 - - - 0  POST     /me/nudges/<int:id>/later
- + 0 0 - - - 0  POST     /me/nudges/<int:id>/undo
- + + + - - - +  GET      /me/report/
- + + + - - - +  GET      /me/reports/
+ + + + + + + +  GET      /me/sw.js
- + + + + + + +  GET      /more/
- + + + + + - +  GET      /nudges/
- + + + + + - +  GET      /nudges/<int:id>
- + + + + + - +  GET      /organisation/
- 0 0 0 0 0 - 0  GET      /organisation/below
- - - + - - - +  GET,POST /organisation/edit/position
- - - 0 - - - 0  GET,POST /organisation/edit/position/<path:id>
- - - + - - - +  GET,POST /organisation/edit/unit
- - - 0 - - - 0  GET,POST /organisation/edit/unit/<path:id>
- - - + - - - +  GET,POST /organisation/import/
- - - 0 - - - 0  GET,POST /organisation/import/<int:number>
- - - + - - - +  GET      /organisation/import/template.xlsx
- 0 0 0 0 0 - 0  GET      /organisation/people/<path:id>
- 0 0 0 0 0 - 0  GET,POST /organisation/photos/<path:id>
- 0 0 0 0 0 - 0  GET      /organisation/positions/<path:id>
- - - 0 - - - 0  POST     /organisation/positions/<path:id>/duties
- - - 0 - - - 0  POST     /organisation/positions/<path:id>/fill
- + + + + + - +  GET      /organisation/search
- 0 0 0 0 0 - 0  GET      /organisation/units/<path:id>
- + + + + + - +  GET      /organisation/who-answers
- - - + + + - +  GET      /outbox/
- - - 0 - - - 0  POST     /outbox/retry
- - + + + + - +  GET      /people/
- - + + + + - +  GET      /people/<string:id>
- - - + + + - +  GET      /plugins/
- - - - + - - +  POST     /plugins/<string:name>/<any(on,off,again):what>
- - + + + + - +  GET      /processes/
- - - + + - - +  GET      /processes/-/edit
- - 0 0 0 0 - 0  GET      /processes/<string:process>
- - 0 0 0 0 - 0  GET      /processes/<string:process>/cases
- - - + + - - +  POST     /processes/<string:process>/check
- - - 0 0 - - 0  GET      /processes/<string:process>/edit
- - - 0 0 - - 0  GET,POST /processes/<string:process>/moving
- - - + + - - +  POST     /processes/<string:process>/publish
- - - + + - - +  POST     /processes/<string:process>/text
- - - 0 0 - - 0  POST     /processes/<string:process>/trial
- - - + + - - +  POST     /processes/<string:process>/try
- - 0 0 0 0 - 0  GET      /processes/<string:process>/versions/<int:version>
- - - 0 0 - - 0  POST     /processes/<string:process>/versions/<int:version>/again
+ + + + + + + +  GET      /readyz
- - + + - + - +  GET      /reports/
- - + + - + - +  GET      /reports/<string:person>
- + + + + + + +  GET,POST /resetmypassword/form
- - - - - - - +  GET,POST /resetpassword/form
0 0 0 0 0 0 0 0  GET,POST /roles/action/<string:name>/<pk>
0 0 0 0 0 0 0 0  POST     /roles/action_post
- - - - - - - +  GET,POST /roles/add
- - - - - - - +  GET,POST /roles/delete/<pk>
0 0 0 0 0 0 0 0  GET      /roles/download/<string:filename>
- - - - - - - +  GET,POST /roles/edit/<pk>
- - - - - - - +  GET      /roles/list/
- - - - - - - +  GET      /roles/show/<pk>
- - - + + - - +  GET,POST /rule-files/import
- - - + + + - +  GET      /rule-files/one/<rule>.yaml
- - - + + + - +  GET      /rule-files/rules.yaml
- + + + + + - +  GET      /rules/
- + + + + + - +  GET      /rules/<rule>
- - - + + - - +  POST     /rules/<rule>/<what>
- - - + + - - +  POST     /rules/<rule>/copy
- - - 0 0 - - 0  POST     /rules/<rule>/try-again
- - - + + + - +  GET      /rules/missed
- - + - - - - +  GET      /team/
- - + - - - - +  GET      /team/<string:person>
- - + - - - - -  POST     /team/<string:person>/notes
+ + + + + + + +  GET      /theme/<name>
- - - + + + - +  GET      /today/
- - - - - - - +  GET,POST /userinfoeditview/form
0 0 0 0 0 0 0 0  GET,POST /users/action/<string:name>/<pk>
0 0 0 0 0 0 0 0  POST     /users/action_post
- - - - - - - +  GET,POST /users/add
- - - - - - - +  GET      /users/delete/<pk>
- - - - - - - -  POST     /users/delete/<pk>
0 0 0 0 0 0 0 0  GET      /users/download/<string:filename>
- - - - - - - +  GET,POST /users/edit/<pk>
- - - - - - - +  GET      /users/list/
- - - - - - - +  GET      /users/show/<pk>
- - - - - - - +  GET      /users/userinfo/
- + + + + + - +  GET      /why-not/
"""

FILLED = {
    "/api/v1/drafts": "draft",
    "/drafts": "draft",
    "/dead-letters": "letter",
    "/events": "event",
    "/me/contests": "disputed",
    "/contests": "disputed",
    "/keys": "none",
    "/api/v1/notes": "note",
    "/me/notes": "note",
}
"""The start of an address → what of the evening its number names; Zhang San's nudge otherwise."""
NAMED = {
    "rule": "daily-report-missing",
    "pack": "travel-sales",
    "what": "publish",
    "locale": "en",
    "filename": "x.pdf",
    "pk": "3",
    "person": "zhang",
    "zone": "Asia/Shanghai",
}
BEGINS = {
    "/plugins": "travel",
    "/theme": "dark",
    "/language": "en",
    "/people": "zhang",
    "/api/v1/people": "zhang",
    "/team": "zhang",
    "/me/data": "nudges",
}
FRAMEWORK = ("/users", "/roles", "/groups", "/reset", "/userinfo")
"""Where Flask-AppBuilder turns somebody away by leading them to the front page."""
SENT = {
    "POST /api/v1/drafts": {"document": {"id": "one"}},
    "PUT /api/v1/drafts/<int:id>": {"document": {"id": "one"}, "edition": 1},
    "POST /api/v1/drafts/<int:id>/rebase": {"edition": 1},
    "POST /api/v1/previews": {"document": {"id": "one"}},
    "POST /api/v1/rules/check": {"document": {"id": "one"}},
    "POST /api/v1/rules/count": {"yaml": FILES["rules/report.yaml"]},
    "POST /api/v1/rules/try": {
        "yaml": FILES["rules/report.yaml"],
        "subject": "zhang",
        "at": "2025-06-12T19:00:00+08:00",
    },
    "POST /api/v1/notes/<int:id>/reply": {"text": "谢谢"},
    "POST /api/v1/rules/<rule>/rollback": {"version": 1},
    "GET /api/v1/rules/<rule>/differences": {"from": "1", "to": "1"},
    "GET /api/v1/rules/<rule>/why-not": {"subject": "zhang"},
    "GET /why-not/": {"person": "zhang", "rule": "daily-report-missing"},
    "POST /drafts/<int:id>": {"text": "id: one", "edition": "1"},
    "POST /me/notes/<int:id>/answer": {"text": "谢谢"},
    "POST /me/nudges/<int:id>/answer": {"kind": "acknowledged"},
    "POST /me/nudges/<int:id>/later": {"until": "2025-06-13T09:00:00+08:00"},
    "POST /dead-letters/retry": {"letter": "1"},
}
"""What is sent, where without it the answer would only be that it is missing."""
WRITING = ("POST", "PUT", "PATCH", "DELETE")


def addresses(app) -> list[tuple[str, str]]:
    """(method, rule) of everything the app answers, reading first and what takes away last."""
    found = [
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]
    return sorted(
        found, key=lambda one: (one[0] != "GET", one[0] == "DELETE", "delete" in one[1], "log" in one[1], one[1])
    )


def filled(rule: str, said: dict[str, int]) -> str:
    """The address with Zhang San's things in its slots."""

    def fill(slot: re.Match[str]) -> str:
        kind, name = slot[1] or "", slot[2]
        if kind.startswith("int"):
            return str(said.get(next((of for start, of in FILLED.items() if rule.startswith(start)), "told"), 1))
        if kind.startswith("any"):
            return kind[4:-1].split(",")[0].strip("'\"")
        if name == "what" and rule.startswith("/rules/"):
            return "pause"
        if name in NAMED:
            return NAMED[name]
        return next((value for start, value in BEGINS.items() if rule.startswith(start)), "x")

    return re.sub(r"<(?:([^:<>]+(?:\([^)]*\))?):)?(\w+)>", fill, rule)


def answered(browser: Browser, method: str, address: str, sent: dict | None = None) -> str:
    """How the address answers: one mark of the table."""
    headers = {"X-CSRFToken": browser.form_token} if method in WRITING else {}
    how = "query_string" if method == "GET" else "json" if address.startswith("/api/") else "data"
    answer = browser.client.open(address, method=method, headers=headers, **{how: sent or {}})
    turned_away = "/login/" in (answer.location or "") or (address.startswith(FRAMEWORK) and answer.location == "/")
    if answer.status_code in (401, 403) or turned_away:
        return "-"
    if answer.status_code >= 500:
        return "!"  # broken: stands nowhere in the table
    return "0" if answer.status_code in (404, 405) else "+"


def told_by(make_story, login: str) -> dict[tuple[str, str], str]:
    """Every address → how it answers this login, in a story of its own: some of them change it."""
    story: WebStory = make_story()
    said = story.an_evening()
    browser = story.as_(login) if login else story.visitor()
    browser.form_token = browser.token("/logout/" if login else "/login/")
    return {
        (method, rule): answered(browser, method, filled(rule, said), SENT.get(f"{method} {rule}"))
        for method, rule in addresses(story.app)
        if rule not in ("/logout/", "/login/") and not rule.startswith("/static")
    }


def lines(answers: dict[str, dict[tuple[str, str], str]]) -> Iterator[str]:
    """The table: methods that answer alike stand together."""
    rows: dict[str, dict[str, str]] = {}
    for method, rule in next(iter(answers.values())):
        rows.setdefault(rule, {})[method] = " ".join(answers[role][method, rule] for role in COLUMNS)
    for rule in sorted(rows):
        ordered = sorted(rows[rule].items(), key=lambda one: one[1])
        for marks, of in itertools.groupby(ordered, key=lambda one: one[1]):
            yield f"{marks}  {','.join(sorted(method for method, _ in of)):<8} {rule}"


def expected() -> dict[tuple[str, str], str]:
    rows = (line.split() for line in TABLE.strip().splitlines())
    return {(method, row[9]): "".join(row[:8]) for row in rows for method in row[8].split(",")}


@pytest.mark.parametrize("role", COLUMNS)
def test_every_address_answers_each_role_as_was_decided(a_story, role):
    here, decided = told_by(a_story, COLUMNS[role]), expected()
    column = list(COLUMNS).index(role)
    new = [" ".join(one) for one in here if one not in decided]
    assert new == [], "nobody has decided yet who may use it: see the head of this file"
    wrong = {f"{m} {r}": mark for (m, r), mark in here.items() if mark != decided[m, r][column]}
    assert wrong == {}
    assert [" ".join(one) for one in decided if one not in here] == [], "is not there any more"


# -- rows ----------------------------------------------------------------------------------------------------------------


SECRETS = ("李晨", "只说给李晨", "LI-ONLY")
"""What is only ever said of Li Chen, who works in the south; Wang Haiyan leads the north."""


@pytest.fixture
def south(story) -> dict[str, int]:
    """An evening in which a good deal is about Li Chen."""
    said = story.an_evening()
    said["of_li"] = story.a_nudge("li", message="只说给李晨听的一句话。", response="disputed", response_note="LI-ONLY")
    said["note_of_li"] = story.a_note("li", "boss", text="只说给李晨听的话：LI-ONLY")
    said["event_of_li"] = story.an_event("li", data={"needs": "LI-ONLY"})
    return said


EVERYONE_S = ("/organisation",)
"""Who is where is for everyone who works here: names and posts, and no more (tests/functional/web/plugins/test_organisation_pages.py)."""


@pytest.mark.parametrize("login", ["lead", "zhang"])
def test_nobody_outside_a_supervisor_s_line_is_on_any_page_list_answer_or_download(story, south, login):
    browser = story.as_(login)
    seen = []
    for method, rule in addresses(story.app):
        if method != "GET" or rule.startswith(("/static", "/logout", *EVERYONE_S)):
            continue
        of_li = {"told": south["of_li"], "event": south["event_of_li"], "note": south["note_of_li"]}
        for said in (south, {**south, **of_li}):
            address = filled(rule, said)
            about = "?person=li&rule=daily-report-missing&subject=li&q=李&recipient=li" if said is not south else ""
            text = browser.get(address + about).get_data().decode("utf-8", "replace")
            seen += [(address + about, secret) for secret in SECRETS if secret in text.replace('value="李"', "")]
    assert seen == []


@pytest.mark.parametrize("login", ["lead", "zhang"])
def test_nobody_outside_a_supervisor_s_line_can_be_acted_upon(story, south, login):
    browser = story.as_(login)
    browser.form_token = browser.token()
    theirs = {**south, "told": south["of_li"], "event": south["event_of_li"]}
    touched = []
    for method, rule in addresses(story.app):
        mine = re.search(r"nudges/<int|<[^>]*(person|subject)>|/(people|team)/<", rule)
        if method in WRITING and mine:
            address = filled(rule, theirs).replace("zhang", "li")
            mark = answered(browser, method, address, SENT.get(f"{method} {rule}"))
            touched += [f"{method} {address}"] if mark == "+" else []
    assert touched == []


def test_whoever_looks_after_everyone_does_see_what_the_others_do_not(story, south):
    assert "李晨" in story.as_("hr").get(f"/nudges/{south['of_li']}").text


def _print() -> None:
    from tideng.base.settings import Settings
    from tideng.runtime.deployment import Deployment
    from tideng.runtime.migrate import migrate

    with tempfile.TemporaryDirectory() as home:
        folder, numbers = Path(home), itertools.count()

        def build(*, clock, **settings) -> Deployment:
            made = Deployment.open(Settings(folder=folder / "now", **settings), clock)
            migrate(made)
            return made

        (folder / "now").mkdir()
        WebStory(build, folder).deployment.close()
        shutil.copytree(folder / "now", folder / "kept")

        def make() -> WebStory:
            shutil.rmtree(folder / "now")
            shutil.copytree(folder / "kept", folder / "now")
            return WebStory(build, folder / f"client{next(numbers)}")

        print(*lines({role: told_by(make, login) for role, login in COLUMNS.items()}), sep="\n")


if __name__ == "__main__":
    _print()
