"""What is seen of the organisation, by whom, on which day; and that it costs the same for two people as for hundreds."""

from dataclasses import replace
from datetime import date

import pytest
from orgstory import FILES, NOW, apply, directory
from sqlalchemy import event as listen

from tideng.access.viewer import Viewer
from tideng.base.errors import NotAllowed, NotFound, Refused
from tideng.store.database import reading
from tideng_orgchart.edit import service
from tideng_orgchart.views import organisation
from tideng_orgchart.views.day_view import PAGE
from tideng_orgchart.views.person_card import person_card
from tideng_orgchart.views.post import PostQuery, post_page, who_answers

HR = Viewer("p001", "p001", frozenset({"hr"}))
LEAD = Viewer("p002", "p002", frozenset({"supervisor"}))
REP = Viewer("p003", "p003", frozenset({"employee"}))
NOBODY = Viewer("", "", frozenset())


def see(deployment, read, viewer, *arguments, **more):
    known = directory(deployment)
    with reading(deployment.engine) as connection:
        return read(connection, viewer, known, NOW, *arguments, **more)


def statements(deployment, act) -> int:
    asked: list[str] = []
    hear = lambda *arguments: asked.append(arguments[2])  # noqa: E731
    known = directory(deployment)
    with reading(deployment.engine) as connection:
        listen.listen(deployment.engine, "before_cursor_execute", hear)
        act(connection, known)
        listen.remove(deployment.engine, "before_cursor_execute", hear)
    return len(asked)


def test_the_chart_begins_at_the_top_with_heads_and_posts(deployment, bundle):
    apply(deployment, bundle())
    it = see(deployment, organisation.overview, HR)
    (top,) = it.units
    assert (it.people, top.name, top.people, top.head.name) == (3, "明灯", 3, "李人事")
    (sales,) = top.units
    north, south = sales.units
    assert [(post.name, post.holders, post.only) for post in north.posts] == [
        ("主管", 1, "王主管"),
        ("销售", 1, "张三"),
    ]
    assert (south.people, south.posts, north.head.reports) == (0, (), 1)


def test_todays_lamp_is_seen_by_those_who_look_after_somebody(deployment, bundle):
    apply(deployment, bundle())
    lamp = lambda viewer, person: see(deployment, person_card, viewer, person).face.lamp  # noqa: E731
    assert (lamp(HR, "p003"), lamp(LEAD, "p003"), lamp(REP, "p003")) == ("lit", "lit", "lit")
    assert (lamp(LEAD, "p001"), lamp(REP, "p002")) == ("", "")
    assert see(deployment, person_card, HR, "p003", date(2026, 3, 1)).face.lamp == ""


def test_ways_to_reach_somebody_are_not_everybodys(deployment, bundle):
    people = (
        FILES["people.csv"]
        .replace("until\n", "until,phone,email\n")
        .replace("2025-01-01,\n", "2025-01-01,,13800138000,z@x.example\n")
    )
    apply(deployment, bundle(people_csv=people))
    seen = see(deployment, person_card, LEAD, "p003")
    assert (seen.phone, seen.email, seen.seen) == ("13800138000", "z@x.example", True)
    other = see(deployment, person_card, replace(REP, login="p002", person="p002"), "p003")
    assert (other.face.name, other.phone, other.email) == ("张三", "", "")


def test_any_day_can_be_asked_for(deployment, bundle):
    apply(deployment, bundle())
    before = see(deployment, organisation.overview, HR, date(2024, 12, 31))
    assert (before.people, before.today) == (2, False)
    card = see(deployment, person_card, HR, "p003", date(2024, 12, 31))
    assert not card.employed


def test_a_search_finds_people_posts_and_units(deployment, bundle):
    apply(deployment, bundle())
    found = lambda words: [(one.kind, one.id) for one in see(deployment, organisation.search, REP, words)]  # noqa: E731
    assert found("销售") == [("unit", "sales"), ("position", "rep")]
    assert found("张 p003") == [("person", "p003")]
    assert found("  ") == []


def test_units_below_are_fetched_when_somebody_opens_one(deployment, bundle):
    apply(deployment, bundle())
    assert [one.id for one in see(deployment, organisation.below, REP, "sales")] == ["north", "south"]
    shallow = see(deployment, organisation.overview, REP, unit="sales")
    assert [name for _, name in shallow.above] == ["明灯"]


def test_what_is_not_there_is_not_found_and_nobody_in_particular_sees_nothing(deployment, bundle):
    apply(deployment, bundle())
    for read, id in ((organisation.below, "x"), (organisation.unit_page, "x"), (person_card, "x")):
        with pytest.raises(NotFound):
            see(deployment, read, HR, id)
    with pytest.raises(NotAllowed):
        see(deployment, organisation.overview, NOBODY)


