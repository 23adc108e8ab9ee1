"""Rules about positions and units: who is in them, what their people have done together, and who is told."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event as listen
from story import BEIJING, Story, an_event, at

from tideng.base.errors import InvalidBundle
from tideng.client.bundle import read_bundle
from tideng.facts.names import EventFacts
from tideng.model.metrics import Book, Metric, Series
from tideng.org.directory import Assignment, Directory, Unit
from tideng.runtime.apply import apply
from tideng.runtime.worker import Worker

UNITS = "id,name,parent\nall,Lamps,\nnorth,North,all\nsouth,South,all\nfar,Far South,south\nempty,Empty,south\n"
POSITIONS = """\
id,name,unit,duties
boss,Director,all,
head,Head,,
rep,Sales,,sales_this_month>=1000;visits_this_week>=5
clerk,Clerk,south,
hr,HR,all,
"""
PEOPLE = """\
id,name,unit,position,supervisor,deputy,timezone,from,until
boss,Gu Ming,all,boss,,,,2020-01-01,
nora,Nora,north,head,boss,dora,,2020-01-01,
dora,Dora,north,rep,nora,,,2020-01-01,
zhang,Zhang San,north,rep,nora,,,2020-01-01,2026-03-03
zhang,Zhang San,far,rep,sue,,,2026-03-04,
sue,Sue,south,head,boss,,,2020-01-01,
ann,Ann,far,rep,sue,,Australia/Sydney,2020-01-01,
hr,Zhou Min,all,hr,boss,,,2020-01-01,
"""
WEEK = {"start": "2026-03-02 00:00", "until": "2026-03-08 23:00"}


@pytest.fixture
def company(story) -> Story:
    return _company(story)


@pytest.fixture
def lived_company(lived) -> Story:
    return _company(lived)


def _company(story: Story) -> Story:
    for name, text in (("units", UNITS), ("positions", POSITIONS), ("people", PEOPLE)):
        (story.folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return story


def sale(when: str, by: str, amount: float = 100, arrives: str | None = None, **data):
    return an_event("order.won", when, by, arrives=arrives, amount=amount, customer="c", **data)


def visit(when: str, by: str, arrives: str | None = None):
    return an_event("visit.completed", when, by, arrives=arrives, customer="c")


def seen(found, fact: str) -> dict[str, object]:
    """What each subject's finding saw of one fact."""
    return {one.subject: next(why["value"] for why in one.why if why["fact"] == fact) for one in found}


def weekly(about: str, condition: str, then: str = "[{mark: seen}]", more: str = "") -> str:
    return f"""
id: r
kind: diagnosis
about: {about}
when: {{every: week, on: sunday, at: "20:00"}}
if: {condition}
then: {then}
{more}
"""


# -- facts -------------------------------------------------------------------------------------------------------------
FACTS = {
    "unit.name": {"all": "Lamps", "north": "North", "south": "South", "far": "Far South", "empty": "Empty"},
    "unit.people": {"all": 7, "north": 2, "south": 3, "far": 2, "empty": 0},
    "unit.head": {"all": "boss", "north": "nora", "south": "sue", "far": "sue", "empty": None},
    "unit.head_name": {"all": "Gu Ming", "north": "Nora", "south": "Sue", "far": "Sue", "empty": None},
    "unit.parent": {"all": None, "north": "all", "south": "all", "far": "south", "empty": "south"},
    "position.title": {"boss": "Director", "head": "Head", "rep": "Sales", "clerk": "Clerk", "hr": "HR"},
    "position.holders": {"boss": 1, "head": 2, "rep": 3, "clerk": 0, "hr": 1},
    "position.vacant": {"boss": False, "head": False, "rep": False, "clerk": True, "hr": False},
    "position.unit_name": {"boss": "Lamps", "head": None, "rep": None, "clerk": "South", "hr": "Lamps"},
    "target.sales_this_month": {"boss": None, "head": None, "rep": 1000, "clerk": None, "hr": None},
}


