"""``held``: what was found and is not said yet, and the decision about a rule that stopped before a storm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tideng.base.text import phrase
from tideng.cli.look import directory_of
from tideng.cli.terminal import FINE, Terminal
from tideng.cli.words import command, json_option, option
from tideng.model.statuses import held_title

if TYPE_CHECKING:
    from tideng.outbox.storm_decisions import HeldStorm
    from tideng.views.held_messages import HeldView


@command(
    "held",
    help=phrase(
        "Show the messages that wait, for what and until when; send or drop those of a rule that stopped itself."
    ),
)
@option("--send", metavar="RULE", help=phrase("Send what is held of this rule."))
@option("--drop", metavar="RULE", help=phrase("Let go what is held of this rule."))
@option("--because", metavar="TEXT", default="", help=phrase("Why it is let go; kept with each message."))
@option("--limit", type=click.IntRange(min=1, max=200), metavar="N", default=50, help=phrase("At most so many (50)."))
@json_option()
def held(terminal: Terminal, send: str | None, drop: str | None, because: str, limit: int, as_json: bool) -> int:
    if send and drop:
        raise click.UsageError(terminal.text(phrase("--send or --drop, not both")))
    if send or drop:
        return _decide(terminal, send, drop or "", because, as_json)
    return _show(terminal, limit, as_json)


def _decide(terminal: Terminal, send: str | None, drop: str, because: str, as_json: bool) -> int:
    from tideng.access.viewer import Viewer
    from tideng.outbox.storm_decisions import drop_storm, release_storm
    from tideng.store.database import writing

    with terminal.open() as deployment, writing(deployment.engine) as connection:
        now = deployment.clock.now()
        if send:
            number = release_storm(connection, Viewer.system(), send, now)
        else:
            number = drop_storm(connection, Viewer.system(), drop, now, because)
    if as_json:
        terminal.json({"rule": send or drop, "decision": "sent" if send else "dropped", "messages": number})
    elif send:
        terminal.say(
            phrase(
                "{number} messages go out, within everyone's hours and budget. The rule is paused until somebody resumes it.",
                number=number,
            )
        )
    else:
        terminal.say(
            phrase(
                "{number} messages are let go; what was found stays on record. The rule is paused until somebody resumes it.",
                number=number,
            )
        )
    return FINE


def _show(terminal: Terminal, limit: int, as_json: bool) -> int:
    from tideng.access.viewer import Viewer
    from tideng.outbox.storm_decisions import held_storms
    from tideng.store.database import reading
    from tideng.views.held_messages import held as page_of

    with terminal.open() as deployment, reading(deployment.engine) as connection:
        directory = directory_of(deployment, connection)
        viewer, now = Viewer.system(), deployment.clock.now()
        storms = held_storms(connection, viewer)
        views = page_of(connection, viewer, directory, now, size=limit).items
        if as_json:
            for storm in storms:
                terminal.json(_storm_json(storm))
            for view in views:
                terminal.json(_json(view))
            return FINE
        rows = [
            (
                view.id,
                view.recipient_name,
                view.rule,
                terminal.text(held_title(view.because)),
                f"{view.until.astimezone(directory.zone_of(view.recipient, view.until)):%Y-%m-%d %H:%M}"
                if view.until
                else terminal.text(phrase("HR decides")),
                view.message,
            )
            for view in views
        ]
    for storm in storms:
        _say_storm(terminal, storm)
    if not rows:
        terminal.say(phrase("Nothing is held."))
        return FINE
    headings = (phrase("id"), phrase("to"), phrase("rule"), phrase("why"), phrase("until"), phrase("words"))
    terminal.table(headings, rows)
    return FINE


def _say_storm(terminal: Terminal, storm: HeldStorm) -> None:
    values: dict[str, Any] = {"rule": storm.rule, "messages": storm.messages, "people": storm.people}
    if storm.expected is None:
        what = phrase("{rule}: {messages} messages to {people} people", **values)
    else:
        what = phrase(
            "{rule}: {messages} messages to {people} people (in its preview: {expected} a day at most)",
            expected=storm.expected,
            **values,
        )
    terminal.say(
        phrase("{what} wait for a decision: tideng held --send {rule}, or --drop {rule}", what=what, rule=storm.rule)
    )


def _storm_json(storm: HeldStorm) -> dict[str, Any]:
    return {
        "storm": storm.rule,
        "messages": storm.messages,
        "people": storm.people,
        "expected": storm.expected,
        "since": storm.since.isoformat(),
    }


def _json(view: HeldView) -> dict[str, Any]:
    return {
        "id": view.id,
        "finding": view.finding,
        "rule": view.rule,
        "to": view.recipient,
        "channel": view.channel,
        "held_because": view.because,
        "until": view.until.isoformat() if view.until else None,
    }
