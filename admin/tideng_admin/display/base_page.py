"""What our pages have in common: who may open them, and what is said when something is not there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, jsonify, make_response, redirect, render_template, request, url_for
from flask_appbuilder import BaseView
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy import Connection
from werkzeug.exceptions import HTTPException, SecurityError

from tideng.base.errors import NotAllowed, NotFound, Refused
from tideng.base.problems import say
from tideng.org.directory import Directory
from tideng.store.database import reading
from tideng_admin.request.context import asked_locale, locale, web

READ, WRITE = "read", "write"


def needs(permission: str) -> Callable:
    """Open a page's method only to roles with ``can_PERMISSION`` on the page; who is not signed in is asked to."""

    def decorate(method: Callable) -> Callable:
        @wraps(method)
        def guarded(self: Page, *args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated:
                return redirect(url_for("LoginView.login", next=request.full_path.rstrip("?")))
            if not web().may(f"can_{permission}", self.class_permission_name):
                raise NotAllowed("permission-missing", {"permission": permission, "page": self.class_permission_name})
            return method(self, *args, **kwargs)

        guarded._permission_name = permission  # type: ignore[attr-defined]  # where Flask-AppBuilder collects a view's permissions
        return guarded

    return decorate


def takes(largest: int) -> Callable:
    """Let a page's method be sent up to `largest` bytes, where others take `factory.LARGEST_BODY`. Stands below `needs`."""

    def decorate(method: Callable) -> Callable:
        method.largest_body = largest  # type: ignore[attr-defined]  # where `operations.limit_body` finds it
        return method

    return decorate


class Page(BaseView):
    """A page of ours: own template, reads through `tideng.views`, actions through services that authorise again."""

    default_view = "show_all"

    def read(self, of: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a read of `tideng.views` that wants (connection, viewer, directory, moment, …)."""
        with reading(web().engine) as connection:
            return self.read_with(connection, of, *args, **kwargs)

    def read_with(self, connection: Connection, of: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return of(connection, web().viewer(), self.directory, web().now(), *args, **kwargs)

    @property
    def directory(self) -> Directory:
        return web().directory()


def cursor() -> int | None:
    """The page asked for; a spoilt address shows the newest."""
    return request.args.get("before", type=int)


def install(app: Flask) -> None:
    """Say every refusal in words: as a page to people, as JSON to programs."""
    app.register_error_handler(NotFound, lambda error: _say(404))
    app.register_error_handler(NotAllowed, lambda error: _say(403))
    app.register_error_handler(Refused, lambda error: _say(400, _refused(error)))
    app.register_error_handler(CSRFError, lambda error: _say(400, csrf=True))
    app.register_error_handler(HTTPException, _http)


def _refused(error: Refused) -> list[str]:
    language = asked_locale() if request.path.startswith("/api/") else locale()
    return [say(problem, language).line for problem in error.problems]


def _http(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    if isinstance(error, SecurityError):
        # a host that is not ours: no page can be drawn, for it would link to that host
        return make_response(jsonify(error="This name is not in the setting trusted_hosts."), error.code)
    return _say(error.code)


def _say(status: int, details: list[str] | None = None, csrf: bool = False) -> Any:
    words = {
        400: _("This could not be read."),
        403: _("This page is not for your role."),
        404: _("There is nothing here."),
        405: _("This address cannot be used like that."),
        413: _("That is too large."),
        429: _("Too many tries. Please wait a minute."),
    }
    text = (
        _("This page was open for long. Load it again, then it works.")
        if csrf
        else words.get(status, _("Something broke on our side."))
    )
    if request.path.startswith("/api/") or request.path in ("/healthz", "/readyz"):
        return make_response(jsonify(error=text, **({"problems": details} if details else {})), status)
    return make_response(
        render_template("tideng/problem.html", status=status, text=text, details=details or []), status
    )