def test_what_is_known_of_positions_and_units_on_that_day(company):
    """On Sunday Zhang is in the far south, since Wednesday."""
    ids = {"unit": ["all", "north", "south", "far", "empty"], "position": ["boss", "head", "rep", "clerk", "hr"]}
    for about in ids:
        company.rule(
            weekly(about, f"{{any: [{{fact: {about}.id, exists: true}}]}}").replace("id: r", f"id: {about}"), about
        )
    for fact in FACTS:
        about = "position" if fact.startswith("target") else fact.partition(".")[0]
        rule = weekly(about, f"{{any: [{{fact: {fact}, exists: true}}, {{fact: {about}.id, exists: true}}]}}")
        company.rule(rule.replace("id: r", f"id: {fact}"), fact)
    found = company.findings(**WEEK)
    for about, names in ids.items():
        assert [one.subject for one in found if one.rule == about] == sorted(names) or {
            one.subject for one in found if one.rule == about
        } == set(names)
    for fact, expected in FACTS.items():
        assert seen([one for one in found if one.rule == fact], fact) == expected, fact


def test_a_rule_about_people_cannot_ask_what_a_unit_is_nor_one_about_units_who_is_asked(story):
    story.rule(weekly("unit", "{fact: person.name, is: x}"), "a")
    story.rule(weekly("person", "{fact: unit.people, gt: 1}").replace("id: r", "id: b"), "b")
    story.rule(weekly("position", "{fact: peers.sales_this_month, gt: 1}").replace("id: r", "id: c"), "c")
    story.rule(weekly("unit", "{fact: metric.target_completion, gt: 1}").replace("id: r", "id: d"), "d")
    story.rule(weekly("unit", "{fact: target.visits_this_week, gt: 1}").replace("id: r", "id: e"), "e")
    with pytest.raises(InvalidBundle) as refused:
        story.findings(**WEEK)
    said = {problem.problem for problem in refused.value.problems}
    assert {
        "'person.name': a schedule about a unit has no person",
        "'unit.people': the rule is about a person",
        "'peers.sales_this_month' is known of people alone; the rule is about a position",
        "'metric.target_completion' is known of people alone; the rule is about a unit",
        "'target.visits_this_week' is known of people alone; the rule is about a unit",
    } <= said


# -- metrics -----------------------------------------------------------------------------------------------------------
SALES = [
    sale("2026-03-02 09:00", "zhang", 1),  # in the north until Tuesday
    sale("2026-03-03 23:59", "zhang", 2),
    sale("2026-03-04 00:00", "zhang", 4),  # in the far south from Wednesday on
    sale("2026-03-05 09:00", "ann", 8),
    sale("2026-03-05 09:00", "sue", 16),
    sale("2026-03-05 09:00", "dora", 32),
    sale("2026-03-05 09:00", "boss", 64),
    sale("2026-03-05 09:00", "stranger", 128),
]
UNIT_SUMS = {"all": 127, "north": 35, "south": 28, "far": 12, "empty": 0}
POSITION_SUMS = {"boss": 64, "head": 16, "rep": 47, "clerk": 0, "hr": 0}


@pytest.mark.parametrize(("about", "sums"), [("unit", UNIT_SUMS), ("position", POSITION_SUMS)])
def test_a_sale_counts_for_the_position_and_the_units_its_subject_was_in_when_it_happened(company, about, sums):
    company.rule(weekly(about, "{fact: metric.sales_this_month, gte: 0}"))
    assert seen(company.findings(*SALES, **WEEK), "metric.sales_this_month") == sums


