"""One way to add to the interface for programs: a function, its address, what it takes and what it answers.

What is declared here is checked coming in, and drawn into the description, so that neither can forget the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import current_app, jsonify, request
from flask_babel import gettext as _
from marshmallow import Schema, ValidationError

from tideng.base.errors import NotAllowed, NotFound, Refused
from tideng.base.problems import Problem, in_json, say_sentence
from tideng_admin.api.callers import Stop, blueprint, caller
from tideng_admin.request.context import asked_locale

_SLOT = re.compile(r"<(?:(int):)?([a-z_]+)>")


@dataclass(frozen=True, slots=True)
class Operation:
    """One address under ``/api/v1``. `takes` is read from the body, or from the address of a GET; `answers` describes a 200.
    `upload`: it also takes a form with files, of at most so many bytes; 0: it does not."""

    method: str
    path: str
    summary: str
    takes: type[Schema] | None
    answers: type[Schema] | None
    upload: int = 0

    @property
    def address(self) -> str:
        """As OpenAPI writes it: ``/api/v1/rules/{rule}``."""
        return _SLOT.sub(r"{\2}", self.path)

    @property
    def slots(self) -> Iterator[tuple[str, str]]:
        """Each name in the address, with its OpenAPI type."""
        for found in _SLOT.finditer(self.path):
            yield found[2], "integer" if found[1] else "string"


OPERATIONS: list[Operation] = []
"""Filled while the modules that declare operations are imported, as Flask's own blueprints are."""


def operation(
    method: str,
    path: str,
    summary: str,
    takes: type[Schema] | None = None,
    answers: type[Schema] | None = None,
    upload: int = 0,
) -> Callable:
    """Answer `method` on ``/api/v1`` + `path` with the JSON of what the function returns.

    The function is called with who calls (a `Viewer`), what was taken in where `takes` is given, and the slots of the
    address. Errors of the core become 400, 403, 404 and 409, said in the caller's language with every problem. With `upload` a body
    of more bytes than that is turned down before it is read.
    """
    declared = Operation(method, f"/api/v1{path}", summary, takes, answers, upload)
    OPERATIONS.append(declared)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def answer(**slots: Any) -> Any:
            viewer = caller()
            given = (_taken(takes, method, upload > 0),) if takes else ()
            with _refusals():
                found = function(viewer, *given, **slots)
            return found if hasattr(found, "status_code") else jsonify(found)

        answer.largest_body = upload  # type: ignore[attr-defined]  # where `limit_body` finds it
        blueprint.add_url_rule(
            declared.path, f"{function.__module__.rpartition('.')[2]}_{function.__name__}", answer, methods=[method]
        )
        return function

    return decorate


def limit_body() -> None:
    """Before anybody reads the body, if only for a token in it: how large it may be for what answers this address."""
    view = current_app.view_functions.get(request.endpoint or "")
    if largest := getattr(view, "largest_body", 0):
        request.max_content_length = largest


class _refusals:
    """Turns the core's errors into answers."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, NotFound):
            raise Stop(404, _("There is nothing here.")) from error
        if isinstance(error, NotAllowed):
            raise Stop(403, _("This is not for your role.")) from error
        if isinstance(error, Refused):
            problems = [problem_of(problem) for problem in error.problems]
            what = say_sentence(error.message, asked_locale())
            raise Stop(409 if type(error).__name__ == "Stale" else 400, what, problems=problems) from error


def problem_of(problem: Problem) -> dict[str, Any]:
    """A `Problem` as JSON, in the caller's language."""
    return in_json(problem, asked_locale())


def _taken(schema: type[Schema], method: str, forms: bool) -> dict[str, Any]:
    if forms and request.mimetype == "multipart/form-data":
        return _loaded(schema, _form())
    given: Any = request.args if method == "GET" else request.get_json(silent=True)
    if method != "GET" and not isinstance(given, dict):
        if request.get_data(cache=True):
            raise Stop(400, _("This is no JSON object."))
        given = {}
    return _loaded(schema, given)


def _form() -> dict[str, Any]:
    """The fields and files of a form; its token has been looked at. A field that is left empty was not given."""
    words = {name: of for name, of in request.form.items() if of and name != "csrf_token"}
    return words | {name: of.read() for name, of in request.files.items()}


def _loaded(schema: type[Schema], given: Any) -> dict[str, Any]:
    try:
        return schema().load(given)
    except ValidationError as error:
        problems = [
            {"at": name, "problem": "; ".join(map(str, of)) if isinstance(of, list) else str(of), "hint": ""}
            for name, of in error.normalized_messages().items()
        ]
        raise Stop(400, _("This could not be read."), problems=problems) from None
