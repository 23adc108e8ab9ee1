"""Windows that a first event opens, windows that slide, and limits by minutes and by value: replayed, and lived through
on both databases."""

from __future__ import annotations

from story import an_event

from tests.story import BEIJING

DAY = {"start": "2026-03-02 00:00", "until": "2026-03-03 23:00"}
HELLO = "message: {zh: 你好, en: Hello}"


def visit(when: str, by: str = "zhang", customer: str = "c", **more):
    return an_event("visit.completed", when if len(when) > 8 else f"2026-03-02 {when}", by, customer=customer, **more)


def moments(story, *events, **period) -> list[str]:
    """Each finding as its local day, time and subject in Beijing."""
    found = story.findings(*events, **(period or DAY))
    return [f"{one.at.astimezone(BEIJING):%d %H:%M} {one.subject}" for one in found]


# -- once per N minutes ------------------------------------------------------------------------------------------------
def speaks(limit: str, extra: str = "") -> str:
    return f"""
    id: r
    kind: validation
    when: {{event: visit.completed}}
    then: [{{mark: seen}}]
    limit: {limit}
    {extra}
    """


def test_once_per_sixty_minutes_slides_from_the_last_time_it_spoke(story):
    story.rule(speaks("{once_per: 60 minutes}"))
    visits = [visit(when) for when in ("10:00", "10:30", "10:59", "11:00", "11:30", "12:05")]
    assert moments(story, *visits) == ["02 10:00 zhang", "02 11:00 zhang", "02 12:05 zhang"]


def test_once_per_two_hours_does_not_start_again_at_midnight(story):
    story.rule(speaks("{once_per: 2 hours}"))
    visits = [visit(f"2026-03-0{when}") for when in ("2 23:30", "3 00:30", "3 01:30")]
    assert moments(story, *visits) == ["02 23:30 zhang", "03 01:30 zhang"]


def test_a_limit_by_customer_leaves_the_other_customers_alone(story):
    story.rule(speaks("{once_per: 60 minutes, by: customer}"))
    visits = [visit("10:00"), visit("10:10", customer="d"), visit("10:20"), visit("10:30", "lead")]
    assert moments(story, *visits) == ["02 10:00 zhang", "02 10:10 zhang", "02 10:30 lead"]


def test_once_per_day_by_customer(story):
    story.rule(speaks("{once_per: day, by: customer}"))
    visits = [visit("10:00"), visit("11:00"), visit("12:00", customer="d"), visit("2026-03-03 10:00")]
    assert moments(story, *visits) == ["02 10:00 zhang", "02 12:00 zhang", "03 10:00 zhang"]


def test_at_most_twice_a_day(story):
    story.rule(speaks("{at_most: 2 per day}"))
    visits = [visit(f"{hour}:00") for hour in (10, 11, 12)]
    assert moments(story, *visits, visit("2026-03-03 10:00")) == ["02 10:00 zhang", "02 11:00 zhang", "03 10:00 zhang"]


def test_at_most_once_a_month(story):
    story.rule(speaks("{at_most: 1 per month}"))
    visits = [visit(f"2026-0{when}") for when in ("3-30 10:00", "3-31 10:00", "4-01 10:00")]
    assert moments(story, *visits, start="2026-03-29 00:00", until="2026-04-02 00:00") == [
        "30 10:00 zhang", "01 10:00 zhang",
    ]  # fmt: skip


# -- sliding metrics ---------------------------------------------------------------------------------------------------
def counts(
    window: str, least: int = 3, function: str = "{count: visit.completed", limit: str = "{once_per: occurrence}"
) -> str:
    return speaks(limit, f"if: {{fact: metric.n, gte: {least}}}\n    metrics: {{n: {function}, window: {window}}}}}")


def test_three_in_the_last_sixty_minutes(story):
    story.rule(counts("last 60 minutes"))
    visits = [visit(when) for when in ("10:00", "10:30", "11:00", "11:20", "12:01")]
    # at 11:00 the one of 10:00 lies exactly an hour back: no more
    assert moments(story, *visits) == ["02 11:20 zhang"]


def test_the_window_reaches_across_midnight(story):
    story.rule(counts("last 2 hours"))
    visits = [visit(f"2026-03-0{when}") for when in ("2 23:00", "2 23:59", "3 00:30", "3 01:30")]
    assert moments(story, *visits) == ["03 00:30 zhang", "03 01:30 zhang"]


