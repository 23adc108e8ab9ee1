"""Units and posts from a day on: asked for any day, changed by HR, by a table and by the client's files, and taking effect by themselves."""

from datetime import UTC, date, datetime, timedelta

import pytest
from orgstory import FILES, NOW, ORGCHART, apply, directory, plan
from sqlalchemy import event as listen

from tideng.access.viewer import Viewer
from tideng.base.clock import ManualClock
from tideng.base.errors import (
    InvalidBundle,
    NotAllowed,
    NotFound,
    Refused,
)
from tideng.facts.names import Point
from tideng.org.directory import (
    Assignment,
    Directory,
    Position,
    Unit,
)
from tideng.store.database import reading
from tideng_orgchart.edit import service, table_import
from tideng_orgchart.organisation import store
from tideng_orgchart.views import organisation
from tideng_orgchart.views.chart import chart_at, noon
from tideng_orgchart.views.history import turns_of

HR = Viewer("p001", "p001", frozenset({"hr"}))
TODAY, APRIL = date(2026, 3, 2), date(2026, 4, 1)
BEFORE = APRIL - timedelta(days=1)


def unit(deployment, which, since="2026-04-01", **said):
    return service.keep_unit(deployment, HR, directory(deployment), which, said, since)


def post(deployment, which, since="2026-04-01", **said):
    return service.keep_post(deployment, HR, directory(deployment), which, said, since)


def refused(act) -> list[str]:
    with pytest.raises(Refused) as error:
        act()
    return [str(one) for one in error.value.problems]


def overview(deployment, day):
    with reading(deployment.engine) as connection:
        return organisation.overview(connection, HR, directory(deployment), NOW, day)


# -- any day -----------------------------------------------------------------------------------------------------------
def test_the_organisation_of_any_day_shows_what_stood_then(deployment, bundle):
    apply(deployment, bundle())
    unit(deployment, "north", parent="all", name="北方")
    now = directory(deployment)
    for day, name, above in ((TODAY, "华北", "sales"), (BEFORE, "华北", "sales"), (APRIL, "北方", "all")):
        assert (now.as_of(day).units["north"].name, now.as_of(day).units["north"].parent) == (name, above)
    assert chart_at(now, noon(now, BEFORE, NOW)).counts["sales"] == 2
    assert "sales" not in chart_at(now, noon(now, APRIL, NOW)).counts
    (top,) = overview(deployment, APRIL).units
    assert [(one.id, one.name) for one in top.units] == [("sales", "销售部"), ("north", "北方")]
    (top,) = overview(deployment, BEFORE).units
    assert [one.id for one in top.units] == ["sales"]


def test_a_post_is_called_otherwise_and_has_other_seats_from_a_day_on(deployment, bundle):
    apply(deployment, bundle())
    post(deployment, "rep", name="客户代表", seats="3", unit="north")
    rep = [directory(deployment).as_of(day).positions["rep"] for day in (BEFORE, APRIL)]
    assert [(one.name, one.seats, one.unit) for one in rep] == [("销售", None, ""), ("客户代表", 3, "north")]
    assert [one.targets_on(APRIL) for one in rep] == [{"visits_this_month": (">=", 15)}] * 2
    assert [one.missing for one in overview(deployment, APRIL).vacancies if one.position == "rep"] == [2]


def test_what_is_new_is_not_there_before_its_day_and_what_ended_not_after_it(deployment, bundle):
    apply(deployment, bundle())
    assert unit(deployment, "", name="华东", parent="sales") == "unit-1"
    unit(deployment, "south", since="", until="2026-03-31")
    now = directory(deployment)
    assert [sorted(now.as_of(day).units) for day in (BEFORE, APRIL)] == [
        ["all", "north", "sales", "south"],
        ["all", "north", "sales", "unit-1"],
    ]
    with reading(deployment.engine) as connection, pytest.raises(NotFound):
        organisation.unit_page(connection, HR, now, NOW, "south", APRIL)


