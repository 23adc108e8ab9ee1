"""Event files, e-mail, and the events of sales and attendance systems."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from tideng.plugin import ChannelSpec, EventType, Field, InvalidSettings, MetricSpec, Problem, Text, hookimpl
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
CUSTOMER = Field("customer", "text", {"zh": "客户", "en": "Customer"}, required=True, key=True)
REASON = Field("reason", "text", {"zh": "原因", "en": "Reason"})
TEXT = Field("text", "text", {"zh": "内容", "en": "Text"})
MONEY = (
    Field("amount", "number", {"zh": "金额", "en": "Amount"}, unit="money", currency="currency"),
    Field("currency", "text", {"zh": "币种", "en": "Currency"}),
)


def _grade(name: str, title: Text) -> Field:
    return Field(name, "number", title, unit="points", minimum=0, maximum=5)


SALES: tuple[tuple[str, Text], ...] = (
    ("order.won", {"zh": "赢得订单", "en": "Order won"}),
    ("customer.won", {"zh": "赢得客户", "en": "Customer won"}),
    ("customer.lost", {"zh": "流失客户", "en": "Customer lost"}),
)
SALES_THIS_MONTH = MetricSpec(
    "sales_this_month",
    {"zh": "本月销售额", "en": "Sales this month"},
    "sum",
    "order.won",
    "this month",
    "amount",
    "money",
)
METRICS = (
    SALES_THIS_MONTH,
    MetricSpec.share_of_target(
        "target_completion", {"zh": "本月销售目标完成率", "en": "Share of the month’s sales target"}, SALES_THIS_MONTH
    ),
    MetricSpec(
        "expertise_avg",
        {"zh": "专业能力平均评分（近30天）", "en": "Expertise, average grade (30 days)"},
        "average",
        "feedback.received",
        "last 30 days",
        "expertise",
        "points",
    ),
    MetricSpec(
        "attitude_avg",
        {"zh": "服务态度平均评分（近30天）", "en": "Attitude, average grade (30 days)"},
        "average",
        "feedback.received",
        "last 30 days",
        "attitude",
        "points",
    ),
)


class ConnectorsPlugin:
    title = {"zh": "销售与外部系统", "en": "Sales and other systems"}

    def __init__(self) -> None:
        self._deployment: Deployment | None = None
        self._memory = MemoryChannel()

    @hookimpl
    def declare(self) -> Iterable[object]:
        return [
            EventType(
                "attendance.checked_in",
                {"zh": "打卡", "en": "Checked in"},
                (
                    Field("place", "text", {"zh": "地点", "en": "Place"}),
                    Field("customer", "text", CUSTOMER.title, key=True),
                ),
            ),
            *(EventType(name, title, (CUSTOMER, *MONEY, REASON)) for name, title in SALES),
            EventType(
                "feedback.received",
                {"zh": "收到客户反馈", "en": "Customer feedback received"},
                (
                    CUSTOMER,
                    _grade("attitude", {"zh": "服务态度", "en": "Attitude"}),
                    _grade("expertise", {"zh": "专业能力", "en": "Expertise"}),
                    TEXT,
                ),
            ),
            *METRICS,
            ChannelSpec("email", {"zh": "电子邮件", "en": "E-mail"}),
            ChannelSpec("memory", {"zh": "内存（测试用）", "en": "Memory (for tests)"}),
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
