"""Replay from files in the same process, as `tideng replay --json` does, without the second a new process costs."""

from __future__ import annotations

import json
import textwrap
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from story import at

from tideng.cli.replay import prepare, rule_files
from tideng.client.bundle import read_bundle
from tideng.intake.event_files import NO_TERMS
from tideng.replay.run import replay, to_line

CLIENT = "client: Small\nlocale: en\n"
PEOPLE = "id,name,unit,position,supervisor,timezone,from,until,deputy\n"
POSITIONS = "id,name,unit,duties\nrep,Sales,sales,visits_this_week>=5\nlead,Team lead,sales,\n"
UNITS = "id,name,parent\nsales,Sales,\n"


def event(type_: str, when: str, subject: str = "zhang", id: str = "", **data: Any) -> dict:
    """One event; `when` in Beijing unless it names its own offset. Without `id` it is named after what it says."""
    moment = at(when).isoformat()
    name = id or f"{type_}/{subject}/{when}/{zlib.crc32(repr(sorted(data.items())).encode()):x}"
    return {"id": name, "source": "test", "type": type_, "time": moment, "subject": subject, "data": data}


@dataclass
class Client:
    """A client's folder with only what is needed: client.yaml, and people where they are named."""

    folder: Path
    client: str = CLIENT

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write("client.yaml", self.client)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def people(self, *rows: str, positions: str = POSITIONS, units: str = UNITS, roles: str = "") -> Client:
        """People as rows ``id,name,unit,position,supervisor,timezone,from,until,deputy``; trailing commas may be left out."""
        commas = PEOPLE.count(",")
        full = [row + "," * (commas - row.count(",")) for row in rows]
        self.write("people.csv", PEOPLE + "\n".join(full) + "\n")
        self.write("positions.csv", positions)
        self.write("units.csv", units)
        self.write("client.yaml", self.client + roles)
        return self

    def replay(self, rules: str, events: Sequence[dict], start: str, until: str) -> list[dict]:
        """The lines that `tideng replay --json` prints; `rules` is the text of a rule file."""
        path = self.write("tried/rules.yaml", textwrap.dedent(rules))
        lines = "\n".join(json.dumps(one, ensure_ascii=False) for one in events) + "\n"
        heard = self.write("tried/events.jsonl", lines)
        return self.replay_files([path], [heard], start, until)

    def replay_files(self, rules: Sequence[Path], events: Sequence[Path], start: str, until: str) -> list[dict]:
        bundle = replace(read_bundle(self.folder), rule_files=rule_files(rules), packs=())
        heard, refused, deployment = prepare(bundle, events, NO_TERMS, at(start))
        assert not refused, [str(one) for one in refused]
        failed = [plugin for plugin in deployment.plugins.states if plugin.state == "failed"]
        directory = deployment.plugins.first("directory", connection=None)
        found = [to_line(one, deployment, directory) for one in replay(deployment, heard, at(start), at(until))]
        assert not failed
        return found


def said(lines: Sequence[dict]) -> list[str]:
    """Each line as ``02 19:00 nudge zhang``: local day and time, action, whom it reached or of whom it is said."""
    return [f"{one['at'][8:10]} {one['at'][11:16]} {one['action']} {one['to'] or one['subject']}" for one in lines]


def moments(lines: Sequence[dict]) -> list[str]:
    """Only when: ``02 19:00``."""
    return [line[:8] for line in said(lines)]
