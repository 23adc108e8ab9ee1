"""A salesperson, their trips and claims: the story of `tests.plugins.processes.engine_story`, with words for travel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from tests.plugins.processes.engine_story import FILES, EngineStory
from tests.unit.core.plugins.attachment_files import INVOICE_LINES, NUMBER, RAIL_LINES, a_pdf, a_picture
from tideng.base.problems import say
from tideng.plugins.forms import Form, check_form, fill_form
from tideng.store.database import reading
from tideng_processes.forms import attachments as papers
from tideng_processes.forms import submissions
from tideng_processes.forms.attachments import FileField, StoredFile
from tideng_processes.forms.submissions import FormAddress
from tideng_travel.tables import InvoiceRow

TRIP = {
    "purpose": "看两家灯饰店",
    "from": "2025-06-16",
    "until": "2025-06-18",
    "itinerary": [
        {"date": "2025-06-16", "city": "上海", "customer": "万家灯饰"},
        {"date": "2025-06-18", "city": "杭州", "customer": "恒亮照明"},
    ],
    "customers": ["万家灯饰", "恒亮照明"],
    "planned_visits": 2,
}
TARGETS = "id,name,unit,duties\nhead,总监,all,\nlead,主管,north,\nrep,销售代表,north,visits_this_month>=15\n"


class TravelStory(EngineStory):
    def __init__(self, *arguments: Any, travel: str = "", **files: str):
        client = FILES["client.yaml"] + (f"plugins: {{travel: {travel}}}\n" if travel else "")
        super().__init__(*arguments, **{"client.yaml": client, "positions.csv": TARGETS, **files})

    # -- trips ---------------------------------------------------------------------------------------------------
    def a_trip(self, who: str = "zhang", **said: Any) -> str:
        """A trip that is asked for."""
        return self.begin(who, "trip", **{**TRIP, **said})

    def an_ended_trip(self, who: str = "zhang", lead: str = "lead") -> str:
        """A trip from Monday to Wednesday; it is Thursday afterwards."""
        trip = self.a_trip(who)
        self.hand_in(lead, trip, "approve", "agree")
        self.wait(days=4)
        self.wait(days=3)
        return trip

    # -- papers --------------------------------------------------------------------------------------------------
    def keep(
        self, field: str, content: bytes, name: str = "", who: str = "zhang", process: str = "claim", case: str = ""
    ) -> StoredFile:
        name = name or ("a.pdf" if content.startswith(b"%PDF") else "a.jpg")
        return papers.keep(
            self.deployment, self.viewer(who), self.directory, FileField(process, field, case), name, content
        )

    def all_papers(
        self, who: str = "zhang", number: str = NUMBER, day: str = "2025年06月17日", case: str = "", **other: bytes
    ) -> dict[str, Sequence[int]]:
        """An invoice of 128.00, a train ticket of 73.00 and a signed confirmation, each kept; the ids by field."""
        ticket = str(int(number) + 1)
        files = {
            "invoices": an_invoice(number, day=day),
            "slips": a_ticket(ticket, day="2025年06月16日"),
            "confirmation": a_picture(size=(300, 200)),
            **other,
        }
        return {field: [self.keep(field, content, who=who, case=case).id] for field, content in files.items()}

    # -- claims --------------------------------------------------------------------------------------------------
    def a_claim(self, who: str = "zhang", **said: Any) -> str:
        """A claim that is handed in; 201 is what `all_papers` adds up to."""
        return self.begin(who, "claim", **self.claimed(who, **said))

    def claimed(self, who: str = "zhang", **said: Any) -> dict[str, Any]:
        """What a form says that hands in a claim of all papers."""
        usual = {"from": "2025-06-16", "until": "2025-06-18", "amount": 201, "currency": "CNY"}
        papers = said["papers"] if "papers" in said else self.all_papers(who)
        return {**usual, **said, "papers": papers}

    def asked(
        self, who: str = "zhang", case: str = "", process: str = "claim", node: str = "write", **said: Any
    ) -> dict[str, tuple[str, str]]:
        """Everything a form would be asked: field → (severity, in Chinese); of two about one field the first."""
        submission = self.submission("submit", said)
        form = FormAddress(process, node, case)
        with reading(self.deployment.engine) as connection:
            found = submissions.preview(self.deployment, connection, self.viewer(who), self.directory, form, submission)
        answer: dict[str, tuple[str, str]] = {}
        for one in found:
            answer.setdefault(one.field, (one.severity, say(one.problem().moved(""), "zh").line))
        return answer

    def form(self, name: str, who: str = "zhang", **more: Any) -> Form:
        return Form(name, who, who, self.clock.now(), **more)

    def filled(self, name: str, who: str = "zhang", **more: Any) -> dict[str, tuple[Any, str]]:
        """What an empty form is filled in with: field → (value, where it is from, in Chinese)."""
        with reading(self.deployment.engine) as connection:
            found = fill_form(
                self.deployment, connection, self.directory, self.form(name, who, **more), self.clock.now()
            )
        return {name: (one.value, one.source["zh"]) for name, one in found.items()}

    def looked_at(self, form: Form) -> list[Any]:
        with reading(self.deployment.engine) as connection:
            return check_form(self.deployment, connection, self.directory, form, self.clock.now())

    def invoices(self, *columns: str) -> list[Any]:
        row = InvoiceRow
        chosen = [getattr(row, one) for one in columns or ("number", "case", "amount", "verdict")]
        with reading(self.deployment.engine) as connection:
            return [tuple(one) for one in connection.execute(select(*chosen).order_by(row.id))]


def an_invoice(
    number: str = NUMBER, total: str = "128.00", day: str = "2025年06月17日", buyer: str = "91310000MA1FL5KE2X"
) -> bytes:
    """A fully digital invoice as PDF, with the QR code of its figures."""
    lines = [
        line.replace(NUMBER, number)
        .replace("128.00", total)
        .replace("2024年03月12日", day)
        .replace("91310000MA1FL5KE2X", buyer)
        for line in INVOICE_LINES
    ]
    digits = "".join(one for one in day if one.isdigit())
    return a_pdf(lines, f"01,32,,{number},{total},{digits},,74AE,")


def a_ticket(number: str = "24319110000987654321", total: str = "73.00", day: str = "2025年06月16日") -> bytes:
    """A train ticket from Shanghai to Hangzhou, as PDF."""
    lines = [
        line.replace("24319110000987654321", number)
        .replace("73.00", total)
        .replace("2024年03月12日", day)
        .replace("2024年03月15日", day)
        for line in RAIL_LINES
    ]
    digits = "".join(one for one in day if one.isdigit())
    return a_pdf(lines, f"01,51,,{number},{total},{digits},,9AAA,")
