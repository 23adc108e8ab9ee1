"""Publish drafts: check them, have them approved if the deployment asks for it, put them in force, roll back in one step.

Every function authorises `viewer` itself and raises `NotAllowed`. Those that change something are called inside a
transaction that writes; `now` is the deployment's moment. Workers take a change up at their next look, within a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from tideng.access.viewer import Viewer
from tideng.base.errors import InvalidRule, Problem, Refused
from tideng.base.problems import Sentence
from tideng.model.catalogue import Catalogue
from tideng.org.directory import Directory
from tideng_rules.check.run import Checker
from tideng_rules.document.merge import same
from tideng_rules.document.model import Rule
from tideng_rules.lifecycle import store
from tideng_rules.lifecycle.drafts import (
    UNPLANNED,
    Draft,
    change_draft,
    draft,
    pack_of,
    unfinished,
)
from tideng_rules.lifecycle.rights import require_approving, require_writing
from tideng_rules.lifecycle.store import Provenance, Publication
from tideng_rules.lifecycle.tables import (
    APPROVED,
    ASKED,
    OPEN,
    PUBLISHED,
)
from tideng_rules.lifecycle.versions import Version, latest, version

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Ground:
    """What a rule is checked against: what can be spoken of, the people and their targets; and whether a second person
    must approve it."""

    catalogue: Catalogue
    directory: Directory | None = None
    needs_approval: bool = False

    @classmethod
    def of(cls, deployment: Deployment, connection: Connection) -> Ground:
        directory = deployment.plugins.first("directory", connection=connection)
        return cls(deployment.catalogue, directory, deployment.settings.rules_need_approval)


def check_draft(connection: Connection, viewer: Viewer, id: int, ground: Ground) -> list[Problem]:
    """Every problem of a draft, of its examples and of rules in force that it would break; warnings too."""
    return problems_of(connection, draft(connection, viewer, id), ground)


def problems_of(connection: Connection, held: Draft, ground: Ground) -> list[Problem]:
    """As `check_draft`, for callers that have authorised the viewer."""
    named = held.document.get("id")
    found = []
    if held.based_on is not None and named != held.rule:
        found.append(Problem("id", "draft-of-other-rule", {"rule": held.rule, "named": named}))
    return found + problems_of_document(connection, held.document, ground)


def problems_of_document(connection: Connection, document: Mapping[str, Any], ground: Ground) -> list[Problem]:
    """The problems of a document beside the rules in force: its own, and those that it would newly give to others."""
    checker = Checker(rules_in_force(connection, ground.catalogue), ground.catalogue)
    return list(checker.check(document, ground.directory).everything)


def rules_in_force(
    connection: Connection, catalogue: Catalogue, known: Mapping[tuple[str, int], Rule] | None = None
) -> list[Rule]:
    """The rules beside which a draft is checked: those in force, paused ones included, as they may go on at any time.

    `known`: versions that are parsed already, by (rule, version).
    """
    return [one.rule for one in store.in_force(connection, catalogue, paused=True, known=known)[0]]


# -- a second pair of eyes -----------------------------------------------------------------------------------------
def ask_approval(connection: Connection, viewer: Viewer, id: int, now: datetime, note: str | None = None) -> Draft:
    """Ask for a second person's approval of a draft as it stands; `note` tells them, and the version, what changed."""
    require_writing(viewer)
    held = unfinished(connection, id)
    values = {"state": ASKED, "asked_at": now} | ({} if note is None else {"note": note})
    return change_draft(connection, id, held.edition, values, held.edition)


def approve(connection: Connection, viewer: Viewer, id: int, now: datetime) -> Draft:
    """Approve a draft as it stands: by HR or an administrator who neither began it nor saved it last."""
    held = unfinished(connection, id)
    require_approving(viewer, held.author, held.changed_by)
    values = {"state": APPROVED, "approved_by": viewer.login, "approved_at": now}
    return change_draft(connection, id, held.edition, values, held.edition)


def send_back(connection: Connection, viewer: Viewer, id: int, note: str, now: datetime) -> Draft:
    """Give a draft back to its author with a note about what is still to be done."""
    held = unfinished(connection, id)
    require_approving(viewer)
    values = {"state": OPEN, "note": note, "asked_at": None, "approved_by": None, "approved_at": None, **UNPLANNED}
    return change_draft(connection, id, held.edition, values, held.edition)


