"""``tideng explain`` and ``tideng why-not``: why somebody got a message, and why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from tideng.base.errors import NotFound
from tideng.base.text import phrase, wording
from tideng.cli.look import finding_number, sentences, to_json
from tideng.cli.replay import moment_of
from tideng.cli.terminal import FINE, Terminal
from tideng.cli.words import command, json_option, option

if TYPE_CHECKING:
    from tideng.org.directory import Directory
    from tideng_rules.why.answer import WhyNot
    from tideng_rules.why.why_spoke import Explanation


@command(
    "explain",
    help=phrase(
        "Say why something was found: every fact that was looked at, with its value, and the path through the conditions.\n\nFINDING is the id that `nudges` shows, or the key that `replay` prints."
    ),
)
@click.argument("finding", metavar="FINDING")
@json_option()
def explain(terminal: Terminal, finding: str, as_json: bool) -> int:
    # imported by the commands that need it: the engine and the database take long to load
    from tideng.access.viewer import Viewer
    from tideng.org.directory import Directory
    from tideng.store.database import reading
    from tideng_rules.why.why_spoke import explain_finding

    with terminal.open() as deployment, reading(deployment.engine) as connection:
        deployment.plugins.call("refresh", connection=connection)
        found = deployment.plugins.first("directory", connection=connection)
        directory = found or Directory(default_zone=deployment.profile.timezone)
        number = finding_number(connection, finding)
        if number is None:
            raise NotFound("finding-unknown", {"id": finding})
        explanation = explain_finding(deployment, connection, Viewer.system(), number, directory)
        if as_json:
            shown = explanation.to_json()
            # `why` is the list of reasons here, as `replay` prints it; what the rule is good for is `purpose`
            terminal.json({**shown, "purpose": shown["why"], **to_json(explanation.finding, directory)})
            return FINE
        for line in _told(explanation, directory, terminal.language):
            terminal.say(line)
    return FINE


def _told(explanation: Explanation, directory: Directory, language: str) -> Iterator[str]:
    """What was found and what became of it, with the tree of the conditions where it can be told."""
    tree = explanation.sentences(language)[1:] if explanation.conditions else None
    lines = sentences(explanation.finding, directory, explanation.catalogue, explanation.title, language, tree)
    yield next(lines)
    if explanation.author:
        published = explanation.published_at
        day = f"{published.astimezone(directory.zone_of('', published)):%Y-%m-%d %H:%M}" if published else ""
        yield wording(phrase("Published by {author}, {day}", author=explanation.author, day=day), language)
    yield from lines


@command(
    "why-not",
    help=phrase(
        "Say why a rule did not speak to somebody at a moment, or that it did.\n\nRULE is the rule's id; PERSON the id of the person, or of the case, position or unit that the rule is about."
    ),
)
@click.argument("rule", metavar="RULE")
@click.argument("person", metavar="PERSON")
@option("--at", "at", metavar="MOMENT", help=phrase("The moment or day that is meant; now by default."))
@option("--version", "version", type=click.IntRange(min=1), metavar="N", help=phrase("Ask about this version, in force or not."))  # fmt: skip
@json_option()
def why_not(terminal: Terminal, rule: str, person: str, at: str | None, version: int | None, as_json: bool) -> int:
    # imported by the commands that need it: the engine and the database take long to load
    from tideng.access.viewer import Viewer
    from tideng.org.directory import Directory, zone
    from tideng.store.database import reading
    from tideng_rules.why.why_not import Question
    from tideng_rules.why.why_not import why_not as ask

    with terminal.open() as deployment, reading(deployment.engine) as connection:
        deployment.plugins.call("refresh", connection=connection)
        found = deployment.plugins.first("directory", connection=connection)
        directory = found or Directory(default_zone=deployment.profile.timezone)
        now = deployment.clock.now()
        here = directory.zone_of(person, now) if directory.knows(person) else zone(deployment.profile.timezone)
        moment = now if at is None else moment_of(at, here, "--at")
        answer = ask(deployment, connection, Viewer.system(), Question(rule, person, moment, version), directory)
        if as_json:
            terminal.json(answer.to_json())
            return FINE
        for line in _answered(answer, terminal.language, deployment.catalogue):
            terminal.say(line)
    return FINE


def _answered(answer: WhyNot, language: str, catalogue: object) -> Iterator[str]:
    from tideng_rules.why.why_spoke import PARTS, tree_lines
    from tideng_rules.wording.answers import Teller

    yield from answer.sentences(language)
    if answer.finding is not None:
        yield wording(phrase("See `tideng explain {finding}`", finding=answer.finding), language)
    teller = Teller(catalogue)  # type: ignore[arg-type]
    for part, node in answer.conditions:
        yield PARTS[language][part]
        yield from tree_lines(node, teller, language)
