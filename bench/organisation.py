"""The organisation of a hundred thousand people: its chart, a subtree, and who answers for a step; beside a bare Flask page.

``python -m bench --only organisation``. Pages are measured as in `bench.pages`. What is counted once for a directory and a day is
said apart, because whoever asks first after a change waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.load import NOW
from bench.pages import LIST, LOGINS, PASSWORD, _in_chromium, _page, _signed_in
from bench.place import Place
from bench.rows import Row, median, row
from tideng.access.viewer import Viewer
from tideng.base.clock import ManualClock
from tideng.client.bundle import read_bundle
from tideng.org.directory import Directory
from tideng.recipients.substitutes import StandIns
from tideng.runtime.apply import apply
from tideng.runtime.deployment import Deployment
from tideng.store.database import reading
from tideng_admin.app.factory import create_app
from tideng_admin.app.setup import add_users, prepare
from tideng_orgchart.views import organisation
from tideng_orgchart.views.chart import Chart

LOOKUP = 1.0
"""Limit in milliseconds."""
HR = Viewer("p0", "p0", frozenset({"hr"}))


def run(place: Place, quick: bool) -> list[Row]:
    people, rounds = (10_000 if quick else 100_000), (10 if quick else 15)
    deployment = _company(place, people)
    with reading(deployment.engine) as connection:
        directory = deployment.plugins.first("directory", connection=connection)
        first = _millis(lambda: Chart(directory, NOW))
        subtree = [_millis(lambda: organisation.below(connection, HR, directory, NOW, "u1")) for _ in range(rounds)]
        rows = [
            row(
                f"chart counted once a day, {people:,} people",
                first,
                "ms",
                None,
                "heads, counts and vacancies, one pass",
            ),
            row("subtree of one unit, query and all", median(subtree), "ms", None, "10 units below"),
            *_lookups(directory, rounds),
        ]
    app = create_app(deployment, RATELIMIT_ENABLED=False)
    client = _signed_in(app, "p0")
    for name, path in (
        ("chart", "/organisation/"),
        ("subtree as JSON", "/organisation/below?unit=u1"),
        ("search", "/organisation/search?q=9999"),
        ("a post that many hold", "/organisation/positions/post1"),
        ("a person", "/organisation/people/p7"),
    ):
        rows.append(_page(f"{name}, {people:,} people", client, path, LIST, rounds))
    rows += [{**one, "name": "chart until it can be used, Chromium"} for one in _in_chromium(app, "/organisation/", 3)]
    deployment.close()
    return rows


def _company(place: Place, people: int) -> Deployment:
    """So many people, ten below each; their units a tree of tens; twenty posts."""
    folder = place.root / "organisation"
    _write(folder, people)
    deployment = place.bare("sqlite", ManualClock(NOW), secret_key="b" * 40)
    apply(deployment, read_bundle(folder))
    prepare(deployment, PASSWORD)
    add_users(deployment, LOGINS)
    return deployment


def _write(folder: Path, people: int) -> None:
    folder.mkdir(parents=True)
    units = people // 90
    (folder / "client.yaml").write_text("client: Large\nroles: {hr: [p0]}\n", "utf-8")
    tree = (f"u{number},部门{number},{f'u{(number - 1) // 10}' if number else ''}" for number in range(units))
    (folder / "units.csv").write_text("\n".join(("id,name,parent", *tree)), "utf-8")
    posts = (f"post{number},岗位{number},,{'yes' if number == 0 else ''}" for number in range(20))
    (folder / "positions.csv").write_text("\n".join(("id,name,unit,head", *posts)), "utf-8")
    with open(folder / "people.csv", "w", encoding="utf-8") as file:
        file.write("id,name,unit,position,supervisor,from\n")
        for number in range(people):
            above = f"p{number // 10}" if number else ""
            file.write(f"p{number},员工{number},u{number * units // people},post{number % 20},{above},2020-01-01\n")


def _lookups(directory: Directory, rounds: int) -> list[Row]:
    """Who has a step: whoever leads a unit, a post's holders' lead, and who stands in for somebody who is away."""
    groups, absent = directory.groups, frozenset({"p5"})
    asked = StandIns(directory, absent.__contains__, NOW)
    rows = []
    for name, ask in (
        ("who leads the whole", lambda: groups.responsible(("unit", "u0"), NOW)),
        ("who answers for a post that many hold", lambda: groups.responsible(("position", "post1"), NOW)),
        ("who stands in for somebody away", lambda: asked.instead_of("p5")),
    ):
        first = _millis(ask)
        again = median(_millis(ask) for _ in range(rounds))
        kept = "kept" if again <= LOOKUP else "NOT KEPT"
        rows.append(row(f"{name}, again", again, "ms", None, f"limit {LOOKUP:g} ms: {kept}; first time {first:.1f} ms"))
    return rows


def _millis(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000
