"""Files that come with forms: checked, read, stored, and shown to those who may see the case.

A file is stored before its form is handed in, so that what was read from it can be shown beside the fields. Until then only its
author sees it, and it is deleted when no form follows. A file with a problem is refused and not stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, func, insert, select

from tideng.plugin import (
    MEGABYTE,
    Attachment,
    AttachmentReading,
    Directory,
    NotAllowed,
    NotFound,
    Problem,
    Refused,
    Viewer,
    inspect_attachment,
    reading,
    writing,
)
from tideng_processes.cases.access import ACTS_FOR_ALL, CaseAccess, may_begin
from tideng_processes.cases.loader import load_run
from tideng_processes.cases.run import OPEN, Run
from tideng_processes.document.model import Definition, FieldSpec
from tideng_processes.publication.registry import Registry, registry_of
from tideng_processes.tables import PaperRow

if TYPE_CHECKING:
    from tideng.plugin import Deployment

MOST_LOOSE = 100
"""Files of one author that may wait for their forms: enough for a month of travel, too few to fill a disk."""
LARGEST_LOOSE = 200 * MEGABYTE
"""The same in bytes."""
LOOSE_FOR = timedelta(days=30)
"""How long a file waits for its form: drafts are kept for a while."""
_NUMBERS = 2**63
_COLUMNS = ("id", "case", "process", "field", "kind", "author", "name", "media_type", "size", "reading", "kept_at")


@dataclass(frozen=True, slots=True)
class FileField:
    """The field that a file is for: `field` of a form of `process`, or of the current step of `case`."""

    process: str
    field: str
    case: str = ""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A stored file, without its content. `case` is '' until its form is handed in; `field`: of the process's forms; `kind`: one
    of PAPER_KINDS; `author`: a login; `size`: in bytes; `kept_at`: UTC."""

    id: int
    case: str
    process: str
    field: str
    kind: str
    author: str
    name: str
    media_type: str
    size: int
    reading: AttachmentReading
    kept_at: datetime


# -- keeping -----------------------------------------------------------------------------------------------------------
def keep(
    deployment: Deployment, viewer: Viewer, directory: Directory, target: FileField, name: str, content: bytes
) -> StoredFile:
    """Check a file, read it, and store it for a field of a form that is not handed in yet.

    The same file for the same field again returns the stored one. Takes seconds at worst, and holds no transaction meanwhile.
    Raises `NotFound`, `NotAllowed`, and `Refused` with every problem, `at` the field."""
    now = deployment.clock.now()
    digest = hashlib.sha256(content).hexdigest()
    with reading(deployment.engine) as connection:
        access = CaseAccess(connection, registry_of(deployment), viewer, directory, now)
        spec = _field(access, target)
        known = _known(connection, viewer, target, digest)
        problems = [] if known else _too_many(connection, viewer, len(content))
    if known:
        return known
    if problems:
        raise Refused("file", [replace(one, at=target.field) for one in problems])
    try:
        paper = inspect_attachment(name, content, spec.accept, spec.kind)
    except Refused as refused:
        raise Refused("file", [replace(one, at=target.field) for one in refused.problems]) from None
    read = deployment.plugins.first("read_paper", paper=paper) or AttachmentReading()
    return _store(deployment, viewer, target, paper, digest, read)


def _field(access: CaseAccess, target: FileField) -> FieldSpec:
    """The field for which the viewer may hand in a file now."""
    if target.case:
        run = access.load(target.case, lock=False)
        return _asked_for(run.definition, target.field, _may_fill_in(access.viewer, run))
    published = access.registry.latest(target.process)
    if published is None:
        raise NotFound("no-process", {"name": target.process})
    if not may_begin(access.viewer, published.definition, access.directory, access.now):
        raise NotAllowed("viewer-may-not-begin", {"name": target.process})
    return _asked_for(published.definition, target.field, {one.field for one in published.definition.first.form})


def _may_fill_in(viewer: Viewer, run: Run) -> set[str]:
    """The fields of the forms that the viewer may fill in at the current step."""
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


