"""The rules' part of the interface for programs: check, draft, try, publish, pause, go back, and ask why not.

Who may do what is decided in `tideng_rules`, not here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from flask import Response, current_app, stream_with_context
from flask_babel import gettext as _
from sqlalchemy import Connection

from tideng.access.viewer import Viewer, name_of
from tideng.base.errors import Refused
from tideng.base.problems import say_sentence
from tideng.outbox import storm_decisions
from tideng.store.database import reading, writing
from tideng_admin.api.callers import blueprint
from tideng_admin.api.operations import operation, problem_of
from tideng_admin.api.rule_check import checked, checked_json, document_of
from tideng_admin.api.rules_schemas import (
    AnyAnswer,
    BackBody,
    CheckedSchema,
    DifferencesQuery,
    DifferencesSchema,
    DraftBody,
    DraftSchema,
    DraftsQuery,
    DraftsSchema,
    EditionBody,
    HeldSchema,
    NoteBody,
    PauseBody,
    PeriodBody,
    PreviewBody,
    PublishBody,
    PublishedSchema,
    RuleSchema,
    RulesQuery,
    RulesSchema,
    SaveBody,
    VersionSchema,
    VersionsSchema,
    WhyNotQuery,
)
from tideng_admin.display import rules
from tideng_admin.display.preview import in_steps, try_on_the_past
from tideng_admin.request.context import asked_locale, web
from tideng_rules.document.merge import ABSENT
from tideng_rules.document.model import Rule
from tideng_rules.document.parser import parse_rule
from tideng_rules.lifecycle import (
    drafts,
    pausing,
    publishing,
    quarantine,
    scheduling,
    versions,
)
from tideng_rules.lifecycle.rights import WRITES, require_reading
from tideng_rules.preview.result import Preview
from tideng_rules.why.why_not import Question, why_not
from tideng_rules.why.why_spoke import explain_finding
from tideng_rules.wording.differences import differences

__all__ = ["blueprint"]

PREVIEWED = timedelta(days=30)


# -- rules in force, and what they were ------------------------------------------------------------------------


@operation("GET", "/rules", "The rules in force, or those archived", RulesQuery, RulesSchema)
def get_rules(viewer: Viewer, asked: dict[str, Any]) -> Any:
    require_reading(viewer)
    with reading(web().engine) as connection:
        rows = rules.rules(connection, None if asked["state"] == "all" else asked["state"])
        resting = rules.resting(connection, viewer)
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        state, why = resting.get(row.id, (row.state, "")) if row.state == "published" else (row.state, "")
        one = {"id": row.id, "title": row.title, "kind": row.document.get("kind", ""), "version": row.version}
        found.setdefault(row.id, one | {"state": state, "why_not_active": why, "published_at": row.published_at})
    return {"rules": RuleSchema(many=True).dump(found.values())}


@operation("GET", "/rules/<rule>", "Every version of one rule, newest first", answers=VersionsSchema)
def get_rule(viewer: Viewer, rule: str) -> Any:
    with reading(web().engine) as connection:
        return {"versions": VersionSchema(many=True).dump(versions.versions(connection, viewer, rule))}


@operation(
    "GET",
    "/rules/<rule>/differences",
    "What changed from one version to another, in words",
    DifferencesQuery,
    DifferencesSchema,
)
def get_differences(viewer: Viewer, asked: dict[str, Any], rule: str) -> Any:
    with reading(web().engine) as connection:
        old, new = (versions.version(connection, viewer, rule, asked[name]) for name in ("old", "new"))
    return _differences(old.document, new.document)


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    found = differences(old, new, asked_locale(), web().deployment.catalogue)
    there = lambda value: None if value is ABSENT else value  # noqa: E731
    rows = [
        {"place": one.place, "before": there(one.before), "after": there(one.after), "sentence": one.sentence}
        for one in found
    ]
    return {"differences": rows}


@operation(
    "POST",
    "/rules/<rule>/rollback",
    "Go back to an earlier version: it is published as a new one",
    BackBody,
    VersionSchema,
)
def roll_back(viewer: Viewer, body: dict[str, Any], rule: str) -> Any:
    here = web()
    with changing() as connection:
        made = publishing.rollback(
            connection, viewer, rule, body["version"], here.now(), _ground(connection), note=body["note"]
        )
    return VersionSchema().dump(made)


@operation("POST", "/rules/<rule>/restore", "Bring an archived rule back into force", NoteBody, VersionSchema)
def restore(viewer: Viewer, body: dict[str, Any], rule: str) -> Any:
    here = web()
    with changing() as connection:
        made = publishing.restore(connection, viewer, rule, here.now(), _ground(connection), note=body["note"])
    return VersionSchema().dump(made)


@operation("POST", "/rules/<rule>/archive", "Take a rule out of force; what was begun under it ends")
def archive(viewer: Viewer, rule: str) -> Any:
    with changing() as connection:
        pausing.archive(connection, viewer, rule, web().now())
    return {"rule": rule, "state": "archived"}


@operation("POST", "/rules/<rule>/pause", "Let a rule rest until somebody resumes it", PauseBody)
def pause(viewer: Viewer, body: dict[str, Any], rule: str) -> Any:
    with changing() as connection:
        pausing.pause(connection, viewer, rule, body["why"], web().now())
    return {"rule": rule, "state": "paused"}


@operation("POST", "/rules/<rule>/resume", "Let a paused rule speak once more")
def resume(viewer: Viewer, rule: str) -> Any:
    with changing() as connection:
        pausing.resume(connection, viewer, rule, web().now())
    return {"rule": rule, "state": "published"}


@operation("POST", "/rules/<rule>/try-again", "Give a rule that was set aside another chance")
def try_again(viewer: Viewer, rule: str) -> Any:
    with changing() as connection:
        quarantine.try_again(connection, viewer, rule)
    return {"rule": rule, "state": "published"}


# -- drafts ----------------------------------------------------------------------------------------------------


@operation("GET", "/drafts", "Drafts, the latest change first", DraftsQuery, DraftsSchema)
def get_drafts(viewer: Viewer, asked: dict[str, Any]) -> Any:
    more = {"states": (asked["state"],)} if "state" in asked else {}
    with reading(web().engine) as connection:
        found = drafts.drafts(connection, viewer, asked.get("rule"), **more)
    return {"drafts": DraftSchema(many=True).dump(found)}


@operation("POST", "/drafts", "Begin a draft; it may still be wrong", DraftBody, DraftSchema)
def make_draft(viewer: Viewer, body: dict[str, Any]) -> Any:
    with writing(web().engine) as connection:
        made = drafts.create_draft(connection, viewer, document_of(body), web().now(), note=body["note"])
    return DraftSchema().dump(made)


@operation("GET", "/drafts/<int:id>", "One draft", answers=DraftSchema)
def get_draft(viewer: Viewer, id: int) -> Any:
    with reading(web().engine) as connection:
        return DraftSchema().dump(drafts.draft(connection, viewer, id))


@operation("PUT", "/drafts/<int:id>", "Save a draft; 409 when somebody else saved it meanwhile", SaveBody, DraftSchema)
def save_draft(viewer: Viewer, body: dict[str, Any], id: int) -> Any:
    with writing(web().engine) as connection:
        saved = drafts.save_draft(
            connection, viewer, id, document_of(body), body["edition"], web().now(), note=body.get("note")
        )
    return DraftSchema().dump(saved)


@operation("DELETE", "/drafts/<int:id>", "Put a draft aside", answers=DraftSchema)
def discard_draft(viewer: Viewer, id: int) -> Any:
    with writing(web().engine) as connection:
        return DraftSchema().dump(drafts.discard_draft(connection, viewer, id, web().now()))


@operation(
    "GET",
    "/drafts/<int:id>/differences",
    "What a draft changes of the version in force, in words; of a new rule everything",
    answers=DifferencesSchema,
)
def get_draft_differences(viewer: Viewer, id: int) -> Any:
    with reading(web().engine) as connection:
        held = drafts.draft(connection, viewer, id)
        current = versions.latest(connection, held.rule)
    return _differences(current.document if current else {}, held.document)


@operation("GET", "/drafts/<int:id>/check", "Check a draft beside every rule in force", answers=CheckedSchema)
def check_draft(viewer: Viewer, id: int) -> Any:
    with reading(web().engine) as connection:
        held = drafts.draft(connection, viewer, id)
    return checked_json(checked(held.document), held.document)


@operation("POST", "/drafts/<int:id>/ask-approval", "Ask somebody else to approve the draft", NoteBody, DraftSchema)
def ask_approval(viewer: Viewer, body: dict[str, Any], id: int) -> Any:
    with writing(web().engine) as connection:
        asked = publishing.ask_approval(connection, viewer, id, web().now(), body["note"] or None)
    return DraftSchema().dump(asked)


@operation("POST", "/drafts/<int:id>/approve", "Approve somebody else's draft", answers=DraftSchema)
def approve(viewer: Viewer, id: int) -> Any:
    with writing(web().engine) as connection:
        return DraftSchema().dump(publishing.approve(connection, viewer, id, web().now()))


@operation("POST", "/drafts/<int:id>/send-back", "Send a draft back with a note", NoteBody, DraftSchema)
def send_back(viewer: Viewer, body: dict[str, Any], id: int) -> Any:
    with writing(web().engine) as connection:
        return DraftSchema().dump(publishing.send_back(connection, viewer, id, body["note"], web().now()))


@operation(
    "POST", "/drafts/<int:id>/rebase", "Take up what was published since the draft was begun", EditionBody, DraftSchema
)
def rebase(viewer: Viewer, body: dict[str, Any], id: int) -> Any:
    with writing(web().engine) as connection:
        held, conflicts = drafts.rebase(connection, viewer, id, body["edition"], web().now())
    return DraftSchema().dump(held) | {"conflicts": [conflict.place for conflict in conflicts]}


@operation(
    "POST",
    "/drafts/<int:id>/publish",
    "Publish a draft, now or at a moment; refused with every problem it still has",
    PublishBody,
    PublishedSchema,
)
def publish(viewer: Viewer, body: dict[str, Any], id: int) -> Any:
    here = web()
    with changing() as connection:
        if "at" in body:
            at, note = body["at"], body["note"] or None
            planned = scheduling.schedule(connection, viewer, id, at, here.now(), _ground(connection), note)
            return DraftSchema().dump(planned)
        made = publishing.publish_draft(connection, viewer, id, here.now(), _ground(connection), body["note"] or None)
    return VersionSchema().dump(made)


@operation("DELETE", "/drafts/<int:id>/schedule", "Let a draft wait for somebody to publish it", answers=DraftSchema)
def unschedule(viewer: Viewer, id: int) -> Any:
    with writing(web().engine) as connection:
        return DraftSchema().dump(scheduling.unschedule(connection, viewer, id))


# -- trying, and asking why --------------------------------------------------------------------------------------


@operation(
    "POST", "/drafts/<int:id>/preview", "Try a draft on the past; its figures are kept beside it", PeriodBody, AnyAnswer
)
def preview_draft(viewer: Viewer, body: dict[str, Any], id: int) -> Any:
    here = web()
    with reading(here.engine) as connection:
        held = drafts.draft(connection, viewer, id)
    rule = parse_rule(held.document, here.deployment.catalogue)

    def keep(found: Preview) -> None:
        with writing(here.engine) as connection:
            drafts.keep_preview(connection, viewer, id, held.edition, found.figures(rule.id))

    return _told(viewer, rule, body, keep if viewer.roles & WRITES and held.state in drafts.UNFINISHED else None)


@operation("POST", "/previews", "Try a rule on the past without keeping it", PreviewBody, AnyAnswer)
def preview_rule(viewer: Viewer, body: dict[str, Any]) -> Any:
    return _told(viewer, parse_rule(document_of(body), web().deployment.catalogue), body)


def _told(
    viewer: Viewer, rule: Rule, body: Mapping[str, Any], keep: Callable[[Preview], None] | None = None
) -> Response:
    """One JSON object a line: ``{"done": 0.4}`` as it goes on, at last ``{"preview": …, "names": {id: name}}`` or ``{"error": …}``."""
    require_reading(viewer)
    until = body.get("until", web().now())
    start = body.get("start", until - PREVIEWED)
    lines: Iterator[str] = stream_with_context(_lines(viewer, rule, start, until, keep))
    return Response(lines, mimetype="application/x-ndjson", headers={"X-Accel-Buffering": "no"})


def _lines(
    viewer: Viewer, rule: Rule, start: datetime, until: datetime, keep: Callable[[Preview], None] | None
) -> Iterator[str]:
    for told in in_steps(lambda progress: try_on_the_past(viewer, rule, start, until, progress)):
        if isinstance(told, float):
            yield json.dumps({"done": round(told, 3)}) + "\n"
        elif isinstance(told, Refused):
            yield (
                json.dumps(
                    {
                        "error": say_sentence(told.message, asked_locale()),
                        "problems": [problem_of(one) for one in told.problems],
                    }
                )
                + "\n"
            )
        elif isinstance(told, Exception):
            current_app.logger.error("a preview broke", exc_info=told)
            yield json.dumps({"error": _("Something broke on our side.")}) + "\n"
        else:
            if keep:
                keep(told)
            yield json.dumps({"preview": told.to_json(), "names": _names(told)}, ensure_ascii=False) + "\n"


def _names(found: Preview) -> dict[str, str]:
    """What those are called whom a preview speaks of, for whoever shows it."""
    ids = {one.subject for one in found.findings} | {one.recipient for one in found.findings if one.recipient}
    ids |= {person for person, _number in found.after.most_told}
    directory, now = web().directory(), web().now()
    return {id: name_of(directory, id, now) for id in sorted(ids)}


@operation("GET", "/rules/<rule>/why-not", "Why a rule did not speak to somebody at a moment", WhyNotQuery, AnyAnswer)
def get_why_not(viewer: Viewer, asked: dict[str, Any], rule: str) -> Any:
    here = web()
    at, version = asked.get("at", here.now()), asked.get("version")
    with reading(here.engine) as connection:
        question = Question(rule, asked["subject"], at, version)
        found = why_not(here.deployment, connection, viewer, question, here.directory())
    return found.to_json()


@operation("GET", "/nudges/<int:id>/why", "Why a finding was made: facts, conditions, version", answers=AnyAnswer)
def get_why(viewer: Viewer, id: int) -> Any:
    here = web()
    with reading(here.engine) as connection:
        return explain_finding(here.deployment, connection, viewer, id, directory=here.directory()).to_json()


# -- what storm control holds ------------------------------------------------------------------------------------


@operation(
    "GET",
    "/held",
    "Rules that were paused because they would have told far more people than in their preview",
    answers=HeldSchema,
)
def get_held(viewer: Viewer) -> Any:
    with reading(web().engine) as connection:
        return HeldSchema().dump({"held": storm_decisions.held_storms(connection, viewer)})


@operation("POST", "/held/<rule>/send", "Send what is held of a rule, through quiet hours and budgets")
def send_held(viewer: Viewer, rule: str) -> Any:
    with changing() as connection:
        return {"rule": rule, "sent": storm_decisions.release_storm(connection, viewer, rule, web().now())}


@operation("POST", "/held/<rule>/drop", "Let go what is held of a rule; the findings stay on record", NoteBody)
def drop_held(viewer: Viewer, body: dict[str, Any], rule: str) -> Any:
    with changing() as connection:
        return {
            "rule": rule,
            "dropped": storm_decisions.drop_storm(connection, viewer, rule, web().now(), body["note"]),
        }


@contextmanager
def changing() -> Iterator[Connection]:
    """A transaction that changes rules; the workers are told as soon as it is on disk."""
    here = web()
    with writing(here.engine) as connection:
        yield connection
    here.deployment.bell.ring()


def _ground(connection: Connection) -> publishing.Ground:
    return publishing.Ground.of(web().deployment, connection)
