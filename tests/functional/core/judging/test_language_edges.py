"""Edges of triggers, windows and limits, on every path: month ends, changes of the clocks, free days, comparisons between
facts."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from story import BEIJING, a_report, an_event

BERLIN = ZoneInfo("Europe/Berlin")
ANNA = "zhang,Anna,sales,rep,lead,Europe/Berlin,en,,,2020-01-01,"


def visit(when: str, customer: str = "c", **more):
    return an_event("visit.completed", when, customer=customer, **more)


def told(found, zone=BEIJING) -> list[str]:
    return [f"{one.at.astimezone(zone):%m-%d %H:%M} {one.detail.get('status') or one.recipient}" for one in found]


def on(trigger: str, rest: str = "") -> str:
    return f"""
    id: r
    kind: validation
    when: {trigger}
    who: {{fact: person.id, is: zhang}}
    then: [{{mark: first}}]
    {rest}
    """


# -- schedules ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("last", ["01-31", "02-28", "03-31", "04-30"]),
        ("31", ["01-31", "02-28", "03-31", "04-30"]),
        ("30", ["01-30", "02-28", "03-30", "04-30"]),
        ("29", ["01-29", "02-28", "03-29", "04-29"]),
        ("28", ["01-28", "02-28", "03-28", "04-28"]),
    ],
)
def test_a_day_that_a_month_lacks_is_its_last_one(story, day, expected):
    story.rule(on(f'{{every: month, on: {day}, at: "18:00"}}'))
    found = story.findings(start="2026-01-02 00:00", until="2026-05-01 00:00")
    assert told(found) == [f"{one} 18:00 first" for one in expected]


def test_the_29th_of_february_is_there_in_a_leap_year(story):
    story.rule(on('{every: month, on: 29, at: "18:00"}'))
    found = story.findings(start="2028-02-01 00:00", until="2028-03-01 00:00")
    assert told(found) == ["02-29 18:00 first"]


def test_a_month_end_in_the_night_of_a_change_of_the_clocks_comes_once(story):
    story.people(ANNA)
    story.rule(on('{every: week, on: sunday, at: "02:30"}', 'later: [{at: "03:15", then: [{mark: second}]}]'))
    autumn = story.findings(start="2026-10-24T00:00+02:00", until="2026-10-26T00:00+01:00")
    assert told(autumn, BERLIN) == ["10-25 02:30 first", "10-25 03:15 second"]
    # 02:30 is there twice; the first is meant, and the quarter past three lies an hour and three quarters later
    assert (autumn[1].at - autumn[0].at).total_seconds() == 105 * 60


def test_a_schedule_speaks_every_third_day_and_twice_a_week_at_most(story):
    story.rule(on('{every: day, at: "09:00"}', "limit: {once_per: 3 days}"))
    story.rule(on('{every: day, at: "10:00"}', "limit: {at_most: 2 per week}").replace("id: r", "id: s"), "s")
    found = story.findings(start="2026-03-02 00:00", until="2026-03-10 23:00")
    assert told(one for one in found if one.rule == "r") == [f"03-{day} 09:00 first" for day in ("02", "05", "08")]
    assert told(one for one in found if one.rule == "s") == [
        f"03-{day} 10:00 first" for day in ("02", "03", "09", "10")
    ]  # fmt: skip


# -- later -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("1 workday", "02-14 10:00"),  # a make-up Saturday
        ("2 workdays", "02-24 10:00"),  # and then the Spring Festival
        ("1 day", "02-14 10:00"),
        ("2 days", "02-15 10:00"),
        ("1 week", "02-20 10:00"),
        ("90 minutes", "02-13 11:30"),
    ],
)
def test_a_later_step_counts_working_days_in_the_clients_calendar(story, after, expected):
    story.rule(on("{event: visit.completed}", f"later: [{{after: {after}, then: [{{mark: second}}]}}]"))
    found = story.findings(visit("2026-02-13 10:00"), start="2026-02-13 00:00", until="2026-02-27 00:00")
    assert told(found) == ["02-13 10:00 first", f"{expected} second"]


def test_a_workday_later_is_the_same_local_time_though_the_clocks_changed(story):
    story.people(ANNA)
    story.rule(on("{event: visit.completed}", "later: [{after: 1 workday, then: [{mark: second}]}]"))
    friday = visit("2026-03-27T18:00+01:00")
    found = story.findings(friday, start="2026-03-27 00:00", until="2026-04-02 00:00")
    assert told(found, BERLIN) == ["03-27 18:00 first", "03-30 18:00 second"]


# -- the working clock -------------------------------------------------------------------------------------------------
FORMS = {
    "absence": "{event: need.raised, without: need.answered, within: %s, match: need, clock: working}",
    "wait": "{event: need.raised, wait: %s, match: need, clock: working}",
    "not all": "{not_all: [need.raised, need.answered], within: %s, match: need, clock: working}",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("within", "began", "expected"),
    [
        ("24 hours", "2026-02-13 15:00", "02-14 15:00"),  # a make-up Saturday
        ("48 hours", "2026-02-13 15:00", "02-24 15:00"),  # from the 15th to the 23rd nobody works
        ("2 workdays", "2026-02-13 15:00", "02-24 15:00"),
        ("30 minutes", "2026-02-18 12:00", "02-24 00:30"),
        ("24 hours", "2026-02-14 00:00", "02-15 00:00"),
    ],
)
def test_the_working_clock_stands_still_on_free_days_in_every_form(story, form, within, began, expected):
    story.rule(on(FORMS[form] % within))
    raised = an_event("need.raised", began, need="n")
    found = story.findings(raised, start="2026-02-13 00:00", until="2026-03-01 00:00")
    assert told(found) == [f"{expected} first"]


# -- windows and limits over a change of the clocks -----------------------------------------------------------------------
def test_hours_are_hours_also_in_the_night_in_which_the_clocks_change(story):
    story.people(ANNA)
    rest = "metrics: {n: {count: visit.completed, window: last 2 hours}}"
    story.rule(on("{event: visit.completed}", f"if: {{fact: metric.n, gte: 2}}\n    {rest}"))
    story.rule(on("{event: visit.completed}", "limit: {once_per: 2 hours}").replace("id: r", "id: s"), "s")
    story.rule(on("{event: visit.completed, wait: 2 hours}").replace("id: r", "id: w"), "w")
    # 01:30 in winter time to 03:31 in summer time: 61 minutes
    visits = [visit("2026-03-29T01:30+01:00"), visit("2026-03-29T03:31+02:00"), visit("2026-03-29T04:30+02:00", "d")]
    found = story.findings(*visits, start="2026-03-28 00:00", until="2026-03-30 00:00")
    by_rule = {rule: [f"{one.at.astimezone(BERLIN):%H:%M}" for one in found if one.rule == rule] for rule in "rsw"}
    assert by_rule == {"r": ["03:31", "04:30"], "s": ["01:30", "04:30"], "w": ["04:30"]}


def test_once_a_day_by_value_follows_the_day_where_the_person_lives(story):
    story.people(ANNA)
    story.rule(on("{event: visit.completed}", "limit: {once_per: day, by: customer}"))
    visits = [visit(f"2026-03-29T{when}") for when in ("00:10+01:00", "23:50+02:00")] + [
        visit("2026-03-30T00:10+02:00")
    ]
    found = story.findings(*visits, start="2026-03-28 00:00", until="2026-03-31 00:00")
    assert told(found, BERLIN) == ["03-29 00:10 first", "03-30 00:10 first"]


# -- comparisons between facts -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("op", "holds_for"),
    [
        ("is", [6]),
        ("is_not", [5, 7]),
        ("lt", [5]),
        ("lte", [5, 6]),
        ("gt", [7]),
        ("gte", [6, 7]),
    ],
)
def test_every_order_compares_with_a_multiple_of_another_fact(story, op, holds_for):
    story.rule(
        f"""
        id: r
        kind: validation
        when: {{event: order.won}}
        if: {{fact: metric.days, {op}: {{fact: metric.half, times: 0.5}}}}
        then: [{{mark: first}}]
        metrics:
          days: {{count: visit.completed, window: last 60 minutes}}
          half: {{sum: call.made/minutes, window: last 2 hours}}
        """
    )
    with (story.folder / "client.yaml").open("a") as client:
        client.write("event_types: {call.made: {fields: {minutes: {type: number}}}}\n")
    events = [an_event("call.made", "2026-03-02 08:00", minutes=12)]
    events += [visit(f"2026-03-02 09:0{n}", f"c{n}") for n in range(7)]
    events += [an_event("order.won", f"2026-03-02 09:0{n}:30", customer="c") for n in (4, 5, 6)]
    found = story.findings(*events, start="2026-03-02 00:00", until="2026-03-02 12:00")
    assert [one.at.astimezone(BEIJING).minute + 1 for one in found] == holds_for


def test_a_text_is_compared_with_another_and_a_list_contains_one(story):
    with (story.folder / "client.yaml").open("a") as client:
        client.write("event_types: {form.sent: {fields: {a: {type: text}, b: {type: text}, all: {type: list}}}}\n")
    for op in ("is", "is_not", "contains", "not_contains", "starts_with"):
        story.rule(
            f"""
            id: {op}
            kind: validation
            when: {{event: form.sent}}
            if: {{fact: event.a, {op}: {{fact: event.b}}}}
            then: [{{mark: first}}]
            """,
            op,
        )
    story.rule(
        """
        id: listed
        kind: validation
        when: {event: form.sent}
        if: {fact: event.all, contains: {fact: event.a}}
        then: [{mark: first}]
        """,
        "listed",
    )
    sent = an_event("form.sent", "2026-03-02 09:00", a="lamps and bulbs", b="lamps", all=["lamps and bulbs", "x"])
    found = story.findings(sent, a_report("2026-03-02 10:00"), start="2026-03-02 00:00", until="2026-03-02 12:00")
    assert sorted(one.rule for one in found) == ["contains", "is_not", "listed", "starts_with"]