def test_every_function_of_a_metric_is_that_over_all_their_events(company):
    named = {"count": 7, "max": 64, "min": 1, "last": 64, "distinct": 7, "average": 127 / 7}
    for function in named:
        what = "order.won" if function == "count" else "order.won/amount"
        rule = weekly(
            "unit", "{fact: metric.m, exists: true}", more=f"metrics: {{m: {{{function}: {what}, window: this month}}}}"
        )
        company.rule(rule.replace("id: r", f"id: {function}"), function)
    company.rule(
        weekly("unit", "{fact: metric.h, exists: true}", more="metrics: {h: {sum: order.won/amount, window: last 96 hours}}")
        .replace("id: r", "id: hours"), "hours",
    )  # fmt: skip
    found = company.findings(*SALES, **WEEK)
    for function, expected in named.items():
        rows = [one for one in found if one.rule == function]
        value = seen(rows, "metric.m")["all"]
        assert value == pytest.approx(expected) if function != "last" else value in (8, 16, 32, 64), function
    hours = seen([one for one in found if one.rule == "hours"], "metric.h")
    assert (hours["north"], hours["far"]) == (32, 8)  # from Wednesday 20:00 on


def test_a_move_that_is_heard_of_late_moves_what_was_done(lived_company):
    story = lived_company
    story.rule(weekly("unit", "{fact: metric.sales_this_month, gt: 0}"))
    events = [
        sale("2026-03-05 09:00", "dora", 32),
        an_event("person.moved", "2026-03-04 09:00", "dora", arrives="2026-03-06 09:00", unit="south"),
    ]
    found = story.findings(*events, **WEEK)
    assert seen(found, "metric.sales_this_month") == {"all": 32, "south": 32}


def test_a_new_rule_counts_what_was_there_before_it(lived_company):
    story = lived_company
    story.begin("2026-03-02 00:00")
    story.live(*SALES, until="2026-03-06 00:00")
    story.rule(
        weekly("unit", "{fact: metric.m, gt: 0}", more="metrics: {m: {max: order.won/amount, window: this month}}")
    )
    apply(story.deployment, read_bundle(story.folder))
    story.live(until="2026-03-08 23:00")
    assert seen(story.stored(), "metric.m") == {"all": 64, "north": 32, "south": 16, "far": 8}


def test_days_are_each_persons_own(company):
    """Monday 00:30 in Sydney is Sunday in Beijing: Ann's week has begun."""
    company.rule(
        weekly("unit", "{fact: metric.visits_this_week, gt: 0}").replace("on: sunday", "on: monday").replace("20:00", "08:00")
    )  # fmt: skip
    early = visit("2026-03-08 21:30", "ann")  # Monday 00:30 in Sydney
    own = visit("2026-03-08 23:30", "sue")  # Sunday in Beijing
    found = company.findings(early, own, start="2026-03-08 00:00", until="2026-03-09 12:00")
    assert seen(found, "metric.visits_this_week") == {"all": 1, "south": 1, "far": 1}


DAYS = st.dates(date(2026, 3, 1), date(2026, 3, 20))
WORK = st.lists(st.tuples(st.sampled_from("abc"), DAYS, st.integers(0, 23), st.integers(-50, 50)))
MOVES = st.lists(st.tuples(st.sampled_from("abc"), DAYS, st.sampled_from(["top", "left", "right"])), max_size=6)


@given(WORK, MOVES, DAYS, st.sampled_from(["this month", "last 7 days", "today", "this week", "last 50 hours"]))
def test_what_a_unit_did_is_what_its_people_did_while_they_were_in_it(work, moves, day, window):
    firsts: dict[str, dict[date, str]] = defaultdict(lambda: {date(2026, 1, 1): "left"})
    for person, since, unit in moves:
        firsts[person][since] = unit
    assignments = []
    for person in "abc":
        starts = sorted(firsts[person].items())
        for (since, unit), following in zip(starts, [*starts[1:], None], strict=True):
            until = following[0] - timedelta(days=1) if following else None
            assignments.append(Assignment(person, person, unit, since=since, until=until))
    units = [Unit("top", ""), Unit("left", "", "top"), Unit("right", "", "top")]
    directory = Directory(assignments, units)
    series, book = Series("won", "amount"), Book()
    moment = datetime.combine(day, time(12), BEIJING).astimezone(UTC)
    expected = dict.fromkeys(("top", "left", "right"), 0)
    metric = Metric("m", "sum", series, window)
    first = {
        "this month": day.replace(day=1),
        "last 7 days": day - timedelta(days=6),
        "today": day,
        "this week": day - timedelta(days=day.weekday()),
    }.get(window)
    for person, when, hour, amount in work:
        happened = datetime.combine(when, time(hour), BEIJING).astimezone(UTC)
        if happened > moment:
            continue
        data = {"amount": amount}
        facts = EventFacts(type("E", (), {"data": data, "subject": person, "time": happened, "type": "won"})())
        book.add(person, series, when, data, facts, happened)
        book.note(person, series, data, facts, happened)
        inside = when >= first if first else happened > moment - timedelta(hours=50)
        unit = next(u for since, u in sorted(firsts[person].items(), reverse=True) if since <= when)
        for one in {unit, "top"} if inside else ():
            expected[one] += amount
    assert {unit: directory.groups.value(book, metric, ("unit", unit), moment) for unit in expected} == expected


