"""The registry of processes and their versions: shipped by plugins, from the client's files, and edited by people."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from tideng.plugin import Problem, Problems, Sentence, dialect_insert, read_yaml
from tideng_processes.document.model import Definition
from tideng_processes.document.parser import InvalidProcess, parse_process
from tideng_processes.tables import VersionRow

if TYPE_CHECKING:
    from tideng.plugin import Deployment

SHIPPED, FILES, PEOPLE = "shipped", "files", "people"
FIRST = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
"""The moment shown for a shipped version that is in no database, because no case needed it yet."""


@dataclass(frozen=True, slots=True)
class Published:
    """One version of a process. `origin`: SHIPPED, FILES (the client's bundle) or PEOPLE (edited here)."""

    definition: Definition
    version: int
    origin: str
    by: str
    note: str
    at: datetime

    @property
    def digest(self) -> str:
        return digest_of(self.definition.document)


def digest_of(document: Mapping[str, Any]) -> str:
    """A digest of the data of a document, whatever its file looks like. The order of steps and fields counts, because it is shown."""
    return hashlib.sha256(json.dumps(document, ensure_ascii=False).encode()).hexdigest()


def read_definitions(folder: Path) -> tuple[list[Definition], list[Problem]]:
    """The processes in the ``.yaml`` files of a folder, and every problem with its file and line."""
    read = [_read_file(path, *_state_of(path)) for path in sorted(folder.glob("*.yaml"))]
    found = [definition for definition, _problems in read if definition is not None]
    return found, [problem for _definition, problems in read for problem in problems]


def _state_of(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=256)
def _read_file(path: Path, changed: int, size: int) -> tuple[Definition | None, tuple[Problem, ...]]:
    """One file; `changed` and `size` make the cache read it again after an edit. Many clients in one process share what is shipped."""
    complaints = Problems()
    document = read_yaml(path, complaints)
    if document is None or complaints.errors:
        return None, tuple(complaints.errors)
    try:
        return parse_process(document.value), ()
    except InvalidProcess as refused:
        return None, tuple(one.moved(document.at(one.at)) for one in refused.problems)


class Registry:
    """The versions of every process. Immutable."""

    def __init__(self, shipped: Iterable[Definition] = (), stored: Iterable[Published] = ()):
        self._shipped = {one.id: Published(one, 1, SHIPPED, "", "", FIRST) for one in shipped}
        self._versions = {(one.definition.id, one.version): one for one in stored}
        self._latest = dict(self._shipped)
        for (process, _version), one in sorted(self._versions.items()):
            self._latest[process] = one

    def latest(self, process: str) -> Published | None:
        return self._latest.get(process)

    def version(self, process: str, version: int) -> Published | None:
        """One version; the shipped document is version 1 while the database has none."""
        found = self._versions.get((process, version))
        shipped = self._shipped.get(process)
        return found or (shipped if shipped and version == 1 else None)

    def versions(self, process: str) -> list[Published]:
        """Every version of a process, newest first."""
        stored = [one for (name, _), one in sorted(self._versions.items()) if name == process]
        latest = self._latest.get(process)
        return stored[::-1] or ([latest] if latest else [])

    def all(self) -> list[Published]:
        """The latest version of each process, by id."""
        return sorted(self._latest.values(), key=lambda one: one.definition.id)


def stored(connection: Connection) -> list[Published]:
    """Every version in the database. One statement."""
    return [_published(row) for row in connection.execute(select(VersionRow.__table__).order_by(VersionRow.id))]


def revision(connection: Connection) -> int:
    """A number that grows with every stored version; 0 while there is none."""
    return connection.scalar(select(func.max(VersionRow.id))) or 0


def store(
    connection: Connection, definition: Definition, version: int, origin: str, by: str, note: str, now: datetime
) -> bool:
    """Store a version; False where one of that number is stored already."""
    values = {
        "process": definition.id,
        "version": version,
        "document": dict(definition.document),
        "digest": digest_of(definition.document),
        "origin": origin,
        "by": by,
        "note": note,
        "at": now,
    }
    statement = dialect_insert(connection)(VersionRow).values(values).on_conflict_do_nothing().returning(VersionRow.id)
    return connection.execute(statement).first() is not None


def keep_version(connection: Connection, published: Published, now: datetime) -> None:
    """Store the version that a case runs on: the plugin that ships it may bring another one tomorrow."""
    store(connection, published.definition, published.version, published.origin, published.by, published.note, now)


def shipped_by(deployment: Deployment) -> list[Definition]:
    """The processes that plugins ship. A folder with a problem is left out, and reported as a fault of its plugin."""
    found: list[Definition] = []
    for plugin, folder in deployment.plugins.call_named("process_definitions"):
        definitions, problems = read_definitions(Path(folder))
        if problems:
            error = InvalidProcess(Sentence("processes-of", {"plugin": plugin}), problems)
            deployment.plugins.fail(plugin, error, "process_definitions")
            continue
        found += definitions
    return found


def registry_of(deployment: Deployment) -> Registry:
    """The plugin's registry, as of its last `refresh`; an empty one where the plugin is switched off."""
    plugin = deployment.plugins.get("processes")
    return plugin.registry if plugin is not None else Registry()


def registry_in(deployment: Deployment, connection: Connection) -> Registry:
    """A registry of the versions that are in the database now. One statement."""
    plugin: Any = deployment.plugins.get("processes")
    return Registry(plugin.shipped(), stored(connection))


def _published(row: Any) -> Published:
    return Published(parse_process(row.document), row.version, row.origin, row.by, row.note, row.at)
