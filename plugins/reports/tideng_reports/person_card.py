"""The card of reports on a person's page: how the week is going, and when the last report came. It covers only this
person's own days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import quote

from sqlalchemy import Connection

from tideng.plugin import Card, CardLine, Deployment, Directory, Text, Viewer, last_event_time, phrase
from tideng_reports.completeness import REPORTED, Completeness, completeness
from tideng_reports.prefill import NEEDED
from tideng_reports.report_history import waiting_for

LOOKED_BACK = timedelta(days=180)
"""An older last report is not shown."""
_TITLE: Text = phrase("Reports")
_LINK: Text = phrase("See them")
_LAST: Text = phrase("The last one:")
_NO_TRIP: Text = phrase("No trip this week")
_TODAY_OPEN: Text = phrase("Today’s is still open")
_NONE_YET: Text = phrase("No report yet")


def reports_card(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    now: datetime,
    deployment: Deployment,
    person: str,
) -> Iterable[Card]:
    """Make the card; [] for a person who neither travelled this week nor wrote a report lately. Four statements."""
    week = directory.local_day(person, now).weekday() + 1
    [days] = completeness(connection, viewer, directory, now, deployment, [person], week)
    # events and not their cases: a report may come from another system
    last = last_event_time(connection, (REPORTED, NEEDED), person, now - LOOKED_BACK)
    if last is None and not any(one.expected for one in days.days):
        return []
    lines = [CardLine("", week_words(days)), CardLine("", _LAST, at=last) if last else CardLine("", _NONE_YET)]
    waiting = waiting_for(connection, viewer, person)
    if waiting:
        lines.append(CardLine("", phrase("{waiting} for you to read", waiting=waiting)))
    return [Card(_TITLE, tuple(lines), href=f"/reports/{quote(person, safe='')}", link=_LINK, screen="TeamReports")]


def week_words(days: Completeness) -> Text:
    """Say on how many of this week's working days of trips a report was written."""
    if not any(one.expected for one in days.days):
        return _NO_TRIP
    if not days.expected:
        return _TODAY_OPEN
    share = f"{days.written}/{days.expected}"
    return phrase("This week {share} (working days of trips)", share=share)
