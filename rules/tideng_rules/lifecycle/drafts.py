"""Drafts: what people are writing, several of one rule at once, saved even while it is wrong.

Every function authorises `viewer` itself and raises `NotAllowed`. Those that change something are called inside a
transaction that writes; `now` is the deployment's moment.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, insert, select, update

from tideng.access.viewer import Viewer
from tideng.base.errors import (
    InvalidRule,
    NotFound,
    Problem,
    Refused,
)
from tideng.base.problems import Sentence
from tideng_rules.document.merge import (
    Conflict,
    Merged,
    merge,
    same,
)
from tideng_rules.document.problems import kind_of
from tideng_rules.document.reader import MAX_BYTES, MAX_DEPTH, too_deep
from tideng_rules.lifecycle.rights import require_reading, require_writing
from tideng_rules.lifecycle.store import WRITTEN_HERE, Provenance
from tideng_rules.lifecycle.tables import (
    APPROVED,
    ASKED,
    DISCARDED,
    OPEN,
    RuleDraftRow,
)
from tideng_rules.lifecycle.versions import latest, version

_DRAFTS = cast(Table, RuleDraftRow.__table__)
UNFINISHED = (OPEN, ASKED, APPROVED)


class Stale(Refused):
    """Somebody else saved the draft meanwhile; `by` and `at` say who and when, `edition` is the one to look at."""

    def __init__(self, draft: Draft):
        self.by, self.at, self.edition = draft.changed_by, draft.changed_at, draft.edition
        super().__init__(
            Sentence("draft-number", {"id": draft.id}),
            [
                Problem(
                    "edition",
                    "draft-saved-meanwhile",
                    {"who": draft.changed_by, "when": f"{draft.changed_at:%Y-%m-%d %H:%M}", "edition": draft.edition},
                )
            ],
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft, see `RuleDraftRow`. state: open, asked (for approval), approved, published, discarded.

    `origin`: the pack it was filled in from, as {"pack", "version", "parameters"}. `source`: the text it was imported as.
    `publish_at`, `publish_by`, `held_up`: see `RuleDraftRow`.
    """

    id: int
    rule: str
    based_on: int | None
    document: Mapping[str, Any]
    state: str
    author: str
    note: str
    edition: int
    asked_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    created_at: datetime
    changed_at: datetime
    changed_by: str
    preview: Mapping[str, Any] | None
    origin: Mapping[str, Any] | None
    source: str | None
    publish_at: datetime | None = None
    publish_by: str | None = None
    held_up: Sequence[Mapping[str, Any]] | None = None


_COLUMNS = [_DRAFTS.c[name] for name in Draft.__slots__]


def new_rule_id(now: datetime) -> str:
    """An id for a rule that has no name yet: ``rule-20250612-3f9a1c``. Two that are begun at one moment are two rules."""
    return f"rule-{now:%Y%m%d}-{secrets.token_hex(3)}"


def create_draft(
    connection: Connection,
    viewer: Viewer,
    document: Mapping[str, Any],
    now: datetime,
    note: str = "",
    rule: str = "",
    provenance: Provenance = WRITTEN_HERE,
) -> Draft:
    """Begin a draft from a document, which may still be wrong.

    `rule` is the rule it edits, by default the one the document names. The draft is based on that rule's version in force,
    or its newest, and keeps its origin unless `provenance` has another. Raises `InvalidRule` for a document that cannot be
    kept: no mapping, over 1 MB, nested too deep.
    """
    require_writing(viewer)
    origin, source = provenance.origin, provenance.source
    document = _kept(document)
    rule = rule or _rule_of(document)
    before = latest(connection, rule) if rule else None
    values = {
        "rule": rule,
        "based_on": before.version if before else None,
        "document": document,
        "state": OPEN,
        "author": viewer.login,
        "origin": pack_of(before.origin if before and origin is None else origin),
        "source": before.source if before and source is None and same(before.document, document) else source,
        "note": note,
        "edition": 1,
        "created_at": now,
        "changed_at": now,
        "changed_by": viewer.login,
    }
    return Draft(*connection.execute(insert(_DRAFTS).values(values).returning(*_COLUMNS)).one())


def save_draft(
    connection: Connection,
    viewer: Viewer,
    id: int,
    document: Mapping[str, Any],
    edition: int,
    now: datetime,
    note: str | None = None,
) -> Draft:
    """Save a document over edition number `edition` of a draft; an approval is asked for anew, and a preview made anew.

    Raises `Stale` when somebody saved meanwhile, `InvalidRule` as `create_draft`, `Refused` for a finished draft.
    """
    require_writing(viewer)
    document = _kept(document)
    values: dict[str, Any] = {
        "document": document,
        "changed_at": now,
        "changed_by": viewer.login,
        **_UNAPPROVED,
        "preview": None,
    }
    held = unfinished(connection, id)
    if not same(held.document, document):
        values["source"] = None  # it no longer says what the document does
    if held.based_on is None:
        values["rule"] = _rule_of(document)
    if note is not None:
        values["note"] = note
    return change_draft(connection, id, edition, values)


def draft(connection: Connection, viewer: Viewer, id: int) -> Draft:
    """One draft; raises `NotFound`."""
    require_reading(viewer)
    row = connection.execute(select(*_COLUMNS).where(_DRAFTS.c.id == id)).first()
    if row is None:
        raise NotFound("no-draft", {"id": id})
    return Draft(*row)


