"""What the interface for programs says while somebody writes a rule: the words there are, what is wrong and how to mend it,
whom it fits now, and what it would do.

Who may do what is decided in `tideng_rules`, not here.
"""

from __future__ import annotations

import hashlib
from typing import Any

from flask import jsonify, request

from tideng.access.viewer import Viewer
from tideng.base.errors import InvalidRule
from tideng.store.database import reading
from tideng_admin.api.callers import blueprint
from tideng_admin.api.operations import operation
from tideng_admin.api.rule_check import (
    checked,
    checked_json,
    document_of,
    judged_beside,
    unread_json,
)
from tideng_admin.api.rules_schemas import (
    AnyAnswer,
    CheckBody,
    CheckedSchema,
    CountBody,
    CountedSchema,
    TryBody,
)
from tideng_admin.request.context import web
from tideng_rules.authoring.audience import who_now
from tideng_rules.authoring.vocabulary import vocabulary
from tideng_rules.document.parser import parse_rule
from tideng_rules.lifecycle.rights import require_reading
from tideng_rules.why.dry_run import Trial, walk, walk_example
from tideng_rules.wording.answers import Teller

__all__ = ["blueprint"]


@operation("GET", "/vocabulary", "Everything a rule may name and say, with titles, types and units", answers=AnyAnswer)
def get_vocabulary(viewer: Viewer) -> Any:
    require_reading(viewer)
    here = web()
    answer = jsonify(vocabulary(here.deployment.catalogue, here.directory(), here.now()))
    answer.set_etag(hashlib.sha256(answer.get_data()).hexdigest()[:32])
    answer.headers["Cache-Control"] = "private, no-cache"  # kept, and asked for anew each time: a plugin may be on now
    return answer.make_conditional(request)


@operation(
    "POST",
    "/rules/check",
    "Check a rule: every problem at once with ways to mend it, its sentence, its messages, its examples",
    CheckBody,
    CheckedSchema,
)
def check_rule(viewer: Viewer, body: dict[str, Any]) -> Any:
    require_reading(viewer)
    try:
        document = document_of(body)
    except InvalidRule as error:
        return unread_json(error)
    return checked_json(checked(document), document)


@operation("POST", "/rules/count", "How many people a rule's `who` fits now", CountBody, CountedSchema)
def count_people(viewer: Viewer, body: dict[str, Any]) -> Any:
    here = web()
    rule = parse_rule(document_of(body), here.deployment.catalogue)
    with reading(here.engine) as connection:
        found = who_now(here.deployment, connection, viewer, rule, here.directory(), here.now())
    why = dict(found.why) if found.why else None
    return {"people": found.people, "of": found.of, "at": here.now().isoformat(), "why": why}


@operation(
    "POST",
    "/rules/try",
    "Try a rule on one person and moment, or on one of its examples; nothing is stored",
    TryBody,
    AnyAnswer,
)
def try_rule(viewer: Viewer, body: dict[str, Any]) -> Any:
    here = web()
    require_reading(viewer)
    rule = parse_rule(document_of(body), here.deployment.catalogue)
    beside = judged_beside(rule.id)
    if "example" in body:
        found = walk_example(here.deployment, viewer, rule, body["example"], beside)
    else:
        at = body.get("at", here.now())
        with reading(here.engine) as connection:
            trial = Trial(rule, body["subject"], at, beside)
            found = walk(here.deployment, connection, viewer, trial, here.directory())
    return found.to_json(Teller(here.deployment.catalogue, rule.trigger))