def _known(connection: Connection, viewer: Viewer, target: FileField, digest: str) -> StoredFile | None:
    row = PaperRow
    mine = (row.author == viewer.login, row.case.is_(None), row.process == target.process, row.field == target.field)
    found = connection.execute(_select().where(row.sha256 == digest, *mine).limit(1)).first()
    return _stored(found) if found else None


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
    deployment: Deployment, viewer: Viewer, target: FileField, paper: Attachment, digest: str, read: AttachmentReading
) -> StoredFile:
    values = {
        "process": target.process,
        "field": target.field,
        "kind": paper.kind,
        "author": viewer.login,
        "name": paper.name,
        "media_type": paper.media_type,
        "size": len(paper.content),
        "sha256": digest,
        "content": paper.content,
        "reading": {"fields": dict(read.fields), "notes": [dict(one) for one in read.notes]},
        "kept_at": deployment.clock.now(),
    }
    with writing(deployment.engine) as connection:
        known = _known(connection, viewer, target, digest)  # the same file may have been sent twice at the same time
        if known:
            return known
        stored = connection.execute(insert(PaperRow).values(values).returning(*_columns())).one()
    return _stored(stored)


def discard(deployment: Deployment, viewer: Viewer, id: int) -> bool:
    """Delete a file of a form that is not handed in yet; False where it is gone already. Raises `NotFound` for a file of another
    author, and for one that belongs to a case by now: that one stays."""
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
    """Delete the files whose forms never came; returns how many."""
    stale = (PaperRow.case.is_(None), PaperRow.kept_at < now - LOOSE_FOR)
    return connection.execute(delete(PaperRow).where(*stale)).rowcount


# -- reading them ------------------------------------------------------------------------------------------------------
def stored_files(connection: Connection, ids: Iterable[int]) -> Mapping[int, StoredFile]:
    """The files of these ids, without their content. The caller has checked that the viewer may see them. One statement."""
    wanted = {int(one) for one in ids if 0 < int(one) < _NUMBERS}
    if not wanted:
        return {}
    return {row.id: _stored(row) for row in connection.execute(_select().where(PaperRow.id.in_(wanted)))}


def open_paper(
    connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, registry: Registry, id: int
) -> tuple[StoredFile, bytes]:
    """A file with its content: for its author until its form is handed in, afterwards for those who see the case. A file of a
    sensitive field is for the person of the case, those who had a step of it, and HR only. Raises `NotFound`.

    Send it with ``nosniff``, and as an attachment unless it is a picture: a PDF's active content is not checked."""
    row = PaperRow
    found = connection.execute(_select().add_columns(row.content).where(row.id == _number(id))).first()
    paper = _stored(found) if found else None
    access = CaseAccess(connection, registry, viewer, directory, moment)
    if found is None or paper is None or not _may_see(access, paper):
        raise NotFound("no-file", {"id": id})
    return paper, bytes(found.content)


def _may_see(access: CaseAccess, paper: StoredFile) -> bool:
    viewer = access.viewer
    author = viewer.login == paper.author != ""
    if not paper.case:
        return author
    try:
        run = load_run(access.connection, access.registry, paper.case, lock=False)
    except NotFound:
        return False
    spec = run.definition.fields.get(paper.field)
    if spec is not None and spec.sensitive:
        return "hr" in viewer.roles or viewer.person == run.person != "" or access.had_a_step(run)
    return author or access.sees(run)


def _columns() -> list[Any]:
    return [getattr(PaperRow, name) for name in _COLUMNS]


def _select() -> Any:
    return select(*_columns())


def _stored(row: Any) -> StoredFile:
    values = {name: getattr(row, name) for name in _COLUMNS}
    read = AttachmentReading(row.reading.get("fields", {}), tuple(row.reading.get("notes", ())))
    return StoredFile(**{**values, "case": row.case or "", "reading": read})


def _number(id: int) -> int:
    return id if 0 < id < _NUMBERS else 0
