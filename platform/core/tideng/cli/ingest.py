"""``ingest`` and ``dead-letters``: event files in, and what was refused looked at and tried again."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from tideng.base.errors import Problem, Refused
from tideng.base.problems import Sentence, restored, say, stored
from tideng.base.text import phrase
from tideng.cli.terminal import FINE, PROBLEM_COLUMNS, REFUSED, Terminal
from tideng.cli.words import command, json_option, option

if TYPE_CHECKING:
    from tideng.intake.event_files import FileTerms
    from tideng.runtime.deployment import Deployment

BATCH = 500  # events in one transaction
SHOWN = 10  # problems that are shown; all are in the dead letters
FORMATS = ("jsonl", "csv", "xes")


@dataclass
class Tally:
    """What became of a file's events; `problems` are the first ones refused, `types` those declared from a log."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    types: list[str] = field(default_factory=list)

    @property
    def refused(self) -> int:
        return self.counts["refused"] + self.counts["conflict"]

    def to_json(self) -> dict[str, Any]:
        names = ("accepted", "duplicate", "conflict", "refused")
        problems = list(map(stored, self.problems))
        return {**{name: self.counts[name] for name in names}, "types": self.types, "problems": problems}


def take_in(
    deployment: Deployment,
    source: BinaryIO,
    name: str,
    *,
    terms: FileTerms | None = None,
    history: bool = False,
    progress: Callable[[int], None] = lambda taken: None,
) -> Tally:
    """Store the events of a stream, `BATCH` at a time; refusals become dead letters and the rest stays.

    Types that only an event log knows are declared for this deployment, with the events. `terms`: what is known beside
    the stream; the present moment and the persons known are the deployment's. `progress` is called with
    the number of events read so far. Raises `Refused` where no plugin knows the format.
    """
    from tideng.intake.event_files import NO_TERMS, open_events
    from tideng.store.database import reading, writing
    from tideng.store.events import keep

    with reading(deployment.engine) as connection:
        directory = deployment.plugins.first("directory", connection=connection)
    known_person = directory.knows if directory else NO_TERMS.known_person
    terms = replace(terms or NO_TERMS, received=deployment.clock.now(), known_person=known_person)
    events = open_events(source, deployment.catalogue, deployment.plugins, terms, name=name)
    tally, taken = Tally(), 0
    while batch := list(islice(events, BATCH)):
        with writing(deployment.engine) as connection:
            # before the events, so that no worker meets a type that it does not know
            tally.types += deployment.keep_log_types(connection)
            receipts = keep(connection, deployment.catalogue, batch, deployment.clock.now(), name, history=history)
        for receipt in receipts:
            tally.counts[receipt.status] += 1
            if len(tally.problems) < SHOWN:
                tally.problems += receipt.problems
        taken += len(batch)
        progress(taken)
    if tally.counts["accepted"]:
        deployment.bell.ring()
    return tally


def timezone_option() -> Any:
    """``--timezone ZONE``, for commands that read event files."""
    return option(
        "--timezone",
        metavar="ZONE",
        help=phrase(
            "The zone of times that say none, such as Asia/Shanghai. By default such times are refused, unless the map has a line `timezone: ZONE`."
        ),
    )


