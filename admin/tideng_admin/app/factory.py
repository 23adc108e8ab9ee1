"""The web process: Flask-AppBuilder for users, roles and permissions, our own pages for everything people use daily."""

from __future__ import annotations

import os
import tempfile
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from flask import Flask, has_request_context, request, session
from flask_appbuilder import AppBuilder
from flask_wtf import CSRFProtect
from sqlalchemy import Engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from tideng.base.catalogues import DEFAULT, folders, language_of, languages
from tideng.base.errors import InvalidSettings, Problem
from tideng.base.locales import own_name
from tideng.runtime.deployment import Deployment
from tideng_admin.api import (
    events,
    notes,
    people,
    rule_writing,
    rules,
)
from tideng_admin.api.operations import limit_body
from tideng_admin.app import menu, plugin_files, template_setup
from tideng_admin.app.translations_build import compile_catalogues
from tideng_admin.auth.passwords import check_in_form
from tideng_admin.auth.security import TidengSecurity
from tideng_admin.display import assets, base_page, filters
from tideng_admin.request.context import (
    Web,
    choose_locale,
    microphone_is_open,
)
from tideng_admin.screens import is_screen

LARGEST_BODY = 5 * 1024 * 1024
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def create_app(deployment: Deployment, update_permissions: bool = False, **overrides: Any) -> Flask:
    """The WSGI application of one deployment, whose tables `tideng_admin.app.setup.prepare` has made.

    `update_permissions` writes views and permissions to the database, which only `prepare` does. `overrides` replace
    Flask settings. Raises `InvalidSettings` without a secret key.
    """
    app = Flask("tideng_admin")
    app.config.update(_config(deployment), **overrides)
    app.config["FAB_UPDATE_PERMS"] = update_permissions
    if proxies := deployment.settings.trusted_proxies:
        # so many addresses from the right are the proxies' word; what stands further left anybody may have written
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=1, x_host=0, x_port=0, x_prefix=0)  # type: ignore[method-assign]
    web = app.extensions["tideng"] = Web(deployment)
    _find_screens(web)
    folder = tempfile.TemporaryDirectory(prefix="tideng-locale-")
    app.extensions["tideng_locale"] = folder  # lives as long as the app
    sources = list(dict.fromkeys([*folders(), *(home / "translations" for home in web.plugin_homes.values())]))
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = compile_catalogues(sources, Path(folder.name))
    plugin_files.install(app, web.plugin_homes)

    bound = scoped_session(sessionmaker(class_=_session_class(web)))
    app.teardown_appcontext(lambda error: bound.remove())
    csrf = CSRFProtect(app)
    app.before_request(_drop_unknown_locale)
    app.before_request(limit_body)
    app.before_request(lambda: _require_token(csrf))
    template_setup.install(app)
    assets.install(app)
    base_page.install(app)
    builder = AppBuilder(security_manager_class=TidengSecurity, indexview=menu.Start)
    with app.app_context():
        builder.init_app(app, bound)
        app.extensions["babel"].locale_selector = choose_locale
        _add_screens(builder, web)
    # signing in, on the page and for a token, writes by itself and must not meet its own lock
    signing_in = {type(builder.sm.auth_view).__name__, builder.sm.security_api.__name__}
    web.own_blueprints |= {events.blueprint.name, menu.preferences.name, *signing_in}
    app.register_blueprint(menu.preferences)
    for blueprint in {one.blueprint for one in (notes, people, rules, rule_writing)}:  # they share one
        app.register_blueprint(blueprint)
    app.after_request(_harden)
    return app


def _find_screens(web: Web) -> None:
    """The core's screens and the plugins', and where the plugins keep what belongs to theirs."""
    web.found = [(screen, "") for screen in menu.SCREENS]
    for plugin, screens in web.deployment.plugins.call_named("screens"):
        for screen in screens:
            if not is_screen(screen):
                web.deployment.plugins.fail(plugin, TypeError(f"{screen!r} is no screen with a known icon"), "screens")
                break
            web.found.append((screen, plugin))
            web.plugin_homes[plugin] = screen.folder


def _add_screens(builder: AppBuilder, web: Web) -> None:
    for screen, plugin in web.found:
        try:
            view = builder.add_view_no_menu(screen.view)
        except Exception as error:
            if not plugin:
                raise
            web.deployment.plugins.fail(plugin, error, "screens")
            continue
        web.screens.append(screen)
        web.own_blueprints.add(view.blueprint.name)
    for view in menu.WITHOUT_MENU:
        web.own_blueprints.add(builder.add_view_no_menu(view).blueprint.name)
    web.screens.sort(key=lambda screen: screen.order)


