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
from tideng.base.text import phrase
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
    "open": phrase("being written"),
    "asked": phrase("waits for approval"),
    "approved": phrase("approved"),
    "published": phrase("published", context="lifecycle"),
    "discarded": phrase("discarded"),
}
_COLUMNS = (
    phrase("draft"), phrase("rule"), phrase("based on"), phrase("state"), phrase("author"), phrase("changed"), phrase("note", context="lifecycle"),
)  # fmt: skip
_rule = click.argument("rule", metavar="RULE")
_note = option("--note", default="", metavar="TEXT", help=phrase("What changes, and why."))
_by = option("--by", default="", metavar="NAME", help=phrase("Who does it, for the record."))


def _viewer(by: str) -> Viewer:
    return Viewer(by, "", Viewer.system().roles) if by else Viewer.system()


@command("draft", help=phrase("Keep the rules of a file as drafts, and say what is still to be mended."))
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
            terminal.say(phrase("draft {id}: {rule}", id=made.id, rule=made.rule))
            if problems:
                terminal.problems(problems)
    return FINE


@command("drafts", help=phrase("List the drafts that are being written."))
@json_option()
def drafts(terminal: Terminal, as_json: bool) -> int:
    with terminal.open() as deployment, reading(deployment.engine) as connection:
        found = drafting.drafts(connection, Viewer.system())
    if as_json:
        terminal.json([{name: getattr(one, name) for name in one.__slots__} for one in found])
        return FINE
    rows = [
        (d.id, d.rule, d.based_on, terminal.text(STATES[d.state]), d.author, minute(d.changed_at), d.note)
        for d in found
    ]
    terminal.table(_COLUMNS, rows)
    return FINE


@command(
    "publish",
    help=phrase(
        "Put a draft in force, or the rules of a file.\n\nDRAFT is its number. Everything that is wrong is said at once, and then nothing is published. Running workers take it up within a second."
    ),
)
@click.argument("what", metavar="DRAFT|FILE")
@_note
@option("--at", "at", metavar="MOMENT", help=phrase("Publish it by itself at this later moment or day."))
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
                    phrase(
                        "rule {rule}: draft {number} will be published on {when}",
                        rule=plan.rule,
                        number=number,
                        when=when,
                    )
                )
                continue
            found = publishing.publish_draft(connection, viewer, number, now, ground, note or None)
            terminal.say(phrase("rule {rule}: version {version} is in force", rule=found.rule, version=found.version))
        return FINE

    return _change(terminal, act)


def _drafts_of(connection: Connection, viewer: Viewer, file: Path, note: str, deployment: Deployment) -> list[int]:
    if not file.is_file():
        raise InvalidRule("rules", [Problem(str(file), "not-a-draft-or-file")])
    now = deployment.clock.now()
    return [drafting.create_draft(connection, viewer, one, now, note).id for one in read_rules(file)]


@command("approve", help=phrase("Approve a draft that somebody else wrote."))
@click.argument("number", metavar="DRAFT", type=int)
@_by
def approve(terminal: Terminal, number: int, by: str) -> int:
    return _draft_step(terminal, lambda c, d: publishing.approve(c, _viewer(by), number, d.clock.now()))


@command(
    "rollback",
    help=phrase(
        "Put an earlier version of a rule in force again.\n\nIt becomes the newest version, with a note that says so."
    ),
)
@_rule
@click.argument("number", metavar="VERSION", type=int)
@_note
@_by
def rollback(terminal: Terminal, rule: str, number: int, note: str, by: str) -> int:
    def act(connection: Connection, deployment: Deployment) -> int:
        ground, now = Ground.of(deployment, connection), deployment.clock.now()
        found = publishing.rollback(connection, _viewer(by), rule, number, now, ground, note)
        terminal.say(
            phrase("rule {rule}: back to version {old}, now version {new}", rule=rule, old=number, new=found.version)
        )
        return FINE

    return _change(terminal, act)


@command("pause", help=phrase("Make a rule silent until it is resumed; its running ladders end."))
@_rule
@option("--why", required=True, metavar="TEXT", help=phrase("Why, for whoever finds it silent."))
@_by
def pause(terminal: Terminal, rule: str, why: str, by: str) -> int:
    def act(connection: Connection, deployment: Deployment) -> int:
        if pausing.pause(connection, _viewer(by), rule, why, deployment.clock.now()):
            terminal.say(phrase("rule {rule} is paused", rule=rule))
        else:
            terminal.say(phrase("rule {rule} was paused already", rule=rule))
        return FINE

    return _change(terminal, act)


@command("resume", help=phrase("Let a paused rule speak again, from now on."))
@_rule
@_by
def resume(terminal: Terminal, rule: str, by: str) -> int:
    def act(connection: Connection, deployment: Deployment) -> int:
        pausing.resume(connection, _viewer(by), rule, deployment.clock.now())
        terminal.say(phrase("rule {rule} speaks again", rule=rule))
        return FINE

    return _change(terminal, act)


@command(
    "archive",
    help=phrase(
        "Take a rule out of force; its deadlines and ladders end.\n\n`tideng apply` leaves it so; `tideng rules restore` brings it back."
    ),
)
@_rule
@_by
def archive(terminal: Terminal, rule: str, by: str) -> int:
    def act(connection: Connection, deployment: Deployment) -> int:
        pausing.archive(connection, _viewer(by), rule, deployment.clock.now())
        terminal.say(phrase("rule {rule} is archived", rule=rule))
        return FINE

    return _change(terminal, act)


@command("restore", help=phrase("Put an archived rule in force again, as it was last."))
@_rule
@_note
@_by
def restore(terminal: Terminal, rule: str, note: str, by: str) -> int:
    def act(connection: Connection, deployment: Deployment) -> int:
        ground, now = Ground.of(deployment, connection), deployment.clock.now()
        found = publishing.restore(connection, _viewer(by), rule, now, ground, note)
        terminal.say(phrase("rule {rule}: version {version} is in force", rule=rule, version=found.version))
        return FINE

    return _change(terminal, act)


def _draft_step(terminal: Terminal, step: Callable[[Connection, Deployment], Draft]) -> int:
    def act(connection: Connection, deployment: Deployment) -> int:
        found = step(connection, deployment)
        terminal.say(phrase("draft {id}: {state}", id=found.id, state=STATES[found.state]))
        return FINE

    return _change(terminal, act)


def _change(terminal: Terminal, act: Callable[[Connection, Deployment], int]) -> int:
    """One transaction; the workers are told when it is done."""
    with terminal.open() as deployment:
        with writing(deployment.engine) as connection:
            answer = act(connection, deployment)
        deployment.bell.ring()
    return answer
