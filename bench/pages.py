"""What people wait for: the studio, a list of a hundred thousand people, an empty portal; beside a bare Flask page.

``python -m bench --only pages``. Every page is asked for in turn with the bare one, round by round, in this process, so a
figure is the server's whole work without the network. How long the studio takes until it can be used is measured in
Chromium, where there is one.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.serving import WSGIRequestHandler, make_server

from bench.evening import write_company
from bench.load import NOW
from bench.place import Place
from bench.rows import Row, median, median_ratio, row
from bench.scale import write_rules
from tideng.access.viewer import Viewer
from tideng.base.clock import ManualClock
from tideng.client.bundle import read_bundle
from tideng.runtime.apply import apply
from tideng.runtime.deployment import Deployment
from tideng.store.database import writing
from tideng_admin.app.factory import create_app
from tideng_admin.app.setup import NewUser, add_users, prepare
from tideng_rules.lifecycle import drafts, versions
from tideng_rules.lifecycle.tables import RuleVersionRow

STUDIO, LIST, PORTAL = 1_000.0, 300.0, 10.0
"""Limits in milliseconds."""
PASSWORD = "lantern over the river"
LOGINS = (NewUser("p0", ("hr", "employee"), PASSWORD), NewUser("p7", ("employee",), PASSWORD))
USABLE = "main button:not([disabled]), main select, main textarea, main [contenteditable]"


def run(place: Place, quick: bool) -> list[Row]:
    rounds = 15 if quick else 60
    small = _company(place, "studio", 5_000, 500)
    draft = _a_draft(small)
    app = create_app(small, RATELIMIT_ENABLED=False)
    hr, employee = _signed_in(app, "p0"), _signed_in(app, "p7")
    rows = [
        _page("studio, 500 rules and 5,000 people", hr, f"/drafts/{draft}", STUDIO, rounds),
        _page("rules list, 500 rules", hr, "/rules/", LIST, rounds),
        _page("today, 5,000 people", hr, "/today/", LIST, rounds),
        _page("portal of an employee with nothing", employee, "/me/", PORTAL, rounds),
        *_in_chromium(app, f"/drafts/{draft}", 3 if quick else 7),
    ]
    small.close()
    many = 10_000 if quick else 100_000
    large = _company(place, "people", many, 1)
    client = _signed_in(create_app(large, RATELIMIT_ENABLED=False), "p0")
    for name, path in (
        ("people", "/people/"),
        ("people, searched", "/people/?q=9999"),
        ("people, picker", "/api/v1/people/find?q=9999"),
        ("today", "/today/"),
        ("nudges", "/nudges/"),
    ):
        rows.append(_page(f"{name}, {many:,} people", client, path, LIST, rounds))
    large.close()
    return rows


def _company(place: Place, name: str, people: int, rules: int) -> Deployment:
    """A company of so many people and rules, its web prepared."""
    folder = place.root / f"pages-{name}"
    if rules > 1:
        write_rules(folder, rules)
        others = write_company(place.root / f"pages-{name}-people", people)
        shutil.copy(others / "people.csv", folder / "people.csv")
        client = folder / "client.yaml"
        client.write_text(client.read_text("utf-8").replace("e0000", "p0"), "utf-8")
    else:
        write_company(folder, people)
    deployment = place.bare("sqlite", ManualClock(NOW), secret_key="b" * 40)
    apply(deployment, read_bundle(folder))
    prepare(deployment, PASSWORD)
    add_users(deployment, LOGINS)
    return deployment


def _a_draft(deployment: Deployment) -> int:
    with writing(deployment.engine) as connection:
        rule = connection.scalars(select(RuleVersionRow.rule).order_by(RuleVersionRow.rule).limit(1)).one()
        current = versions.latest(connection, rule)
        assert current is not None
        viewer = Viewer("p0", "p0", frozenset({"hr"}))
        return drafts.create_draft(connection, viewer, dict(current.document), NOW).id


def _signed_in(app: Flask, login: str) -> FlaskClient:
    client = app.test_client()
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/login/").text)
    assert found
    answer = client.post("/login/", data={"username": login, "password": PASSWORD, "csrf_token": found[1]})
    assert answer.status_code == 302, answer.status
    return client


def _bare() -> FlaskClient:
    app = Flask("bare")
    app.add_url_rule("/", "page", lambda: "<!doctype html><title>bare</title><p>Nothing.")
    return app.test_client()


def _page(name: str, client: FlaskClient, path: str, limit: float, rounds: int) -> Row:
    """Milliseconds of `path` and its ratio to the bare page, both the medians of interleaved rounds."""
    bare = _bare()
    size = 0
    for _ in range(2):  # templates are compiled and people are read once, not at every visit
        answer = client.get(path)
        size = len(answer.data)
        if answer.status_code != 200:
            return row(name, 0, "ms", None, f"could not be measured: {path} answers {answer.status}")
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(_timed(lambda: client.get(path)))
        theirs.append(_timed(lambda: bare.get("/")))
    value = median(ours)
    kept = "kept" if value <= limit else "NOT KEPT"
    return row(
        name,
        value,
        "ms",
        median_ratio(ours, theirs),
        f"limit {limit:g} ms: {kept}; {size / 1024:.0f} KB; to bare Flask",
    )


def _timed(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


class _Quiet(WSGIRequestHandler):
    def log_request(self, *args: object) -> None:
        """A line for each request would be measured, too."""


@contextmanager
def _served(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def _in_chromium(app: Flask, path: str, rounds: int) -> list[Row]:
    """Until something on the studio can be used: from asking for the page to a button that takes a click."""
    name = "studio until it can be used, Chromium"
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with contextlib.suppress(ImportError):
        from playwright.sync_api import sync_playwright

        if found:
            bare = Flask("bare")
            bare.add_url_rule("/", "page", lambda: "<!doctype html><main><button>One</button></main>")
            with _served(app) as ours, _served(bare) as theirs, sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
                page = browser.new_page()
                page.goto(f"{ours}/login/")
                page.fill("#username", "p0")
                page.fill("#password", PASSWORD)
                page.click("form button")
                page.wait_for_url(lambda url: "/login" not in url)

                def opened(address: str) -> float:
                    return _timed(lambda: (page.goto(address), page.locator(USABLE).first.is_enabled()))

                opened(ours + path)  # scripts and styles stay in the browser
                pairs = [(opened(ours + path), opened(f"{theirs}/")) for _ in range(rounds)]
                browser.close()
            mine, bares = [one for one, _ in pairs], [other for _, other in pairs]
            value = median(mine)
            kept = "kept" if value <= STUDIO else "NOT KEPT"
            return [row(name, value, "ms", median_ratio(mine, bares), f"limit {STUDIO:g} ms: {kept}; to a bare page")]
    return [row(name, 0, "ms", None, "could not be measured here: no Chromium")]
