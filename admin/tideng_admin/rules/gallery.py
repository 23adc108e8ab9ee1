"""The gallery: rules to start from. A card says what a rule does with its parameters in it; opened, they are a form, and
what comes of it is a draft: nothing is sent before it is published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import Connection

from tideng.base.errors import InvalidRule, Problem
from tideng.base.numerals import read_number, read_whole
from tideng.base.problems import say
from tideng.base.text import pause, phrase, wording
from tideng.model.templates import choose
from tideng.store.database import reading, writing
from tideng_admin.display.base_page import (
    READ,
    WRITE,
    Page,
    needs,
)
from tideng_admin.display.filters import named
from tideng_admin.request.context import locale, web
from tideng_rules.lifecycle import drafts, versions
from tideng_rules.lifecycle.statistics import Estimate, estimates
from tideng_rules.lifecycle.versions import PUBLISHED
from tideng_rules.packaging.parameters import Parameter
from tideng_rules.packaging.topics import SLOT, TOPICS
from tideng_rules.rollout import blueprints
from tideng_rules.rollout.blueprints import Blueprint, InUse

UNITS = {
    "characters": phrase("characters"),
    "hours": phrase("hours"),
    "days": phrase("days"),
    "minutes": phrase("minutes"),
    "visits": phrase("visits", context="titles"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter as a field. `text`: what stands in it; `problem`: what is wrong with that, '' for nothing."""

    name: str
    title: str
    kind: str
    unit: str
    text: str
    help: str
    problem: str
    minimum: str
    maximum: str


@dataclass(frozen=True, slots=True)
class Card:
    """One blueprint. `pieces`: the sentence as (text, is a parameter's value); `version`: the pack's version in use."""

    it: Blueprint
    title: str
    topic: str
    pieces: Sequence[tuple[str, bool]]
    state: str
    version: str
    estimate: Estimate | None
    fields: Sequence[Field]

    @property
    def key(self) -> str:
        return f"{self.it.pack}/{self.it.rule}"


class GalleryPage(Page):
    """Blueprints of the shipped packs and of the client's own."""

    route_base = "/gallery"
    class_permission_name = "Drafts"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        return self._shown(request.args.get("open", ""))

    def _shown(
        self, opened: str, typed: Mapping[str, str] | None = None, problems: Sequence[Problem] = (), sentence: str = ""
    ) -> str:
        words, topic = request.args.get("q", "").strip()[:100], request.args.get("topic", "")
        with reading(web().engine) as connection:
            cards = _cards(connection, opened, typed, problems)
        topics = [(name, named(title)) for name, title in TOPICS.items() if any(c.it.topic == name for c in cards)]
        found = [card for card in cards if _fits(card, words) and topic in ("", card.it.topic)]
        return render_template(
            "tideng/gallery.html",
            cards=sorted(found, key=lambda card: card.key != opened),
            total=len(cards),
            topics=topics,
            topic=topic,
            words=words,
            opened=opened,
            sentence=sentence,
            loose=[say(one, locale()).line for one in problems if not one.at.startswith("parameters.")],
        )

    @expose("/<pack>/<rule>", methods=["POST"])
    @needs(WRITE)
    def use(self, pack: str, rule: str) -> Any:
        """A draft with these parameters; all that is wrong with them stands beside the fields at once."""
        here = web()
        typed = {name.removeprefix("p."): text for name, text in request.form.items() if name.startswith("p.")}
        try:
            with writing(here.engine) as connection:
                shelf = blueprints.shelf_in_use(connection)
                known = {one.name: one for one in blueprints.blueprint(shelf, pack, rule).parameters}
                values = {name: typed_value(known[name], text) for name, text in typed.items() if name in known}
                held = versions.latest(connection, rule)
                if held is not None and held.origin and held.origin.get("pack") == pack:
                    made, merged = blueprints.refill(connection, here.viewer(), shelf, rule, values, here.now())
                    _tell(merged.conflicts)
                else:
                    made = blueprints.fill_in(connection, here.viewer(), shelf, pack, rule, values, here.now())
        except InvalidRule as error:
            return self._shown(f"{pack}/{rule}", typed, error.problems), 400
        if request.form.get("what") == "try":
            return redirect(url_for("DraftsPage.try_", id=made.id))
        return redirect(url_for("DraftsPage.show", id=made.id))

    @expose("/sentence", methods=["POST"])
    @needs(WRITE)
    def sentence(self) -> Any:
        """A draft that has what somebody wrote as its title and note, and nothing else yet."""
        here, text = web(), " ".join(request.form.get("sentence", "").split())
        if not text or len(text) > 200:
            flash(_("Say in a sentence of at most 200 characters what you would like to solve."), "warning")
            return self._shown("", sentence=text[:2000]), 400
        document = {"id": drafts.new_rule_id(here.now()), "kind": "reminder", "title": {locale(): text}}
        with writing(here.engine) as connection:
            made = drafts.create_draft(connection, here.viewer(), document, here.now(), text)
        return redirect(url_for("DraftsPage.show", id=made.id))


