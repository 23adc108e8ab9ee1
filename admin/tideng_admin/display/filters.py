"""How values look on a page: times in the reader's zone, statuses as chips, nothing raw, nothing untranslated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from markupsafe import Markup
from werkzeug.wrappers import Response

from tideng.base.locales import formatted, is_right_to_left, name_of, tag
from tideng.base.problems import say_sentence, sentence_of_text
from tideng.base.text import colon, comma, pause, phrase, space, wording
from tideng.model.catalogue import Text
from tideng.model.statuses import (
    EVENT_TITLES,
    MESSAGE_TITLES,
    NUDGE_TITLES,
    EventStatus,
    MessageStatus,
    NudgeStatus,
    dropped_title,
    held_title,
)
from tideng.model.templates import choose, spoken
from tideng_admin.request.context import locale, web
from tideng_admin.screens import Screen

THEMES = ("light", "dark")
_DOCUMENT = re.compile(rb"<html(?:\s[^>]*)?>", re.I)

_NUDGE_LOOKS: Mapping[NudgeStatus, str] = {
    NudgeStatus.TOLD: "told",
    NudgeStatus.SNOOZED: "hold",
    NudgeStatus.HELD: "hold",
    NudgeStatus.WAITING: "open",
    NudgeStatus.PARKED: "fail",
    NudgeStatus.ACKNOWLEDGED: "ok",
    NudgeStatus.DISPUTED: "need",
    NudgeStatus.WITHDRAWN: "hold",
    NudgeStatus.RECORDED: "hold",
}
_MESSAGE_LOOKS: Mapping[MessageStatus, str] = {
    MessageStatus.WAITING: "open",
    MessageStatus.LEASED: "open",
    MessageStatus.SENT: "ok",
    MessageStatus.PARKED: "fail",
    MessageStatus.HELD: "hold",
    MessageStatus.DROPPED: "hold",
}
_EVENT_LOOKS: Mapping[EventStatus, str] = {
    EventStatus.WAITING: "open",
    EventStatus.JUDGED: "ok",
    EventStatus.FAILED: "fail",
}


def _title(text: Text) -> LazyString:
    """A title in the reader's language, chosen when it is shown."""
    return LazyString(lambda: choose(text, locale())[0])


# status → (look, word); shape and word carry the meaning, colour only helps
CHIPS: Mapping[str, tuple[str, Any]] = {
    **{status: (_NUDGE_LOOKS[status], _title(NUDGE_TITLES[status])) for status in NudgeStatus},
    **{status: (_MESSAGE_LOOKS[status], _title(MESSAGE_TITLES[status])) for status in MessageStatus},
    **{f"event_{status.word}": (_EVENT_LOOKS[status], _title(EVENT_TITLES[status])) for status in EventStatus},
    "contest_open": ("need", _l("Waits for HR")),
    "contest_right": ("ok", _l("Looked at")),
    "contest_off": ("hold", _l("Silent for a while")),
    "contest_retracted": ("ok", _l("Taken back")),
    "judged": ("ok", _l("Judged")),
    "failed": ("fail", _l("Fault")),
    "on": ("ok", _l("On")),
    "off": ("hold", _l("Off")),
    "published": ("ok", _l("In force")),
    "archived": ("hold", _l("Archived")),
    "paused": ("hold", _l("Paused")),
    "quarantined": ("fail", _l("Quarantined")),
    "draft_open": ("need", _l("Being written")),
    "draft_asked": ("told", _l("Waits for approval")),
    "draft_approved": ("ok", _l("Approved")),
    "draft_published": ("ok", _l("Published")),
    "draft_discarded": ("hold", _l("Discarded")),
    "as_expected": ("ok", _l("As expected")),
    "otherwise": ("need", _l("Different from expected")),
    "retried": ("ok", _l("Fixed")),
    "discarded": ("hold", _l("Discarded")),
    "missed": ("need", _l("Missed")),
    "revoked": ("hold", _l("Revoked")),
}
LAMP_LOOKS: Mapping[str, tuple[str, Any]] = {
    "lit": ("ok", _l("Nothing open")),
    "told": ("told", _l("Told")),
    "need": ("need", _l("To complete")),
    "open": ("open", _l("Not done")),
    "hold": ("hold", _l("On hold")),
}
KINDS = {
    "reminder": _l("Reminder"),
    "validation": _l("Check"),
    "escalation": _l("Escalation"),
    "diagnosis": _l("Diagnosis"),
}


def punctuation(language: str) -> dict[str, str]:
    """The marks of a language between words and sentences, for templates."""
    return {
        "comma": comma(language),
        "pause": pause(language),
        "colon": colon(language),
        "space": space(language),
        "stop": wording(phrase("."), language),
    }


def theme() -> str:
    """What the person chose; '' follows the device."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in THEMES else ""


def mark_document(response: Response) -> None:
    """Put language and theme on <html>: Flask-AppBuilder's page has no block for it, and a fork would grow stale."""
    if response.direct_passthrough or response.is_streamed:
        return
    chosen = f' data-theme="{theme()}"' if theme() else ""
    direction = ' dir="rtl"' if is_right_to_left(locale()) else ""
    html = f'<html lang="{tag(locale())}"{direction}{chosen}>'.encode()
    response.set_data(_DOCUMENT.sub(html, response.get_data(), count=1))


