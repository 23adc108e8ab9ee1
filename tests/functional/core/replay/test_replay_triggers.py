"""The triggers of the rule language, sentence by sentence, on files that hold only what is needed."""

from __future__ import annotations

import pytest
from replayed import Client, event, moments, said


@pytest.fixture
def client(tmp_path) -> Client:
    return Client(tmp_path / "client")


def schedule(when: str, extra: str = "") -> str:
    return f"""
id: r
kind: reminder
when: {when}
then: [{{nudge: person, message: {{zh: 你好, en: Hello}}}}]
limit: {{once_per: occurrence}}
{extra}"""


ZHANG = "zhang,Zhang San,sales,rep,,Asia/Shanghai"


# -- every day, workday, week, month ---------------------------------------------------------------------------------
SCHEDULES = {
    "every day": ('{every: day, at: "09:00"}', "2026-02-13", "2026-02-17", ["13 09:00", "14 09:00", "15 09:00", "16 09:00", "17 09:00"]),
    # 2026-02-14 is a make-up Saturday, 15 to 23 February are the Spring Festival
    "every workday of China's own calendar": (
        '{every: workday, at: "09:00"}', "2026-02-13", "2026-02-25", ["13 09:00", "14 09:00", "24 09:00", "25 09:00"],
    ),
    "every week on friday": ('{every: week, on: friday, at: "17:00"}', "2026-03-01", "2026-03-15", ["06 17:00", "13 17:00"]),
    "every week on sunday": ('{every: week, on: sunday, at: "17:00"}', "2026-03-01", "2026-03-15", ["01 17:00", "08 17:00", "15 17:00"]),
    "every month on the first": ('{every: month, on: 1, at: "00:00"}', "2026-01-02", "2026-04-02", ["01 00:00", "01 00:00", "01 00:00"]),
    "every month on its last day": ('{every: month, on: last, at: "18:00"}', "2026-01-01", "2026-04-30T23:00", ["31 18:00", "28 18:00", "31 18:00", "30 18:00"]),
    "every month on the 15th": ('{every: month, on: 15, at: "18:00"}', "2026-01-01", "2026-03-14", ["15 18:00", "15 18:00"]),
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_speaks(client, name):
    when, start, until, expected = SCHEDULES[name]
    start, until = start if "T" in start else f"{start} 00:00", until if "T" in until else f"{until} 23:59"
    assert moments(client.people(ZHANG).replay(schedule(when), [], start, until)) == expected


def test_both_ends_of_the_replayed_period_are_inclusive(client):
    rule = schedule('{every: day, at: "09:00"}')
    client.people(ZHANG)
    assert moments(client.replay(rule, [], "2026-03-02 09:00:00", "2026-03-03 09:00:00")) == ["02 09:00", "03 09:00"]
    assert moments(client.replay(rule, [], "2026-03-02 09:00:01", "2026-03-03 08:59:59")) == []


def test_an_event_at_either_end_is_judged(client):
    rule = schedule("{event: visit.completed}")
    visits = [event("visit.completed", f"2026-03-02 {hour}:00", customer="c") for hour in ("09", "10", "11", "12")]
    found = client.replay(rule, visits, "2026-03-02 10:00", "2026-03-02 11:00")
    assert moments(found) == ["02 10:00", "02 11:00"]


def test_each_member_is_asked_in_their_own_zone(client):
    client.people(ZHANG, "jun,He Jun,sales,rep,,Australia/Sydney", "anna,Anna,sales,rep,,Europe/Berlin")
    found = client.replay(schedule('{every: day, at: "19:00"}'), [], "2026-03-02 12:00", "2026-03-03 05:00")
    assert [(one["at"], one["subject"]) for one in found] == [
        ("2026-03-02T19:00:00+11:00", "jun"),
        ("2026-03-02T19:00:00+08:00", "zhang"),
        ("2026-03-02T19:00:00+01:00", "anna"),
    ]


def test_across_a_change_of_the_clocks_it_stays_seven_in_the_evening(client):
    client.people("anna,Anna,sales,rep,,Europe/Berlin")
    found = client.replay(schedule('{every: day, at: "19:00"}'), [], "2026-03-28 12:00", "2026-03-31 12:00")
    assert [one["at"] for one in found] == [
        "2026-03-28T19:00:00+01:00", "2026-03-29T19:00:00+02:00", "2026-03-30T19:00:00+02:00",
    ]  # fmt: skip


def test_a_time_that_a_spring_night_skips_is_moved_forward_and_one_that_an_autumn_night_repeats_counts_once(client):
    client.people("anna,Anna,sales,rep,,Europe/Berlin")
    rule = schedule('{every: day, at: "02:30"}')
    spring = client.replay(rule, [], "2026-03-29T00:00+01:00", "2026-03-29T12:00+02:00")
    assert [one["at"] for one in spring] == ["2026-03-29T03:30:00+02:00"]
    autumn = client.replay(rule, [], "2026-10-25T00:00+02:00", "2026-10-25T12:00+01:00")
    assert [one["at"] for one in autumn] == ["2026-10-25T02:30:00+02:00"]


def test_who_moves_to_another_zone_is_asked_once_on_each_of_their_days(client):
    rows = [
        "jun,He Jun,sales,rep,,Asia/Shanghai,2020-01-01,2026-03-01",
        "jun,He Jun,sales,rep,,Australia/Sydney,2026-03-02",
    ]
    client.people(*rows)
    for hour, zone in (("01:00", "early"), ("19:00", "late")):
        found = client.replay(schedule(f'{{every: day, at: "{hour}"}}'), [], "2026-02-28 00:00", "2026-03-04 00:00")
        days = [one["at"][:10] for one in found]
        assert days == sorted(set(days)), (zone, days)
        assert {"2026-03-01", "2026-03-02", "2026-03-03"} <= set(days), (zone, days)


def test_only_who_is_employed_on_that_day_is_asked(client):
    client.people(
        "old,Old,sales,rep,,,2020-01-01,2026-03-02",
        "new,New,sales,rep,,,2026-03-04,",
        "zhang,Zhang,sales,rep,,,2020-01-01,",
    )
    found = client.replay(schedule('{every: day, at: "09:00"}'), [], "2026-03-02 00:00", "2026-03-04 23:00")
    assert sorted(said(found)) == [
        "02 09:00 nudge old", "02 09:00 nudge zhang", "03 09:00 nudge zhang", "04 09:00 nudge new", "04 09:00 nudge zhang",
    ]  # fmt: skip


def test_who_leaves_at_noon_is_not_asked_in_the_evening_and_who_joins_is(client):
    client.people(ZHANG)
    events = [
        event("person.left", "2026-03-02 12:00"),
        event("person.joined", "2026-03-02 13:00", "lin", name="Lin", unit="sales", position="rep"),
    ]
    found = client.replay(schedule('{every: day, at: "19:00"}'), events, "2026-03-02 00:00", "2026-03-02 23:00")
    assert said(found) == ["02 19:00 nudge lin"]


def test_who_is_on_leave_is_not_asked(client):
    client.people(ZHANG)
    events = [
        event("leave.started", "2026-03-02 08:00", leave="l1"),
        event("leave.ended", "2026-03-03 18:00", leave="l1"),
    ]
    found = client.replay(schedule('{every: day, at: "19:00"}'), events, "2026-03-01 00:00", "2026-03-03 23:00")
    assert moments(found) == ["01 19:00", "03 19:00"]


def test_who_limits_the_population(client):
    client.people(ZHANG, "wang,Wang,sales,lead")
    rule = schedule('{every: day, at: "09:00"}', "who: {fact: person.position, is: lead}")
    assert said(client.replay(rule, [], "2026-03-02 00:00", "2026-03-02 23:00")) == ["02 09:00 nudge wang"]


def test_a_client_without_people_asks_nobody_and_still_hears_events(client):
    assert client.replay(schedule('{every: day, at: "09:00"}'), [], "2026-03-02 00:00", "2026-03-05 00:00") == []
    visit = event("visit.completed", "2026-03-02 10:00", "stranger", customer="c")
    assert said(
        client.replay(schedule("{event: visit.completed}"), [visit], "2026-03-02 00:00", "2026-03-05 00:00")
    ) == ["02 10:00 nudge stranger"]


# -- an event --------------------------------------------------------------------------------------------------------
def test_each_event_of_the_type_is_judged_and_no_other(client):
    events = [
        event("visit.completed", "2026-03-02 10:00", customer="a"),
        event("report.submitted", "2026-03-02 10:30"),
        event("visit.completed", "2026-03-02 11:00", "li", customer="a"),
    ]
    found = client.replay(schedule("{event: visit.completed}"), events, "2026-03-02 00:00", "2026-03-03 00:00")
    assert [one["subject"] for one in found] == ["zhang", "li"]


def test_files_may_be_out_of_order_and_several(client, tmp_path):
    import json

    rule = client.write(
        "rules.yaml",
        schedule(
            "{event: visit.completed}",
            "if: {fact: metric.n, gte: 2}\nmetrics: {n: {count: visit.completed, window: today}}",
        ),
    )
    visits = [event("visit.completed", f"2026-03-02 {hour}:00", customer="a") for hour in ("12", "10", "11")]
    files = [client.write(f"{n}.jsonl", json.dumps(one) + "\n") for n, one in enumerate(visits)]
    found = client.replay_files([rule], files, "2026-03-02 00:00", "2026-03-03 00:00")
    assert moments(found) == ["02 11:00", "02 12:00"]


# -- an absence ------------------------------------------------------------------------------------------------------
def absence(
    within: str = "7 days",
    without: str = "need.answered",
    extra: str = "",
    first: str = "need.raised",
    match: str = "need",
) -> str:
    return f"""
id: r
kind: escalation
when: {{event: {first}, without: {without}, within: {within}, match: {match}{extra}}}
then: [{{nudge: person, message: {{zh: 等着, en: Waiting}}}}]
"""


def raised(when: str, need: str = "n1", subject: str = "zhang", **more) -> dict:
    return event("need.raised", when, subject, need=need, **more)


def answered(when: str, need: str = "n1", subject: str = "li", type_: str = "need.answered") -> dict:
    return event(type_, when, subject, need=need)


WHOLE = ("2026-02-01 00:00", "2026-03-31 00:00")


def test_it_speaks_at_the_deadline(client):
    found = client.replay(absence(), [raised("2026-02-03 09:00")], *WHOLE)
    assert said(found) == ["10 09:00 nudge zhang"]


@pytest.mark.parametrize(
    ("moment", "speaks"),
    [
        ("2026-02-03 08:59:59", True),
        ("2026-02-03 09:00:00", False),
        ("2026-02-10 09:00:00", False),
        ("2026-02-10 09:00:01", True),
    ],
)
def test_an_answer_counts_from_the_question_itself_to_the_deadline_itself(client, moment, speaks):
    found = client.replay(absence(), [raised("2026-02-03 09:00:00"), answered(moment)], *WHOLE)
    assert bool(found) is speaks


def test_an_answer_in_another_matter_is_none(client):
    assert client.replay(absence(), [raised("2026-02-03 09:00"), answered("2026-02-04 09:00", "n2")], *WHOLE)


def test_any_type_of_a_list_will_do(client):
    rule = absence(without="[need.answered, proposal.submitted]")
    for type_ in ("need.answered", "proposal.submitted"):
        assert not client.replay(rule, [raised("2026-02-03 09:00"), answered("2026-02-04 09:00", type_=type_)], *WHOLE)
    assert client.replay(
        rule, [raised("2026-02-03 09:00"), answered("2026-02-04 09:00", type_="followup.recorded")], *WHOLE
    )


def test_each_question_counts_on_its_own_also_in_one_matter(client):
    events = [raised("2026-02-03 09:00"), raised("2026-02-05 10:00", customer="again"), answered("2026-02-04 09:00")]
    assert moments(client.replay(absence(), events, *WHOLE)) == ["12 10:00"]
    assert moments(client.replay(absence(), events[:2], *WHOLE)) == ["10 09:00", "12 10:00"]


def test_one_answer_closes_every_question_still_open_in_its_matter(client):
    events = [raised("2026-02-03 09:00"), raised("2026-02-05 10:00", customer="again"), answered("2026-02-06 09:00")]
    assert client.replay(absence(), events, *WHOLE) == []


def test_a_thing_that_is_to_be_repeated_is_not_its_own_repetition(client):
    rule = absence("7 days", "visit.completed", first="visit.completed", match="customer")
    visits = [event("visit.completed", f"2026-02-{day:02} 09:00", customer="a") for day in (2, 5, 20)]
    assert moments(client.replay(rule, visits, "2026-02-01 00:00", "2026-02-26 00:00")) == ["12 09:00"]


WITHIN = {
    "30 minutes": "03 09:30", "24 hours": "04 09:00", "7 days": "10 09:00", "1 week": "10 09:00", "2 workdays": "05 09:00",
}  # fmt: skip


@pytest.mark.parametrize("within", WITHIN)
def test_a_duration_ends(client, within):
    assert moments(client.replay(absence(within), [raised("2026-02-03 09:00")], *WHOLE)) == [WITHIN[within]]


CLOCKS = {  # from Friday the 13th; Saturday the 14th is a workday, then the holiday until the 23rd
    ("24 hours", "elapsed"): "14 15:00",
    ("48 hours", "elapsed"): "15 15:00",
    ("24 hours", "working"): "14 15:00",
    ("48 hours", "working"): "24 15:00",
    ("2 days", "working"): "24 15:00",
    ("2 workdays", "elapsed"): "24 15:00",
    ("2 workdays", "working"): "24 15:00",
}


@pytest.mark.parametrize(("within", "clock"), CLOCKS)
def test_24_hours_across_a_holiday_elapsed_and_working(client, within, clock):
    found = client.replay(absence(within, extra=f", clock: {clock}"), [raised("2026-02-13 15:00")], *WHOLE)
    assert moments(found) == [CLOCKS[within, clock]]


def test_a_working_clock_that_starts_on_a_holiday_starts_with_the_next_working_day(client):
    found = client.replay(absence("24 hours", extra=", clock: working"), [raised("2026-02-18 15:00")], *WHOLE)
    assert moments(found) == ["25 00:00"]


def test_twenty_four_hours_are_that_also_when_the_clocks_change(client):
    client.people("anna,Anna,sales,rep,,Europe/Berlin")
    found = client.replay(absence("24 hours"), [raised("2026-03-28T20:00+01:00", subject="anna")], *WHOLE)
    assert [one["at"] for one in found] == ["2026-03-29T21:00:00+02:00"]


def test_what_was_asked_before_the_period_is_still_open_in_it(client):
    asked = [raised("2026-02-03 09:00")]
    assert moments(client.replay(absence(), asked, "2026-02-10 09:00", "2026-02-10 09:00")) == ["10 09:00"]
    assert client.replay(absence(), asked, "2026-02-10 09:01", "2026-03-01 00:00") == []
    assert (
        client.replay(absence(), [*asked, answered("2026-02-08 09:00")], "2026-02-10 00:00", "2026-03-01 00:00") == []
    )


def test_a_deadline_after_the_period_is_not_reached(client):
    assert client.replay(absence(), [raised("2026-02-03 09:00")], "2026-02-01 00:00", "2026-02-10 08:59:59") == []


def test_a_deadline_after_the_last_event_is_reached_all_the_same(client):
    events = [raised("2026-02-03 09:00"), event("visit.completed", "2026-02-03 10:00", customer="a")]
    assert len(client.replay(absence(), events, *WHOLE)) == 1


def test_without_the_field_nothing_is_waited_for(client):
    rule = absence("1 day", "visit.completed", first="visit.completed", match="trip")
    assert client.replay(rule, [event("visit.completed", "2026-02-03 09:00", customer="a")], *WHOLE) == []


def test_conditions_and_metrics_of_an_absence_are_looked_at_at_the_deadline(client):
    rule = (
        absence()
        + "if: {fact: metric.visits, gte: 2}\nmetrics: {visits: {count: visit.completed, window: last 7 days}}\n"
    )
    visits = [event("visit.completed", f"2026-02-{day:02} 08:00", customer="a") for day in (4, 10)]
    assert moments(client.replay(rule, [raised("2026-02-03 09:00"), *visits], *WHOLE)) == ["10 09:00"]
    after = [event("visit.completed", "2026-02-10 09:01", customer="a"), visits[0]]
    assert client.replay(rule, [raised("2026-02-03 09:00"), *after], *WHOLE) == []


def test_a_person_who_has_left_is_not_judged_at_the_deadline(client):
    client.people(ZHANG, "hr,Zhou,sales,lead")
    assert (
        client.replay(absence(), [raised("2026-02-03 09:00"), event("person.left", "2026-02-05 09:00")], *WHOLE) == []
    )


def test_matching_on_the_subject_and_on_the_case(client):
    rule = absence("2 days", "report.submitted", first="trip.ended", match="subject")
    ended = event("trip.ended", "2026-02-03 09:00", trip="t")
    assert moments(client.replay(rule, [ended], *WHOLE)) == ["05 09:00"]
    assert client.replay(rule, [ended, event("report.submitted", "2026-02-04 09:00")], *WHOLE) == []
    assert client.replay(rule, [ended, event("report.submitted", "2026-02-04 09:00", "li")], *WHOLE)