def test_every_function_slides(story):
    with (story.folder / "client.yaml").open("a") as client:
        client.write("event_types: {call.made: {fields: {minutes: {type: number}, about: {type: text}}}}\n")
    functions = {"sum": 7, "average": 3.5, "min": 2, "max": 5, "last": 2, "distinct": 2}
    for name, value in functions.items():
        story.rule(
            f"""
            id: {name}
            kind: validation
            when: {{event: visit.completed}}
            if: {{fact: metric.n, is: {value}}}
            then: [{{mark: seen}}]
            metrics: {{n: {{{name}: call.made/minutes, window: last 30 minutes}}}}
            """,
            name,
        )
    calls = [
        an_event("call.made", f"2026-03-02 {when}", minutes=minutes, about="x")
        for when, minutes in (("10:00", 50), ("10:10", 5), ("10:20", 2))
    ]
    found = story.findings(*calls, visit("10:35"), **DAY)
    assert sorted(one.rule for one in found) == sorted(functions)


def test_a_schedule_sees_the_last_minutes_too_and_peers_are_compared_over_them(story):
    story.people(*(f"rep{n},Rep {n},sales,rep,lead,Asia/Shanghai,en,,,2020-01-01," for n in range(3)))
    story.rule(
        """
        id: r
        kind: reminder
        when: {every: day, at: "12:00"}
        if: {all: [{fact: metric.n, is: 0}, {fact: peers.n, gte: 2}]}
        then: [{mark: quiet}]
        metrics: {n: {count: visit.completed, window: last 90 minutes}}
        """
    )
    visits = [visit(when, f"rep{n}") for n in range(3) for when in ("10:31", "11:00", "12:00")]
    visits += [visit("10:30")]
    assert moments(story, *visits, start="2026-03-02 00:00", until="2026-03-02 23:00") == ["02 12:00 zhang"]


def test_accumulate_within_is_a_sliding_count_and_a_limit(story):
    story.rule(counts("last 60 minutes", limit="{once_per: 60 minutes, by: customer}"))
    visits = [visit(f"10:{minute:02}") for minute in (0, 5, 10, 15, 20)] + [visit("11:09")]
    assert moments(story, *visits) == ["02 10:10 zhang"]


# -- a wait ------------------------------------------------------------------------------------------------------------
def waits(extra: str = "", rest: str = "") -> str:
    return f"""
    id: r
    kind: validation
    when: {{event: visit.completed, wait: 10 minutes{extra}}}
    then: [{{nudge: person, message: {{zh: "{{event.customer}}", en: "Last seen {{event.customer}}"}}}}]
    {rest}
    """


def test_a_wait_speaks_once_at_its_end_with_the_last_that_came(story):
    story.rule(waits())
    visits = [visit("10:00", customer="a"), visit("10:04", customer="b"), visit("10:10", customer="c")]
    found = story.findings(*visits, visit("10:10:01", customer="d"), **DAY)
    assert [(f"{one.at.astimezone(BEIJING):%H:%M:%S}", one.message) for one in found] == [
        ("10:10:00", "Last seen c"), ("10:20:01", "Last seen d"),
    ]  # fmt: skip
    assert dict(found[0].why[0]) == {
        "part": "when",
        "fact": "visit.completed",
        "value": "2026-03-02T10:00:00+08:00",
        "op": "wait",
        "operand": 3,
        "holds": True,
    }


def test_each_person_waits_alone_and_each_customer_with_match(story):
    story.rule(waits())
    story.rule(waits(", match: customer").replace("id: r", "id: by-customer"), "other")
    visits = [visit("10:00"), visit("10:05", "lead"), visit("10:06", customer="d")]
    found = story.findings(*visits, **DAY)
    told = [(one.rule, f"{one.at.astimezone(BEIJING):%H:%M}", one.subject) for one in found]
    assert told == [
        ("by-customer", "10:10", "zhang"), ("r", "10:10", "zhang"), ("r", "10:15", "lead"), ("by-customer", "10:16", "zhang"),
    ]  # fmt: skip


def test_conditions_and_metrics_of_a_wait_are_those_of_its_end(story):
    story.rule(
        waits(
            rest="if: {all: [{fact: metric.n, is: 2}, {fact: event.customer, is: b}]}\n"
            "    metrics: {n: {count: visit.completed, window: today}}"
        )
    )
    assert moments(story, visit("10:00", customer="a"), visit("10:01", customer="b")) == ["02 10:10 zhang"]


