"""Make the sample under events/ from the full logs: whole cases, evenly spread over each log, nothing changed in them.

    python clients/bpic2020/trim.py FOLDER_WITH_THE_FULL_LOGS

Every Nth trace is copied byte by byte, so that about CASES of them remain, with the log's own head. The result is the
same at every run.
"""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path

LOGS = ("DomesticDeclarations", "PermitLog")
CASES = 300
TRACE = re.compile(rb"[ \t]*<trace>.*?</trace>\r?\n?", re.DOTALL)
EVENTS = Path(__file__).parent / "events"


def trim(source: Path, target: Path, cases: int = CASES) -> tuple[int, int]:
    """Write the sample of `source` to `target`; return how many cases and events it holds."""
    log = gzip.decompress(source.read_bytes())
    traces = list(TRACE.finditer(log))
    kept = traces[:: -(-len(traces) // cases)]
    head, tail = log[: traces[0].start()], log[traces[-1].end() :]
    sample = head + b"".join(trace.group() for trace in kept) + tail
    target.write_bytes(gzip.compress(sample, 9, mtime=0))
    return len(kept), sample.count(b"<event>")


def main() -> None:
    folder = Path(sys.argv[1])
    EVENTS.mkdir(exist_ok=True)
    for name in LOGS:
        cases, events = trim(folder / f"{name}.xes.gz", EVENTS / f"{name}.xes.gz")
        print(f"{name}: {cases} cases, {events} events")


if __name__ == "__main__":
    main()
