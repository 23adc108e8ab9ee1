"""Our wordings, compiled at start: only the readable .po files are kept in the repository."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_catalogues(sources: Iterable[Path], target: Path) -> str:
    """Compile every ``LOCALE/LC_MESSAGES/messages.po`` below each of `sources` to a folder of its own below `target`; returns
    these folders as Flask-Babel wants them. Of two that word the same text the first counts."""
    folders = []
    for number, source in enumerate(sources):
        folders.append(target / str(number))
        for po in source.glob("*/LC_MESSAGES/messages.po"):
            place = folders[-1] / po.parent.relative_to(source)
            place.mkdir(parents=True, exist_ok=True)
            with po.open("rb") as file, (place / "messages.mo").open("wb") as out:
                write_mo(out, read_po(file, locale=po.parent.parent.name))
    return ";".join(map(str, folders))