def test_a_coming_change_takes_effect_on_its_day_by_itself(a_deployment, database_url, bundle):
    clock = ManualClock(NOW)
    deployment = a_deployment(database_url, clock=clock, found=[ORGCHART])
    apply(deployment, bundle())
    unit(deployment, "north", name="北方", parent="all")
    assert directory(deployment).units["north"].name == "华北"
    with reading(deployment.engine) as connection:
        assert deployment.plugins.call("refresh", connection=connection) == [False]
        clock.set(datetime(2026, 3, 31, 15, 59, tzinfo=UTC))
        assert deployment.plugins.call("refresh", connection=connection) == [False]
        clock.set(datetime(2026, 3, 31, 16, tzinfo=UTC))  # midnight in Shanghai
        assert deployment.plugins.call("refresh", connection=connection) == [True]
    assert directory(deployment).units["north"].name == "北方"
    with reading(deployment.engine) as connection:
        assert deployment.plugins.call("refresh", connection=connection) == [False]


def test_facts_are_those_of_the_moment_that_is_judged(deployment, bundle):
    apply(deployment, bundle())
    unit(deployment, "north", parent="all", name="北方")
    now, names = directory(deployment), frozenset({"person.unit_name", "person.units", "unit.people"})
    moments = [noon(now, day, NOW) for day in (BEFORE, APRIL)]
    points = [Point("p003", moment, now.at("p003", moment)) for moment in moments]
    points += [Point("", moment, None, "unit", "sales") for moment in moments]
    ((one, two, three, four),) = deployment.plugins.call("gather_facts", points=points, names=names)
    assert (one["person.unit_name"], one["person.units"]) == ("华北", ["north", "sales", "all"])
    assert (two["person.unit_name"], two["person.units"]) == ("北方", ["north", "all"])
    assert [three["unit.people"], four["unit.people"]] == [2, 0]


def test_whoever_was_below_a_unit_stays_known_to_it():
    moved = [Unit("a", "A"), Unit("b", "B"), Unit("c", "C", "a"), Unit("c", "C", "b", since=APRIL)]
    people = Directory([Assignment("x", "X", "c")], moved)
    for day, inside, outside in ((BEFORE, "a", "b"), (APRIL, "b", "a")):
        groups = people.as_of(day).groups
        assert groups.ever_in(("unit", inside)) == groups.ever_in(("unit", outside)) == {"x"}
        assert [one.person for one in groups.people(("unit", inside), noon(people, day, NOW))] == ["x"]
        assert groups.people(("unit", outside), noon(people, day, NOW)) == []
    assert people.as_of(BEFORE).as_of(APRIL) is people


def test_a_directory_in_which_nothing_changes_is_its_own_on_every_day():
    people = Directory([], [Unit("a", "A")], [Position("p", "P")])
    assert people.as_of(date(1990, 1, 1)) is people.as_at(NOW) is people
    assert people.next_turn is None


# -- what HR may say ---------------------------------------------------------------------------------------------------
def test_a_move_that_would_make_a_ring_is_refused(deployment, bundle):
    apply(deployment, bundle())
    assert refused(lambda: unit(deployment, "sales", parent="north")) == [
        "sales, parent: goes round in a circle: sales → north → sales"
    ]


def test_a_ring_that_only_a_coming_day_would_make_is_refused_too(deployment, bundle):
    apply(deployment, bundle())
    unit(deployment, "north", parent="all")
    unit(deployment, "sales", parent="north")  # from then on there is no ring in it
    assert directory(deployment).as_of(APRIL).groups.line("sales") == ["sales", "north", "all"]
    (problem,) = refused(lambda: unit(deployment, "sales", since="2026-03-20", parent="north"))
    assert "goes round in a circle" in problem


def test_a_unit_does_not_end_under_the_people_who_are_in_it(deployment, bundle):
    apply(deployment, bundle())
    found = refused(lambda: unit(deployment, "north", since="", until="2026-03-31"))
    assert found == [
        f"{person}, unit: unit north is there until 2026-03-31 "
        "(move who and what is in it before 2026-03-31, or let it end later)"
        for person in ("p002", "p003")
    ]


