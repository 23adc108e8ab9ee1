"""People at their cases, for the tests of the pages of processes."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select

from tideng.access.viewer import Viewer
from tideng.org.directory import Directory
from tideng.store.database import reading, writing
from tideng_processes.forms import submissions
from tideng_processes.forms.fields import Submission
from tideng_processes.publication.registry import registry_of
from tideng_processes.tables import CaseRow, PaperRow, TaskRow

ROLES = {
    "zhang": ("employee",),
    "li": ("employee",),
    "lead": ("supervisor", "employee"),
    "boss": ("supervisor", "employee"),
    "hr": ("hr", "employee"),
}
LEAVE = {"kind": "annual", "from": "2025-06-20", "until": "2025-06-21", "days": 2}


class Office:
    """People at their cases: what they do goes through the services, what they see comes from the pages."""

    def __init__(self, story: Any):
        self.story, self.deployment = story, story.deployment

    def directory(self) -> Directory:
        with reading(self.deployment.engine) as connection:
            self.deployment.plugins.call("refresh", connection=connection)
            return self.deployment.plugins.first("directory", connection=connection)

    def viewer(self, login: str) -> Viewer:
        return Viewer(login, login, frozenset(ROLES[login]))

    def a_leave(self, by: str = "zhang", ago: timedelta = timedelta(), **data: Any) -> str:
        """A leave that was asked for so long ago; returns the id of its case."""
        now = self.story.clock.now()
        self.story.clock.set(now - ago)
        try:
            handed_in = Submission("submit", LEAVE | data)
            return submissions.begin(self.deployment, self.viewer(by), self.directory(), "leave", handed_in)
        finally:
            self.story.clock.set(now)

    def answer(self, case: str, by: str, outcome: str = "agree", node: str = "approve", note: str = "") -> None:
        handed_in = Submission(outcome, note=note)
        submissions.hand_in(self.deployment, self.viewer(by), self.directory(), case, node, handed_in)

    def document(self, process: str = "leave") -> dict[str, Any]:
        self.directory()
        return copy.deepcopy(dict(registry_of(self.deployment).latest(process).definition.document))

    def owner(self, case: str) -> str | None:
        with reading(self.deployment.engine) as connection:
            row = TaskRow
            return connection.scalar(select(row.owner).where(row.case == case, row.state == "open"))

    def case(self, id: str) -> Any:
        with reading(self.deployment.engine) as connection:
            return connection.execute(select(CaseRow.__table__).where(CaseRow.id == id)).one()

    def a_paper(self, case: str, field: str = "papers") -> int:
        values = {
            "case": case,
            "process": "leave",
            "field": field,
            "kind": "paper",
            "author": "zhang",
            "name": "证明.pdf",
            "media_type": "application/pdf",
            "size": 9,
            "sha256": "0" * 64,
            "content": b"%PDF-1.7\n",
            "reading": {},
            "kept_at": self.story.clock.now(),
        }
        with writing(self.deployment.engine) as connection:
            return connection.execute(insert(PaperRow).values(values).returning(PaperRow.id)).scalar_one()


def send(browser, path: str, **body: Any):
    """Send JSON as the editor does: in the order in which it is written."""
    headers = {"X-CSRFToken": browser.token()}
    return browser.client.post(path, data=json.dumps(body), content_type="application/json", headers=headers)
