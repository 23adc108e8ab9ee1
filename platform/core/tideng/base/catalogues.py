"""The catalogues: where each language's wordings are found, and how one is looked up.

Every language but English comes from gettext catalogues, ``translations/<locale>/LC_MESSAGES/messages.po``, so that a
language is added with files alone. They are looked for, in this order, in

1. the folders of the environment variable ``TIDENG_TRANSLATIONS``,
2. what a deployment brings (`add_folder`),
3. the packages of the installed plugins, and packages of the entry point group ``tideng.translations``,
4. the core itself.

The first folder that words a text wins.
"""

from __future__ import annotations

import gettext
import os
import re
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

SOURCE = "en"
"""The language in which the code words its texts: the message ids of the catalogues."""
DEFAULT = "zh"
"""The language of a client who names none."""
GROUPS = ("tideng", "tideng.web", "tideng.commands", "tideng.translations")
"""Entry point groups whose packages may have a folder ``translations``."""
VARIABLE = "TIDENG_TRANSLATIONS"

_FILE = Path("LC_MESSAGES") / "messages.po"
# process-wide, as gettext.bindtextdomain is: texts are made while modules load, before any deployment is open
_ADDED: list[Path] = []


def languages() -> tuple[str, ...]:
    """The locales with a catalogue, in the order of their names, and English last."""
    return _languages(folders())


def language_of(locale: str) -> str:
    """The installed language for a locale such as ``zh-Hans`` or ``de_AT.UTF-8``; '' where there is none."""
    known = {one.lower(): one for one in languages()}
    return next((known[one.lower()] for one in chain(locale.partition(".")[0]) if one.lower() in known), "")


def chain(locale: str) -> tuple[str, ...]:
    """The locale and those that it falls back to: zh_Hant_TW, zh_Hant, zh."""
    parts = re.split(r"[-_]", locale)
    return tuple("_".join(parts[:length]) for length in range(len(parts), 0, -1))


def add_folder(folder: Path) -> None:
    """Look for catalogues in `folder` as well, from now on and in the whole process."""
    if folder.is_dir() and folder not in _ADDED:
        _ADDED.append(folder)


def folders() -> tuple[Path, ...]:
    """The folders with catalogues, the one that wins first."""
    given = tuple(Path(one) for one in os.environ.get(VARIABLE, "").split(os.pathsep) if one)
    return (*given, *_ADDED, *_of_packages())


def lookup(locale: str, message: str, *, context: str = "", many: str = "", number: int | None = None) -> str | None:
    """The wording of an English message in exactly this locale, in the plural form of `number`; None where it has none."""
    for catalogue in _catalogues(locale, folders()):
        if number is None:
            found = catalogue.pgettext(context, message) if context else catalogue.gettext(message)
        elif context:
            found = catalogue.npgettext(context, message, many, number)
        else:
            found = catalogue.ngettext(message, many, number)
        if found:
            return found
    return None


class _Missing(gettext.NullTranslations):
    """Answers None where gettext would answer the message itself, so that the next catalogue is asked."""

    def gettext(self, message: str) -> str:
        return ""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return ""

    def pgettext(self, context: str, message: str) -> str:
        return ""

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        return ""


@cache
def _of_packages() -> tuple[Path, ...]:
    installed = entry_points()
    packages = {entry.module.partition(".")[0] for group in GROUPS for entry in installed.select(group=group)}
    found = []
    for package in (*sorted(packages - {"tideng"}), "tideng"):
        try:
            spec = find_spec(package)
        except (ImportError, ValueError):
            continue  # a package that cannot be found is reported where its plugin is loaded
        for place in (spec and spec.submodule_search_locations) or ():
            if (folder := Path(place) / "translations").is_dir():
                found.append(folder)
    return tuple(dict.fromkeys(found))


@cache
def _languages(places: tuple[Path, ...]) -> tuple[str, ...]:
    found = {po.parent.parent.name for place in places for po in place.glob(f"*/{_FILE}")}
    return (*sorted(found - {SOURCE}), SOURCE)


@cache
def _catalogues(locale: str, places: tuple[Path, ...]) -> tuple[gettext.GNUTranslations, ...]:
    files = (place / locale / _FILE for place in places)
    return tuple(_read(file) for file in files if file.is_file())


@cache
def _read(po: Path) -> gettext.GNUTranslations:
    catalogue = gettext.GNUTranslations(BytesIO(compiled(po)))
    catalogue.add_fallback(_Missing())
    return catalogue


def compiled(po: Path) -> bytes:
    """The catalogue as gettext reads it. It is kept beside the readable file, as Python keeps its byte code, because reading
    the text takes 0.2 s, which every command would pay; where the folder cannot be written it is made each time."""
    mo, stamp = po.with_suffix(".mo"), po.stat()
    try:
        if mo.stat().st_mtime_ns == stamp.st_mtime_ns:
            return mo.read_bytes()
    except FileNotFoundError:
        pass
    from babel.messages.mofile import write_mo  # only after a catalogue has changed: Babel costs start-up time
    from babel.messages.pofile import read_po

    with po.open("rb") as source:
        catalogue = read_po(source, locale=po.parent.parent.name)
    out = BytesIO()
    write_mo(out, catalogue)
    draft = mo.with_name(f".{mo.name}.{os.getpid()}")
    try:
        draft.write_bytes(out.getvalue())
        os.utime(draft, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        draft.replace(mo)
    except OSError:
        draft.unlink(missing_ok=True)
    return out.getvalue()
