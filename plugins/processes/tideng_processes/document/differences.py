"""The differences between two versions of a process, in sentences, each in every language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields as fields_of
from typing import Any

from tideng.plugin import Directory, Text, comma, phrase, same, semicolon, wording
from tideng_processes.document.diagram import begun_by, ways
from tideng_processes.document.model import Definition, FieldSpec, Node
from tideng_processes.document.sentences import (
    deadline_words,
    owner_words,
    remind_words,
    said,
    text,
)

_ORDER: Text = phrase("The order of the steps changed")
_NOTHING: Text = phrase("none")
_FIELD = re.compile(r"\{(\w+)[^}]*\}")
_CHECKS = {one.name for one in fields_of(FieldSpec)} - {"name", "type", "title", "help"}


def differences(old: Definition, new: Definition, directory: Directory) -> list[Text]:
    """Every difference, in the order of the page; [] where there is none."""
    return [
        *_changed(phrase("Title", context="differences"), lambda of: of.title, old, new),
        *_changed(phrase("Description"), lambda of: of.about, old, new),
        *_changed(phrase("Case summary"), _called, old, new),
        *_changed(phrase("Customer field"), _customer, old, new),
        *_changed(phrase("Who may begin it"), lambda of: text(lambda one: begun_by(of, one)), old, new),
        *_steps(old, new, directory),
        *_fields(old, new),
        *_come_and_gone(phrase("The end"), old.ends, new.ends),
    ]


def _called(of: Definition) -> Text:
    """The summary, with the fields' titles in it."""

    def words(locale: str) -> str:
        return _FIELD.sub(lambda found: _title(of.fields, found[1], locale), said(of.summary, locale))

    return text(words) if of.summary else {}


def _customer(of: Definition) -> Text:
    return text(lambda locale: _title(of.fields, of.customer, locale)) if of.customer else {}


# -- steps -----------------------------------------------------------------------------------------------------------
def _steps(old: Definition, new: Definition, directory: Directory) -> Iterator[Text]:
    yield from _come_and_gone(phrase("The step"), old.nodes, new.nodes)
    for id in [id for id in new.nodes if id in old.nodes]:
        yield from _step(old, new, id, directory)
    kept = [id for id in old.nodes if id in new.nodes]
    if kept != [id for id in new.nodes if id in old.nodes]:
        yield _ORDER


def _step(old: Definition, new: Definition, id: str, directory: Directory) -> Iterator[Text]:
    was, now = old.nodes[id], new.nodes[id]
    about = now.title or same(id)

    def changed(what: Text, words: Callable[[Node, Definition], Text]) -> Iterator[Text]:
        yield from _line(_of(about, what), words(was, old), words(now, new))

    yield from changed(phrase("title", context="of a step"), lambda node, _: node.title)
    yield from changed(phrase("help", context="of a step"), lambda node, _: node.help)
    yield from changed(phrase("owner", context="of a step"), lambda node, of: owner_words(node, directory, of.fields))
    yield from changed(phrase("deadline", context="of a step"), _until)
    yield from changed(phrase("reminder", context="of a step"), lambda node, _: remind_words(node.remind))
    yield from changed(phrase("form", context="of a step"), _asked_for)
    yield from changed(phrase("ways out", context="of a step"), _ways)


def _until(node: Node, of: Definition) -> Text:
    by_itself = node.outcome(node.at_due) if node.at_due else None
    words = deadline_words(node.deadline, of.fields)
    if by_itself is None or not words:
        return words
    return phrase("{words}, then automatically: {title}", words=words, title=by_itself.title)


def _asked_for(node: Node, of: Definition) -> Text:
    def titles(locale: str) -> str:
        may = wording(phrase(" (optional)"), locale)
        return _listed(
            [f"{_title(of.fields, one.field, locale)}{'' if one.required else may}" for one in node.form], locale
        )

    return text(titles)


