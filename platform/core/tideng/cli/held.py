"""``held``: what was found and is not said yet, and the decision about a rule that stopped before a storm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tideng.cli.look import directory_of
from tideng.cli.terminal import FINE, Terminal
from tideng.cli.words import command, json_option, option
from tideng.model.statuses import held_title

if TYPE_CHECKING:
    from tideng.outbox.storm_decisions import HeldStorm
    from tideng.views.held_messages import HeldView


@command(
    "held",
    en="Show the messages that wait, for what and until when; send or drop those of a rule that stopped itself.",
    zh="查看暂缓的消息：为什么，到什么时候；规则自己停下时，决定发还是不发。",
)
@option("--send", metavar="RULE", en="Send what is held of this rule.", zh="发出这条规则留着的消息。")
@option("--drop", metavar="RULE", en="Let go what is held of this rule.", zh="这条规则留着的消息不发了。")
@option(
    "--because",
    metavar="TEXT",
    default="",
    en="Why it is let go; kept with each message.",
    zh="不发的原因，记在每条消息上。",
)
@option(
    "--limit",
    type=click.IntRange(min=1, max=200),
    metavar="N",
    default=50,
    en="At most so many (50).",
    zh="最多多少条（50）。",
)
@json_option()
def held(terminal: Terminal, send: str | None, drop: str | None, because: str, limit: int, as_json: bool) -> int:
    if send and drop:
        raise click.UsageError(terminal.text("--send or --drop, not both", "--send 与 --drop 只能选一个"))
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
            f"{number} messages go out, within everyone's hours and budget. The rule is paused until somebody resumes it.",
            f"{number} 条消息按各人的时段和条数发出。规则还停着，等人恢复。",
        )
    else:
        terminal.say(
            f"{number} messages are let go; what was found stays on record. The rule is paused until somebody resumes it.",
            f"{number} 条消息不发了，发现仍留底。规则还停着，等人恢复。",
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
                held_title(view.because)[terminal.language],
                f"{view.until.astimezone(directory.zone_of(view.recipient, view.until)):%Y-%m-%d %H:%M}"
                if view.until
                else terminal.text("HR decides", "等 HR 决定"),
                view.message,
            )
            for view in views
        ]
    for storm in storms:
        _say_storm(terminal, storm)
    if not rows:
        terminal.say("Nothing is held.", "没有暂缓的消息。")
        return FINE
    headings = (("id", "编号"), ("to", "发给"), ("rule", "规则"), ("why", "原因"), ("until", "到"), ("words", "内容"))
    terminal.table(headings, rows)
    return FINE


def _say_storm(terminal: Terminal, storm: HeldStorm) -> None:
    en = "" if storm.expected is None else f" (in its preview: {storm.expected} a day at most)"
    zh = "" if storm.expected is None else f"（预览时一天最多 {storm.expected} 人）"
    terminal.say(
        f"{storm.rule}: {storm.messages} messages to {storm.people} people{en} wait for a decision: "
        f"tideng held --send {storm.rule}, or --drop {storm.rule}",
        f"{storm.rule}：{storm.messages} 条消息、{storm.people} 人{zh}，等您决定："
        f"tideng held --send {storm.rule}，或 --drop {storm.rule}",
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