def drafts(
    connection: Connection, viewer: Viewer, rule: str | None = None, states: Sequence[str] = UNFINISHED
) -> list[Draft]:
    """The drafts in these states (unfinished ones, unless said otherwise), the latest change first."""
    require_reading(viewer)
    statement = select(*_COLUMNS).where(_DRAFTS.c.state.in_(states))
    if rule is not None:
        statement = statement.where(_DRAFTS.c.rule == rule)
    rows = connection.execute(statement.order_by(_DRAFTS.c.changed_at.desc(), _DRAFTS.c.id.desc()))
    return [Draft(*row) for row in rows]


def discard_draft(connection: Connection, viewer: Viewer, id: int, now: datetime) -> Draft:
    """Let a draft go; it stays to be looked at."""
    require_writing(viewer)
    held = unfinished(connection, id)
    values = {"state": DISCARDED, "changed_at": now, "changed_by": viewer.login, **UNPLANNED}
    return change_draft(connection, id, held.edition, values)


def keep_preview(connection: Connection, viewer: Viewer, id: int, edition: int, figures: Mapping[str, Any]) -> Draft:
    """Keep the figures of a preview with the edition it was made of; they go with the version when it is published.

    ``most_people_a_day`` among them becomes the version's `expected`. Raises `Stale` when the draft was saved meanwhile.
    """
    require_writing(viewer)
    unfinished(connection, id)
    return change_draft(connection, id, edition, {"preview": dict(figures)}, next_edition=edition)


def rebase(
    connection: Connection, viewer: Viewer, id: int, edition: int, now: datetime
) -> tuple[Draft, tuple[Conflict, ...]]:
    """Bring what was published meanwhile into a draft, which is then based on the version in force.

    Returns the saved draft and the places that both changed: there the draft's wording stands. Raises `Stale`.
    """
    held, merged, based_on = rebased(connection, viewer, id)
    values = {
        "document": merged.document,
        "based_on": based_on,
        "changed_at": now,
        "changed_by": viewer.login,
        **_UNAPPROVED,
        "preview": None,
        **({} if same(merged.document, held.document) else {"source": None}),
    }
    return change_draft(connection, held.id, edition, values), merged.conflicts


def rebased(connection: Connection, viewer: Viewer, id: int) -> tuple[Draft, Merged, int | None]:
    """What `rebase` would make of a draft: the draft as it is, the documents put together, and the version to base it on."""
    require_writing(viewer)
    held = unfinished(connection, id)
    newest = latest(connection, held.rule)
    if newest is None or newest.version == held.based_on:
        return held, Merged(dict(held.document)), held.based_on
    base = version(connection, viewer, held.rule, held.based_on).document if held.based_on else {}
    return held, merge(base, held.document, newest.document), newest.version


# -- for the modules beside this one, after they have authorised ---------------------------------------------------
def pack_of(origin: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What a later version needs to know of where a rule came from: not what the files said of it meanwhile."""
    if not origin or "pack" not in origin:
        return None
    return {key: origin[key] for key in ("pack", "version", "parameters") if key in origin}


UNPLANNED = {"publish_at": None, "publish_by": None, "held_up": None}
"""A draft that is changed is not published by itself any more."""
_UNAPPROVED = {"state": OPEN, "asked_at": None, "approved_by": None, "approved_at": None, **UNPLANNED}


def unfinished(connection: Connection, id: int) -> Draft:
    """A draft that can still be changed, held until the transaction ends; raises `NotFound`, or `Refused` for others."""
    row = connection.execute(select(*_COLUMNS).where(_DRAFTS.c.id == id).with_for_update()).first()
    if row is None:
        raise NotFound("no-draft", {"id": id})
    held = Draft(*row)
    if held.state not in UNFINISHED:
        code = "draft-discarded" if held.state == DISCARDED else "draft-published"
        raise Refused(Sentence("draft-number", {"id": id}), [Problem("", code)])
    return held


def change_draft(
    connection: Connection, id: int, edition: int, values: Mapping[str, Any], next_edition: int | None = None
) -> Draft:
    """Write `values` over edition number `edition`; raises `Stale` when that is not the newest any more."""
    here = (_DRAFTS.c.id == id) & (_DRAFTS.c.edition == edition)
    new = {**values, "edition": edition + 1 if next_edition is None else next_edition}
    row = connection.execute(update(_DRAFTS).where(here).values(new).returning(*_COLUMNS)).first()
    if row is None:
        raise Stale(Draft(*connection.execute(select(*_COLUMNS).where(_DRAFTS.c.id == id)).one()))
    return Draft(*row)


def _rule_of(document: Mapping[str, Any]) -> str:
    name = document.get("id")
    return name[:120] if isinstance(name, str) else ""


def _kept(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as the database can keep it."""
    if not isinstance(document, Mapping):
        raise InvalidRule("draft", [Problem("", "rule-not-a-mapping", {"kind": kind_of(document)})])
    if too_deep(document):
        raise InvalidRule("draft", [Problem("", "nested-too-deep", {"limit": MAX_DEPTH})])
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, default=str)
    except ValueError:
        raise InvalidRule("draft", [Problem("", "number-not-finite-here")]) from None
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise InvalidRule("draft", [Problem("", "rule-too-large")])
    return json.loads(text)