def _ways(node: Node, of: Definition) -> Text:
    """Where each outcome leads, and whether it asks for a note."""

    def listed(locale: str) -> str:
        note = phrase(", with a note")[locale]
        noted = [outcome.note for outcome in node.outcomes for _ in outcome.routes]
        lines = [
            f"{way.words} → {way.place}{note if needs else ''}"
            for way, needs in zip(ways(node, of, locale), noted, strict=True)
        ]
        return semicolon(locale).join(lines)

    return text(listed)


# -- fields ----------------------------------------------------------------------------------------------------------
def _fields(old: Definition, new: Definition) -> Iterator[Text]:
    yield from _come_and_gone(phrase("The field"), old.fields, new.fields)
    for name in [name for name in old.fields if name in new.fields]:
        was, now = old.fields[name], new.fields[name]
        yield from _line(_of(now.title, phrase("title", context="of a field")), was.title, now.title)
        yield from _line(_of(now.title, phrase("help", context="of a field")), was.help, now.help)
        yield from _line(_of(now.title, phrase("type", context="of a field")), _same(was.type), _same(now.type))
        checks = [one for one in sorted(_CHECKS) if getattr(was, one) != getattr(now, one)]
        for check in checks:
            yield from _line(_of(now.title, _CHECK_WORDS.get(check) or same(check)), _same(getattr(was, check)), _same(getattr(now, check)))  # fmt: skip


_CHECK_WORDS: Mapping[str, Text] = {
    "accept": phrase("files accepted"),
    "choices": phrase("choices"),
    "columns": phrase("columns"),
    "currency": phrase("currency field"),
    "ideas": phrase("ideas"),
    "kind": phrase("kind of files"),
    "least": phrase("least"),
    "lines": phrase("lines"),
    "maximum": phrase("maximum"),
    "minimum": phrase("minimum"),
    "most": phrase("most"),
    "not_before": phrase("not before"),
    "process": phrase("process to choose from"),
    "recent": phrase("recent days to choose from"),
    "sensitive": phrase("shown to few only"),
}


# -- sentences -------------------------------------------------------------------------------------------------------
def _come_and_gone(kind: Text, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Text]:
    for id in [id for id in new if id not in old]:
        yield phrase("New: {kind} “{title}”", kind=_lower(kind), title=new[id].title or id)
    for id in [id for id in old if id not in new]:
        yield phrase("Removed: {kind} “{title}”", kind=_lower(kind), title=old[id].title or id)


def _changed(what: Text, words: Callable[[Definition], Text], old: Definition, new: Definition) -> Iterator[Text]:
    yield from _line(what, words(old), words(new))


def _line(what: Text, was: Text, now: Text) -> Iterator[Text]:
    if dict(was) != dict(now):
        before, after = _or_none(was), _or_none(now)
        yield phrase("{what}: {before} → {after}", what=what, before=before, after=after)


def _or_none(of: Text) -> Text:
    return text(lambda locale: said(of, locale) or said(_NOTHING, locale))


def _of(title: Text, what: Text) -> Text:
    return phrase("“{title}”, {what}", title=title, what=what)


def _same(value: Any) -> Text:
    """A value in every language; titles differ, all other values are the same."""
    if isinstance(value, Mapping):
        return text(lambda locale: _listed([said(one, locale, name) for name, one in value.items()], locale))
    if isinstance(value, tuple) and value and isinstance(value[0], FieldSpec):
        return text(lambda locale: _listed([said(one.title, locale, one.name) for one in value], locale))
    if isinstance(value, tuple) and value and isinstance(value[0], Mapping):
        return text(lambda locale: _listed([said(one, locale) for one in value], locale))
    if isinstance(value, tuple):
        return text(lambda locale: _listed(map(str, value), locale))
    if isinstance(value, bool):
        return phrase("yes") if value else phrase("no")
    shown = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return same(shown)


def _title(fields: Mapping[str, FieldSpec], name: str, locale: str) -> str:
    return said(fields[name].title, locale, name) if name in fields else name


def _listed(parts: Iterable[str], locale: str) -> str:
    return comma(locale).join(parts)


def _lower(words: Text) -> Text:
    """The words with a small letter at their beginning, where the language has any."""
    return text(lambda locale: said(words, locale)[:1].lower() + said(words, locale)[1:])
