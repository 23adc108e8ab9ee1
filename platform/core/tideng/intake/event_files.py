"""Read event files of any known format: JSON Lines, CSV or event logs, packed or not.

Plugins read the formats (hook `read_source`); unpacking, limits, sorting and refusals are here.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from tideng.base.errors import CodedError, InvalidPayload, Problem, Refused
from tideng.base.parse_errors import of_text
from tideng.base.problems import Sentence
from tideng.base.text import phrase, same
from tideng.model.catalogue import Catalogue, EventType, Field
from tideng.model.event import Event
from tideng.model.limits import LOCAL_TIME, YEARS, at_zone

HEAD = 512  # bytes by which a format is recognised
MAX_UNPACKED = 4 << 30  # bytes a packed file may hold
MAX_RATIO = 400  # how much larger than packed it may be, once it is large (real logs: about 40)
LARGE = 64 << 20
LOGS = "logs"
"""The plugin name under which types found in event logs are declared."""

Source = Path | str | BinaryIO


class ReaderFinder(Protocol):
    """Whatever knows the formats: `tideng.plugins.manager.Plugins`."""

    def first(self, hook: str, **arguments: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Unreadable(Problem):
    """A piece of a file that is not a payload. `raw`: the piece, or its beginning when it is long."""

    raw: str | bytes = ""


@dataclass(frozen=True)
class ReadOptions:
    """What a reader may need.

    `name`: the file's name without folder. `activities`: an event log's activity → event type. `known_person`: tells
    whether a text is the id of a person.
    """

    name: str
    catalogue: Catalogue
    activities: Mapping[str, str] = field(default_factory=dict)
    known_person: Callable[[str], bool] = lambda text: False

    def declare(self, name: str, activity: str) -> None:
        """Declare the type of a log's activity, unless it is known; a declared type keeps its fields."""
        if name not in self.catalogue.event_types:
            self.catalogue.add([log_event_type(name, activity)], LOGS)


def log_event_type(name: str, activity: str) -> EventType:
    """Make the open event type of an activity in an event log: any attribute, matched by its case."""
    case = Field("case", "text", phrase("Case", context="event_files"), required=True, key=True)
    return EventType(name, same(activity), (case,), plugin=LOGS, open=True)


@dataclass(frozen=True)
class FileTerms:
    """What is known about event files beside what they say themselves.

    `received`: the present moment, aware; None for a replay, where a time may lie ahead of now. `mapping`: a log's
    activity → event type. `known_person`: tells whether a text is the id of a person. `zone`: the zone of times that say
    none; None refuses such times. `years`: those that a time may lie in.
    """

    received: datetime | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    known_person: Callable[[str], bool] = lambda text: False
    zone: tzinfo | None = None
    years: range = YEARS


NO_TERMS = FileTerms()


def open_events(
    source: Source, catalogue: Catalogue, plugins: ReaderFinder, terms: FileTerms = NO_TERMS, *, name: str = ""
) -> Iterator[tuple[str, Event | InvalidPayload]]:
    """Yield (place, event) or (place, refusal) in the order of the file, holding only a piece of it at a time.

    `source`: a path or a binary stream (then `name` names it), packed with gzip or not. Unknown types of a log are
    declared in `catalogue` while reading. Raises `Refused` when no plugin knows the format, OSError when the file cannot
    be opened.
    """
    if isinstance(source, (str, Path)):
        path = Path(source)
        with path.open("rb") as stream:
            yield from open_events(stream, catalogue, plugins, terms, name=name or path.name)
        return
    options = ReadOptions(name, catalogue, terms.mapping, terms.known_person)
    place = name
    try:
        unpacked, reader = _opened(source, name, plugins)
        for place, payload in reader(unpacked, options):
            yield place, _event_or_refusal(place, payload, catalogue, terms)
    except (EOFError, zlib.error) as error:  # the stream itself broke; what was read before is kept
        problem = Unreadable(place, "packed-file-broken", {"why": _why_broken(error)})
        yield place, InvalidPayload("event-file", [problem], problem.raw, place)


def read_all(
    sources: Iterable[Source], catalogue: Catalogue, plugins: ReaderFinder, terms: FileTerms = NO_TERMS
) -> tuple[list[Event], list[tuple[str, InvalidPayload]]]:
    """Read whole files for a replay. Returns the events sorted by time, then by occurrence; and the refusals with their
    places.

    A repeated event counts once; an id that is reused with other content is refused, and so is a file of no known
    format; the other files are read. Raises OSError when a file cannot be opened.
    """
    known: dict[tuple[str, str], Event] = {}
    refused: list[tuple[str, InvalidPayload]] = []
    for source in sources:
        name = Path(source).name if isinstance(source, (str, Path)) else ""
        try:
            for place, event in open_events(source, catalogue, plugins, terms):
                where = f"{name}, {place}" if name and place != name else place
                if isinstance(event, InvalidPayload):
                    refused.append((where, event))
                    continue
                before = known.setdefault((event.source, event.id), event)
                if before is not event and before != event:
                    clash = Problem(f"{where}, id", "event-id-used", {"id": event.id})
                    refused.append((where, InvalidPayload("event", [clash], event.to_cloudevent(), where)))
        except Refused as refusal:
            refused.append((name, InvalidPayload(refusal.what, refusal.problems, "", name)))
    return sorted(known.values(), key=attrgetter("time")), refused


