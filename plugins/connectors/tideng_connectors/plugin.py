"""Event files, e-mail, and the events of sales and attendance systems."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from tideng.plugin import ChannelSpec, EventType, Field, InvalidSettings, MetricSpec, Problem, Text, hookimpl, phrase
from tideng_connectors.csv_reader import read_csv
from tideng_connectors.csv_reader import recognises as is_csv
from tideng_connectors.email_channel import EmailChannel, EmailSettings
from tideng_connectors.jsonl_reader import read_jsonl
from tideng_connectors.jsonl_reader import recognises as is_jsonl
from tideng_connectors.memory_channel import MemoryChannel
from tideng_connectors.xes_reader import read_xes
from tideng_connectors.xes_reader import recognises as is_xes

if TYPE_CHECKING:
    from tideng.plugin import Bundle, Channel, Deployment, ReadOptions

    Reader = Callable[[BinaryIO, ReadOptions], Iterator[tuple[str, Any]]]

NAME = "connectors"
CUSTOMER = Field("customer", "text", phrase("Customer"), required=True, key=True)
REASON = Field("reason", "text", phrase("Reason"))
TEXT = Field("text", "text", phrase("Text"))
MONEY = (
    Field("amount", "number", phrase("Amount"), unit="money", currency="currency"),
    Field("currency", "text", phrase("Currency")),
)


def _grade(name: str, title: Text) -> Field:
    return Field(name, "number", title, unit="points", minimum=0, maximum=5)


SALES: tuple[tuple[str, Text], ...] = (
    ("order.won", phrase("Order won")),
    ("customer.won", phrase("Customer won")),
    ("customer.lost", phrase("Customer lost")),
)
SALES_THIS_MONTH = MetricSpec(
    "sales_this_month",
    phrase("Sales this month"),
    "sum",
    "order.won",
    "this month",
    "amount",
    "money",
)
METRICS = (
    SALES_THIS_MONTH,
    MetricSpec.share_of_target("target_completion", phrase("Share of the month’s sales target"), SALES_THIS_MONTH),
    MetricSpec(
        "expertise_avg",
        phrase("Expertise, average grade (30 days)"),
        "average",
        "feedback.received",
        "last 30 days",
        "expertise",
        "points",
    ),
    MetricSpec(
        "attitude_avg",
        phrase("Attitude, average grade (30 days)"),
        "average",
        "feedback.received",
        "last 30 days",
        "attitude",
        "points",
    ),
)


class ConnectorsPlugin:
    title = phrase("Sales and other systems")

    def __init__(self) -> None:
        self._deployment: Deployment | None = None
        self._memory = MemoryChannel()

    @hookimpl
    def declare(self) -> Iterable[object]:
        return [
            EventType(
                "attendance.checked_in",
                phrase("Checked in"),
                (
                    Field("place", "text", phrase("Place", context="plugin")),
                    Field("customer", "text", CUSTOMER.title, key=True),
                ),
            ),
            *(EventType(name, title, (CUSTOMER, *MONEY, REASON)) for name, title in SALES),
            EventType(
                "feedback.received",
                phrase("Customer feedback received"),
                (
                    CUSTOMER,
                    _grade("attitude", phrase("Attitude")),
                    _grade("expertise", phrase("Expertise")),
                    TEXT,
                ),
            ),
            *METRICS,
            ChannelSpec("email", phrase("E-mail", context="plugin")),
            ChannelSpec("memory", phrase("Memory (for tests)")),
        ]

    @hookimpl
    def start(self, deployment: Deployment) -> None:
        self._deployment = deployment

    @hookimpl
    def check_bundle(self, bundle: Bundle) -> Iterable[Problem]:
        settings = bundle.plugins.get(NAME, {})
        return [problem.moved(f"client.yaml, plugins.{NAME}.{problem.at}") for problem in EmailSettings.check(settings)]

    @hookimpl
    def channel(self, name: str) -> Channel | None:
        if name == "memory":
            return self._memory
        return EmailChannel(self._email_settings) if name == "email" else None

    @hookimpl
    def read_source(self, name: str, head: bytes) -> Reader | None:
        """Recognise a file by its content first; event logs before CSV, whose names have many endings."""
        readers = ((is_xes, read_xes), (is_jsonl, read_jsonl), (is_csv, read_csv))
        return next((reader for recognises, reader in readers if recognises(name, head)), None)

    def _email_settings(self) -> EmailSettings:
        """Read the settings again for each message, because the bundle may be applied while the worker runs."""
        if self._deployment is None:
            raise InvalidSettings("connectors", [Problem("", "deployment-not-open")])
        return EmailSettings.read(self._deployment.plugin_settings(NAME))
