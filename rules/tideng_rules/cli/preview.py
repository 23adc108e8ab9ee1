"""``tideng rules preview``: what rules that are not in force yet would have changed in the past."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from tideng.access.viewer import Viewer
from tideng.base.errors import InvalidBundle
from tideng.base.text import Text, phrase, same
from tideng.cli.replay import SeveralValues, moment_of, prepare, rule_files
from tideng.cli.terminal import FINE, REFUSED, Terminal
from tideng.cli.words import command, json_option, option
from tideng.client.bundle import Bundle, read_bundle
from tideng.intake.event_files import LOGS, NO_TERMS
from tideng.model.catalogue import Catalogue
from tideng.org.directory import zone
from tideng.replay.stored_history import FileHistory, History, StoredHistory
from tideng.store.database import reading
from tideng_rules.document.model import Rule
from tideng_rules.packaging.reader import read_sources
from tideng_rules.preview.result import (
    GONE,
    NEW,
    SAME,
    Compared,
    Load,
    Preview,
)
from tideng_rules.preview.run import Proposal
from tideng_rules.preview.run import preview as run

DAYS = 30
"""So many days are looked at where nobody says how many."""
_SHOWN = 10
_BAR = 40
_DAY_BY_DAY = 45
_BLOCKS = " ▏▎▍▌▋▊▉█"
_STATUSES = {NEW: phrase("new"), GONE: phrase("gone"), SAME: phrase("same")}
_DIFFERS = {"message": phrase("words", context="preview"), "recipient": phrase("recipient"), "time": phrase("time")}
_HELD = {
    "quiet hours": phrase("quiet hours", context="preview"),
    "digest": phrase("digest"),
    "budget of the day": phrase("budget of the day"),
    "budget of the week": phrase("budget of the week"),
}
_PATH = click.Path(exists=True, path_type=Path)


@command(
    "preview",
    cls=SeveralValues,
    help=phrase(
        "Show what rules would have meant over the history, beside those in force.\n\nThe rules in FILE… take the place of those of their ids. The history is that of the deployment here or, with --client, that of a client's files. Nothing is said and nothing is changed. Exit status 1 if a rule cannot be judged or an event cannot be read."
    ),
)
@click.argument("files", metavar="[FILE]...", nargs=-1, type=_PATH)
@option(
    "--drop", multiple=True, metavar="RULE", help=phrase("Take this rule out of force; may be given several times.")
)
@option("--from", "start", metavar="T", help=phrase("A moment or a day; {days} days by default.", days=DAYS))
@option("--until", metavar="T", help=phrase("A moment or a day; by default now, or the last event of files."))
@option(
    "--client",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help=phrase("A client's files instead of the deployment here; its rules are those in force."),
)
@option(
    "--events",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help=phrase("With --client: its events; may be given several times. By default those of the bundle."),
)
@json_option()
def preview(
    terminal: Terminal,
    files: tuple[Path, ...],
    drop: tuple[str, ...],
    start: str | None,
    until: str | None,
    client: Path | None,
    events: tuple[Path, ...],
    as_json: bool,
) -> int:
    """Run the preview and print it.

    Parameters: click passes each of the command's options as one.
    """
    if not files and not drop:
        raise click.UsageError(terminal.text(phrase("name a rule file, or a rule to --drop")))
    if events and client is None:
        raise click.UsageError(terminal.text(phrase("--events goes with --client")))
    paths = rule_files(files)
    with (
        _from_files(terminal, client, events) if client else _from_here(terminal) as (
            history,
            catalogue,
            home,
            now,
            refused,
        )
    ):
        last = now if until is None else moment_of(until, home, "--until", end_of_day=True)
        first = last - timedelta(days=DAYS) if start is None else moment_of(start, home, "--from")
        with _progress(terminal, as_json) as told:
            found = run(history, Viewer.system(), Proposal(_drafts(paths, catalogue), drop), first, last, progress=told)
    if as_json:
        terminal.json(found.to_json())
    else:
        _show(terminal, found, home)
    return REFUSED if found.faulty or refused else FINE


_Ground = tuple[History, Catalogue, Any, datetime, int]


@contextmanager
def _from_here(terminal: Terminal) -> Iterator[_Ground]:
    with terminal.open() as deployment, reading(deployment.engine) as connection:
        home = zone(deployment.profile.timezone)
        yield StoredHistory(deployment, connection), deployment.catalogue, home, deployment.clock.now(), 0


@contextmanager
def _from_files(terminal: Terminal, client: Path, files: tuple[Path, ...]) -> Iterator[_Ground]:
    bundle = read_bundle(client)
    events, refused, deployment = prepare(bundle, files or bundle.event_files, NO_TERMS, None)
    if refused:
        terminal.note(phrase("{n} events were refused.", n=f"{len(refused):,}"))
    logs = {name: one for name, one in deployment.catalogue.event_types.items() if name not in bundle.event_types}
    own = {name: one for name, one in logs.items() if one.plugin == LOGS}
    bundle = replace(bundle, event_types={**own, **bundle.event_types})
    history = FileHistory(bundle, events)
    span = history.span()
    yield (
        history,
        deployment.catalogue,
        zone(bundle.timezone),
        span[1] if span else deployment.clock.now(),
        len(refused),
    )


def _drafts(paths: tuple[Path, ...], catalogue: Catalogue) -> list[Rule]:
    sources, problems = read_sources(Bundle(root=Path.cwd(), client="preview", rule_files=paths), catalogue)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise InvalidBundle("rules", errors)
    return [source.rule for source in sources]


@contextmanager
def _progress(terminal: Terminal, quiet: bool) -> Iterator[Any]:
    if quiet or not terminal.err.is_terminal:
        yield lambda share: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=terminal.err, transient=True) as bar:
        task = bar.add_task(terminal.text(phrase("Running through the history")), total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _show(terminal: Terminal, found: Preview, home: Any) -> None:
    first, last = (f"{moment.astimezone(home):%Y-%m-%d %H:%M}" for moment in (found.start, found.until))
    terminal.say(
        phrase(
            "{first} to {last}, {events} events: {counts} ({reworded} with other words, time or recipient).",
            first=first,
            last=last,
            events=f"{found.events:,}",
            counts=[f"{terminal.text(_STATUSES[status])} {number:,}" for status, number in found.counts.items()],
            reworded=f"{found.reworded:,}",
        )
    )
    terminal.table(
        (same(""), phrase("in force"), phrase("with the change")), _loads(terminal, found.before, found.after)
    )
    rows = [
        (rule, *(counts[s] for s in _STATUSES), found.most_people_a_day.get(rule, ""))
        for rule, counts in found.rules.items()
        if rule in found.changed
    ]
    if rows:
        headings = (phrase("rule"), *_STATUSES.values(), phrase("most people a day"))
        terminal.table(headings, rows)
    _show_days(terminal, found)
    if found.after.most_told:
        terminal.table((phrase("told most"), phrase("messages", context="preview")), found.after.most_told)
    for status in (NEW, GONE, SAME):
        _show_findings(
            terminal, status, [one for one in found.of_status(status) if status != SAME or one.differs], home
        )
    for rule, why in found.faulty.items():
        terminal.note(phrase("{rule} could not be judged: {why}", rule=rule, why=why), "bold")


def _loads(terminal: Terminal, before: Load, after: Load) -> list[tuple[str, str, str]]:
    rows: list[tuple[Text, str, str]] = [
        (phrase("findings"), f"{before.findings:,}", f"{after.findings:,}"),
        (phrase("messages"), f"{before.messages:,}", f"{after.messages:,}"),
        (phrase("people told"), f"{before.people:,}", f"{after.people:,}"),
        (phrase("most a person a day"), str(before.most), str(after.most)),
        (phrase("median a person a day"), f"{before.median:g}", f"{after.median:g}"),
    ]
    for reason in sorted({*before.held, *after.held}):
        held = phrase("held: {reason}", reason=_HELD.get(reason, reason))
        rows.append((held, f"{before.held.get(reason, 0):,}", f"{after.held.get(reason, 0):,}"))
    return [(terminal.text(name), now, then) for name, now, then in rows]


def _show_days(terminal: Terminal, found: Preview) -> None:
    """Messages a day with the change as bars, a week each where there are many days; beside them those of now."""
    days = sorted({*found.before.per_day, *found.after.per_day})
    if not days:
        return
    by_week = (days[-1] - days[0]).days > _DAY_BY_DAY
    before, after = (_by(load.per_day, by_week) for load in (found.before, found.after))
    most = max((*before.values(), *after.values()), default=1)
    rows = [(day.isoformat(), before[day], after[day], _bar(after[day] / most)) for day in sorted({*before, *after})]
    heading = phrase("week from") if by_week else phrase("day")
    terminal.table((heading, phrase("in force"), phrase("with the change"), same("")), rows)


def _by(per_day: Mapping[date, int], by_week: bool) -> Counter[date]:
    found: Counter[date] = Counter()
    for day, number in per_day.items():
        found[day - timedelta(days=day.weekday()) if by_week else day] += number
    return found


def _bar(share: float) -> str:
    eighths = round(share * _BAR * 8)
    return "█" * (eighths // 8) + _BLOCKS[eighths % 8].strip()


def _show_findings(terminal: Terminal, status: str, findings: list[Compared], home: Any) -> None:
    if not findings:
        return
    name = terminal.text(_STATUSES[status])
    rows = []
    for one in findings[:_SHOWN]:
        differs = ", ".join(terminal.text(_DIFFERS[what]) for what in one.differs)
        at = f"{one.at.astimezone(home):%Y-%m-%d %H:%M}"
        rows.append((name, at, one.rule, one.subject, one.action, one.recipient, differs))
    columns = (
        same(""),
        phrase("at"),
        phrase("rule"),
        phrase("about"),
        phrase("action"),
        phrase("to"),
        phrase("differs"),
    )
    terminal.table(columns, rows)
    if len(findings) > _SHOWN:
        terminal.say(phrase("… {value} more", value=f"{len(findings) - _SHOWN:,}"))
