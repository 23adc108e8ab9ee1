"""The declarations for the catalogue: events of joining, moving, leaving and leave, and facts about people, positions and units."""

from __future__ import annotations

from tideng.plugin import EventType, Fact, Field, State, phrase

CHANGE_FIELDS = (
    Field("name", "text", phrase("Name", context="declarations")),
    Field("unit", "text", phrase("Unit")),
    Field("position", "text", phrase("Position")),
    Field("supervisor", "text", phrase("Supervisor")),
    Field("reason", "text", phrase("Reason", context="declarations")),
)
LEAVE_FIELDS = (
    Field("leave", "text", phrase("Leave"), required=True, key=True),
    Field("kind", "text", phrase("Kind of leave"), sensitive=True),
)

EVENTS = (
    EventType("person.joined", phrase("Joined"), CHANGE_FIELDS),
    EventType("person.moved", phrase("Moved", context="declarations"), CHANGE_FIELDS),
    EventType("person.left", phrase("Left", context="declarations"), CHANGE_FIELDS),
    EventType("leave.started", phrase("Leave started"), LEAVE_FIELDS),
    EventType("leave.ended", phrase("Leave ended"), LEAVE_FIELDS),
)

STATES = (
    State(
        "person.on_leave",
        phrase("On leave"),
        "leave.started",
        "leave.ended",
        key="leave",
        absent=True,
    ),
)

FACTS = (
    Fact("person.id", "text", phrase("Person id")),
    Fact("person.name", "text", phrase("Name", context="declarations")),
    Fact("person.unit", "text", phrase("Unit id")),
    Fact("person.unit_name", "text", phrase("Unit")),
    Fact("person.units", "list", phrase("Ids of the unit and those above it")),
    Fact("person.department", "text", phrase("Department (the first level)")),
    Fact("person.region", "text", phrase("Region (the department's branch)")),
    Fact("person.position", "text", phrase("Position id")),
    Fact("person.position_name", "text", phrase("Position")),
    Fact("person.supervisor", "text", phrase("Supervisor's id")),
    Fact("person.locale", "text", phrase("Locale")),
    Fact("person.timezone", "text", phrase("Time zone")),
    Fact("person.since", "date", phrase("In this post since", context="declarations")),
    Fact("position.id", "text", phrase("Position id")),
    Fact("position.title", "text", phrase("Position")),
    Fact("position.unit", "text", phrase("Id of the position's unit")),
    Fact("position.unit_name", "text", phrase("The position's unit")),
    Fact("position.holders", "integer", phrase("How many hold the position"), unit="people"),
    Fact("position.people", "list", phrase("Ids of who holds the position")),
    Fact("position.vacant", "boolean", phrase("Nobody holds the position")),
    Fact("unit.id", "text", phrase("Unit id")),
    Fact("unit.name", "text", phrase("Unit")),
    Fact("unit.parent", "text", phrase("Id of the unit above")),
    Fact("unit.units", "list", phrase("Ids of the unit and those above it", context="declarations")),
    Fact(
        "unit.people",
        "integer",
        phrase("People in the unit and those below it"),
        unit="people",
    ),
    Fact("unit.head", "text", phrase("Id of who leads the unit")),
    Fact("unit.head_name", "text", phrase("Who leads the unit")),
)