# -- in force ------------------------------------------------------------------------------------------------------
def publish_draft(
    connection: Connection, viewer: Viewer, id: int, now: datetime, ground: Ground, note: str | None = None
) -> Version:
    """Put a draft in force as the rule's next version, with its author, approver, note and preview.

    Raises `InvalidRule` with every problem at once: errors of the check, examples that do not pass, an approval that is
    still to be given, a version in force that the draft does not know of, nothing that would change.
    """
    require_writing(viewer)
    store.one_at_a_time(connection)
    held = unfinished(connection, id)
    require_publishable(connection, held, ground)
    put_in_force(connection, held, now, viewer.login, held.note if note is None else note)
    return _newest(connection, viewer, held.rule)


def require_publishable(connection: Connection, held: Draft, ground: Ground) -> None:
    """Raise `InvalidRule` with every problem that keeps a draft from being published now."""
    before = latest(connection, held.rule)
    found = [*_held_up(held, before, ground), *problems_of(connection, held, ground)]
    refuse_errors(Sentence("draft-number", {"id": held.id}), found)


def put_in_force(connection: Connection, held: Draft, now: datetime, by: str, note: str) -> None:
    """Make the draft the rule's next version; the caller has authorised this and called `require_publishable`."""
    store.put_version(
        connection,
        held.document,
        now,
        Publication(held.author, note, held.approved_by, held.preview, by, Provenance(held.origin, held.source)),
    )
    change_draft(connection, held.id, held.edition, {"state": PUBLISHED, "changed_at": now, **UNPLANNED}, held.edition)


def _held_up(held: Draft, before: Version | None, ground: Ground) -> list[Problem]:
    found = []
    if ground.needs_approval and held.state != APPROVED:
        found.append(Problem("", "not-approved"))
    if (before.version if before else None) != held.based_on:
        base, since = held.based_on or 0, before.version if before else 0
        found.append(Problem("", "draft-outdated", {"base": base, "version": since}))
    elif before and before.state == PUBLISHED and same(before.document, held.document):
        found.append(Problem("", "draft-unchanged", {"version": before.version}))
    return found


def rollback(
    connection: Connection, viewer: Viewer, rule: str, to_version: int, now: datetime, ground: Ground, note: str = ""
) -> Version:
    """Put the document of an earlier version in force again, as a new version that says so; also of an archived rule.

    It was checked and approved when it was published; a problem that it has by now keeps it from coming back. Raises `NotFound`, or `InvalidRule` with every problem.
    """
    require_writing(viewer)
    store.one_at_a_time(connection)
    old, before = version(connection, viewer, rule, to_version), latest(connection, rule)
    found = problems_of_document(connection, old.document, ground)
    if before and before.state == PUBLISHED and same(before.document, old.document):
        found.append(Problem("", "draft-unchanged", {"version": before.version}))
    refuse_errors(Sentence("rule-called", {"id": rule}), found)
    said = f"back to version {to_version}"
    store.put_version(
        connection,
        old.document,
        now,
        Publication(
            viewer.login,
            f"{said}: {note}" if note else said,
            old.approved_by,
            old.preview,
            provenance=Provenance(pack_of(old.origin), old.source),
        ),
    )
    return _newest(connection, viewer, rule)


def restore(
    connection: Connection, viewer: Viewer, rule: str, now: datetime, ground: Ground, note: str = ""
) -> Version:
    """Put an archived rule in force again, as it was last; raises as `rollback`."""
    require_writing(viewer)
    before = latest(connection, rule)
    if before is None or before.state == PUBLISHED:
        code = "rule-unknown" if before is None else "rule-in-force"
        raise Refused(Sentence("rule-called", {"id": rule}), [Problem("", code)])
    return rollback(connection, viewer, rule, before.version, now, ground, note)


def refuse_errors(what: Sentence, problems: list[Problem]) -> None:
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise InvalidRule(what, errors)


def _newest(connection: Connection, viewer: Viewer, rule: str) -> Version:
    found = latest(connection, rule)
    assert found is not None  # it was published a moment ago
    return found
