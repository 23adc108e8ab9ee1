"""Read event logs in XES (IEEE 1849), as process mining publishes them, as a stream.

An activity becomes an event type and a trace becomes a case; events keep all their attributes (documentation: "Event
logs"). Expat parses the XML. A document type is refused, so no entity can expand and nothing is fetched.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.parsers import expat

from tideng.plugin import MAX_WHOLE, ReadOptions, Sentence, Unreadable, why_not_parsed

CHUNK = 1 << 17
MEMO = 100_000  # texts of a log that are shared, so that a repeated one is held once
_OTHER = re.compile(r"\W+")
_NESTED = ("list", "container", "values")
_BESIDE = {"classifier", "extension", "global"}  # parts of a log that hold no events


def recognises(name: str, head: bytes) -> bool:
    return name.endswith(".xes") or (head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") and b"<log" in head)


def type_of(activity: str) -> str:
    """Make the event type of an activity: lower case; letters, digits and ``_`` stay, and every run of other
    characters becomes one ``.``."""
    return _OTHER.sub(".", activity.lower())


def read_xes(stream: BinaryIO, options: ReadOptions) -> Iterator[tuple[str, Any]]:
    """Yield (``line 12``, the payload) for every event, or what is wrong with it; never holds more than a trace's part.

    id is the case and the position in it, counted from 1 (``case/3``); source is the file's name; subject is the
    resource where `options` knows that person, else the case. The trace's own attributes go into the data of its
    first event as ``case:KEY``. XML that breaks off is named with its line; what came before stays.
    """
    log = _LogParser(options)
    try:
        while chunk := stream.read(CHUNK):
            log.parser.Parse(chunk, False)
            yield from log.take()
        log.parser.Parse(b"", True)
    except expat.ExpatError as error:
        yield from log.take()
        params = {"column": error.offset + 1, "why": why_not_parsed(expat.ErrorString(error.code))}
        yield f"line {error.lineno}", Unreadable(f"line {error.lineno}", "xml-broken", params)
    except _Refused as refusal:
        yield from log.take()
        yield refusal.problem.at, refusal.problem
    else:
        yield from log.take()


class _Refused(Exception):
    def __init__(self, problem: Unreadable):
        self.problem = problem


class _LogParser:
    """Parse a log: Expat calls handlers, and events gather in `_ready` until they are taken.

    Expat has one handler at a time; it is exchanged for each level (log, trace, event), because attributes of events
    are by far the most frequent and must pass through little code.
    """

    def __init__(self, options: ReadOptions):
        self._options = options
        self._source = f"xes:{options.name.removesuffix('.gz').removesuffix('.xes')}"
        self._ready: list[tuple[str, Any]] = []
        self._types: dict[str, str] = {}
        self._persons: dict[str, bool] = {}
        self._positions: dict[str, int] = {}
        self._memo: dict[str, str] = {}
        self._case, self._line = "", 0
        self._bad: Sentence | None = None
        self._trace: dict[str, Any] = {}
        self._into: dict[str, Any] = {}
        self._path: list[tuple[str, str]] = []
        self._beside = 0
        self.parser = expat.ParserCreate()
        self.parser.ordered_attributes = True
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._outside()

    def take(self) -> list[tuple[str, Any]]:
        ready, self._ready = self._ready, []
        return ready

    # -- where we are --

    def _outside(self) -> None:
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start_outside, self._end_outside

    def _start_outside(self, tag: str, attributes: list[str]) -> None:
        if tag.rpartition(":")[2] == "trace":
            self._case, self._trace = "", {}
            self._into, self._path = self._trace, []
            self.parser.StartElementHandler, self.parser.EndElementHandler = self._start_in_trace, self._end_in_trace

    def _end_outside(self, tag: str) -> None:
        pass

    def _start_in_trace(self, tag: str, attributes: list[str]) -> None:
        if tag == "event" or tag.endswith(":event"):
            self._into, self._line, self._bad = {}, self.parser.CurrentLineNumber, None
            self._start_in_event, self._end_in_event = self._handlers()
            self.parser.StartElementHandler, self.parser.EndElementHandler = self._start_in_event, self._end_in_event
        else:
            self._attribute(tag, attributes)

    def _end_in_trace(self, tag: str) -> None:
        if self._path:
            self._path.pop()
        else:
            self._outside()

    def _handlers(self) -> tuple[Any, Any]:
        """Make the two handlers inside an event. They use local names, because they run for every attribute of the
        log."""
        into, path, memo, slow = self._into, self._path, self._memo.setdefault, self._attribute

        def start(tag: str, attributes: list[str]) -> None:
            if tag == "string" and len(attributes) == 4 and attributes[0] == "key" and not path:
                into[attributes[1]] = memo(attributes[3], attributes[3])
                path.append(("", attributes[1]))
            else:
                slow(tag, attributes)

        def end(tag: str) -> None:
            if path:
                path.pop()
            else:
                self._end_event()

        return start, end

    # -- attributes --

    def _attribute(self, tag: str, attributes: list[str]) -> None:
        """Read one attribute at any depth: an attribute inside another is ``outer.inner``; items of a list are a
        list."""
        named = dict(zip(attributes[::2], attributes[1::2], strict=True))
        kind, key = tag.rpartition(":")[2], named.get("key", "")
        outer = ".".join(name for _, name in self._path if name)
        within = self._path[-1][0] if self._path else ""
        self._path.append((kind, "" if kind == "values" or within == "values" else key))
        if kind in _NESTED:
            return
        value = self._value(kind, key, named.get("value", ""))
        if value is None:
            return
        if within == "values":
            self._into.setdefault(outer, []).append(value)
        else:
            self._into[f"{outer}.{key}" if outer else key] = value

    def _value(self, kind: str, key: str, text: str) -> Any:
        try:
            if kind == "int":
                return int(text) if abs(int(text)) <= MAX_WHOLE else text
            if kind == "float":
                return float(text) if math.isfinite(float(text)) else None
            if kind == "boolean":
                return {"true": True, "1": True, "false": False, "0": False}[text.strip()]
        except (ValueError, KeyError):
            self._bad = self._bad or Sentence(
                "xes-attribute-of-other-type", {"key": key, "value": text[:40], "kind": kind}
            )
            return None
        return text

    # -- an event is complete --

    def _end_event(self) -> None:
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start_in_trace, self._end_in_trace
        data, place = self._into, f"line {self._line}"
        if not self._case:
            self._case = str(self._trace.pop("concept:name", ""))
        activity = data.pop("concept:name", None)
        wrong = self._bad or (None if activity else Sentence("xes-event-without-activity"))
        if not self._case:
            wrong = Sentence("xes-trace-without-case")
        position = self._positions[self._case] = self._positions.get(self._case, 0) + 1
        if wrong:
            self._ready.append((place, Unreadable(place, wrong.code, wrong.params, raw=repr(data))))
            return
        moment = data.pop("time:timestamp", None)
        if "case" in data:
            data["event:case"] = data.pop("case")
        data["case"] = self._case
        if self._trace:
            data.update((f"case:{key}", value) for key, value in self._trace.items())
            self._trace = {}
        payload = {
            "id": f"{self._case}/{position}",
            "source": self._source,
            "type": self._types.get(activity) or self._type(str(activity)),
            "subject": self._subject(data.get("org:resource")),
            "data": data,
        }
        if moment is not None:
            payload["time"] = moment
        self._ready.append((place, payload))
        if len(self._memo) > MEMO:
            self._memo.clear()

    def _type(self, activity: str) -> str:
        name = self._types[activity] = self._options.activities.get(activity) or type_of(activity)
        self._options.declare(name, activity)
        return name

    def _subject(self, resource: Any) -> str:
        if not isinstance(resource, str):
            return self._case
        known = self._persons.get(resource)
        if known is None:
            known = self._persons[resource] = bool(self._options.known_person(resource))
        return resource if known else self._case

    def _refuse_doctype(self, *_: Any) -> None:
        line = f"line {self.parser.CurrentLineNumber}"
        raise _Refused(Unreadable(line, "xes-document-type"))
