"""Two languages nobody speaks, made from the installed catalogues: what does not come through a catalogue stands out.

The first keeps the reading direction, accents every letter and is 40 % longer; the second is written from right to left. They
take the names of real languages that have no catalogue, because dates and directions come from CLDR.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import flask_appbuilder
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po, write_po

from tideng.base import catalogues

ACCENTED, MIRRORED = "eo", "he"
"""Esperanto stands for the accented language, Hebrew for the one from right to left."""
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ACCENTS = "áƀçďéƒğĥíĵķļɱñóþɋřšţúṽŵẋýžÁɃÇĎÉƑĞĤÍĴĶĻṀÑÓÞɊŘŠŢÚṼŴẊÝŽ"
_HEBREW = "אבגדהוזחטיכלמנסעפצקרשתאבגדאבגדהוזחטיכלמנסעפצקרשתאבגד"
_ACCENT = str.maketrans(_LETTERS, _ACCENTS)
_MIRROR = str.maketrans(_LETTERS, _HEBREW)
# what is no word: slots, tags, code in backticks, addresses, options of the command line, escapes
_KEPT = re.compile(r"(\{[^{}]*\}|%\(\w+\)[sd]|%[sd]|<[^>]*>|`[^`]*`|https?://\S+|--[\w-]+|&\w+;)")


def accented(text: str) -> str:
    """``Today`` → ``Ţóďáýý``: every letter with an accent, and every word 40 % longer."""

    def longer(word: re.Match[str]) -> str:
        said = word[0].translate(_ACCENT)
        return said + said[-1] * round(len(said) * 0.4)

    return _outside(text, lambda part: re.sub(r"[A-Za-z]+", longer, part))


def mirrored(text: str) -> str:
    """The text in letters that are written from right to left."""
    return _outside(text, lambda part: part.translate(_MIRROR))


def write_catalogues(folder: Path) -> Path:
    """Write a catalogue of both languages for every text of the installed packages; returns `folder`."""
    for locale, make in ((ACCENTED, accented), (MIRRORED, mirrored)):
        catalogue = Catalog(locale)
        for context, message in sorted(_messages(), key=repr):
            if isinstance(message, tuple):
                made: str | tuple[str, ...] = (make(message[0]), *[make(message[1])] * (catalogue.num_plurals - 1))
            else:
                made = make(message)
            catalogue.add(message, made, context=context)
        place = folder / locale / "LC_MESSAGES"
        place.mkdir(parents=True)
        with (place / "messages.po").open("wb") as out:
            write_po(out, catalogue)
    return folder


def _messages() -> Iterator[tuple[str | None, str | tuple[str, ...]]]:
    """Every message that some installed catalogue translates; a message with a plural counts instead of the same without."""
    found: dict[tuple[str | None, str], str | tuple[str, ...]] = {}
    files = [po for folder in catalogues.folders() for po in folder.glob("*/LC_MESSAGES/messages.po")]
    packaged = Path(flask_appbuilder.__file__).parent / "translations"
    for file in (*files, *packaged.glob("zh/LC_MESSAGES/messages.mo")):
        with file.open("rb") as source:
            catalogue = read_mo(source) if file.suffix == ".mo" else read_po(source, locale=file.parent.parent.name)
        for message in catalogue:
            if message.id:
                key = message.context, message.id if isinstance(message.id, str) else message.id[0]
                if not isinstance(found.get(key), tuple):
                    found[key] = message.id
    return ((context, message) for (context, _), message in found.items())


def _outside(text: str, change) -> str:
    parts = _KEPT.split(text)
    return "".join(part if number % 2 else change(part) for number, part in enumerate(parts))
