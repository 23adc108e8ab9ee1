"""An independent count over an event log: no Tideng inside, only the standard library and the text of rules in words."""

from __future__ import annotations

import gzip
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timedelta
from pathlib import Path

QUESTIONS = {
    "declaration-approval-waits": (
        "DomesticDeclarations",
        "Declaration SUBMITTED by EMPLOYEE",
        ["Declaration FINAL_APPROVED by SUPERVISOR"],
        7,
    ),
    "payment-waits": ("DomesticDeclarations", "Request Payment", ["Payment Handled"], 3),
    "permit-approval-waits": (
        "PermitLog",
        "Permit SUBMITTED by EMPLOYEE",
        ["Permit FINAL_APPROVED by SUPERVISOR", "Permit FINAL_APPROVED by DIRECTOR"],
        7,
    ),
    "declaration-after-trip-open": ("PermitLog", "End trip", ["Declaration SUBMITTED by EMPLOYEE"], 30),
}
PUBLISHED = {
    "declaration-approval-waits": 1837,
    "payment-waits": 6221,
    "permit-approval-waits": 994,
    "declaration-after-trip-open": 1959,
}
SAMPLE = {
    "declaration-approval-waits": 45,
    "payment-waits": 177,
    "permit-approval-waits": 41,
    "declaration-after-trip-open": 85,
}


def cases_of(path: Path) -> list[list[tuple[str, datetime]]]:
    """(activity, time) pairs, case by case, read with the standard library's tree."""
    cases = []
    with gzip.open(path) as log:
        for _, element in ElementTree.iterparse(log):
            if element.tag.rpartition("}")[2] == "trace":
                case = []
                for event in element:
                    if event.tag.rpartition("}")[2] == "event":
                        values = {attribute.get("key"): attribute.get("value") for attribute in event}
                        case.append((values["concept:name"], datetime.fromisoformat(values["time:timestamp"])))
                cases.append(case)
                element.clear()
    return cases


def absences(cases: list[list[tuple[str, datetime]]], a: str, b: list[str], days: int) -> int:
    """How often `a` happened without any of `b` up to `days` later, both ends in time, where the log reaches that far."""
    end, wait, found = max(time for case in cases for _, time in case), timedelta(days=days), 0
    for case in cases:
        answers = [time for activity, time in case if activity in b]
        for activity, time in case:
            in_time = any(time <= answer <= time + wait for answer in answers)
            found += activity == a and not in_time and time + wait <= end
    return found
