"""The studio's page: what the scripts at /drafts/<id> begin with. Without them the same address shows the rule as text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import request, url_for
from flask_wtf.csrf import generate_csrf

from tideng_admin.api.rules_schemas import DraftSchema
from tideng_admin.display.assets import built
from tideng_admin.request.context import locale, web
from tideng_rules.check.run import Checked
from tideng_rules.lifecycle.drafts import UNFINISHED, Draft
from tideng_rules.lifecycle.versions import Version


def wanted() -> bool:
    """Whether this request shows the studio: it is built, and nobody asked for the text."""
    return request.method == "GET" and "text" not in request.args and bool(built("studio.js"))


def boot(draft: Draft, found: Checked, current: Version | None) -> dict[str, Any]:
    """What the page carries as JSON: the draft, its sentence, and whose page it is. It lists no people; what is
    wrong is asked for at once, in the reader's language."""
    here = web()
    return {
        "draft": _plain(DraftSchema().dump(draft)),
        "sentence": dict(found.sentences),
        "version": current.version if current and current.state == "published" else None,
        "writes": here.may("can_write", "Drafts") and draft.state in UNFINISHED,
        "locale": locale(),
        "zone": str(here.zone()),
        "now": here.now().isoformat(),
        "token": generate_csrf(),
        "rules_url": url_for("RulesPage.show_all"),
        "drafts_url": url_for("DraftsPage.show_all"),
        "settings": {"needs_approval": here.deployment.settings.rules_need_approval, "login": here.viewer().login},
    }


def _plain(value: Any) -> Any:
    """Moments as ISO texts: the API's own encoder is not at work here."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value
