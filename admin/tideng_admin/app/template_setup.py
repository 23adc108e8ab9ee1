"""What every template may use: the filters and words of `tideng_admin.display`, and the values of the request."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Flask, g, request
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from tideng.base.catalogues import languages
from tideng.base.locales import own_name, tag
from tideng.base.problems import restored, say
from tideng.model.templates import choose
from tideng_admin.desk.today import greeting
from tideng_admin.display import filters
from tideng_admin.display.reasons import event_title
from tideng_admin.employee.portal import portal_tabs
from tideng_admin.request.context import locale, web

_FILTERS = (
    event_title,
    filters.action_word,
    filters.channel_word,
    filters.chip,
    filters.day,
    filters.day_of_week,
    filters.dropped_word,
    filters.effect_word,
    filters.exact,
    filters.held_word,
    filters.initial,
    filters.kind_word,
    filters.lamp_chip,
    filters.lamp_word,
    filters.mark_word,
    filters.language_name,
    filters.moment,
    filters.named,
    filters.pause_word,
    filters.today_words,
    filters.value,
    filters.weekday,
)


def install(app: Flask) -> None:
    """Give the templates their filters and values."""
    app.add_template_global(nonce, "csp_nonce")  # the name that Flask-AppBuilder's templates look for
    app.add_template_global(filters.asset)
    app.add_template_global(filters.url_with)
    app.add_template_global(filters.plugin_title)
    app.add_template_global(filters.settings_badge)
    app.add_template_global(portal_tabs)
    app.add_template_global(lambda: greeting(web().now().astimezone(web().zone())), "greeting")
    for function in _FILTERS:
        app.add_template_filter(function)
    app.add_template_filter(lambda stored: say(restored(stored), locale()), "problem_words")
    app.context_processor(_values)


def nonce() -> str:
    """The number that marks this response's own scripts; the Content-Security-Policy lets no others run."""
    if "tideng_nonce" not in g:
        g.tideng_nonce = secrets.token_urlsafe(18)
    return g.tideng_nonce


def _values() -> dict[str, Any]:
    here = web()
    return {
        "web": here,
        "viewer": here.viewer(),
        "csrf": lambda: Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf()),
        "lang": locale(),
        "languages": {name: {"name": own_name(name), "tag": tag(name)} for name in languages()},
        "punct": filters.punctuation(locale()),
        "client": here.deployment.profile.client,
        "theme": filters.theme(),
        "asked_path": request.full_path.rstrip("?"),
        "choose": lambda text: choose(text, locale())[0],
    }
