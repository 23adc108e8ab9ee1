"""Our wordings, compiled at start: only the readable .po files are kept in the repository."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_catalogues(source: Path, target: Path) -> None:
    """Compile every ``LOCALE/LC_MESSAGES/messages.po`` below `source` to the same place below `target`."""
    for po in source.glob("*/LC_MESSAGES/messages.po"):
        place = target / po.parent.relative_to(source)
        place.mkdir(parents=True, exist_ok=True)
        with po.open("rb") as file, (place / "messages.mo").open("wb") as out:
            write_mo(out, read_po(file, locale=po.parent.parent.name))