def declare_log_types(
    sources: Iterable[Source], plugins: ReaderFinder, *, mapping: Mapping[str, str] | None = None
) -> list[EventType]:
    """Find the event types that event logs would declare: one for each activity, in the order of first occurrence.

    Used to check rules for logs before the logs are read. JSON Lines and CSV files declare no types.
    """
    catalogue = Catalogue()
    for source in sources:
        name = Path(source).name if isinstance(source, (str, Path)) else ""
        with Path(source).open("rb") if isinstance(source, (str, Path)) else source as raw:
            try:
                stream, reader = _opened(raw, name, plugins)
                for _ in reader(stream, ReadOptions(name, catalogue, mapping or {})):
                    pass
            except (EOFError, zlib.error):
                continue  # reported when the events are read
    return [one for one in catalogue.event_types.values() if one.plugin == LOGS]


def _event_or_refusal(place: str, payload: object, catalogue: Catalogue, terms: FileTerms) -> Event | InvalidPayload:
    from tideng.intake.reader import read_event  # marshmallow takes 0.1 s to import, and most commands read no event

    if isinstance(payload, Problem):
        payload = [payload]
    if isinstance(payload, list) and payload and all(isinstance(one, Problem) for one in payload):
        return InvalidPayload("event", payload, getattr(payload[0], "raw", ""), place)
    if terms.zone is not None and isinstance(payload, dict) and isinstance(local := payload.get("time"), str):
        known = at_zone(local, terms.zone)
        if known is None and LOCAL_TIME.fullmatch(local):
            problem = Problem(f"{place}, time", "time-skipped", {"time": local, "zone": str(terms.zone)})
            return InvalidPayload("event", [problem], payload, place)
        payload["time"] = known or local
    try:
        return read_event(payload, catalogue, place=place, received=terms.received, years=terms.years)
    except InvalidPayload as refusal:
        return refusal


Reader = Callable[[BinaryIO, ReadOptions], Iterable[tuple[str, Any]]]


def _opened(source: BinaryIO, name: str, plugins: ReaderFinder) -> tuple[BinaryIO, Reader]:
    """Give the unpacked stream from its beginning, and the reader that a plugin offers for it."""
    unpacked = io.BufferedReader(_unpacked(source), buffer_size=1 << 18)
    head = _taken(unpacked, HEAD)
    stream = io.BufferedReader(_Joined(head, unpacked), buffer_size=1 << 18)
    if not head:
        return stream, lambda stream, options: ()
    reader = plugins.first("read_source", name=name.removesuffix(".gz"), head=head)
    if reader is None:
        raise Refused("event-file", [Problem(name or "standard input", "unknown-format")])
    return stream, reader


def _taken(source: BinaryIO, length: int) -> bytes:
    """Read the first bytes, fewer only at the end; a pipe may deliver them one by one."""
    taken = b""
    while len(taken) < length and (more := source.read(length - len(taken))):
        taken += more
    return taken


def _unpacked(source: BinaryIO) -> io.RawIOBase:
    """Give the stream itself, or its unpacked content."""
    first = _taken(source, 2)
    whole = _Joined(first, source)
    return _Gunzip(whole) if first == b"\x1f\x8b" else whole


class _Joined(io.RawIOBase):
    """Bytes that were already read, followed by the rest of the stream: standard input cannot be rewound."""

    def __init__(self, head: bytes, rest: BinaryIO):
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        # read1 gives what is there, so that lines from a slow pipe are not held back
        data = self._head[: len(buffer)] or getattr(self._rest, "read1", self._rest.read)(len(buffer))
        self._head = self._head[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


class BrokenArchive(CodedError, EOFError):
    """A packed file that ends early, or unpacks to implausibly much."""


def _why_broken(error: EOFError | zlib.error) -> Sentence:
    return error.message if isinstance(error, BrokenArchive) else of_text(error)


class _Gunzip(io.RawIOBase):
    """Unpack gzip piece by piece. Raises `BrokenArchive` when the file ends early or unpacks to implausibly much."""

    def __init__(self, packed: io.RawIOBase):
        self._packed, self._taken, self._given = packed, 0, 0
        self._member, self._waiting, self._fresh = zlib.decompressobj(31), b"", True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            if self._member.eof:  # a file may hold several packed parts, one after the other
                self._waiting = self._member.unused_data.lstrip(b"\0")
                self._member, self._fresh = zlib.decompressobj(31), True
            waiting = self._waiting or self._packed.read(1 << 16) or b""
            if not self._waiting:
                self._taken += len(waiting)
            if not waiting and self._fresh:
                return 0
            data = self._member.decompress(waiting, len(buffer))
            if not waiting and not data:
                raise BrokenArchive("packed-file-cut-off")
            self._waiting, self._fresh = self._member.unconsumed_tail, False
            self._given += len(data)
            self._guard()
            if data:
                buffer[: len(data)] = data
                return len(data)

    def _guard(self) -> None:
        if self._given > MAX_UNPACKED or self._given > max(LARGE, self._taken * MAX_RATIO):
            raise BrokenArchive("packed-file-swells", {"given": self._given, "taken": self._taken})