def test_everything_that_is_wrong_is_said_at_once_and_nothing_is_kept(deployment, bundle):
    apply(deployment, bundle())
    found = refused(lambda: post(deployment, "", since="1.4.", name="", unit="nroth", seats="many", duties="x"))
    assert [one.partition(":")[0] for one in found] == [
        "from",
        "post-1, name",
        "post-1, unit",
        "post-1, duties",
        "post-1, seats",
    ]
    assert "post-1" not in directory(deployment).position_periods


def test_a_mistake_is_put_right_for_earlier_days_too(deployment, bundle):
    apply(deployment, bundle())
    unit(deployment, "north", since="", name="华北区", mend="1")
    assert directory(deployment).as_of(date(2020, 1, 1)).units["north"].name == "华北区"
    assert len(directory(deployment).unit_periods["north"]) == 1


def test_what_is_said_of_a_day_once_more_stands_in_the_place_of_the_first(deployment, bundle):
    apply(deployment, bundle())
    unit(deployment, "north", name="北方")
    unit(deployment, "north", name="北区")
    assert [one.name for one in directory(deployment).unit_periods["north"]] == ["华北", "北区"]


def test_an_id_that_is_there_is_not_given_twice_and_nobody_but_hr_changes_anything(deployment, bundle):
    apply(deployment, bundle())
    assert refused(lambda: unit(deployment, "", id="north", name="X")) == [
        "id: north is there already (choose another one, or leave it empty)"
    ]
    with pytest.raises(NotFound):
        unit(deployment, "nowhere", name="X")
    lead = Viewer("p002", "p002", frozenset({"supervisor"}))
    with pytest.raises(NotAllowed):
        service.keep_unit(deployment, lead, directory(deployment), "north", {"name": "X"}, "")


def test_somebody_is_given_a_post_by_name(deployment, bundle):
    apply(deployment, bundle())
    assert service.fill(deployment, HR, directory(deployment), "head", "张三 (p003)", "2026-04-01") == "张三"
    assert service.fill(deployment, HR, directory(deployment), "rep", "王主管", "2026-04-01") == "王主管"
    found = refused(lambda: service.fill(deployment, HR, directory(deployment), "head", "张四", ""))
    assert found == ["person: nobody with this id or name is here on that day (choose somebody from the list)"]


def test_the_turns_of_a_unit_are_told_the_latest_first(deployment, bundle):
    apply(deployment, bundle())
    unit(deployment, "south", since="2026-03-02", name="南方")
    unit(deployment, "south", parent="all", until="2026-12-31")
    turns = turns_of(directory(deployment).unit_periods["south"], TODAY)
    assert [(one.day.isoformat(), one.what, one.coming, dict(one.fields)) for one in turns] == [
        ("2027-01-01", "ends", True, {}),
        ("2026-04-01", "changed", True, {"parent": ("sales", "all")}),
        ("2026-03-02", "changed", False, {"name": ("华南", "南方")}),
    ]


def test_a_change_costs_the_same_statements_in_a_small_company_as_in_a_large_one(deployment, bundle):
    counts = []
    for size in (0, 200):
        rows = "".join(f"u{size}-{number},U,sales\n" for number in range(size))
        apply(deployment, bundle(units_csv=FILES["units.csv"] + rows), "files")
        now, asked = directory(deployment), []
        hear = lambda *arguments, asked=asked: asked.append(arguments[2])  # noqa: E731
        listen.listen(deployment.engine, "before_cursor_execute", hear)
        service.keep_unit(deployment, HR, now, "north", {"name": f"北{size}"}, "2026-04-01")
        listen.remove(deployment.engine, "before_cursor_execute", hear)
        counts.append(len(asked))
    assert counts[0] == counts[1]


# -- tables and files --------------------------------------------------------------------------------------------------
def lines(deployment, text, name="units.csv"):
    number = table_import.upload(deployment, HR, directory(deployment), name, text.encode())
    shown = table_import.preview(deployment, HR, number)
    return number, [(one.what, one.id, one.since, dict(one.fields)) for one in shown.lines]


