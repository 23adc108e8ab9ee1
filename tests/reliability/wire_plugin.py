"""A plugin for the kill test: a channel that writes down what it says, and a metric that some events poison."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from tideng.model.catalogue import ChannelSpec, EventType, Field
from tideng.model.judge_contract import Limit, OnEvent, Watch
from tideng.model.metrics import Metric, Series
from tideng.outbox.channels import OutgoingMessage
from tideng.plugins.hookspecs import hookimpl

LOG = "wire.log"
_PROBE = Field("probe", "text", {"zh": "编号", "en": "Probe"}, required=True, key=True)


class WireChannel:
    """Appends the key of each message to a file with one write, and knows nothing of duplicates."""

    name = "wire"
    takes_duplicate_key = False

    def __init__(self, file: Path):
        self._file = os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        self.fault = lambda place: None

    def send(self, message: OutgoingMessage) -> None:
        self.fault("speaking")
        os.write(self._file, f"{message.key}\n".encode())
        self.fault("spoken")


def _sound(facts: Mapping[str, Any]) -> bool:
    if facts["event.sound"]:
        return True
    raise ZeroDivisionError("this event cannot be counted")


class WirePlugin:
    """Its metric raises inside the core for some events: a batch that holds one fails as a whole."""

    def __init__(self) -> None:
        self.wire: WireChannel | None = None
        series = Series("probe.measured", where_id="sound", where=_sound)
        metric = Metric("measured", "count", series, "today")
        self._watch = Watch(
            "measured-often",
            1,
            "validation",
            "person",
            OnEvent("probe.measured"),
            Limit("day"),
            frozenset({"metric.measured"}),
            metrics={"measured": metric},
        )

    @hookimpl
    def declare(self):
        yield EventType(
            "probe.opened", {"zh": "开", "en": "Opened"}, (_PROBE, Field("loud", "boolean", {"zh": "响", "en": "Loud"}))
        )
        yield EventType("probe.closed", {"zh": "关", "en": "Closed"}, (_PROBE,))
        yield EventType("probe.echoed", {"zh": "回声", "en": "Echoed"}, open=True)
        yield EventType(
            "probe.measured", {"zh": "测", "en": "Measured"}, (Field("sound", "boolean", {"zh": "好", "en": "Sound"}),)
        )
        yield ChannelSpec("wire", {"zh": "线", "en": "Wire"})

    @hookimpl
    def start(self, deployment):
        self.wire = WireChannel(deployment.settings.folder / LOG)

    @hookimpl
    def watches(self):
        return [self._watch]

    @hookimpl
    def watch(self, rule, version):
        return self._watch if rule == self._watch.rule else None

    @hookimpl
    def channel(self, name):
        return self.wire if name == "wire" else None


def with_wire() -> list[EntryPoint]:
    """The installed plugins and this one, for ``Deployment.open(…, found=with_wire())``."""
    here = EntryPoint("wire", "tests.reliability.wire_plugin:WirePlugin", "tideng")
    return [*entry_points(group="tideng"), here]
