"""Mutated event files and requests: no traceback, and everything in them is accounted for."""

from __future__ import annotations

import contextlib
import gzip
import io
import random
import re
import resource
from collections.abc import Callable
from xml.parsers import expat

import pytest

from tests.plugins.connectors.test_faults import FAULTS
from tests.plugins.connectors.test_files import Formats, a_catalogue, a_line
from tests.plugins.connectors.test_xes import a_case, a_log, an_event
from tideng.base.errors import InvalidPayload
from tideng.intake.event_files import open_events
from tideng.intake.json_text import read_json
from tideng.intake.reader import dead_letter, read_event

XES = [
    a_log(
        a_case("c")
        + '<int key="sum" value="3"/>'
        + an_event("Ask", '<list key="l"><values><string key="a" value="1"/></values></list>')
        + an_event("Do"),
        a_case("d") + an_event("Ask", '<container key="b"><float key="w" value="4.5"/></container>'),
    ),
    *(path.read_bytes() for path in sorted(FAULTS.glob("*.xes"))),
]
CSV = [
    b"id,source,type,time,subject,customer,amount,currency\n"
    + b"".join(b'n%d,s,order.won,2026-03-02T09:00:00+01:00,a,"c, %d",%d,EUR\n' % (n, n, n) for n in range(4)),
    *(path.read_bytes() for path in sorted(FAULTS.glob("*.csv"))),
]
JSONL = [
    b"\n".join(a_line(number) for number in range(4)),
    *(path.read_bytes() for path in (FAULTS / "json-key-twice.jsonl", FAULTS / "f04-pretty.json")),
]
PIECES = [b'"', b"'", b"<", b">", b"/", b"&", b"&#0;", b"\0", b"\r", b"\n", b",", b";", b"{", b"}", b"[", b"]", b"\xff", b"\xd6\xd0",
          b"<event>", b"</event>", b"<trace>", b"</trace>", b"<values>", b"<list key='l'>", b"</list>", b'key="concept:name"', b"1_000",
          b"\xef\xbc\x91", b"nan", b"1e999", b"9" * 400, b"\\ud800", b"NaN", b'"id":"x",', b"\xef\xbb\xbf"]  # fmt: skip


def mutated(chance: random.Random, sample: bytes) -> bytes:
    """The sample with one to four changes: a byte exchanged, a piece put in, cut out, doubled or moved."""
    data = bytearray(sample)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.randint(1, 60))
        match chance.randrange(6):
            case 0 if data:
                data[at % len(data)] = chance.randrange(256)
            case 1:
                data[at:at] = chance.choice(PIECES)
            case 2:
                del data[at:end]
            case 3:
                data[end:end] = data[at:end]
            case 4:
                cut = data[at:end]
                del data[at:end]
                to = chance.randrange(len(data) + 1)
                data[to:to] = cut
            case _:
                data[at:end] = chance.choice(PIECES)
    return bytes(data)


def outcomes(content: bytes, name: str) -> tuple[int, list[InvalidPayload]]:
    """How many events were taken in, and what was refused; every refusal has a place and can be kept as a dead letter."""
    taken, refused = 0, []
    for place, one in open_events(io.BytesIO(content), a_catalogue(), Formats(), name=name):
        if isinstance(one, InvalidPayload):
            assert place
            assert one.problems
            assert all(problem.problem for problem in one.problems)
            dead_letter(one, name)
            refused.append(one)
        else:
            taken += 1
    return taken, refused


def xes_accounts_for_all(content: bytes) -> None:
    """Every `event` element is taken in or refused, once; where the XML breaks, that is said."""
    taken, refused = outcomes(content, "f.xes")
    found = _events_in(content)
    if found is None:
        assert refused, "broken XML, an encoding or a document type is said"
        return
    of_events = [one for one in refused if not any("no event of the trace" in p.problem for p in one.problems)]
    assert taken + len(of_events) == found


def _events_in(content: bytes) -> int | None:
    """Count the `event` elements, those inside another left out; None where the file is no XML that we read."""
    found, state, depths = 0, "log", [0]
    parser = expat.ParserCreate()
    if b'encoding="GBK"' in content:  # the one that the samples have and Expat does not know
        try:
            content, parser = content.decode("gb18030").encode(), expat.ParserCreate("utf-8")
        except UnicodeDecodeError:
            return None

    def start(tag: str, attributes: dict) -> None:
        nonlocal found, state
        depths[-1] += 1
        kind = tag.rpartition(":")[2]
        if kind == "event" and state != "event":
            found += 1
        if (kind, state) in (("trace", "log"), ("event", "trace")):
            depths.append(0)
            state = kind

    def end(tag: str) -> None:
        nonlocal state
        if depths[-1] == 0:
            depths.pop()
            state = ("log", "trace")[len(depths) - 1]
        depths[-1] -= 1

    def doctype(*_: object) -> None:
        raise ValueError

    parser.StartElementHandler, parser.EndElementHandler, parser.StartDoctypeDeclHandler = start, end, doctype
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, LookupError, ValueError):
        return None
    return found


