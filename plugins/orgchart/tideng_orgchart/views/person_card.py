"""A person as colleagues see them, on any day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from tideng.plugin import Directory, NotFound, Viewer
from tideng_orgchart.views.day_view import PAGE, DayView, Face


@dataclass(frozen=True, slots=True)
class PersonCard:
    """A person as colleagues see them. `phone`, `email`: '' where the viewer may not see them; `seen`: whether the person is in the
    viewer's scope; `employed`: on the day that was asked for."""

    day: date
    today: bool
    face: Face
    unit: str
    units: tuple[tuple[str, str], ...]
    position: str
    supervisor: Face | None
    deputy: Face | None
    below: tuple[Face, ...]
    since: date | None
    employed: bool
    seen: bool
    phone: str
    email: str


def person_card(
    connection: Connection, viewer: Viewer, directory: Directory, now: datetime, person: str, day: date | None = None
) -> PersonCard:
    """A person on a day. Raises `NotFound`. At most two statements."""
    view = DayView(viewer, directory, now, day)
    if not directory.knows(person):
        raise NotFound("no-such-person", {"id": person})
    here = view.chart.people.get(person)
    one = here or directory.periods(person)[-1]
    scope = viewer.scope(directory, now)
    seen = scope is None or person in scope
    led = [other for other in view.chart.people.values() if other.supervisor == person][:PAGE]
    wanted = [view.face(person), view.face(one.supervisor), view.face(one.deputy), *view.faces(led)]
    faces = view.lit(connection, filter(None, wanted))
    return PersonCard(
        view.day,
        view.today,
        faces[person],
        one.unit,
        tuple((unit, view.unit(unit)) for unit in reversed(view.chart.line(one.unit))),
        one.position,
        faces.get(one.supervisor),
        faces.get(one.deputy),
        tuple(faces[other.person] for other in led),
        one.since,
        here is not None,
        seen,
        one.phone if seen else "",
        one.email if seen else "",
    )