# -- triggers, ladders, limits, late events ------------------------------------------------------------------------------
def test_an_event_judges_the_unit_its_subject_is_in(company):
    company.rule(
        """
        id: r
        kind: validation
        about: unit
        when: {event: order.won}
        if: {fact: metric.n, is: 2}
        then: [{nudge: person, message: {zh: "{unit.name}", en: "{unit.name} {person.name} {metric.n}"}}]
        metrics: {n: {count: order.won, window: this week}}
        """
    )
    found = company.findings(*SALES[:4], **WEEK)
    assert [(one.subject, one.recipient, one.message) for one in found] == [
        ("north", "nora", "North Zhang San 2"),
        ("far", "sue", "Far South Ann 2"),
    ]


LADDER = """
id: r
kind: reminder
about: unit
when: {every: day, at: "09:00"}
who: {fact: unit.id, is: south}
if: {fact: metric.n, is: 0}
then: [{nudge: person, message: {zh: 你好, en: Hello}}]
later:
  - at: "18:00"
    then: [{nudge: supervisor, message: {zh: 你好, en: Hello}}]
until: {fact: metric.n, gte: 1}
metrics: {n: {count: order.won, window: today}}
"""


def test_what_anybody_in_it_does_ends_the_ladder_of_a_unit(company):
    company.rule(LADDER)
    below = sale("2026-03-05 10:00", "zhang")  # in the far south, below the south
    elsewhere = sale("2026-03-06 10:00", "dora")
    said = company.tell(below, elsewhere, start="2026-03-05 00:00", until="2026-03-06 23:00")
    assert said == ["09:00 nudge sue", "09:00 nudge sue", "18:00 nudge boss"]


def test_who_leaves_ends_no_ladder_of_a_position_with_the_same_id(company):
    company.rule(
        LADDER.replace("about: unit", "about: position").replace("unit.id, is: south", "position.id, is: boss")
    )
    gone = an_event("person.left", "2026-03-05 10:00", "boss")
    said = company.tell(gone, start="2026-03-05 00:00", until="2026-03-05 23:00")
    assert said == ["09:00 nudge boss", "18:00 nudge hr"]


def test_a_late_sale_takes_back_what_was_said_to_its_unit(lived_company):
    lived_company.rule(LADDER.replace("09:00", "12:00"))
    late = sale("2026-03-05 10:00", "zhang", arrives="2026-03-05 13:00")
    other = sale("2026-03-05 10:00", "dora", arrives="2026-03-05 13:00")
    period = {"start": "2026-03-05 00:00", "until": "2026-03-05 20:00"}
    assert lived_company.tell(late, other, **period) == []


def test_a_late_sale_elsewhere_takes_nothing_back(lived_company):
    lived_company.rule(LADDER.replace("09:00", "12:00"))
    other = sale("2026-03-05 10:00", "dora", arrives="2026-03-05 13:00")
    said = lived_company.tell(other, start="2026-03-05 00:00", until="2026-03-05 20:00")
    assert said == ["12:00 nudge sue", "18:00 nudge boss"]


