"""Checks forms by which people join or move: the unit and the position that they name have to exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from tideng.plugin import DIRECTORY_EVENTS, MUST, Asked, Directory, Form, Sentence
from tideng_processes.document.model import Definition

_MOST_NEAR = 3


def asked_of(form: Form, definition: Definition, directory: Directory) -> list[Asked]:
    """Units and positions of a form that the organisation does not have, and ids for newcomers that are taken. Only for processes
    by which people join or move, and only where the client has an organisation."""
    changes = [emit for node in definition.nodes.values() for one in node.outcomes for emit in one.emit if emit.type in DIRECTORY_EVENTS]  # fmt: skip
    if not changes or not len(directory):
        return []
    newcomers = {emit.data["subject"].get("field") for emit in changes if isinstance(emit.data.get("subject"), Mapping)}
    taken = [name for name in newcomers if name and directory.knows(str(form.data.get(name) or ""))]
    found = [*_unknown(form, directory), *(Asked(name, _TAKEN, MUST) for name in taken)]
    node = definition.nodes.get(form.name.partition(".")[2])
    asks_for = {asks.field for asks in node.form} if node else set()
    return [
        one for one in found if one.field in asks_for
    ]  # the form also has the data of earlier steps, which this step cannot change


_TAKEN = Sentence("id-of-somebody")


def _unknown(form: Form, directory: Directory) -> Iterator[Asked]:
    known: tuple[tuple[str, Mapping[str, str]], ...] = (
        ("unit", {one.id: one.name for one in directory.units.values()}),
        ("position", {one.id: one.name for one in directory.positions.values()}),
    )
    for name, names in known:
        said = form.data.get(name)
        if isinstance(said, str) and said and said not in names:
            near = _near(said, names)
            yield Asked(
                name,
                Sentence("id-unknown-but-near", {"kind": name, "id": said, "names": near})
                if near
                else Sentence("id-unknown", {"kind": name, "id": said}),
                MUST,
            )


def _near(said: str, names: Mapping[str, str]) -> list[str]:
    """Ids that may be meant, each with its name: similar ids, and those of a similar name."""
    called: Iterable[str] = (id for id, name in names.items() if said in name or name in said)
    found = dict.fromkeys([*called, *get_close_matches(said, list(names), n=_MOST_NEAR)])
    return [f"{id} {names[id]}" for id in list(found)[:_MOST_NEAR]]
