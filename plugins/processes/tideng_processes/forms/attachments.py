"""Files that come with forms: looked at, read, kept, and shown to whom the case concerns.

A file is kept before its form is handed in, so that what was read from it can be shown beside the fields. Until then it is its
author's alone, and goes by itself when nothing comes of it. What is wrong with it is said at once, and then nothing is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, func, select
from sqlalchemy import insert as plain_insert

from tideng.access.viewer import Viewer
from tideng.base.errors import (
    NotAllowed,
    NotFound,
    Problem,
    Refused,
)
from tideng.org.directory import Directory
from tideng.plugins.attachments import (
    MEGABYTE,
    Paper,
    Reading,
    look_at,
)
from tideng.store.database import reading, writing
from tideng_processes.cases.loader import load_run
from tideng_processes.cases.service import ACTS_FOR_ALL, is_concerned, may_begin
from tideng_processes.cases.transitions import OPEN, Run
from tideng_processes.document.model import Definition, FieldSpec
from tideng_processes.publication.registry import Registry, registry_of
from tideng_processes.tables import PaperRow, TaskRow

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

MOST_LOOSE = 100
"""So many files of one author wait for their forms: enough for a month on the road, too few to fill a disk."""
LARGEST_LOOSE = 200 * MEGABYTE
LOOSE_FOR = timedelta(days=30)
"""So long a file waits for its form; a draft may lie about for a while."""
_NUMBERS = 2**63
_COLUMNS = ("id", "case", "process", "field", "kind", "author", "name", "media_type", "size", "reading", "kept_at")


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is kept. `case` '' while its form is not handed in; `field`: of its process's forms; `kind`: one of
    PAPER_KINDS; `author` a login; `size` in bytes; `kept_at` UTC."""

    id: int
    case: str
    process: str
    field: str
    kind: str
    author: str
    name: str
    media_type: str
    size: int
    reading: Reading
    kept_at: datetime


# -- keeping -----------------------------------------------------------------------------------------------------------
def keep(
    deployment: Deployment,
    viewer: Viewer,
    directory: Directory,
    process: str,
    field: str,
    name: str,
    content: bytes,
    case: str = "",
) -> Kept:
    """Look at a file, read it and keep it for the field `field` of a form of `process`, or of the step at which `case` stands.

    The same file for the same field once more is the one that is kept already. Takes seconds at worst, and holds no
    transaction meanwhile. Raises `NotFound`, `NotAllowed`, and `Refused` with every problem, `at` the field."""
    now = deployment.clock.now()
    with reading(deployment.engine) as connection:
        spec = _field(connection, deployment, viewer, directory, now, process, field, case)
        digest = hashlib.sha256(content).hexdigest()
        known = _known(connection, viewer, process, field, digest)
        problems = [] if known else _too_many(connection, viewer, len(content))
    if known:
        return known
    if problems:
        raise Refused("file", [replace(one, at=field) for one in problems])
    try:
        paper = look_at(name, content, spec.accept, spec.kind)
    except Refused as refused:
        raise Refused("file", [replace(one, at=field) for one in refused.problems]) from None
    read = deployment.plugins.first("read_paper", paper=paper) or Reading()
    return _store(deployment, viewer, process, field, paper, digest, read, now)


def _field(
    connection: Connection,
    deployment: Deployment,
    viewer: Viewer,
    directory: Directory,
    now: datetime,
    process: str,
    name: str,
    case: str,
) -> FieldSpec:
    """The field for which the viewer may hand in a file now."""
    registry = registry_of(deployment)
    if case:
        run = load_run(connection, registry, case, lock=False)
        if not is_concerned(connection, viewer, directory, now, run):
            raise NotFound("no-case", {"name": case})
        return _asked_for(run.definition, name, _may_fill_in(viewer, run))
    published = registry.latest(process)
    if published is None:
        raise NotFound("no-process", {"name": process})
    if not may_begin(viewer, published.definition, directory, now):
        raise NotAllowed("viewer-may-not-begin", {"name": process})
    return _asked_for(published.definition, name, {one.field for one in published.definition.first.form})


def _may_fill_in(viewer: Viewer, run: Run) -> set[str]:
    """The fields of the forms that the viewer may fill in where the case stands."""
    for_all = bool(viewer.roles & ACTS_FOR_ALL) and viewer.person != run.person
    mine = [one for one in run.tasks if one.state == OPEN and (for_all or one.owner == viewer.person != "")]
    if not mine:
        raise NotAllowed("step-of-somebody-else")
    return {asks.field for one in mine for asks in run.definition.nodes[one.node].form}


def _asked_for(definition: Definition, name: str, asked: set[str]) -> FieldSpec:
    spec = definition.fields.get(name)
    if spec is None or spec.type != "files" or name not in asked:
        raise NotFound("field-without-files", {"name": name})
    return spec


def _known(connection: Connection, viewer: Viewer, process: str, field: str, digest: str) -> Kept | None:
    row = PaperRow
    mine = (row.author == viewer.login, row.case.is_(None), row.process == process, row.field == field)
    found = connection.execute(_select().where(row.sha256 == digest, *mine).limit(1)).first()
    return _kept(found) if found else None