def test_a_deadline_is_of_the_unit_and_kept_to_its_limit(company):
    company.rule(
        """
        id: r
        kind: escalation
        about: unit
        when: {event: need.raised, without: need.answered, within: 1 day, match: need}
        then: [{nudge: owner, message: {zh: 你好, en: Hello}}]
        limit: {once_per: week}
        """
    )
    raised = [an_event("need.raised", f"2026-03-02 {hour}:00", "zhang", need=f"n{hour}") for hour in ("09", "10")]
    assert company.tell(*raised, **WEEK) == ["09:00 nudge nora"]


# -- who is told -------------------------------------------------------------------------------------------------------
TOLD = [
    ("unit", "north", "person", "nora"),
    ("unit", "north", "owner", "nora"),
    ("unit", "north", "supervisor", "boss"),
    ("unit", "empty", "person", "sue"),  # nobody is in it: the head of the unit above
    ("unit", "far", "person", "sue"),  # nobody in it leads the others: who leads them all
    ("unit", "all", "person", "boss"),
    ("unit", "all", "supervisor", "hr"),
    ("position", "boss", "person", "boss"),
    ("position", "clerk", "person", "sue"),  # vacant: the head of its unit
    ("position", "clerk", "supervisor", "boss"),
    ("position", "head", "person", "boss"),  # several: who leads them
    ("position", "rep", "hr", "hr"),
]


def test_somebody_is_told_always(company):
    for number, (about, subject, to, _) in enumerate(TOLD):
        then = f"[{{nudge: {to}, message: {{zh: 你好, en: Hello}}}}]"
        rule = weekly(about, f"{{fact: {about}.id, is: {subject}}}", then).replace("id: r", f"id: r{number:02}")
        company.rule(rule, f"r{number:02}")
    found = {one.rule: one.recipient for one in company.findings(**WEEK)}
    assert found == {f"r{number:02}": told for number, (*_, told) in enumerate(TOLD)}


def test_who_is_away_is_stood_in_for(company):
    company.rule(weekly("unit", "{fact: unit.id, is: north}", "[{nudge: person, message: {zh: 你好, en: Hello}}]"))
    away = an_event("leave.started", "2026-03-08 09:00", "nora", leave="l")
    found = company.findings(away, **WEEK)
    assert [(one.recipient, one.meant_for) for one in found] == [("dora", "nora")]


# -- cost --------------------------------------------------------------------------------------------------------------
def test_statements_do_not_grow_with_the_people_or_the_units(lived):
    def statements(people: int) -> int:
        story = Story(lived.folder.parent / f"c{people}", lived.how, lived.open_deployment, None)
        (story.folder / "units.csv").write_text(
            "id,name,parent\nall,All,\n" + "".join(f"u{n},U{n},all\n" for n in range(people // 2)), encoding="utf-8"
        )
        (story.folder / "positions.csv").write_text("id,name,unit,duties\nrep,Sales,all,\n", encoding="utf-8")
        rows = "".join(f"p{n},P{n},u{n // 2},rep,\n" for n in range(people))
        (story.folder / "people.csv").write_text(
            "id,name,unit,position,supervisor\nhr,HR,all,,\n" + rows, encoding="utf-8"
        )
        story.rule(weekly("unit", "{fact: metric.sales_this_month, gt: 0}"))
        story.rule(LADDER.replace("id: r", "id: l").replace("who: {fact: unit.id, is: south}\n", ""), "l")
        story.begin("2026-03-08 08:00")
        story._receive([sale("2026-03-08 08:00", f"p{n}")[1] for n in range(people)])
        counted: list[str] = []
        listen.listen(story.deployment.engine, "before_cursor_execute", lambda *given: counted.append(given[2]))
        worker = Worker(story.deployment)
        worker.step()
        story.deployment.clock.set(at("2026-03-08 20:00"))
        worker.step()
        assert len(story.stored()) >= people // 2
        return len(counted)

    assert statements(60) == statements(6)