@command(
    "ingest",
    help=phrase(
        "Take in events from FILE, or from standard input with -.\n\nJSON Lines, CSV or XES, packed with gzip or not. What is refused goes to the dead letters, the rest stays; events that are already there count once."
    ),
)
@click.argument("file", metavar="FILE|-", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@option(
    "--map",
    "map_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE.yaml",
    help=phrase("A log's activities and their event types, one `activity: type` a line."),
)
@option("--history", is_flag=True, help=phrase("Count the events, but speak to nobody about them."))
@option("--format", "form", type=click.Choice(FORMATS), help=phrase("The format, where name and content do not tell."))
@timezone_option()
@json_option()
def ingest(
    terminal: Terminal,
    file: str,
    map_file: Path | None,
    history: bool,
    form: str | None,
    timezone: str | None,
    as_json: bool,
) -> int:
    terms = read_terms(map_file, timezone)
    name = "standard input" if file == "-" else Path(file).name
    name = f"{name}.{form}" if form and not name.removesuffix(".gz").endswith(f".{form}") else name
    with (
        terminal.open() as deployment,
        _stream(file) as (stream, size),
        progress_bar(terminal, size, stream) as progress,
    ):
        tally = take_in(deployment, stream, name, terms=terms, history=history, progress=progress)
    if as_json:
        terminal.json(tally.to_json())
    else:
        _say_tally(terminal, tally)
    return REFUSED if tally.refused else FINE


@contextmanager
def _stream(file: str) -> Iterator[tuple[BinaryIO, int | None]]:
    if file == "-":
        yield sys.stdin.buffer, None
        return
    with Path(file).open("rb") as stream:
        yield stream, Path(file).stat().st_size


@contextmanager
def progress_bar(terminal: Terminal, size: int | None, stream: BinaryIO) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, filled by how much of the file is read; nothing elsewhere."""
    if not terminal.err.is_terminal:
        yield lambda taken: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TextColumn("{task.fields[taken]}"), TimeElapsedColumn())
    with Progress(*columns, console=terminal.err, transient=True) as bar:
        task = bar.add_task("", total=size, taken="")
        words = terminal.text(phrase("{:,} events"))
        yield lambda taken: bar.update(
            task, completed=stream.tell() if size is not None else None, taken=words.format(taken)
        )


def _say_tally(terminal: Terminal, tally: Tally) -> None:
    counts = tally.counts
    terminal.say(
        phrase(
            "{accepted} taken in, {duplicate} known already, {refused} refused.",
            accepted=f"{counts['accepted']:,}",
            duplicate=f"{counts['duplicate']:,}",
            refused=f"{tally.refused:,}",
        )
    )
    if tally.types:
        names = ", ".join(tally.types)
        terminal.say(phrase("New event types from the log: {names}", names=names))
    if tally.refused:
        terminal.problems(tally.problems)
        terminal.note(phrase("All of them: `tideng dead-letters`."))


ZONE_KEY = "timezone"
"""The line of a map that is not about an activity."""


def read_terms(map_file: Path | None, timezone: str | None) -> FileTerms:
    """What the options of a command say about its event files: the ``activity: type`` pairs of the map, and the zone of
    times without one, from the option or else from the map. Raises `Refused` with every problem."""
    from tideng.intake.event_files import FileTerms

    mapping = read_map(map_file)
    in_map = mapping.pop(ZONE_KEY, None)
    chosen = timezone or in_map
    return FileTerms(mapping=mapping, zone=log_zone(chosen, "--timezone" if timezone else f"{map_file}, {ZONE_KEY}"))


def log_zone(name: str | None, at: str) -> tzinfo | None:
    """The zone of that name; None for none. Raises `Refused` with the place `at` where there is no such zone."""
    if not name:
        return None
    from tideng.client.org_tables import timezone_problem
    from tideng.org.directory import zone

    if wrong := timezone_problem(name):
        raise Refused("event-file", [Problem(at, wrong.code, wrong.params)])
    return zone(name)


def read_map(path: Path | None) -> dict[str, str]:
    """The ``activity: type`` pairs of a YAML file, and ``timezone: ZONE`` where it is there; raises `Refused` with every
    problem."""
    if path is None:
        return {}
    from tideng.client.files import Problems, read_yaml

    problems = Problems()
    document = read_yaml(path, problems)
    value = document.value if document else None
    if document and not isinstance(value, dict):
        problems.add(path.name, "not-a-type-map")
    elif isinstance(value, dict):
        for activity, name in value.items():
            if not isinstance(activity, str) or not isinstance(name, str) or not name:
                problems.add(f"{path.name}, {activity}", "not-a-type-mapping")
    if problems.errors:
        raise Refused(Sentence("type-map", {"name": path.name}), problems.errors)
    return dict(value or {})


@command(
    "dead-letters",
    help=phrase(
        "Show the events that were refused, with everything that is wrong with them.\n\nWith --retry they are tried once more, all that wait or those with the given IDs."
    ),
)
@click.argument("ids", metavar="[ID]...", type=int, nargs=-1)
@option("--retry", is_flag=True, help=phrase("Try them once more."))
@json_option()
def dead_letters(terminal: Terminal, ids: tuple[int, ...], retry: bool, as_json: bool) -> int:
    from tideng.base.errors import NotFound
    from tideng.store.database import reading
    from tideng.store.events import dead_letters as waiting
    from tideng.store.events import retry_dead_letters

    with terminal.open() as deployment:
        with reading(deployment.engine) as connection:
            letters = waiting(connection, ids or None)
        missing = sorted(set(ids) - {letter["id"] for letter in letters})
        if missing:
            raise NotFound("no-dead-letters", {"names": missing})
        receipts = retry_dead_letters(deployment, ids or None) if retry else []
        if any(receipt.status == "accepted" for receipt in receipts):
            deployment.bell.ring()
    if retry:
        return _say_retried(terminal, receipts, as_json)
    if as_json:
        for letter in letters:
            terminal.json({**letter, "received_at": letter["received_at"].isoformat()})
        return FINE
    rows = []
    for letter in letters:
        for number, row in enumerate(letter["problems"] or [{}]):
            said = say(restored(row), terminal.language)
            first = (letter["id"], letter["source"]) if number == 0 else ("", "")
            rows.append((*first, said.at, said.problem, said.hint))
    if rows:
        terminal.table((phrase("id"), phrase("from"), *PROBLEM_COLUMNS), rows)
    else:
        terminal.say(phrase("No dead letters."))
    return FINE


def _say_retried(terminal: Terminal, receipts: list, as_json: bool) -> int:
    taken = [receipt for receipt in receipts if receipt.status in ("accepted", "duplicate")]
    refused = [receipt for receipt in receipts if receipt not in taken]
    if as_json:
        terminal.json({"taken": len(taken), "refused": len(refused)})
    else:
        terminal.say(phrase("{n} taken in, {n_2} still refused.", n=f"{len(taken):,}", n_2=f"{len(refused):,}"))
        if refused:
            terminal.problems([problem for receipt in refused for problem in receipt.problems][:SHOWN])
    return REFUSED if refused else FINE
