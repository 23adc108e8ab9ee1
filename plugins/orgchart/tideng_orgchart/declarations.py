"""The declarations for the catalogue: events of joining, moving, leaving and leave, and facts about people, positions and units."""

from __future__ import annotations

from tideng.plugin import EventType, Fact, Field, State

CHANGE_FIELDS = (
    Field("name", "text", {"zh": "姓名", "en": "Name"}),
    Field("unit", "text", {"zh": "部门", "en": "Unit"}),
    Field("position", "text", {"zh": "岗位", "en": "Position"}),
    Field("supervisor", "text", {"zh": "主管", "en": "Supervisor"}),
    Field("reason", "text", {"zh": "说明", "en": "Reason"}),
)
LEAVE_FIELDS = (
    Field("leave", "text", {"zh": "请假单号", "en": "Leave"}, required=True, key=True),
    Field("kind", "text", {"zh": "假别", "en": "Kind of leave"}, sensitive=True),
)

EVENTS = (
    EventType("person.joined", {"zh": "入职", "en": "Joined"}, CHANGE_FIELDS),
    EventType("person.moved", {"zh": "调岗", "en": "Moved"}, CHANGE_FIELDS),
    EventType("person.left", {"zh": "离职", "en": "Left"}, CHANGE_FIELDS),
    EventType("leave.started", {"zh": "休假开始", "en": "Leave started"}, LEAVE_FIELDS),
    EventType("leave.ended", {"zh": "休假结束", "en": "Leave ended"}, LEAVE_FIELDS),
)

STATES = (
    State(
        "person.on_leave",
        {"zh": "休假中", "en": "On leave"},
        "leave.started",
        "leave.ended",
        key="leave",
        absent=True,
    ),
)

FACTS = (
    Fact("person.id", "text", {"zh": "人员编号", "en": "Person id"}),
    Fact("person.name", "text", {"zh": "姓名", "en": "Name"}),
    Fact("person.unit", "text", {"zh": "部门编号", "en": "Unit id"}),
    Fact("person.unit_name", "text", {"zh": "部门", "en": "Unit"}),
    Fact("person.units", "list", {"zh": "所属各级部门编号", "en": "Ids of the unit and those above it"}),
    Fact("person.department", "text", {"zh": "一级部门", "en": "Department (the first level)"}),
    Fact("person.region", "text", {"zh": "大区（一级部门的分支）", "en": "Region (the department's branch)"}),
    Fact("person.position", "text", {"zh": "岗位编号", "en": "Position id"}),
    Fact("person.position_name", "text", {"zh": "岗位", "en": "Position"}),
    Fact("person.supervisor", "text", {"zh": "主管编号", "en": "Supervisor's id"}),
    Fact("person.locale", "text", {"zh": "语言", "en": "Locale"}),
    Fact("person.timezone", "text", {"zh": "时区", "en": "Time zone"}),
    Fact("person.since", "date", {"zh": "现岗位起始日", "en": "In this post since"}),
    Fact("position.id", "text", {"zh": "岗位编号", "en": "Position id"}),
    Fact("position.title", "text", {"zh": "岗位", "en": "Position"}),
    Fact("position.unit", "text", {"zh": "岗位所属部门编号", "en": "Id of the position's unit"}),
    Fact("position.unit_name", "text", {"zh": "岗位所属部门", "en": "The position's unit"}),
    Fact("position.holders", "integer", {"zh": "在岗人数", "en": "How many hold the position"}, unit="people"),
    Fact("position.people", "list", {"zh": "在岗人员编号", "en": "Ids of who holds the position"}),
    Fact("position.vacant", "boolean", {"zh": "岗位空缺", "en": "Nobody holds the position"}),
    Fact("unit.id", "text", {"zh": "部门编号", "en": "Unit id"}),
    Fact("unit.name", "text", {"zh": "部门", "en": "Unit"}),
    Fact("unit.parent", "text", {"zh": "上级部门编号", "en": "Id of the unit above"}),
    Fact("unit.units", "list", {"zh": "本部门及各级上级编号", "en": "Ids of the unit and those above it"}),
    Fact(
        "unit.people",
        "integer",
        {"zh": "部门人数（含下级）", "en": "People in the unit and those below it"},
        unit="people",
    ),
    Fact("unit.head", "text", {"zh": "部门负责人编号", "en": "Id of who leads the unit"}),
    Fact("unit.head_name", "text", {"zh": "部门负责人", "en": "Who leads the unit"}),
)
