"""What plugins say of forms, of what waits for people, of who answers for what, and what comes due in their own tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from tests.conftest import THURSDAY_EVENING
from tests.unit.core.plugins.plugin_world import entry, hookimpl
from tideng.access.viewer import Viewer
from tideng.base.errors import NotFound
from tideng.org.directory import Assignment, Directory
from tideng.plugins.cards import Card, CardLine, beside_person
from tideng.plugins.forms import (
    MUST,
    SHOULD,
    Asked,
    Filled,
    Form,
    accept_form,
    check_form,
    fill_form,
)
from tideng.plugins.invoices import INVOICE_GENUINE, Invoice, InvoiceVerdict
from tideng.plugins.responsibilities import Responsibility, responsibilities
from tideng.plugins.todos import Todo, todos
from tideng.runtime.deployment import Deployment
from tideng.runtime.worker import Worker
from tideng.store.database import reading, writing
from tideng.store.tables import NoteRow

FORM = Form("claim.write", "zhang", "zhang", THURSDAY_EVENING, {"amount": 12})
WORDS = {"zh": "还差一张", "en": "One to go"}


def opened(build: Callable[..., Deployment], **plugins: Any) -> Deployment:
    return build(found=[entry(name, plugin) for name, plugin in plugins.items()])


class Should:
    @hookimpl
    def check_form(self, form):
        return [Asked("amount", WORDS, SHOULD)] if form.name == "claim.write" else []

    @hookimpl
    def fill_form(self):
        return {"amount": Filled(12, {"zh": "来自发票", "en": "from the invoices"})}


class Must:
    @hookimpl
    def check_form(self, form, connection):
        return [Asked("papers", WORDS, MUST)]

    @hookimpl
    def fill_form(self):
        return {"amount": Filled(99, WORDS), "city": Filled("北京", WORDS)}

    @hookimpl
    def form_accepted(self, form):
        return [Asked("papers", WORDS), Asked("amount", WORDS, SHOULD)]


def test_what_must_be_added_comes_before_what_should(a_deployment):
    deployment = opened(a_deployment, a=Should, b=Must)
    with reading(deployment.engine) as connection:
        asked = check_form(deployment, connection, Directory(), FORM, THURSDAY_EVENING)
    assert [(one.field, one.severity) for one in asked] == [("papers", MUST), ("amount", SHOULD)]


def test_of_two_that_fill_the_same_field_the_first_counts(a_deployment):
    deployment = opened(a_deployment, a=Should, b=Must)
    with reading(deployment.engine) as connection:
        filled = fill_form(deployment, connection, Directory(), FORM, THURSDAY_EVENING)
    assert {name: one.value for name, one in filled.items()} == {"amount": 12, "city": "北京"}


def test_what_a_plugin_must_refuse_of_an_accepted_form_is_told_and_wishes_are_not(a_deployment):
    deployment = opened(a_deployment, b=Must)
    with reading(deployment.engine) as connection:
        refused = accept_form(deployment, connection, Directory(), FORM, THURSDAY_EVENING)
    assert [one.field for one in refused] == ["papers"]


def test_a_plugin_that_breaks_over_a_form_leaves_the_others_standing(a_deployment):
    class Breaks:
        @hookimpl
        def check_form(self, form):
            return 1 / 0

    deployment = opened(a_deployment, a=Breaks, b=Must)
    with reading(deployment.engine) as connection:
        assert len(check_form(deployment, connection, Directory(), FORM, THURSDAY_EVENING)) == 1
    assert deployment.failed_plugins() == {"a"}


def test_what_waits_is_sorted_by_when_it_is_due_and_only_of_those_asked_about(a_deployment):
    def todo(person: str, hours: int | None) -> Todo:
        due = THURSDAY_EVENING + timedelta(hours=hours) if hours is not None else None
        return Todo(person, WORDS, "/x", THURSDAY_EVENING, due)

    class Waits:
        @hookimpl
        def todos(self, people):
            return [todo("zhang", None), todo("zhang", 5), todo("li", 1), todo("zhang", 2)]

    deployment = opened(a_deployment, a=Waits)
    with reading(deployment.engine) as connection:
        found = todos(deployment, connection, ["zhang"], THURSDAY_EVENING)
        assert todos(deployment, connection, [], THURSDAY_EVENING) == []
    assert [one.due and (one.due - THURSDAY_EVENING) / timedelta(hours=1) for one in found] == [2, 5, None]


def test_everybody_s_responsibilities_are_one_list(a_deployment):
    class Answers:
        @hookimpl
        def responsibilities(self):
            return [Responsibility("claim.write", WORDS, WORDS, WORDS, people=("zhang",))]

    deployment = opened(a_deployment, a=Answers, b=Must)
    with reading(deployment.engine) as connection:
        found = responsibilities(deployment, connection, Directory(), THURSDAY_EVENING)
    assert [one.people for one in found] == [("zhang",)]


def test_what_is_known_beside_a_person_is_for_whoever_may_see_them(a_deployment):
    class Knows:
        @hookimpl
        def beside_person(self, person, viewer):
            return [Card(WORDS, (CardLine(person, WORDS),), href=f"/x/{person}", link=WORDS)]

    class Breaks:
        @hookimpl
        def beside_person(self):
            return 1 / 0

    deployment = opened(a_deployment, a=Breaks, b=Knows)
    people = Directory(
        [Assignment("zhang", "张三", date(2020, 1, 1), supervisor="lead"), Assignment("li", "李晨", date(2020, 1, 1))]
    )
    lead = Viewer("lead", "lead", frozenset({"supervisor"}))
    with reading(deployment.engine) as connection:
        see = lambda viewer, person: beside_person(deployment, connection, viewer, people, person, THURSDAY_EVENING)  # noqa: E731
        assert [one.href for one in see(lead, "zhang")] == ["/x/zhang"]
        for viewer, person in (
            (lead, "li"),
            (Viewer("zhang", "zhang", frozenset({"employee"})), "li"),
            (Viewer.system(), "nobody"),
        ):
            with pytest.raises(NotFound):
                see(viewer, person)
    assert deployment.failed_plugins() == {"a"}


def test_the_first_tax_system_that_knows_an_invoice_answers_for_it(a_deployment):
    class Knows:
        @hookimpl
        def check_invoice(self, invoice):
            return InvoiceVerdict(INVOICE_GENUINE, WORDS) if invoice.number == "24312000000123456789" else None

    deployment = opened(a_deployment, a=Must, b=Knows)
    ask = lambda number: deployment.plugins.first("check_invoice", invoice=Invoice(number))  # noqa: E731
    assert ask("24312000000123456789").status == INVOICE_GENUINE
    assert ask("1") is None


# -- what comes due in a plugin's own tables ---------------------------------------------------------------------------


class Clock:
    """Notes once that its moment has come, if its moment has come; then it breaks, if told so."""

    def __init__(self, key: str, fails: bool = False):
        self.key, self.fails, self.calls = key, fails, 0

    @hookimpl
    def is_due(self, connection, now):
        return connection.scalar(select(NoteRow.key).where(NoteRow.key == self.key)) is None

    @hookimpl
    def come_due(self, connection, now):
        self.calls += 1
        if self.calls > 1:
            return 0
        connection.execute(text(f"INSERT INTO note VALUES ('{self.key}', '{{}}', '2025-01-01 00:00:00')"))
        if self.fails:
            raise RuntimeError("broken")
        return 1


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_comes_due_is_done_in_the_same_round_and_one_that_breaks_takes_nobody_along(kind, request, a_deployment):
    url = request.getfixturevalue(f"{kind}_url")
    plugins = {"a": Clock("a"), "b": Clock("b", fails=True), "c": Clock("c")}
    deployment = a_deployment(url, found=[entry(name, plugin) for name, plugin in plugins.items()])
    Worker(deployment).step()
    with writing(deployment.engine) as connection:
        assert sorted(connection.scalars(select(NoteRow.key).where(NoteRow.key.in_(["a", "b", "c"])))) == ["a", "c"]
    assert deployment.failed_plugins() == {"b"}
