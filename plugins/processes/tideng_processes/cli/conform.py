"""``tideng processes conform``: holds an event log against a process, and prints two tables.

Imports stand inside the commands: each command loads only what it needs, so that the command line starts fast.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click

from tideng.plugin import (
    EXIT_FINE,
    EXIT_REFUSED,
    NotFound,
    Refused,
    Sentence,
    SeveralValues,
    Terminal,
    command,
    json_option,
    option,
    phrase,
    timezone_option,
)

if TYPE_CHECKING:
    from tideng.plugin import Deployment
    from tideng_processes.document.model import Definition
    from tideng_processes.measurement.activity_map import LogMap
    from tideng_processes.measurement.conformance import Log, NodeTime, Report

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SHOWN = 12
"""The most deviations that are shown, the most frequent first; --json gives all."""


@command(
    "conform",
    cls=SeveralValues,
    help=phrase(
        "Walk an event log through a process and print where it was left.\n\nHow many cases went as described, where the others left it and what came there, and how long each step took. From files alone; the map says what the log's activities are."
    ),
)
@option(
    "--client",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help=phrase("The client bundle: its processes, zone and calendar."),
)
@option(
    "--process",
    "wanted",
    multiple=True,
    metavar="ID",
    help=phrase("Which process; may be given several times. By default all that the map names."),
)
@option(
    "--events",
    type=_FILE,
    multiple=True,
    required=True,
    metavar="FILE",
    help=phrase("The log: XES, JSON Lines or CSV, packed or not; may be given several times."),
)
@option(
    "--map",
    "map_file",
    type=_FILE,
    metavar="FILE.yaml",
    help=phrase(
        "What each activity is: the step it leaves and how, or the step it happens in. Without it: the events that the process itself emits."
    ),
)
@option("--shipped", is_flag=True, help=phrase("The shipped processes, not the client's own in their place."))  # fmt: skip
@timezone_option()
@json_option()
def conform(
    terminal: Terminal,
    client: Path,
    wanted: tuple[str, ...],
    events: tuple[Path, ...],
    map_file: Path | None,
    shipped: bool,
    timezone: str | None,
    as_json: bool,
) -> int:
    """Compare event logs with the processes and print how well they fit.

    Parameters: click passes each of the command's options as one.
    """
    from tideng.plugin import configure_logs, log_zone, read_bundle, zone
    from tideng_processes.cli.files import in_memory, registry_of
    from tideng_processes.measurement import conformance

    configure_logs("warning")
    bundle = read_bundle(client)
    deployment = in_memory(bundle)
    known = {one.definition.id: one.definition for one in registry_of(deployment, client, shipped).all()}
    log_map = _map(map_file, wanted, known)
    if timezone:
        log_map = replace(log_map, zone=log_zone(timezone, "--timezone"))
    chosen = _chosen(log_map, wanted, known)
    log = _read(terminal, events, deployment, log_map, chosen)
    conformance.require_mapped(log, log_map)
    where = zone(bundle.timezone)
    for one in chosen:
        report = conformance.conform(log, one, log_map.processes[one.id], where, deployment.calendar)
        if as_json:
            terminal.json(to_json(report))
        else:
            _say(terminal, report, one)
    if log.refused:
        count = len(log.refused)
        terminal.note(phrase("{count} events could not be read; the others are counted.", count=f"{count:,}"))
        terminal.problems([problem for _, refusal in log.refused[:SHOWN] for problem in refusal.problems])
    return EXIT_REFUSED if log.refused else EXIT_FINE


def _map(file: Path | None, wanted: Sequence[str], known: dict[str, Definition]) -> LogMap:
    """The map in the file, or the map of the events that the named processes emit. Raises `NotFound` for an unknown process."""
    from tideng_processes.measurement.activity_map import map_of_events, read_log_map

    if file is not None:
        return read_log_map(file)
    if not wanted:
        raise click.MissingParameter(param_hint="--map / --process", param_type="option")
    for name in wanted:
        if name not in known:
            raise NotFound("no-process", {"name": name})
    return map_of_events(known[name] for name in wanted)


def _chosen(log_map: LogMap, wanted: Sequence[str], known: dict[str, Definition]) -> list[Definition]:
    """The processes to walk. Raises `NotFound` for one that the map does not have, `Refused` where the map does not fit them."""
    from tideng_processes.measurement.activity_map import check_log_map, only

    for name in wanted:
        if name not in log_map.processes:
            raise NotFound("map-without-process", {"map": log_map.name, "name": name})
    chosen = wanted or tuple(log_map.processes)
    if problems := check_log_map(only(log_map, chosen), known):
        raise Refused(Sentence("map-called", {"name": log_map.name}), problems)
    return [known[name] for name in chosen]


def _read(
    terminal: Terminal, events: Sequence[Path], deployment: Deployment, log_map: LogMap, chosen: Sequence[Definition]
) -> Log:
    """Read the log; on a terminal, a bar shows how much of the files is read."""
    from tideng.plugin import progress_bar
    from tideng_processes.measurement.conformance import read_log

    with ExitStack() as stack:
        streams = [(path.name, stack.enter_context(path.open("rb"))) for path in events]
        joined = _Joined([(stream, path.stat().st_size) for (_, stream), path in zip(streams, events, strict=True)])
        progress = stack.enter_context(progress_bar(terminal, joined.size, cast(BinaryIO, joined)))
        return read_log(streams, deployment, log_map, chosen, progress)


class _Joined:
    """The common position in several streams, for the progress bar; a closed stream counts as read."""

    def __init__(self, streams: Sequence[tuple[BinaryIO, int]]):
        self._streams = streams
        self.size = sum(size for _, size in streams)

    def tell(self) -> int:
        return sum(size if stream.closed else stream.tell() for stream, size in self._streams)


def to_json(report: Report) -> dict[str, Any]:
    """The figures for other programs; times in seconds."""
    times = ("median", "mean", "most", "longest")
    return {
        "process": report.process,
        "cases": report.cases,
        "conforming": report.conforming,
        "walks": report.walks,
        "absent": report.absent,
        "ends": dict(report.ends),
        "midway": dict(report.midway),
        "deviations": [{"node": d.node, "activity": d.activity, "cases": d.cases} for d in report.deviations],
        "times": [
            {"node": t.node, "entered": t.entered, "left": t.left, "due": t.due, "late": t.late}
            | {name: getattr(t, name).total_seconds() for name in times}
            for t in report.times
        ],
    }


def _say(terminal: Terminal, report: Report, definition: Definition) -> None:
    from tideng_processes.document.diagram import place
    from tideng_processes.document.sentences import said

    title = said(definition.title, terminal.language, definition.id)
    share = f"{report.conforming / report.cases:.1%}" if report.cases else "–"
    midway = sum(report.midway.values())
    terminal.say(
        phrase(
            "{title}: {cases} cases, {conforming} went as described ({share}), {midway} had not ended, {deviating} left the description.",
            title=title,
            cases=f"{report.cases:,}",
            conforming=f"{report.conforming:,}",
            share=share,
            midway=f"{midway:,}",
            deviating=f"{report.deviating:,}",
        )
    )
    names = {one: place(one, definition, terminal.language) for one in (*definition.nodes, *definition.ends)}
    if rows := list(_places(terminal, report, names)):
        terminal.table((phrase("at", context="conform"), phrase("came"), phrase("cases")), rows)
    if (left := len(report.deviations) - SHOWN) > 0:
        terminal.say(phrase("and {left} more ways, see --json.", left=left))
    headings = (
        phrase("step"),
        phrase("entered"),
        phrase("left"),
        phrase("half took"),
        phrase("on average"),
    )
    more = (phrase("nine in ten"), phrase("longest"), phrase("after the deadline"))
    terminal.table((*headings, *more), [_time_row(terminal, one, names[one.node]) for one in report.times])


def _places(terminal: Terminal, report: Report, names: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for one in report.deviations[:SHOWN]:
        yield names[one.node], one.activity, f"{one.cases:,}"
    for node, count in report.midway.items():
        yield names[node], terminal.text(phrase("(nothing more)")), f"{count:,}"


def _time_row(terminal: Terminal, one: NodeTime, name: str) -> tuple[object, ...]:
    from tideng_processes.document.sentences import said, span_words

    def words(length: timedelta) -> str:
        return said(span_words(length), terminal.language) if one.left else ""

    late = f"{one.late:,} / {one.due:,}" if one.due else ""
    spans = (words(one.median), words(one.mean), words(one.most), words(one.longest))
    return name, f"{one.entered:,}", f"{one.left:,}", *spans, late