def test_a_table_says_from_which_day_and_the_preview_shows_what_changes_then(deployment, bundle):
    apply(deployment, bundle())
    table = "id,name,parent,from\nnorth,北方,all,2026-04-01\nsouth,南方,sales,\neast,华东,sales,2026-05-01\n"
    number, shown = lines(deployment, table)
    assert shown == [
        ("changed", "north", APRIL, {"name": ("华北", "北方"), "parent": ("sales", "all")}),
        ("changed", "south", TODAY, {"name": ("华南", "南方")}),
        ("new", "east", date(2026, 5, 1), {"parent": ("", "sales")}),
    ]
    table_import.apply(deployment, HR, number)
    now = directory(deployment)
    assert [now.as_of(day).units["south"].name for day in (date(2026, 3, 1), TODAY)] == ["华南", "南方"]
    assert "east" not in now.units


def test_a_table_whose_move_makes_a_ring_is_refused_at_its_line(deployment, bundle):
    apply(deployment, bundle())
    found = refused(lambda: lines(deployment, "id,parent,from\nsales,north,2026-04-01\n"))
    assert found == ["units.csv line 2, parent: goes round in a circle: sales → north → sales"]


def test_the_clients_files_may_say_periods(deployment, bundle):
    apply(deployment, bundle())
    units = FILES["units.csv"].replace("parent\n", "parent,from\n").replace("north,华北,sales\n", "north,华北,sales,\n")
    dated = bundle(units_csv=units + "north,华北,all,2026-04-01\n")
    assert plan(deployment, dated) == ["unit north from 2026-04-01: parent sales → all"]
    apply(deployment, dated)
    assert [directory(deployment).as_of(day).units["north"].parent for day in (BEFORE, APRIL)] == ["sales", "all"]
    assert plan(deployment, dated) == []


def test_what_hr_said_of_a_coming_day_stands_when_the_files_are_applied_again(deployment, bundle):
    apply(deployment, bundle())
    unit(deployment, "north", name="北方")
    kept = ["unit north from 2026-04-01: p001 changed it in the deployment; kept"]
    assert apply(deployment, bundle()) == kept
    changed = bundle(units_csv=FILES["units.csv"].replace("华北", "北部"))
    with pytest.raises(InvalidBundle):
        apply(deployment, changed)
    apply(deployment, changed, "files")
    assert [one.name for one in directory(deployment).unit_periods["north"]] == ["北部"]


def test_files_whose_periods_cannot_be_are_refused_with_their_place(bundle):
    with pytest.raises(InvalidBundle) as error:
        bundle(
            units_csv="id,name,parent,from,until\nall,明灯,,,\nsales,销售部,all,,2026-01-31\n"
            "north,华北,sales,,\nsouth,华南,all,2026-02-01,2026-01-01\nsouth,华南,all,2026-02-01,\n"
        )
    assert [(one.at, one.problem) for one in error.value.problems] == [
        ("units.csv line 6, id", "'south' is already on line 5"),
        ("units.csv line 5, until", "2026-01-01 is before 2026-02-01"),
        ("units.csv line 4, parent", "unit sales is there until 2026-01-31"),
    ]


def test_both_databases_keep_what_hr_says(a_deployment, database_url, bundle):
    deployment = a_deployment(database_url, clock=ManualClock(NOW), found=[ORGCHART])
    apply(deployment, bundle())
    unit(deployment, "north", name="北方", parent="all")
    post(deployment, "rep", seats="4", sheet_zh="见客户")
    post(deployment, "", name="驻点", unit="south", seats="2")
    with reading(deployment.engine) as connection:
        now, _, _ = store.read(connection)
    assert [(one.id, one.since) for one in now.units if one.since] == [("north", APRIL)]
    assert {(one.id, one.since, one.seats) for one in now.positions if one.since} == {
        ("rep", APRIL, 4),
        ("post-1", APRIL, 2),
    }
