"""Our wordings, compiled at start: only the readable .po files are kept in the repository."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_catalogues(sources: Iterable[Path], target: Path) -> str:
    """Compile every ``LOCALE/LC_MESSAGES/messages.po`` below each of `sources` to a folder of its own below `target`; returns
    these folders as Flask-Babel wants them. Of two that word the same text the first counts."""
    found = list(sources)
    locales = sorted({po.parent.parent.name for source in found for po in source.glob("*/LC_MESSAGES/messages.po")})
    folders = [target / str(number) for number in range(len(found))]
    for source, folder in zip(found, folders, strict=True):
        for locale in locales:
            place = folder / locale / "LC_MESSAGES"
            place.mkdir(parents=True)
            with (place / "messages.mo").open("wb") as out:
                write_mo(out, _catalogue(source / locale / "LC_MESSAGES" / "messages.po", locale))
    return ";".join(map(str, folders))


def _catalogue(po: Path, locale: str) -> Catalog:
    """What `po` words; nothing where there is none, which still knows the locale's plurals: Flask-Babel takes them from the
    last folder, and falls back to those of English where it has no catalogue."""
    if not po.is_file():
        return Catalog(locale)
    with po.open("rb") as file:
        return read_po(file, locale=locale)