def _config(deployment: Deployment) -> dict[str, Any]:
    settings, profile = deployment.settings, deployment.profile
    if len(settings.secret_key) < 32:
        raise InvalidSettings("settings", [Problem("secret_key", "secret-key-too-short")])
    hosts = list(settings.trusted_hosts)
    return {
        "SECRET_KEY": settings.secret_key,
        "APP_NAME": "Tideng",
        "FAB_BASE_TEMPLATE": "tideng/fab.html",
        "FAB_CREATE_DB": False,
        "FAB_ADD_OPENAPI_VIEWS": False,
        "FAB_ADD_SECURITY_PERMISSION_VIEW": False,
        "FAB_ADD_SECURITY_VIEW_MENU_VIEW": False,
        "FAB_ADD_SECURITY_PERMISSION_VIEWS_VIEW": False,
        "FAB_PASSWORD_COMPLEXITY_ENABLED": True,
        "FAB_PASSWORD_COMPLEXITY_VALIDATOR": check_in_form,
        "FAB_SAFE_REDIRECT_HOSTS": [f"{host}{port}" for host in hosts for port in ("", ":*")],
        "TRUSTED_HOSTS": hosts,
        "AUTH_ROLE_ADMIN": "admin",
        "AUTH_ROLE_PUBLIC": "public",
        "AUTH_USER_REGISTRATION": False,
        "AUTH_RATE_LIMITED": True,
        "AUTH_RATE_LIMIT": "10 per 1 minute",
        "RATELIMIT_ENABLED": True,
        "RATELIMIT_STORAGE_URI": "memory://",
        "RATELIMIT_HEADERS_ENABLED": True,
        "LANGUAGES": {name: {"flag": "", "name": own_name(name)} for name in languages()},
        "BABEL_DEFAULT_LOCALE": language_of(profile.locale) or DEFAULT,
        "SESSION_COOKIE_NAME": "tideng",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": not all(map(_is_loopback, hosts)),
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=12),
        "WTF_CSRF_CHECK_DEFAULT": False,  # checked by _require_token, which knows no exempt blueprints
        "WTF_CSRF_TIME_LIMIT": 12 * 3600,
        "MAX_CONTENT_LENGTH": LARGEST_BODY,
        "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(minutes=30),
        "UPLOAD_FOLDER": str(settings.folder / "uploads"),
        "SEND_FILE_MAX_AGE_DEFAULT": timedelta(hours=1),
    }


def _is_loopback(host: str) -> bool:
    """Whether nobody but this machine can mean it: there browsers know no https, elsewhere they must use it."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _session_class(web: Web) -> type[Session]:
    # made once: a session opens one connection for every engine that it meets
    read_only = web.engine.execution_options(reading=True)

    class WebSession(Session):
        """Flask-AppBuilder's session. Pages only read, so that no reader ever holds SQLite's write lock."""

        def get_bind(self, *args: Any, **kwargs: Any) -> Engine:
            if not has_request_context():
                return web.engine
            writes = request.method in _UNSAFE and request.blueprint not in web.own_blueprints
            return web.engine if writes else read_only

    return WebSession


def _drop_unknown_locale() -> None:
    if "locale" in session and session["locale"] not in languages():
        del session["locale"]


def _require_token(csrf: CSRFProtect) -> None:
    """A form from another site can send our cookie, but neither our token nor an Authorization header.

    Signing in for a token uses no cookie and gives none.
    """
    if request.method not in _UNSAFE or request.headers.get("Authorization"):
        return
    if request.endpoint == "SecurityApi.login" and request.is_json:
        return
    csrf.protect()


def _harden(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    microphone, media = ("(self)", "'self' blob:") if microphone_is_open() else ("()", "'self'")
    response.headers.setdefault("Permissions-Policy", f"camera=(), geolocation=(), microphone={microphone}, payment=()")
    policy = (
        f"default-src 'self'; script-src 'self' 'nonce-{template_setup.nonce()}'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data:; media-src {media}; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )
    response.headers.setdefault("Content-Security-Policy", policy)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if response.mimetype == "text/html":
        response.headers.setdefault("Cache-Control", "no-store")
        filters.mark_document(response)
    return response


def instance_name(deployment: Deployment) -> str:
    """The client's name as the menu shows it; the folder's where none was applied yet."""
    return deployment.profile.client or os.path.basename(deployment.settings.folder)