def physical_lines(content: bytes, csv: bool) -> list[str]:
    """The lines of a file that are not empty, by the rules of docs/events.md; one that is not UTF-8 as a mark."""
    first = content.partition(b"\n")
    alone = b"\r" in first[0].rstrip(b"\r") and (csv or not first[1])
    lines = []
    for number, line in enumerate(re.split(rb"\r\n|\r|\n" if alone else rb"\n", content)):
        try:
            lines.append((line.removeprefix(b"\xef\xbb\xbf") if number == 0 else line).decode().rstrip("\r\n"))
        except UnicodeDecodeError:
            lines.append("�")
    return lines


def csv_accounts_for_all(content: bytes) -> None:
    """Every line is a record or refused, once; a quoted text joins lines. Nothing is read below a header that is refused."""
    if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"<"):
        reads(content, "f.csv")  # by its content it is of another format
        return
    taken, refused = outcomes(content, "f.csv")
    header, *lines = physical_lines(content, csv=True)
    if any(one.place == "line 1" for one in refused):
        assert (taken, len(refused)) == (0, 1)
        return
    delimiter = max(",;\t", key=header.count)
    width = len(header.split(delimiter))
    full = [line for line in lines if line and (any(line.split(delimiter)) or line.count(delimiter) + 1 != width)]
    assert taken + len(refused) <= len(full)
    if b'"' not in content:
        assert taken + len(refused) == len(full)


def jsonl_accounts_for_all(content: bytes) -> None:
    """Every line is an event or refused, once; an object over several lines, which go on indented, is one."""
    taken, refused = outcomes(content, "f.jsonl")
    lines = physical_lines(content, csv=False)
    full = [line for line in lines if line.strip()]
    assert taken + len(refused) <= len(full)
    if not any(line[:1] in (" ", "\t", "}", "]") for line in full):
        assert taken + len(refused) == len(full)


def reads(content: bytes, name: str) -> None:
    outcomes(content, name)


def requests_are_accounted_for(content: bytes) -> None:
    """What the HTTP interface does with a body, without the server: each item is an event or refused."""
    with contextlib.suppress(ValueError, RecursionError):  # these answer 400 in words
        body, catalogue = read_json(content.decode()), a_catalogue()
        for number, payload in enumerate(body if isinstance(body, list) else [body]):
            try:
                read_event(payload, catalogue, place=f"[{number}]", received=None)
            except InvalidPayload as refusal:
                dead_letter(refusal, "http")


BATCH = [b"[" + b",".join(a_line(n) for n in range(3)) + b"]", a_line(1)]
READERS: dict[str, tuple[list[bytes], Callable[[bytes], None]]] = {
    "xes": (XES, xes_accounts_for_all),
    "csv": (CSV, csv_accounts_for_all),
    "jsonl": (JSONL, jsonl_accounts_for_all),
    "packed": ([gzip.compress(one, mtime=0) for one in JSONL], lambda content: reads(content, "f.jsonl.gz")),
    "http": (BATCH, requests_are_accounted_for),
}


@pytest.mark.parametrize("reader", READERS)
def test_the_samples_themselves_are_accounted_for(reader):
    samples, account = READERS[reader]
    for sample in samples:
        account(sample)


@pytest.mark.parametrize("reader", READERS)
def test_whatever_happens_to_a_file_nothing_breaks_and_all_is_accounted_for(reader):
    fuzz(reader, 300, seed=13)


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_two_hundred_thousand_mutations_in_bounded_memory(reader):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB; tracemalloc would take minutes more
    fuzz(reader, 40_000, seed=2026)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def fuzz(reader: str, times: int, seed: int) -> None:
    samples, account = READERS[reader]
    for number in range(times):
        content = mutated(random.Random(f"{seed}/{reader}/{number}"), samples[number % len(samples)])
        try:
            account(content)
        except Exception as error:
            raise AssertionError(f"{reader}, mutation {number}: {content!r}") from error