def test_the_reads_cost_the_same_for_three_people_as_for_three_hundred(deployment, bundle):
    many = "".join(f"q{number},N{number},north,rep,p002,,\n" for number in range(300))
    costs = []
    for people in (FILES["people.csv"], FILES["people.csv"] + many):
        apply(deployment, bundle(people_csv=people))
        costs.append(
            [
                statements(deployment, lambda c, d: organisation.overview(c, HR, d, NOW)),
                statements(deployment, lambda c, d: organisation.unit_page(c, HR, d, NOW, "north")),
                statements(deployment, lambda c, d: person_card(c, HR, d, NOW, "p002")),
                statements(deployment, lambda c, d: organisation.search(c, HR, d, NOW, "N")),
                statements(deployment, lambda c, d: post_page(c, HR, d, NOW, deployment, PostQuery("rep"))),
                statements(deployment, lambda c, d: who_answers(c, HR, d, NOW, deployment)),
            ]
        )
    assert costs[0] == costs[1]
    assert max(costs[1]) <= 8


def test_a_post_says_what_is_expected_who_has_it_and_since_when_it_is_empty(deployment, bundle):
    positions = "id,name,unit,duties,sheet,sheet_en,seats\nrep,销售,north,visits_this_month>=15,见客户,Sees customers,2\nhead,主管,,,,,\n"
    apply(deployment, bundle(positions_csv=positions))
    it = see(deployment, post_page, HR, deployment, PostQuery("rep"))
    assert [(one.name, one.operator, one.goal) for one in it.expected] == [("visits_this_month", ">=", 15)]
    assert (it.sheet["en"], [one.name for one in it.holders], it.count, it.seats) == ("Sees customers", ["张三"], 1, 2)
    assert (it.empty.missing, it.empty.seats, it.leads.name) == (1, 2, "王主管")


def test_holders_come_by_the_page(deployment, bundle):
    many = "".join(f"q{number:03},N,north,rep,p002,,\n" for number in range(120))
    apply(deployment, bundle(people_csv=FILES["people.csv"] + many))
    first = see(deployment, post_page, HR, deployment, PostQuery("rep"))
    second = see(deployment, post_page, HR, deployment, PostQuery("rep", after=first.next))
    assert (first.count, len(first.holders), first.holders[-1].person) == (121, PAGE, first.next)
    assert second.holders[0].person > first.next


# -- changes -----------------------------------------------------------------------------------------------------------
def metrics(deployment):
    """The figures that the whole of Tideng knows; this deployment has the organisation alone."""
    from tideng.model.catalogue import MetricSpec

    return {
        "visits_this_month": MetricSpec(
            "visits_this_month", {"zh": "拜访", "en": "Visits"}, "count", "visit.checked_in", "this month"
        )
    }


def test_duties_change_from_a_day_on_and_earlier_days_keep_theirs(deployment, bundle, monkeypatch):
    monkeypatch.setattr(deployment.catalogue, "metrics", metrics(deployment))
    apply(deployment, bundle())
    service.set_duties(deployment, HR, directory(deployment), "rep", "visits_this_month>=20", "2026-04-01")
    rep = directory(deployment).positions["rep"]
    assert [rep.targets_on(date(2026, month, 1))["visits_this_month"][1] for month in (3, 4)] == [15, 20]
    with pytest.raises(Refused) as refused:
        service.set_duties(deployment, HR, directory(deployment), "rep", "visit>=x;visits_this_mont>=2", "1.4.")
    assert len(refused.value.problems) == 3
    with pytest.raises(NotAllowed):
        service.set_duties(deployment, LEAD, directory(deployment), "rep", "", "")


def test_somebody_is_given_a_post_from_a_day_on(deployment, bundle):
    apply(
        deployment,
        bundle(positions_csv="id,name,unit,duties,head\nrep,销售,,,\nhead,主管,,,\nlead,南主管,south,,yes\n"),
    )
    assert [one.position for one in see(deployment, organisation.overview, HR).vacancies] == ["lead"]
    assert service.fill(deployment, HR, directory(deployment), "lead", "p003", "2026-03-02") == "张三"
    own = directory(deployment).on("p003", date(2026, 3, 2))
    assert (own.position, own.unit, own.supervisor, own.name) == ("lead", "south", "p002", "张三")
    assert directory(deployment).on("p003", date(2026, 3, 1)).position == "rep"
    assert see(deployment, organisation.overview, HR).vacancies == ()
    for person in ("p003", "p404"):
        with pytest.raises(Refused):
            service.fill(deployment, HR, directory(deployment), "lead", person, "")
    with pytest.raises(NotAllowed):
        service.fill(deployment, REP, directory(deployment), "lead", "p003", "")
