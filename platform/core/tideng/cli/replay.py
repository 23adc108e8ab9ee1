"""``replay``: what the rules would have found, from files alone, on a virtual clock and without any database."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tideng.base.problems import in_each_language
from tideng.base.text import phrase
from tideng.cli.ingest import SHOWN, read_terms, timezone_option
from tideng.cli.terminal import FINE, REFUSED, Terminal
from tideng.cli.words import Command, command, json_option, option

if TYPE_CHECKING:
    from tideng.client.bundle import Bundle
    from tideng.intake.event_files import FileTerms
    from tideng.model.event import Event
    from tideng.runtime.deployment import Deployment

_PATH = click.Path(exists=True, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SEVERAL = ("--rules", "--events")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class SeveralValues(Command):
    """Takes ``--rules a.yaml b.yaml`` as it takes ``--rules a.yaml --rules b.yaml``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, list(repeated(args)))


def repeated(arguments: Sequence[str]) -> Iterator[str]:
    """The arguments with the name of an option in SEVERAL before each of its values."""
    taking, fresh = "", False
    for argument in arguments:
        if argument.startswith("-"):
            taking, fresh = (argument, True) if argument in SEVERAL else ("", False)
        elif taking and not fresh:
            yield taking
        else:
            fresh = False
        yield argument


@command(
    "replay",
    cls=SeveralValues,
    help=phrase(
        "Replay events and print what the rules would have found.\n\nRuns a client on a virtual clock, from files alone. Events before --from are history: nothing is judged before it. Both ends are included."
    ),
)
@option(
    "--client",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help=phrase("The client bundle."),
)
@option(
    "--rules",
    type=_PATH,
    multiple=True,
    metavar="PATH",
    help=phrase("Run only the rules in this file or folder; may be given several times."),
)
@option(
    "--events",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help=phrase("JSON Lines, CSV or XES, packed or not; may be given several times. By default those of the bundle."),
)
@option("--from", "start", metavar="T", help=phrase("A moment or a day; the first event by default."))
@option("--until", metavar="T", help=phrase("A moment or a day; the last event by default."))
@option(
    "--map",
    "map_file",
    type=_FILE,
    metavar="FILE.yaml",
    help=phrase("A log's activities and their event types, one `activity: type` a line."),
)
@timezone_option()
@json_option()
def replay(
    terminal: Terminal,
    client: Path,
    rules: tuple[Path, ...],
    events: tuple[Path, ...],
    start: str | None,
    until: str | None,
    map_file: Path | None,
    timezone: str | None,
    as_json: bool,
) -> int:
    """Print the findings, or a table of them.

    Parameters: click passes each of the command's options as one.
    """
    from tideng.base import logs
    from tideng.client.bundle import read_bundle
    from tideng.org.directory import zone

    logs.configure("warning")
    bundle = read_bundle(client)
    own_zone = zone(bundle.timezone)
    first = None if start is None else moment_of(start, own_zone, "--from")
    last = None if until is None else moment_of(until, own_zone, "--until", end_of_day=True)
    if rules:
        bundle = replace(bundle, rule_files=rule_files(rules), packs=())
    heard, refused, deployment = prepare(bundle, events or bundle.event_files, read_terms(map_file, timezone), first)
    _say_refused(terminal, refused)
    failed = [plugin for plugin in deployment.plugins.states if plugin.state == "failed"]
    for one in failed:  # or a replay without its judges would look like one without findings
        terminal.note(
            phrase("plugin {name} is off: {error}", name=one.name, error=in_each_language(one.why) if one.why else ""),
            "bold",
        )
    if heard or (first and last):
        count = _print(terminal, deployment, heard, first or heard[0].time, last or heard[-1].time, as_json)
        if not as_json:
            terminal.say(phrase("{count} findings from {n} events.", count=f"{count:,}", n=f"{len(heard):,}"))
    else:
        terminal.note(phrase("There are no events to replay."))
    return REFUSED if refused or failed else FINE


