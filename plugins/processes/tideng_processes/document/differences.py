"""The differences between two versions of a process, in sentences, each in every language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields as fields_of
from typing import Any

from tideng.plugin import Directory, Text
from tideng_processes.document.diagram import begun_by, ways
from tideng_processes.document.model import Definition, FieldSpec, Node
from tideng_processes.document.sentences import (
    LANGUAGES,
    deadline_words,
    owner_words,
    remind_words,
    said,
    text,
)

_ORDER: Text = {"zh": "步骤的先后变了", "en": "The order of the steps changed"}
_NOTHING: Text = {"zh": "没有", "en": "none"}
_FIELD = re.compile(r"\{(\w+)[^}]*\}")
_CHECKS = {one.name for one in fields_of(FieldSpec)} - {"name", "type", "title", "help"}


def differences(old: Definition, new: Definition, directory: Directory) -> list[Text]:
    """Every difference, in the order of the page; [] where there is none."""
    return [
        *_changed({"zh": "名称", "en": "Title"}, lambda of: of.title, old, new),
        *_changed({"zh": "说明", "en": "Description"}, lambda of: of.about, old, new),
        *_changed({"zh": "一单怎么叫", "en": "Case summary"}, _called, old, new),
        *_changed({"zh": "客户写在", "en": "Customer field"}, _customer, old, new),
        *_changed(
            {"zh": "谁可以发起", "en": "Who may begin it"}, lambda of: text(lambda one: begun_by(of, one)), old, new
        ),
        *_steps(old, new, directory),
        *_fields(old, new),
        *_come_and_gone({"zh": "结局", "en": "The end"}, old.ends, new.ends),
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
    yield from _come_and_gone({"zh": "步骤", "en": "The step"}, old.nodes, new.nodes)
    for id in [id for id in new.nodes if id in old.nodes]:
        yield from _step(old, new, id, directory)
    kept = [id for id in old.nodes if id in new.nodes]
    if kept != [id for id in new.nodes if id in old.nodes]:
        yield _ORDER


def _step(old: Definition, new: Definition, id: str, directory: Directory) -> Iterator[Text]:
    was, now = old.nodes[id], new.nodes[id]
    about = now.title or {"zh": id, "en": id}

    def changed(zh: str, en: str, words: Callable[[Node, Definition], Text]) -> Iterator[Text]:
        yield from _line(_of(about, zh, en), words(was, old), words(now, new))

    yield from changed("名称", "title", lambda node, _: node.title)
    yield from changed("说明", "help", lambda node, _: node.help)
    yield from changed("负责人", "owner", lambda node, of: owner_words(node, directory, of.fields))
    yield from changed("期限", "deadline", _until)
    yield from changed("提醒", "reminder", lambda node, _: remind_words(node.remind))
    yield from changed("要填的", "form", _asked_for)
    yield from changed("去向", "ways out", _ways)


def _until(node: Node, of: Definition) -> Text:
    by_itself = node.outcome(node.at_due) if node.at_due else None
    words = deadline_words(node.deadline, of.fields)
    if by_itself is None or not words:
        return words
    return {
        "zh": f"{words['zh']}，到时自动：{said(by_itself.title, 'zh')}",
        "en": f"{words['en']}, then automatically: {said(by_itself.title, 'en')}",
    }


def _asked_for(node: Node, of: Definition) -> Text:
    def titles(locale: str) -> str:
        may = "（可不填）" if locale == "zh" else " (optional)"
        return _listed(
            [f"{_title(of.fields, one.field, locale)}{'' if one.required else may}" for one in node.form], locale
        )

    return text(titles)


def _ways(node: Node, of: Definition) -> Text:
    """Where each outcome leads, and whether it asks for a note."""

    def listed(locale: str) -> str:
        note = {"zh": "，要写几句", "en": ", with a note"}[locale]
        noted = [outcome.note for outcome in node.outcomes for _ in outcome.routes]
        lines = [
            f"{way.words} → {way.place}{note if needs else ''}"
            for way, needs in zip(ways(node, of, locale), noted, strict=True)
        ]
        return _listed(lines, locale, "；", "; ")

    return text(listed)


# -- fields ----------------------------------------------------------------------------------------------------------
def _fields(old: Definition, new: Definition) -> Iterator[Text]:
    yield from _come_and_gone({"zh": "表单里的", "en": "The field"}, old.fields, new.fields)
    for name in [name for name in old.fields if name in new.fields]:
        was, now = old.fields[name], new.fields[name]
        yield from _line(_of(now.title, "名称", "title"), was.title, now.title)
        yield from _line(_of(now.title, "说明", "help"), was.help, now.help)
        yield from _line(_of(now.title, "类型", "type"), _same(was.type), _same(now.type))
        checks = [one for one in sorted(_CHECKS) if getattr(was, one) != getattr(now, one)]
        for check in checks:
            yield from _line(_of(now.title, _check_word(check, "zh"), _check_word(check, "en")), _same(getattr(was, check)), _same(getattr(now, check)))  # fmt: skip


_CHECK_WORDS: Mapping[str, Text] = {
    "accept": {"zh": "收哪些文件", "en": "files accepted"},
    "choices": {"zh": "可选的", "en": "choices"},
    "columns": {"zh": "各列", "en": "columns"},
    "currency": {"zh": "币种看哪一项", "en": "currency field"},
    "ideas": {"zh": "可以写到的", "en": "ideas"},
    "kind": {"zh": "文件种类", "en": "kind of files"},
    "least": {"zh": "最少", "en": "least"},
    "lines": {"zh": "行数", "en": "lines"},
    "maximum": {"zh": "最大", "en": "maximum"},
    "minimum": {"zh": "最小", "en": "minimum"},
    "most": {"zh": "最多", "en": "most"},
    "not_before": {"zh": "不早于", "en": "not before"},
    "process": {"zh": "从哪个流程选", "en": "process to choose from"},
    "recent": {"zh": "往前可选几天", "en": "recent days to choose from"},
    "sensitive": {"zh": "只给相关的人看", "en": "shown to few only"},
}


def _check_word(check: str, locale: str) -> str:
    return said(_CHECK_WORDS.get(check, {}), locale, check)


# -- sentences -------------------------------------------------------------------------------------------------------
def _come_and_gone(kind: Text, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Text]:
    for id in [id for id in new if id not in old]:
        title = new[id].title
        yield {
            "zh": f"新增{kind['zh']}“{said(title, 'zh', id)}”",
            "en": f"New: {_lower(kind['en'])} “{said(title, 'en', id)}”",
        }
    for id in [id for id in old if id not in new]:
        title = old[id].title
        yield {
            "zh": f"去掉{kind['zh']}“{said(title, 'zh', id)}”",
            "en": f"Removed: {_lower(kind['en'])} “{said(title, 'en', id)}”",
        }


def _changed(what: Text, words: Callable[[Definition], Text], old: Definition, new: Definition) -> Iterator[Text]:
    yield from _line(what, words(old), words(new))


def _line(what: Text, was: Text, now: Text) -> Iterator[Text]:
    if dict(was) != dict(now):
        yield {
            "zh": f"{what['zh']}：{said(was, 'zh') or _NOTHING['zh']} → {said(now, 'zh') or _NOTHING['zh']}",
            "en": f"{what['en']}: {said(was, 'en') or _NOTHING['en']} → {said(now, 'en') or _NOTHING['en']}",
        }


def _of(title: Text, zh: str, en: str) -> Text:
    return {"zh": f"“{said(title, 'zh')}”的{zh}", "en": f"“{said(title, 'en')}”, {en}"}


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
        return {"zh": "是" if value else "否", "en": "yes" if value else "no"}
    shown = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return dict.fromkeys(LANGUAGES, shown)


def _title(fields: Mapping[str, FieldSpec], name: str, locale: str) -> str:
    return said(fields[name].title, locale, name) if name in fields else name


def _listed(parts: Iterable[str], locale: str, zh: str = "、", en: str = ", ") -> str:
    return (zh if locale == "zh" else en).join(parts)


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]
