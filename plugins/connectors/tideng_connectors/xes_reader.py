"""Read event logs in XES (IEEE 1849), as process mining publishes them, as a stream.

An activity becomes an event type and a trace becomes a case; events keep all their attributes (documentation: "Event
logs"). Expat parses the XML. A key that occurs twice, and whatever stands where XES has no place for it, is refused by its
line, so that no value is chosen for the reader. A document type is refused, so no entity can expand and nothing is fetched.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from xml.parsers import expat

from tideng.plugin import MAX_WHOLE, ReadOptions, Sentence, Unreadable, read_number, read_whole, why_not_parsed

CHUNK = 1 << 17
MEMO = 100_000  # texts of a log that are shared, so that a repeated one is held once
_OTHER = re.compile(r"\W+")
_DECLARED = re.compile(rb"""<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._:-]+)["']""")
_READ_BY_EXPAT = frozenset({"utf-8", "utf-16", "utf-16-le", "utf-16-be", "ascii", "iso8859-1"})
_SAME_OR_WIDER = {"gbk": "gb18030", "gb2312": "gb18030", "big5": "cp950"}  # what Windows writes under the older name
_TEXT_ENCODINGS = re.compile(
    r"gb18030|cp9(32|49|50)|big5hkscs|shift_jis|euc_(jp|kr)|iso8859-\d+|cp\d+|koi8-[ru]|mac-.*"
)
_ATTRIBUTES = frozenset({"string", "date", "int", "float", "boolean", "id", "list", "container"})
_NAME = "concept:name"
_NESTED = ("list", "container", "values")
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


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
    first event as ``case:KEY``. XML that breaks off is named with its line; what came before stays. A log that declares
    an encoding of its country (GBK, GB18030, Big5, Shift_JIS …) is read in it.
    """
    first = stream.read(CHUNK)
    try:
        decoder = _decoder(first)
    except LookupError as error:
        yield "line 1", Unreadable("line 1", "xes-encoding-unknown", {"encoding": str(error)}, raw=first[:200])
        return
    log = _LogParser(options, "utf-8" if decoder else None)
    try:
        chunk = first
        while chunk:
            log.parser.Parse(decoder.decode(chunk).encode() if decoder else chunk, False)
            yield from log.take()
            chunk = stream.read(CHUNK)
        log.parser.Parse(decoder.decode(b"", True).encode() if decoder else b"", True)
    except expat.ExpatError as error:
        yield from log.take()
        params = {"column": error.offset + 1, "why": why_not_parsed(expat.ErrorString(error.code))}
        yield f"line {error.lineno}", Unreadable(f"line {error.lineno}", "xml-broken", params)
    except UnicodeDecodeError as error:
        yield from log.take()
        line = f"line {log.parser.CurrentLineNumber}"
        yield line, Unreadable(line, "xes-encoding-wrong", {"encoding": error.encoding.upper()})
    except (
        LookupError,
        ValueError,
    ) as error:  # an encoding that the XML declares in a form that `_decoder` does not know
        yield from log.take()
        said = str(error).rpartition(" ")[2][:40]
        yield "line 1", Unreadable("line 1", "xes-encoding-unknown", {"encoding": said}, raw=first[:200])
    except _Refused as refusal:
        yield from log.take()
        yield refusal.problem.at, refusal.problem
    else:
        yield from log.take()


_TWO_CASES = Sentence("xes-second-case")


def _decoder(head: bytes) -> codecs.IncrementalDecoder | None:
    """The decoder of the encoding that a log declares; None where Expat reads it by itself. Raises LookupError with the
    name of an unknown one."""
    declared = _DECLARED.match(head.removeprefix(b"\xef\xbb\xbf"))
    if declared is None:
        return None
    said = declared[1].decode()
    try:
        known = codecs.lookup(said).name
    except LookupError:
        raise LookupError(said) from None
    if known in _READ_BY_EXPAT:
        return None
    known = _SAME_OR_WIDER.get(known, known)
    if not _TEXT_ENCODINGS.fullmatch(known):
        raise LookupError(said)
    return codecs.getincrementaldecoder(known)()


class _Refused(Exception):
    def __init__(self, problem: Unreadable):
        self.problem = problem


@dataclass(slots=True)
class _OpenElement:
    """An element that has begun and not ended. `name`: its part in the names of the attributes inside it, '' for
    none; `key`: the whole name of a list; `aside`: what stands in a list beside its values, until it ends."""

    kind: str
    name: str
    key: str = ""
    items: list[Any] | None = None
    aside: list[tuple[str, Any]] = field(default_factory=list)


class _LogParser:
    """Parse a log: Expat calls handlers, and events gather in `_ready` until they are taken.

    Expat has one handler at a time; it is exchanged for each level (log, trace, event), because attributes of events
    are by far the most frequent and must pass through little code.
    """

    def __init__(self, options: ReadOptions, encoding: str | None):
        self._options = options
        self._source = f"xes:{options.name.removesuffix('.gz').removesuffix('.xes')}"
        self._ready: list[tuple[str, Any]] = []
        self._types: dict[str, str] = {}
        self._persons: dict[str, bool] = {}
        self._positions: dict[str, int] = {}
        self._memo: dict[str, str] = {}
        self._line = 0
        self._case = ""
        self._trace: dict[str, Any] = {}
        self._of_trace: list[Sentence] = []  # what is wrong with attributes of the trace, for its next event
        self._case_unclear: Sentence | None = None
        self._refused = False
        self._into: dict[str, Any] = {}
        self._wrong: list[Sentence] = []
        self._path: list[_OpenElement] = []
        self._trace_path: list[_OpenElement] = []
        self.parser = expat.ParserCreate(encoding)
        self.parser.ordered_attributes = True
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._outside()

    def take(self) -> list[tuple[str, Any]]:
        ready, self._ready = self._ready, []
        return ready

    def _refuse(self, wrong: Sequence[Sentence], raw: str = "") -> None:
        place = f"line {self._line}"
        self._ready.append((place, [Unreadable(place, one.code, one.params, raw=raw) for one in wrong]))

    # -- where we are --

    def _outside(self) -> None:
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start_outside, self._end_outside

    def _start_outside(self, tag: str, attributes: list[str]) -> None:
        kind = tag.rpartition(":")[2]
        if kind == "trace":
            self._case, self._trace, self._of_trace, self._case_unclear = "", {}, [], None
            self._trace_path, self._refused = [], False
            self._in_trace()
        elif kind == "event":
            self._line = self.parser.CurrentLineNumber
            self._refuse([Sentence("xes-event-outside-trace")])

    def _end_outside(self, tag: str) -> None:
        pass

    def _in_trace(self) -> None:
        self._into, self._path, self._wrong = self._trace, self._trace_path, self._of_trace
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start_in_trace, self._end_in_trace

    def _start_in_trace(self, tag: str, attributes: list[str]) -> None:
        if tag == "event" or tag.endswith(":event"):
            self._into, self._line, self._path = {}, self.parser.CurrentLineNumber, []
            self._wrong = []
            if self._trace_path:
                self._wrong.append(Sentence("xes-event-inside", {"element": self._trace_path[-1].kind[:40]}))
            self._start_in_event, self._end_in_event = self._handlers()
            self.parser.StartElementHandler, self.parser.EndElementHandler = self._start_in_event, self._end_in_event
        else:
            self._attribute(tag, attributes)

    def _end_in_trace(self, tag: str) -> None:
        if self._path:
            self._end_attribute()
            return
        self._case_of_trace()
        if (self._trace or self._of_trace) and not self._refused:  # else they were named with the refused event
            self._line = self.parser.CurrentLineNumber
            names = ", ".join(self._trace)[:200]
            late = Sentence("xes-attributes-late", {"names": names}) if names else Sentence("xes-attributes-unreadable")
            self._refuse([*self._of_trace, late], raw=repr(self._trace))
        self._outside()

    def _handlers(self) -> tuple[Any, Any]:
        """Make the two handlers inside an event. They use local names, because they run for every attribute of the
        log."""
        into, path, memo, slow = self._into, self._path, self._memo.setdefault, self._attribute
        plain, end_slow = _OpenElement("string", ""), self._end_attribute

        def start(tag: str, attributes: list[str]) -> None:
            if (
                tag == "string"
                and not path
                and len(attributes) == 4
                and attributes[0] == "key"
                and attributes[2] == "value"
                and attributes[1]
                and attributes[1] not in into
            ):
                into[attributes[1]] = memo(attributes[3], attributes[3])
                plain.name = attributes[1]
                path.append(plain)
            else:
                slow(tag, attributes)

        def end(tag: str) -> None:
            if not path:
                self._end_event()
            elif path[-1] is plain:
                path.pop()
            else:
                end_slow()

        return start, end

    # -- attributes --

    def _attribute(self, tag: str, attributes: list[str]) -> None:
        """Read one attribute at any depth: an attribute inside another is ``outer.inner``; items of a list are a list,
        and an attribute inside the second of them is ``outer.2.inner``."""
        named = dict(zip(attributes[::2], attributes[1::2], strict=True))
        kind, key = tag.rpartition(":")[2], named.get("key", "")
        outer = ".".join(one.name for one in self._path if one.name)
        within = self._path[-1] if self._path else None
        if kind == "values" and within is not None and within.kind == "list":
            if within.items is None:
                within.items = []
            self._path.append(_OpenElement("values", "", within.key, within.items))
            return
        items = within.items if within is not None and within.kind == "values" else None
        here = _OpenElement(kind, key if items is None else str(len(items) + 1))
        here.key = f"{outer}.{here.name}" if outer else here.name
        self._path.append(here)
        if kind not in _ATTRIBUTES:
            self._wrong.append(Sentence("xes-no-attribute", {"element": kind[:40], "known": sorted(_ATTRIBUTES)}))
        elif not key and items is None:
            self._wrong.append(Sentence("xes-key-missing", {"element": kind}))
        elif kind not in _NESTED and "value" not in named:
            self._wrong.append(Sentence("xes-value-missing", {"key": key[:80]}))
        elif kind not in _NESTED:
            self._value(here, key, kind, named["value"], within)
        elif items is not None:
            items.append(None)  # a list or container among the items of a list: its content is ``outer.2.…``

    def _value(self, here: _OpenElement, key: str, kind: str, text: str, within: _OpenElement | None) -> None:
        value = self._converted(kind, key, text)
        if within is not None and within.kind == "values" and within.items is not None:
            within.items.append(value)
        elif within is not None and within.kind == "list":
            within.aside.append((here.key, value))
        elif value is not None:
            self._put(here.key, value)

    def _put(self, key: str, value: Any) -> None:
        if key in self._into:
            self._wrong.append(Sentence("xes-key-twice", {"key": key[:80]}))
            if key == _NAME and self._into is self._trace:
                self._case_unclear = _TWO_CASES
        else:
            self._into[key] = value

    def _end_attribute(self) -> None:
        """Leave the innermost attribute. What a list without `values` holds are its items; what one with `values` holds
        beside them are attributes of the list."""
        ended = self._path.pop()
        if ended.kind != "list":
            return
        if ended.items is None:
            self._put(ended.key, [value for _, value in ended.aside])
            return
        self._put(ended.key, ended.items)
        for key, value in ended.aside:
            if value is not None:
                self._put(key, value)

    def _converted(self, kind: str, key: str, text: str) -> Any:
        """Give the text as its type; None for a float that is NaN, which stands for no value."""
        bare = text.strip().removeprefix("+")
        found: Any = text
        if kind == "int":
            found = read_whole(bare)
            found = bare if found is not None and abs(found) > MAX_WHOLE else found
        elif kind == "float":
            found = read_number(bare)
            if bare == "NaN":
                return None
            found = float(found) if found is not None else None
        elif kind == "boolean":
            found = _TRUTHS.get(bare)
        if found is None:
            self._wrong.append(Sentence("xes-value-of-wrong-type", {"key": key[:80], "value": text[:40], "type": kind}))
        return found

    # -- an event is complete --

    def _case_of_trace(self) -> None:
        """Find the case that the trace is about, once; name what makes it unclear."""
        name = self._trace.pop(_NAME, None)
        if name is None:
            return
        if self._case:
            self._case_unclear = _TWO_CASES
        elif isinstance(name, list):
            self._case_unclear = Sentence("xes-case-is-list")
        else:
            self._case = str(name)

    def _end_event(self) -> None:
        data, place, wrong = self._into, f"line {self._line}", self._wrong
        self._in_trace()
        self._case_of_trace()
        wrong += [Sentence("xes-of-trace", {"why": one}) for one in self._of_trace]
        self._of_trace.clear()
        activity = data.pop(_NAME, None)
        if isinstance(activity, list):
            wrong.append(Sentence("xes-activity-is-list"))
        elif not wrong and activity in (None, ""):
            wrong.append(Sentence("xes-activity-missing"))
        if self._case_unclear:
            wrong.append(self._case_unclear)
        elif not self._case:
            wrong.append(Sentence("xes-case-missing"))
        for key in self._trace.keys() & {name[5:] for name in data if name.startswith("case:")}:
            wrong.append(Sentence("xes-key-of-event-and-trace", {"key": key[:80]}))
        position = self._positions[self._case] = self._positions.get(self._case, 0) + 1
        if wrong:
            self._refused = True
            self._refuse(wrong[:20], raw=repr({**{f"case:{key}": value for key, value in self._trace.items()}, **data}))
            return
        moment = data.pop("time:timestamp", None)
        if "case" in data:
            data["event:case"] = data.pop("case")
        data["case"] = self._case
        data.update((f"case:{key}", value) for key, value in self._trace.items())
        self._trace.clear()
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