def prepare(
    bundle: Bundle, files: Sequence[Path], terms: FileTerms, start: datetime | None
) -> tuple[list[Event], list[tuple[str, Any]], Deployment]:
    """Read the events once, then open `bundle` in memory with the types that were found in event logs.

    `terms`: what is known beside the files; the persons known are the bundle's. Returns the events sorted by time, what was refused with its place, and the deployment.
    """
    from tideng.base.clock import ManualClock
    from tideng.intake.event_files import LOGS, read_all
    from tideng.runtime.deployment import Deployment

    clock = ManualClock(start or datetime.fromtimestamp(0, UTC))
    # a rule may name types that only the logs know, so the rules can be checked after the logs are read
    unruled = Deployment.in_memory(replace(bundle, rule_files=(), packs=()), clock)
    terms = replace(terms, known_person=bundle.directory().knows)
    events, refused = read_all(files, unruled.catalogue, unruled.plugins, terms)
    found = {name: one for name, one in unruled.catalogue.event_types.items() if one.plugin == LOGS}
    deployment = Deployment.in_memory(replace(bundle, event_types={**found, **bundle.event_types}), clock)
    if start is None and events:
        clock.set(events[0].time)
    return events, refused, deployment


def _print(
    terminal: Terminal, deployment: Deployment, events: list[Event], start: datetime, until: datetime, as_json: bool
) -> int:
    from tideng.replay.run import replay as run
    from tideng.replay.run import to_line

    directory = deployment.plugins.first("directory", connection=None)
    if directory is None:
        from tideng.org.directory import Directory

        directory = Directory(default_zone=deployment.profile.timezone)
    records = run(deployment, events, start, until)
    if as_json:
        import orjson

        count, write = 0, sys.stdout.buffer.write
        sys.stdout.flush()
        for record in records:
            count += 1
            write(orjson.dumps(to_line(record, deployment, directory), default=str) + b"\n")
        sys.stdout.buffer.flush()
        return count
    rows = []
    for record in records:
        line = to_line(record, deployment, directory)
        rows.append((line["at"][:16].replace("T", " "), line["rule"], line["subject"], line["action"], line["to"]))
    columns = (phrase("at"), phrase("rule"), phrase("about"), phrase("action"), phrase("to"))
    terminal.table(columns, rows)
    return len(rows)


def _say_refused(terminal: Terminal, refused: list[tuple[str, Any]]) -> None:
    if not refused:
        return
    terminal.note(phrase("{n} events were refused; the others are replayed.", n=f"{len(refused):,}"))

    problems = []
    for where, refusal in refused[:SHOWN]:
        file = where.removesuffix(refusal.place).rstrip(", ")  # the problems say the line already
        problems += [p.moved(f"{file}, {p.at}") if file and file not in p.at else p for p in refusal.problems]
    terminal.problems(problems)


def rule_files(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The rule files named, and those in the folders named; raises `click.UsageError` for a folder without any."""
    from tideng.client.bundle import RULE_FILES

    found: list[Path] = []
    for path in paths:
        inside = (
            sorted(p for p in path.rglob("*") if p.is_file() and p.name.endswith(RULE_FILES) and p.name[0] not in ".~")
            if path.is_dir()
            else [path]
        )
        if not inside:
            raise click.UsageError(f"--rules {path}: no rule files ({', '.join(RULE_FILES)})")
        found += inside
    return tuple(dict.fromkeys(found))


def moment_of(text: str, zone: Any, name: str, *, end_of_day: bool = False) -> datetime:
    """An RFC 3339 moment, or a day in `zone`: its beginning, or its last microsecond. Raises `click.UsageError`."""
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            if end_of_day:
                from tideng.model.calendars import local_moment

                return local_moment(day + timedelta(days=1), time(0), zone).astimezone(UTC) - timedelta(microseconds=1)
            return datetime.combine(day, time(0), zone).astimezone(UTC)
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        hint = "2026-03-02 / 2026-03-02T19:00:00+08:00"
        raise click.UsageError(f"{name} {text!r}: {hint}") from None