def test_only_what_where_lets_pass_opens_a_wait_and_belongs_to_it(story):
    story.rule(waits(", where: {fact: event.customer, starts_with: key}"))
    visits = [visit("10:00", customer="other"), visit("10:03", customer="key1"), visit("10:12", customer="other")]
    found = story.findings(*visits, **DAY)
    assert [(f"{one.at.astimezone(BEIJING):%H:%M}", one.message) for one in found] == [("10:13", "Last seen key1")]


def test_a_wait_on_the_working_clock_stands_still_over_the_weekend(story):
    story.rule(waits(", clock: working").replace("10 minutes", "12 hours"))
    friday = visit("2026-03-06 18:00")
    assert moments(story, friday, start="2026-03-06 00:00", until="2026-03-10 00:00") == ["09 06:00 zhang"]


# -- not all -----------------------------------------------------------------------------------------------------------
SET = """
    id: r
    kind: escalation
    when: {not_all: [need.raised, need.answered, followup.recorded], within: 2 hours, match: need%s}
    then: [{nudge: person, message: {zh: 还差一步, en: Something is missing}}]
    %s
"""


def step(kind: str, when: str, need: str = "n", by: str = "zhang", **more):
    type_ = {"raised": "need.raised", "answered": "need.answered", "followed": "followup.recorded"}[kind]
    return an_event(type_, when if len(when) > 8 else f"2026-03-02 {when}", by, need=need, **more)


def test_when_all_came_in_time_nothing_is_said(story):
    story.rule(SET % ("", ""))
    assert moments(story, step("answered", "10:00"), step("raised", "10:30"), step("followed", "12:00")) == []


def test_when_one_is_missing_at_the_deadline_it_says_which(story):
    story.rule(SET % ("", ""))
    found = story.findings(step("answered", "10:00"), step("raised", "10:30"), step("followed", "12:00:01"), **DAY)
    assert [f"{one.at.astimezone(BEIJING):%H:%M}" for one in found] == ["12:00", "14:00"]
    assert dict(found[0].why[0]) == {
        "part": "when",
        "fact": "need.answered",
        "value": "2026-03-02T10:00:00+08:00",
        "op": "not_all",
        "operand": {
            "came": {"need.answered": "2026-03-02T10:00:00+08:00", "need.raised": "2026-03-02T10:30:00+08:00"},
            "missing": ["followup.recorded"],
        },
        "holds": True,
    }


def test_what_is_complete_makes_room_for_the_next(story):
    story.rule(SET % ("", ""))
    whole = [step(kind, f"10:0{n}") for n, kind in enumerate(("raised", "answered", "followed"))]
    assert moments(story, *whole, step("raised", "10:30")) == ["02 12:30 zhang"]


def test_what_came_in_the_moment_in_which_a_set_was_complete_does_not_complete_the_next(story):
    story.rule(SET % ("", ""))
    complete = [step("raised", "10:00"), step("followed", "10:06"), step("answered", "10:06")]
    next_ = [step("raised", "10:06"), step("answered", "10:20"), step("raised", "10:20")]
    assert moments(story, *complete, *next_) == ["02 12:06 zhang"]


def test_each_matter_is_a_set_of_its_own_and_where_says_what_counts(story):
    story.rule(SET % (", where: {fact: event.subject, is_not: lead}", ""))
    events = [
        step("raised", "10:00"),
        step("answered", "10:10", by="lead"),
        step("followed", "10:20"),
        step("answered", "10:30", "m"),
    ]
    assert moments(story, *events) == ["02 12:00 zhang", "02 12:30 zhang"]


def test_the_ladder_of_a_set_knows_what_was_missing(story):
    story.rule(SET % ("", "later: [{after: 1 hour, then: [{mark: still}]}]"))
    found = story.findings(step("raised", "10:00"), **DAY)
    assert [(f"{one.at.astimezone(BEIJING):%H:%M}", one.action) for one in found] == [
        ("12:00", "nudge"),
        ("13:00", "mark"),
    ]
    assert found[0].why[0] == found[1].why[0]


def test_only_what_where_lets_pass_opens_an_absence(story):
    story.rule(
        """
        id: r
        kind: escalation
        when: {event: need.raised, without: need.answered, within: 1 hour, match: need, where: {fact: event.customer, is: key}}
        then: [{mark: waiting}]
        """
    )
    events = [step("raised", "10:00", "a", customer="key"), step("raised", "10:00", "b", customer="other")]
    events += [step("raised", "10:00", "c", customer="key"), step("answered", "10:30", "c")]
    assert moments(story, *events) == ["02 11:00 zhang"]