def asset(name: str) -> str:
    """A static file's address, which changes with its content: browsers may keep it, and never keep it too long. ``NAME/FILE``
    is one of the plugin of that name."""
    plugin, _, inner = name.partition("/")
    if inner and plugin in web().plugin_homes:
        file = web().plugin_homes[plugin] / "static" / inner
        return url_for("plugin_static", plugin=plugin, name=inner, v=int(file.stat().st_mtime))
    file = Path(__file__).parents[1] / "static" / name
    return url_for("static", filename=name, v=int(file.stat().st_mtime))


def url_with(**changes: Any) -> str:
    """This page's address with some arguments changed; None leaves one out."""
    kept = (
        {**request.view_args, **request.args.to_dict(), **changes}
        if request.view_args
        else {
            **request.args.to_dict(),
            **changes,
        }
    )
    return url_for(request.endpoint or "", **{name: of for name, of in kept.items() if of is not None})


# -- filters -------------------------------------------------------------------------------------------------------------


def moment(at: datetime | None) -> str:
    """A moment as a person says it: today 19:00, 3月31日 19:00; the year only when it is another."""
    if at is None:
        return "—"
    local, today = at.astimezone(web().zone()), web().now().astimezone(web().zone()).date()
    hour = local.strftime("%H:%M")
    if local.date() == today:
        return _("today %(time)s", time=hour)
    if local.date() == today - timedelta(days=1):
        return _("yesterday %(time)s", time=hour)
    if local.date() == today + timedelta(days=1):
        return _("tomorrow %(time)s", time=hour)
    return f"{day(local.date())} {hour}"


def day(of: date) -> str:
    same_year = of.year == web().now().astimezone(web().zone()).year
    return formatted(of, "MMMd" if same_year else "yMMMd", locale())


def weekday(of: date) -> str:
    """Mon, 周一."""
    return formatted(of, "E", locale())


def language_name(of: str) -> str:
    """What a language is called in the reader's."""
    return name_of(of, locale())


def day_of_week(of: date) -> str:
    """Tue 31 Mar, 3月31日周二."""
    return formatted(of, "MMMEd", locale())


def exact(at: datetime) -> str:
    """A moment to the second, with its weekday and zone: 6月12日 周四 19:00:00."""
    local = at.astimezone(web().zone())
    weekday = formatted(local, "E", locale())
    return f"{day(local.date())} {weekday} {local:%H:%M:%S} · {local.tzinfo}"


def today_words(at: datetime) -> str:
    """Now, as a page says it once: 3月31日 周二 19:42, Tue 31 Mar 19:42."""
    local = at.astimezone(web().zone())
    return f"{formatted(local, 'MMMEd', locale())} {local:%H:%M}"


def chip(status: str) -> Markup:
    look, word = CHIPS.get(status, ("hold", status))
    return Markup('<span class="chip s-{0}"><span class="mk mk-{0}"></span>{1}</span>').format(look, str(word))


def lamp_word(status: str) -> str:
    """What a lamp says: nothing open, told, to complete, not done, on hold."""
    return str(LAMP_LOOKS[status][1])


def lamp_chip(status: str) -> Markup:
    look, word = LAMP_LOOKS[status]
    return Markup('<span class="chip s-{0}"><span class="mk mk-{0}"></span>{1}</span>').format(look, str(word))


def value(of: Any) -> str:
    """A fact's value in the reader's language; None is "no data", never None."""
    return spoken(_moment_or(of), locale(), _("no data"))


def _moment_or(of: Any) -> Any:
    if isinstance(of, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", of):
        return moment(datetime.fromisoformat(of))
    return of


def named(text: Mapping[str, str] | None, fallback: str = "") -> str:
    return choose(text or {}, locale())[0] or fallback


def action_word(name: str) -> str:
    known = web().deployment.catalogue.actions.get(name)
    return named(known.title, name) if known else name


def channel_word(name: str) -> str:
    known = web().deployment.catalogue.channels.get(name)
    return named(known.title, name) if known else {"portal": _("Portal"), "email": _("E-mail")}.get(name, name)


def kind_word(name: str) -> str:
    return str(KINDS.get(name, name))


def held_word(reason: str | None) -> str:
    """Why a message is not sent yet."""
    return choose(held_title(reason), locale())[0]


def dropped_word(reason: str) -> str:
    """Why a message was let go; what a person wrote stands as it is."""
    return choose(dropped_title(reason), locale())[0]


def pause_word(why: str) -> str:
    """Why a rule rests: what a person wrote stands as it is, the line's own reasons are put into words."""
    message = sentence_of_text(why)
    return say_sentence(message, locale()) if message else ""


def initial(name: str) -> str:
    """What stands in the round picture: the first character of a Chinese name, two initials of a Latin one."""
    words = name.split()
    return "".join(word[0] for word in words[:2]).upper() if name.isascii() else name[:1]


EFFECTS = {"inform": _l("inform"), "ask": _l("ask"), "record": _l("record"), "support": _l("support")}


def mark_word(status: str) -> str:
    """A mark's status in words; one that a rule's author made up stands as it was written."""
    known = web().deployment.catalogue.marks.get(status)
    return named(known.title, status) if known else status


def effect_word(name: str) -> str:
    return str(EFFECTS.get(name, name))


def settings_badge(tucked: Iterable[Screen]) -> tuple[str, bool]:
    """How many of the screens on the settings page want somebody, and whether one of them shows a fault."""
    badges = [screen.badge(web()) for screen in tucked if screen.badge]
    wanting = [fault for text, fault in badges if text]
    return str(len(wanting) or ""), any(wanting)


def plugin_title(name: str) -> str:
    return named(web().deployment.catalogue.title_of(name), name)
