"""The words of problems in every language: read from the files ``problems/<language>.yaml`` of the installed packages.

Such a file has up to four sections. ``problems`` holds a sentence for each code, or a sentence (`says`) with the way
out (`hint`). ``kinds`` names the kinds of values and things, ``marks`` the quotes and joints of the language,
``places`` the words within a place. A slot of a sentence is ``{name}`` or ``{name:type}``; tideng.base.problems lists
the types. A language is added with files alone: a package declares itself in the entry point group ``tideng.problems``.

The files are found without importing their packages: a plugin that may not be loaded here must not run, and its words
are needed all the same, e.g. for a letter that it refused last year.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FOLDER = "problems"
ENGLISH = "en"
GROUPS = ("tideng", "tideng.web", "tideng.problems")
"""The entry point groups whose packages may have words: plugins, the admin panel, and packages that only hold words."""

_SLOT = re.compile(r"\{([a-z_]\w*)(?::([a-z]+))?\}")


@dataclass(frozen=True, slots=True)
class Slot:
    """A gap in a sentence: the name of the parameter that fills it, and how it is said."""

    name: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A sentence with slots, as its parts in order."""

    parts: tuple[str | Slot, ...]

    @classmethod
    def of(cls, text: str) -> Template:
        parts: list[str | Slot] = []
        end = 0
        for found in _SLOT.finditer(text):
            parts += [text[end : found.start()], Slot(found[1], found[2] or "")]
            end = found.end()
        return cls((*parts, text[end:]))

    @property
    def slots(self) -> frozenset[Slot]:
        return frozenset(part for part in self.parts if isinstance(part, Slot))


@dataclass(frozen=True, slots=True)
class Wording:
    """What one code says in one language, and the way out; `hint` has no parts where there is none."""

    says: Template
    hint: Template = Template(())

    @property
    def slots(self) -> frozenset[Slot]:
        return self.says.slots | self.hint.slots


@dataclass(frozen=True, slots=True)
class Language:
    """Everything that the installed packages say in one language; empty where no file is there."""

    tag: str
    entries: Mapping[str, Wording] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)


def languages(locale: str) -> tuple[Language, ...]:
    """The languages to try for a locale, best first: ``zh_Hans`` is looked up as zh_Hans, zh and en."""
    return _languages(locale.replace("-", "_"))


@cache
def _languages(locale: str) -> tuple[Language, ...]:
    parts = locale.split("_")
    tags = ["_".join(parts[:length]) for length in range(len(parts), 0, -1)]
    found: list[Language] = []
    for tag in reversed(list(dict.fromkeys((*tags, ENGLISH)))):
        own, after = language(tag), found[0] if found else Language(ENGLISH)
        # a language that lacks a mark, or the name of a kind, borrows it from the one that is tried next
        found.insert(
            0,
            replace(
                own,
                kinds={**after.kinds, **own.kinds},
                marks={**after.marks, **own.marks},
                places={**after.places, **own.places},
            ),
        )
    return tuple(found)


@cache
def language(tag: str) -> Language:
    """One language, from all packages; the first package that names a code keeps it."""
    found: dict[str, dict[str, Any]] = {"problems": {}, "kinds": {}, "marks": {}, "places": {}}
    for folder in folders():
        for section, items in read(folder / f"{tag}.yaml").items():
            for name, value in items.items():
                if name in found[section]:
                    warnings.warn(f"{folder / tag}.yaml: {section} has {name}, which another package has", stacklevel=2)
                found[section].setdefault(name, value)
    entries = {code: _wording(value) for code, value in found["problems"].items()}
    return Language(tag, entries, found["kinds"], found["marks"], found["places"])


def read(file: Path) -> Mapping[str, Mapping[str, Any]]:
    """The sections of one file; nothing where the file is not there."""
    if not file.is_file():
        return {}
    import yaml  # a command that runs without a problem needs no words: its help must answer at once

    # the C loader, where PyYAML has it, is ten times as fast: these files are read at the first problem of a command
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(file.read_text("utf-8"), Loader=loader) or {}


@cache
def folders() -> tuple[Path, ...]:
    """The folders with words: the core's first, then those of the installed packages by name."""
    return (Path(__file__).parent.parent / FOLDER, *dict.fromkeys(_of_packages()))


def _of_packages() -> Iterator[Path]:
    installed = entry_points()
    packages = {entry.module.partition(".")[0] for group in GROUPS for entry in installed.select(group=group)}
    for package in sorted(packages - {"tideng"}):
        try:
            spec = find_spec(package)
        except (ImportError, ValueError):
            continue  # a package that cannot be found is reported where its plugin is loaded
        for place in (spec and spec.submodule_search_locations) or ():
            if (folder := Path(place) / FOLDER).is_dir():
                yield folder


def _wording(value: Any) -> Wording:
    if isinstance(value, str):
        return Wording(Template.of(value))
    return Wording(Template.of(value["says"]), Template.of(value.get("hint", "")))