def _too_many(connection: Connection, viewer: Viewer, size: int) -> list[Problem]:
    row = PaperRow
    loose = select(func.count(), func.coalesce(func.sum(row.size), 0)).where(
        row.author == viewer.login, row.case.is_(None)
    )
    count, held = connection.execute(loose).one()
    if count < MOST_LOOSE and held + size <= LARGEST_LOOSE:
        return []
    return [Problem("", "too-many-uploads", {"count": count})]


def _store(
    deployment: Deployment,
    viewer: Viewer,
    process: str,
    field: str,
    paper: Paper,
    digest: str,
    read: Reading,
    now: datetime,
) -> Kept:
    values = {
        "process": process,
        "field": field,
        "kind": paper.kind,
        "author": viewer.login,
        "name": paper.name,
        "media_type": paper.media_type,
        "size": len(paper.content),
        "sha256": digest,
        "content": paper.content,
        "reading": {"fields": dict(read.fields), "notes": [dict(one) for one in read.notes]},
        "kept_at": now,
    }
    with writing(deployment.engine) as connection:
        known = _known(connection, viewer, process, field, digest)  # the same press came twice at once
        if known:
            return known
        id = connection.execute(plain_insert(PaperRow).values(values).returning(PaperRow.id)).scalar_one()
    return Kept(
        id, "", process, field, paper.kind, viewer.login, paper.name, paper.media_type, len(paper.content), read, now
    )


def discard(deployment: Deployment, viewer: Viewer, id: int) -> bool:
    """Take a file out of a form that is not handed in yet; False where it is gone already. Raises `NotFound` for one that is not
    the viewer's own, or that belongs to a case by now: that stays."""
    row = PaperRow
    with writing(deployment.engine) as connection:
        found = connection.execute(select(row.author, row.case).where(row.id == _number(id))).first()
        if found is None:
            return False
        if found.author != viewer.login or found.case is not None:
            raise NotFound("no-file", {"id": id})
        gone = connection.execute(delete(row).where(row.id == id, row.case.is_(None)))
    return gone.rowcount > 0


def forget_loose(connection: Connection, now: datetime) -> int:
    """Let go of files whose forms never came; how many there were."""
    stale = (PaperRow.case.is_(None), PaperRow.kept_at < now - LOOSE_FOR)
    return connection.execute(delete(PaperRow).where(*stale)).rowcount


# -- reading them ------------------------------------------------------------------------------------------------------
def kept(connection: Connection, ids: Iterable[int]) -> Mapping[int, Kept]:
    """The files of these ids, without their content; whoever asks has seen to it that they may. One statement."""
    wanted = {int(one) for one in ids if 0 < int(one) < _NUMBERS}
    if not wanted:
        return {}
    return {row.id: _kept(row) for row in connection.execute(_select().where(PaperRow.id.in_(wanted)))}


def open_paper(
    connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, registry: Registry, id: int
) -> tuple[Kept, bytes]:
    """A file with its content, for whom it concerns: its author until its form is handed in, afterwards those who see the case;
    of a sensitive field only whom the case is about, who had a step of it, and HR. Raises `NotFound`.

    Send it with ``nosniff``, and as an attachment unless it is a picture: what a PDF does when it is opened is not looked into."""
    row = PaperRow
    found = connection.execute(_select().add_columns(row.content).where(row.id == _number(id))).first()
    paper = _kept(found) if found else None
    if found is None or paper is None or not _may_see(connection, viewer, directory, moment, registry, paper):
        raise NotFound("no-file", {"id": id})
    return paper, bytes(found.content)


def _may_see(
    connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, registry: Registry, paper: Kept
) -> bool:
    if not paper.case:
        return viewer.login == paper.author != ""
    try:
        run = load_run(connection, registry, paper.case, lock=False)
    except NotFound:
        return False
    spec = run.definition.fields.get(paper.field)
    if spec is not None and spec.sensitive:
        return _is_near(connection, viewer, run)
    return viewer.login == paper.author != "" or is_concerned(connection, viewer, directory, moment, run)


def _is_near(connection: Connection, viewer: Viewer, run: Run) -> bool:
    if "hr" in viewer.roles or viewer.person == run.person != "":
        return True
    had = select(TaskRow.id).where(TaskRow.case == run.id, TaskRow.owner == viewer.person).limit(1)
    return bool(viewer.person) and connection.execute(had).first() is not None


def _select() -> Any:
    return select(*(getattr(PaperRow, name) for name in _COLUMNS))


def _kept(row: Any) -> Kept:
    values = {name: getattr(row, name) for name in _COLUMNS}
    read = Reading(row.reading.get("fields", {}), tuple(row.reading.get("notes", ())))
    return Kept(**{**values, "case": row.case or "", "reading": read})


def _number(id: int) -> int:
    return id if 0 < id < _NUMBERS else 0
