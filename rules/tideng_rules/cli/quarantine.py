"""``tideng rules quarantine`` and ``tideng rules try-again``: rules that an engine cannot be trusted with."""

from __future__ import annotations

import click

from tideng.access.viewer import Viewer
from tideng.cli.terminal import FINE, REFUSED, Terminal
from tideng.cli.words import command, json_option
from tideng.store.database import reading, writing
from tideng_rules.engine.faults import Trouble
from tideng_rules.lifecycle import quarantine
from tideng_rules.lifecycle.quarantine import DURABLE

_HEADINGS = (
    ("rule", "规则"),
    ("version", "版本"),
    ("since (UTC)", "隔离时间（UTC）"),
    ("why", "原因"),
    ("judged meanwhile by", "目前由谁判断"),
)


@command(
    "quarantine",
    en="Show the rules that were set aside, since when and why.\n\nExit status 1 if there are any. Edit and publish such "
    "a rule, or give it back with `tideng rules try-again RULE`.",
    zh="列出被隔离的规则、时间和原因。\n\n有被隔离的规则时退出码为 1。修改后重新发布，或用 `tideng rules try-again RULE` 再试一次。",
)
@json_option()
def show(terminal: Terminal, as_json: bool) -> int:
    with terminal.open() as deployment, reading(deployment.engine) as connection:
        found = quarantine.set_aside(connection, Viewer.system())
    rows = []
    for one in found:
        why = Trouble.of(one.details, one.why).words(terminal.language)
        judge = terminal.text("closures", "闭包") if one.engine == DURABLE else terminal.text("nobody", "无")
        if as_json:
            since = one.since.isoformat()
            told = {"rule": one.rule, "version": one.version, "since": since, "engine": one.engine, "why": why}
            terminal.json({**told, **one.details})
        rows.append((one.rule, one.version, f"{one.since:%Y-%m-%d %H:%M}", why, judge))
    if as_json:
        return REFUSED if rows else FINE
    if not rows:
        terminal.say("No rule is set aside.", "没有被隔离的规则。")
        return FINE
    terminal.table(_HEADINGS, rows)
    return REFUSED


@command(
    "try-again",
    en="Give a rule that was set aside back to the engines, as it is.\n\nIt is set aside again if it fails again.",
    zh="把被隔离的规则原样交还给引擎，再试一次。\n\n再出问题会再次隔离。",
)
@click.argument("rule", metavar="RULE")
def release(terminal: Terminal, rule: str) -> int:
    with terminal.open() as deployment:
        with writing(deployment.engine) as connection:
            quarantine.try_again(connection, Viewer.system(), rule)
        deployment.bell.ring()
    terminal.say(f"Rule {rule} is tried again.", f"规则 {rule} 将再试一次。")
    return FINE