def parameters_form(connection: Connection, rule: str) -> tuple[Card, InUse] | None:
    """The card of a rule in force that was made from a pack, with its values, and what a newer version would change."""
    used = blueprints.in_use(connection, web().viewer(), blueprints.shelf_in_use(connection), rule)
    if used is None:
        return None
    fields = [_field(one, _text_of(used.values.get(one.name)), ()) for one in used.blueprint.parameters]
    return Card(used.blueprint, "", "", (), PUBLISHED, used.version, None, fields), used


def typed_value(parameter: Parameter, text: str) -> Any:
    """What was typed, as the parameter's type where it reads as one; else the text itself, which is then refused."""
    text = text.strip()
    if parameter.type in ("integer", "number"):
        number = (read_whole if parameter.type == "integer" else read_number)(text) if len(text) < 20 else None
        if number is None:
            return text
        return int(number) if float(number).is_integer() else number
    if parameter.type == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return text


def _tell(conflicts: Sequence[Any]) -> None:
    if conflicts:
        places = ", ".join(one.place for one in conflicts)
        flash(_("Changed here and in the pack: %(places)s. Yours stands; have a look.", places=places), "warning")


def _cards(
    connection: Connection, opened: str, typed: Mapping[str, str] | None, problems: Sequence[Problem]
) -> list[Card]:
    shelf, viewer = blueprints.shelf_in_use(connection), web().viewer()
    found = blueprints.blueprints(shelf)
    held = versions.newest(connection, viewer, [one.rule for one in found])
    tried = estimates(connection, viewer, [one.rule for one in found])
    wrong = {one.at.removeprefix("parameters."): say(one, locale()).problem for one in problems}
    cards = []
    for one in found:
        version = held.get(one.rule)
        origin = version.origin if version and version.origin and version.origin.get("pack") == one.pack else None
        given = origin.get("parameters", {}) if origin else {}
        values = {p.name: _text_of(given.get(p.name, p.default)) for p in one.parameters}
        is_open = opened == f"{one.pack}/{one.rule}"
        fields = [_field(p, (typed or {}).get(p.name, values[p.name]), wrong) for p in one.parameters]
        cards.append(
            Card(
                one,
                named(one.title, one.rule),
                named(TOPICS[one.topic]),
                _pieces(one, values),
                version.state if version else "",
                str(origin["version"]) if origin else "",
                tried.get(one.rule),
                fields if is_open else (),
            )
        )
    return cards


def _pieces(one: Blueprint, values: Mapping[str, str]) -> list[tuple[str, bool]]:
    sentence = choose(one.sentence, locale())[0] or named(one.why)
    pieces = []
    for number, part in enumerate(SLOT.split(sentence)):
        if part:
            pieces.append((values.get(part, part), True) if number % 2 else (part, False))
    return pieces


def _field(one: Parameter, text: str, wrong: Mapping[str, str] | Sequence[str]) -> Field:
    unit = wording(UNITS.get(one.unit, one.unit), locale())
    bounds = ""
    if one.minimum is not None and one.maximum is not None:
        bounds = _("%(low)s to %(high)s", low=_text_of(one.minimum), high=_text_of(one.maximum))
    default = _("usually %(value)s", value=_text_of(one.default)) if one.default is not None else ""
    problem = wrong.get(one.name, "") if isinstance(wrong, Mapping) else ""
    low, high = (_text_of(bound) if bound is not None else "" for bound in (one.minimum, one.maximum))
    helped = (pause(locale())).join(filter(None, (bounds, default)))
    return Field(one.name, named(one.title, one.name), one.type, unit, text, helped, problem, low, high)


def _text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _fits(card: Card, words: str) -> bool:
    said = " ".join(
        [card.it.rule, *card.it.title.values(), *card.it.why.values(), *card.it.sentence.values(), card.topic]
    )
    return all(word in said.casefold() for word in words.casefold().split())
