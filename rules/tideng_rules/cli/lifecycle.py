"""``tideng rules draft``, ``publish``, ``rollback``, ``pause`` …: the life of a rule at the command line.

Whoever runs these holds the database and acts as an administrator; ``--by`` puts their name on record, and four eyes are two
names.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from sqlalchemy import Connection

from tideng.access.viewer import Viewer
from tideng.base.errors import InvalidRule, Problem
from tideng.cli.replay import moment_of
from tideng.cli.terminal import FINE, Terminal
from tideng.cli.words import command, json_option, option
from tideng.org.directory import zone
from tideng.runtime.deployment import Deployment
from tideng.store.database import reading, writing
from tideng_rules.cli.versions import minute
from tideng_rules.lifecycle import drafts as drafting
from tideng_rules.lifecycle import pausing, publishing, scheduling
from tideng_rules.lifecycle.drafts import Draft
from tideng_rules.lifecycle.publishing import Ground
from tideng_rules.packaging.rule_files import read_rules

STATES = {
    "open": ("being written", "编写中"),
    "asked": ("waits for approval", "等待批准"),
    "approved": ("approved", "已批准"),
    "published": ("published", "已发布"),
    "discarded": ("discarded", "已作废"),
}
_COLUMNS = (
    ("draft", "草稿"), ("rule", "规则"), ("based on", "依据版本"), ("state", "状态"), ("author", "作者"), ("changed", "改于"), ("note", "说明"),
)  # fmt: skip
_rule = click.argument("rule", metavar="RULE")
_note = option("--note", default="", metavar="TEXT", en="What changes, and why.", zh="改了什么，为什么。")
_by = option("--by", default="", metavar="NAME", en="Who does it, for the record.", zh="谁做的，会记录下来。")


def _viewer(by: str) -> Viewer:
    return Viewer(by, "", Viewer.system().roles) if by else Viewer.system()


@command(
    "draft",
    en="Keep the rules of a file as drafts, and say what is still to be mended.",
    zh="把文件里的规则存为草稿，并说明还有哪些要改。",
)
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_note
@_by
def draft(terminal: Terminal, file: Path, note: str, by: str) -> int:
    documents = read_rules(file)
    with terminal.open() as deployment, writing(deployment.engine) as connection:
        ground, viewer = Ground.of(deployment, connection), _viewer(by)
        for document in documents:
            made = drafting.create_draft(connection, viewer, document, deployment.clock.now(), note)
            problems = publishing.check_draft(connection, viewer, made.id, ground)
            terminal.say(f"draft {made.id}: {made.rule}", f"草稿 {made.id}：{made.rule}")
            if problems:
                terminal.problems(problems)
    return FINE


@command("drafts", en="List the drafts that are being written.", zh="列出正在编写的草稿。")
@json_option()
def drafts(terminal: Terminal, as_json: bool) -> int:
    with terminal.open() as deployment, reading(deployment.engine) as connection:
        found = drafting.drafts(connection, Viewer.system())
    if as_json:
        terminal.json([{name: getattr(one, name) for name in one.__slots__} for one in found])
        return FINE
    rows = [
        (d.id, d.rule, d.based_on, terminal.text(*STATES[d.state]), d.author, minute(d.changed_at), d.note)
        for d in found
    ]
    terminal.table(_COLUMNS, rows)
    return FINE


@command(
    "publish",
    en="Put a draft in force, or the rules of a file.\n\nDRAFT is its number. Everything that is wrong is said at once, and then "
    "nothing is published. Running workers take it up within a second.",
    zh="发布一份草稿，或文件里的规则。\n\nDRAFT 是草稿编号。有问题时一次说全，什么都不发布。运行中的 worker 一秒内采用。",
)
@click.argument("what", metavar="DRAFT|FILE")
@_note
@option(
    "--at",
    "at",
    metavar="MOMENT",
    en="Publish it by itself at this later moment or day.",
    zh="到这个时刻或这一天再自动发布。",
)
@_by
def publish(terminal: Terminal, what: str, note: str, at: str | None, by: str) -> int:
    def act(connection: Connection, deployment: Deployment) -> int:
        ground, viewer, now = Ground.of(deployment, connection), _viewer(by), deployment.clock.now()
        later = moment_of(at, zone(deployment.profile.timezone), "--at") if at else None
        made = [int(what)] if what.isdigit() else _drafts_of(connection, viewer, Path(what), note, deployment)
        for number in made:
            if later is not None:
                plan = scheduling.schedule(connection, viewer, number, later, now, ground, note or None)
                when = minute(plan.publish_at)
                terminal.say(
                    f"rule {plan.rule}: draft {number} will be published on {when}",
                    f"规则 {plan.rule}：草稿 {number} 将在 {when} 发布",
                )
                continue
            found = publishing.publish_draft(connection, viewer, number, now, ground, note or None)
            zh = f"规则 {found.rule}：版本 {found.version} 已生效"
            terminal.say(f"rule {found.rule}: version {found.version} is in force", zh)
        return FINE

    return _change(terminal, act)


def _drafts_of(connection: Connection, viewer: Viewer, file: Path, note: str, deployment: Deployment) -> list[int]:
    if not file.is_file():
        raise InvalidRule("rules", [Problem(str(file), "not-a-draft-or-file")])
    now = deployment.clock.now()
    return [drafting.create_draft(connection, viewer, one, now, note).id for one in read_rules(file)]


@command("approve", en="Approve a draft that somebody else wrote.", zh="批准别人写的草稿。")
@click.argument("number", metavar="DRAFT", type=int)
@_by
def approve(terminal: Terminal, number: int, by: str) -> int:
    return _draft_step(terminal, lambda c, d: publishing.approve(c, _viewer(by), number, d.clock.now()))


@command(
    "rollback",
    en="Put an earlier version of a rule in force again.\n\nIt becomes the newest version, with a note that says so.",
    zh="让规则回到以前的一个版本。\n\n会成为最新版本，并注明来自哪一版。",
)
@_rule
@click.argument("number", metavar="VERSION", type=int)
@_note
@_by
def rollback(terminal: Terminal, rule: str, number: int, note: str, by: str) -> int:
    def act(connection: Connection, deployment: Deployment) -> int:
        ground, now = Ground.of(deployment, connection), deployment.clock.now()
        found = publishing.rollback(connection, _viewer(by), rule, number, now, ground, note)
        zh = f"规则 {rule}：回到版本 {number}，现为版本 {found.version}"
        terminal.say(f"rule {rule}: back to version {number}, now version {found.version}", zh)
        return FINE

    return _change(terminal, act)


@command(
    "pause",
    en="Make a rule silent until it is resumed; its running ladders end.",
    zh="暂停一条规则，直到恢复；进行中的后续步骤结束。",
)
@_rule
@option("--why", required=True, metavar="TEXT", en="Why, for whoever finds it silent.", zh="为什么，让看到的人明白。")
@_by
def pause(terminal: Terminal, rule: str, why: str, by: str) -> int:
    def act(connection: Connection, deployment: Deployment) -> int:
        if pausing.pause(connection, _viewer(by), rule, why, deployment.clock.now()):
            terminal.say(f"rule {rule} is paused", f"规则 {rule} 已暂停")
        else:
            terminal.say(f"rule {rule} was paused already", f"规则 {rule} 之前就已暂停")
        return FINE

    return _change(terminal, act)


@command("resume", en="Let a paused rule speak again, from now on.", zh="恢复暂停的规则，从现在起生效。")
@_rule
@_by
def resume(terminal: Terminal, rule: str, by: str) -> int:
    def act(connection: Connection, deployment: Deployment) -> int:
        pausing.resume(connection, _viewer(by), rule, deployment.clock.now())
        terminal.say(f"rule {rule} speaks again", f"规则 {rule} 已恢复")
        return FINE

    return _change(terminal, act)


@command(
    "archive",
    en="Take a rule out of force; its deadlines and ladders end.\n\n`tideng apply` leaves it so; `tideng rules restore` brings it back.",
    zh="让一条规则下架；它的期限和后续步骤结束。\n\n`tideng apply` 不会让它回来；用 `tideng rules restore` 恢复。",
)
@_rule
@_by
def archive(terminal: Terminal, rule: str, by: str) -> int:
    def act(connection: Connection, deployment: Deployment) -> int:
        pausing.archive(connection, _viewer(by), rule, deployment.clock.now())
        terminal.say(f"rule {rule} is archived", f"规则 {rule} 已归档")
        return FINE

    return _change(terminal, act)


@command("restore", en="Put an archived rule in force again, as it was last.", zh="让归档的规则按最后的样子重新生效。")
@_rule
@_note
@_by
def restore(terminal: Terminal, rule: str, note: str, by: str) -> int:
    def act(connection: Connection, deployment: Deployment) -> int:
        ground, now = Ground.of(deployment, connection), deployment.clock.now()
        found = publishing.restore(connection, _viewer(by), rule, now, ground, note)
        terminal.say(f"rule {rule}: version {found.version} is in force", f"规则 {rule}：版本 {found.version} 已生效")
        return FINE

    return _change(terminal, act)


def _draft_step(terminal: Terminal, step: Callable[[Connection, Deployment], Draft]) -> int:
    def act(connection: Connection, deployment: Deployment) -> int:
        found = step(connection, deployment)
        en, zh = STATES[found.state]
        terminal.say(f"draft {found.id}: {en}", f"草稿 {found.id}：{zh}")
        return FINE

    return _change(terminal, act)


def _change(terminal: Terminal, act: Callable[[Connection, Deployment], int]) -> int:
    """One transaction; the workers are told when it is done."""
    with terminal.open() as deployment:
        with writing(deployment.engine) as connection:
            answer = act(connection, deployment)
        deployment.bell.ring()
    return answer
