"""What goes over the wire: one finding in its own words, or several as the points of one message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tideng.base.text import phrase, wording
from tideng.model.judge_contract import Watch
from tideng.model.templates import choose
from tideng.outbox.channels import OutgoingMessage
from tideng.outbox.system_rules import NOTE

_TITLES = 3
"""So many titles stand in the subject of a message with several points."""


def compose(points: Sequence[tuple[Any, Watch | None]], address: str, locale: str) -> OutgoingMessage:
    """The message for these rows of one person on one channel, each with its rule's watch.

    A row has `key`, `lead` (the key of the first row of its bundle, or None), `recipient`, `finding`, `rule`, `message`,
    `locale`, `period`. `address` is the reader's on the channel, `locale` their language.
    """
    first, watch = points[0]
    key = f"digest:{first.lead}" if first.lead else first.key
    if len(points) == 1:
        locale = first.locale or locale
        return OutgoingMessage(
            key=key,
            recipient=first.recipient,
            address=address,
            locale=locale,
            subject=_title(first, watch, locale),
            body=first.message or "",
            why=choose(watch.why if watch else {}, locale)[0],
            link=_link(first),
        )
    return OutgoingMessage(
        key=key,
        recipient=first.recipient,
        address=address,
        locale=locale,
        subject=_subject(points, locale),
        body="\n".join(_lines(points, locale)),
        link="/inbox/",
    )


def _link(row: Any) -> str:
    """Where it is read: what was left for a person stands on a page of its own, and only there."""
    return f"/me/notes/{row.period}" if row.rule == NOTE else f"/me/nudges/{row.finding}"


def _title(row: Any, watch: Watch | None, locale: str) -> str:
    return choose(watch.title if watch else {}, locale)[0] or row.rule


def _subject(points: Sequence[tuple[Any, Watch | None]], locale: str) -> str:
    titles = list(dict.fromkeys(_title(row, watch, locale) for row, watch in points))
    shown = phrase("{titles} …", titles=titles[:_TITLES]) if len(titles) > _TITLES else titles
    return wording(phrase("{n} points: {titles}", n=len(points), titles=shown), locale)


def _lines(points: Sequence[tuple[Any, Watch | None]], locale: str) -> list[str]:
    """A number for each point; a rule's reason once, after the last of its points that follow each other."""
    lines = []
    for number, (row, watch) in enumerate(points, start=1):
        lines.append(f"{number}. {row.message or ''}")
        why = choose(watch.why if watch else {}, locale)[0]
        last = number == len(points) or points[number][0].rule != row.rule
        if why and last:
            lines.append("   " + wording(phrase("Why: {why}", why=why), locale))
    return lines
