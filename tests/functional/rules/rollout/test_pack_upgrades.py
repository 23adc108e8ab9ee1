"""A pack goes from version 1 to version 2: what changes is said, what the client set stays, what people changed is kept."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.rules.builders import a_document, on_report
from tideng.access.viewer import Viewer
from tideng.base.errors import InvalidBundle
from tideng.base.text import wording
from tideng.client.bundle import read_bundle
from tideng.runtime.apply import apply, plan
from tideng.store.database import reading, writing
from tideng_rules.lifecycle import store
from tideng_rules.lifecycle.drafts import create_draft
from tideng_rules.lifecycle.publishing import Ground, publish_draft
from tideng_rules.lifecycle.versions import versions

HR = Viewer("hr.li", "", frozenset({"hr"}))
NEEDS = on_report("needs", if_={"fact": "event.needs.length", "lt": "${length}"}, limit={"once_per": "day"})
LENGTH = {
    "type": "integer",
    "unit": "characters",
    "default": 100,
    "title": {"zh": "客户需求建议字数", "en": "Needs are useful from"},
}
TIME = {"type": "time", "default": "19:00", "title": {"zh": "提醒时间", "en": "Time of the reminder"}}
ONE = {
    "pack": "sales",
    "version": "1",
    "parameters": {
        "length": LENGTH,
        "old": {"type": "integer", "default": 1, "title": {"zh": "旧的", "en": "Old one"}},
    },
    "rules": [NEEDS],
}
TWO = {
    "pack": "sales",
    "version": "2",
    "parameters": {"length": LENGTH, "time": TIME},
    "rules": [
        {**NEEDS, "limit": {"once_per": "week"}, "priority": 3},
        a_document(when={"every": "workday", "at": "${time}"}, examples=None),
    ],
}


class Client:
    """A client with packs of its own, and the deployment they are applied to."""

    def __init__(self, folder: Path, a_deployment: Any, url: str):
        self.folder = folder
        (folder / "packs").mkdir(parents=True)
        (folder / "rules").mkdir()
        self.uses(length=120)
        self.ships(ONE)
        self.deployment = a_deployment(url, bundle=read_bundle(folder), engine="closures")

    def ships(self, newest: dict, **older: dict) -> None:
        for path in (self.folder / "packs").iterdir():
            path.unlink()
        for name, pack in {"sales": newest, **{f"sales@{v[1:]}": pack for v, pack in older.items()}}.items():
            (self.folder / "packs" / f"{name}.yaml").write_text(yaml.safe_dump(copy.deepcopy(pack), allow_unicode=True))

    def upgrades(self) -> None:
        self.ships(TWO, v1=ONE)

    def uses(self, version: str | None = None, **parameters: Any) -> None:
        use = {"name": "sales", "parameters": parameters} | ({"version": version} if version else {})
        (self.folder / "client.yaml").write_text(yaml.safe_dump({"client": "t", "packs": [use]}))

    def overrides(self, document: dict, version: str | None = None) -> None:
        against = {"overrides": {"pack": "sales", "version": version}} if version else {}
        text = yaml.safe_dump({**against, **copy.deepcopy(document)}, allow_unicode=True)
        (self.folder / "rules" / "own.yaml").write_text(text)

    def plan(self, locale: str = "en") -> list[str]:
        return [wording(line, locale) for line in plan(self.deployment, read_bundle(self.folder))]

    def apply(self, take: str = "") -> list[str]:
        return [wording(line, "en") for line in apply(self.deployment, read_bundle(self.folder), take)]

    def edits(self, **changes: Any) -> None:
        """HR publishes the rule ``needs`` with these changes."""
        with writing(self.deployment.engine) as connection:
            now = self.deployment.clock.now()
            made = create_draft(connection, HR, {**self.in_force()["needs"], **changes}, now)
            publish_draft(connection, HR, made.id, now, Ground.of(self.deployment, connection))

    def in_force(self) -> dict[str, dict]:
        with reading(self.deployment.engine) as connection:
            return {one.rule.id: dict(one.rule.document) for one in store.in_force(connection)[0]}

    def origins(self) -> list[Any]:
        with reading(self.deployment.engine) as connection:
            return [one.origin for one in versions(connection, HR, "needs")]


@pytest.fixture
def client(tmp_path, a_deployment, database_url) -> Client:
    return Client(tmp_path / "client", a_deployment, database_url)


def test_an_upgrade_says_in_words_what_changes_and_what_stays(client: Client):
    client.upgrades()
    assert client.plan("zh") == [
        "规则包 sales：版本 1 → 2",
        "  客户需求建议字数：120 字，保持不变",
        "  提醒时间：新增，19:00",
        "  旧的：已经没有了",
        "规则 needs：有改动，版本 2",
        "  多久一次：每天 → 每周",
        "  优先级：新增：3",
        "规则 report-missing：新规则，版本 1",
    ]
    assert client.plan() == client.apply()
    assert client.plan() == []
    assert client.in_force()["needs"]["if"] == {"fact": "event.needs.length", "lt": 120}
    assert client.origins() == [
        {"pack": "sales", "version": "2", "parameters": {"length": 120}},
        {"pack": "sales", "version": "1", "parameters": {"length": 120}},
    ]


def test_a_parameter_that_is_changed_is_said_by_its_title(client: Client):
    client.uses(length=150)
    assert client.plan("zh") == [
        "  客户需求建议字数：120 → 150 字",
        "规则 needs：有改动，版本 2",
        "  客户需求的长度 少于 120 → 150 字",
    ]
    assert "  Needs are useful from: 120 → 150 characters" in client.plan()


def test_a_client_that_pins_a_version_stays_with_it(client: Client):
    client.upgrades()
    client.uses("1", length=120)
    assert client.plan() == []


def test_a_parameter_that_is_no_longer_there_is_an_error_with_a_way_out(client: Client):
    client.upgrades()
    client.uses(length=120, old=4)
    with pytest.raises(InvalidBundle, match=r"version 2 of the pack has this parameter no more .*version 1: pin it"):
        client.plan()


def test_a_pinned_version_that_is_not_there_names_those_that_are(client: Client):
    client.upgrades()
    client.uses("3", length=120)
    with pytest.raises(InvalidBundle, match=r"sales 3 is not there \(shipped is version 2, 1\)"):
        client.plan()


def test_what_hr_changed_in_the_deployment_is_kept_and_the_rest_is_upgraded(client: Client):
    client.edits(priority=9, **{"if": {"fact": "event.needs.length", "lt": 80}})
    client.upgrades()
    said = client.apply()
    assert "  both changed priority: hr.li has 9, which stays; otherwise it would be 3" in said
    assert client.in_force()["needs"] == {
        **NEEDS,
        "if": {"fact": "event.needs.length", "lt": 80},
        "limit": {"once_per": "week"},
        "priority": 9,
    }
    assert client.plan()[0] == "rule needs: hr.li changed it in the deployment after version 3; kept"
    assert client.apply("files")[0] == "rule needs: changed, version 4"
    assert client.in_force()["needs"]["priority"] == 3


def test_an_override_in_a_file_keeps_its_changes_over_the_version_it_was_written_against(client: Client):
    own = {**NEEDS, "if": {"fact": "event.needs.length", "lt": 60}, "priority": 7}
    client.overrides(own, "1")
    assert client.apply()[0] == "rule needs: changed, version 2"
    assert client.in_force()["needs"] == own
    client.upgrades()
    said = client.plan("zh")
    assert "  多久一次：每天 → 每周" in said
    assert "  priority 两边都改过：rules/own.yaml 的是 7，保留；另一边是 3" in said
    client.apply()
    assert client.in_force()["needs"] == {**own, "limit": {"once_per": "week"}}
    assert client.plan() == []


def test_an_override_that_names_no_version_stands_as_it_is(client: Client):
    own = {**NEEDS, "if": {"fact": "event.needs.length", "lt": 60}}
    client.overrides(own)
    client.apply()
    client.upgrades()
    client.apply()
    assert client.in_force()["needs"] == own


@pytest.mark.parametrize(
    ("version", "said"),
    [("7", r"sales 7 is not there \(there are: 2, 1\)"), ("nothing", "sales nothing is not there")],
)
def test_an_override_written_against_a_version_nobody_has_is_refused(client: Client, version: str, said: str):
    client.upgrades()
    client.overrides({**NEEDS, "if": {"fact": "event.needs.length", "lt": 60}}, version)
    with pytest.raises(InvalidBundle, match=said):
        client.plan()


def test_changes_that_do_not_go_together_are_refused_and_nothing_is_written(client: Client):
    with_metric = {**NEEDS, "metrics": {"n": {"count": "report.submitted", "window": "today"}}}
    client.ships({**ONE, "rules": [with_metric]})
    client.apply()
    client.edits(**{"if": {"fact": "metric.n", "lt": 3}})
    client.ships({**ONE, "version": "2", "rules": [NEEDS]}, v1=ONE)
    with pytest.raises(InvalidBundle, match=r"do not go together.*--take files"):
        client.apply()
    assert client.in_force()["needs"]["if"] == {"fact": "metric.n", "lt": 3}
    client.apply("files")
    assert client.in_force()["needs"]["if"] == {"fact": "event.needs.length", "lt": 120}
