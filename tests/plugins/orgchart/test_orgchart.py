"""The organisation: applied from a bundle, kept up by events, asked for facts."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st
from orgstory import FILES, NOW, ORGCHART, SHANGHAI, an_event, apply, directory, plan, store
from sqlalchemy import event as listen

from tideng.base.clock import ManualClock
from tideng.facts.names import Point
from tideng.org.directory import Assignment, Directory
from tideng.runtime.deployment import Deployment
from tideng.store.database import reading
from tideng_orgchart.organisation.employment_changes import Change, fold

FACTS = frozenset({"person.name", "person.region", "person.units", "person.position_name", "person.supervisor"})


def test_applying_says_what_changed_and_the_second_time_nothing(deployment, bundle):
    first = apply(deployment, bundle())
    assert "unit north: new" in first
    assert "person p003 from 2025-01-01: new" in first
    assert len(first) == 10
    assert apply(deployment, bundle()) == []
    assert not any(state.state == "failed" for state in deployment.plugins.states)


def test_planning_says_what_applying_would_and_writes_nothing(deployment, bundle):
    apply(deployment, bundle())
    changed = bundle(
        people_csv=FILES["people.csv"].replace("p003,张三,north", "p003,张三,south")
        + "p004,新人,south,rep,p002,2026-03-01,\n",
        units_csv=FILES["units.csv"].replace("华北", "北方"),
        positions_csv=FILES["positions.csv"].replace(">=15", ">=12"),
        client_yaml="client: Lamplight\nroles: {hr: [p002]}\n",
    )
    expected = [
        "unit north: name 华北 → 北方",
        "position rep: targets visits_this_month>=15 → visits_this_month>=12",
        "person p003 from 2025-01-01: unit north → south",
        "person p004 from 2026-03-01: new",
        "role hr: person p001 → p002",
    ]
    assert plan(deployment, changed) == expected == plan(deployment, changed)
    assert apply(deployment, changed) == expected
    assert directory(deployment).on("p003", date(2026, 3, 2)).unit == "south"


def test_who_is_not_in_the_bundle_any_more_is_removed(deployment, bundle):
    apply(deployment, bundle())
    assert apply(deployment, bundle(people_csv="id,name\np001,李人事\n"))[0] == "person p002: removed"
    assert not directory(deployment).knows("p003")


def test_the_database_gives_the_directory_of_the_bundle(deployment, bundle):
    apply(deployment, bundle())
    stored, read = directory(deployment), bundle().directory()
    assert stored.units == read.units
    assert stored.positions == read.positions
    assert stored.roles == read.roles
    for person in ("p001", "p002", "p003"):
        assert stored.periods(person) == read.periods(person)


def test_a_worker_sees_with_one_look_that_somebody_moved(deployment, bundle):
    apply(deployment, bundle())
    directory(deployment)
    with reading(deployment.engine) as connection:
        assert deployment.plugins.call("refresh", connection=connection) == [False]
    store(deployment, an_event("person.moved", "2026-03-02T12:00", unit="south"))
    with reading(deployment.engine) as connection:
        assert deployment.plugins.call("refresh", connection=connection) == [True]
    moved = directory(deployment)
    assert [p.unit for p in moved.periods("p003")] == ["north", "south"]
    assert moved.on("p003", date(2026, 3, 2)).unit == "south"
    assert moved.on("p003", date(2026, 3, 1)).unit == "north"


def test_the_same_change_twice_is_one_change(deployment, bundle):
    apply(deployment, bundle())
    moved = an_event("person.moved", "2026-03-02T12:00", unit="south")
    store(deployment, moved, moved)
    store(deployment, moved)
    assert len(directory(deployment).periods("p003")) == 2


def test_applying_the_bundle_again_does_not_undo_what_happened_since(deployment, bundle):
    apply(deployment, bundle())
    store(deployment, an_event("person.left", "2026-03-02T20:00"))
    apply(deployment, bundle(units_csv=FILES["units.csv"].replace("华北", "北方")))
    assert directory(deployment).on("p003", date(2026, 3, 2)) is None


def test_a_change_that_the_bundle_already_knows_changes_nothing(deployment, bundle):
    people = (
        FILES["people.csv"].replace("2025-01-01,\n", "2025-01-01,2026-02-28\n")
        + "p003,张三,south,head,p001,2026-03-01,\np004,钱四,south,rep,p003,2026-03-01,\n"
    )
    apply(deployment, bundle(people_csv=people))
    before = {person: directory(deployment).periods(person) for person in ("p003", "p004")}
    store(
        deployment,
        an_event("person.moved", "2026-03-01T09:00", unit="south", position="head", supervisor="p001"),
        an_event("person.joined", "2026-03-01T09:00", "p004", unit="south", position="rep", supervisor="p003"),
    )
    assert {person: directory(deployment).periods(person) for person in ("p003", "p004")} == before


def test_whoever_leaves_at_20_00_is_gone_for_what_is_asked_at_21_00_and_still_known(deployment, bundle):
    apply(deployment, bundle())
    store(deployment, an_event("person.left", "2026-03-02T20:00", reason="new job"))
    now = directory(deployment)
    at_nine = datetime(2026, 3, 2, 21, tzinfo=SHANGHAI)
    assert now.at("p003", at_nine) is None
    assert now.knows("p003")
    assert now.on("p003", date(2026, 3, 1)).name == "张三"


def test_somebody_new_is_known_by_what_the_event_says(deployment, bundle):
    apply(deployment, bundle())
    store(
        deployment, an_event("person.joined", "2026-03-02T09:00", "p009", name="周九", unit="south", supervisor="p002")
    )
    new = directory(deployment).on("p009", date(2026, 3, 2))
    assert (new.name, new.unit, new.supervisor, new.since) == ("周九", "south", "p002", date(2026, 3, 2))
    assert directory(deployment).on("p009", date(2026, 3, 1)) is None


def test_a_replay_has_the_same_directory_without_a_database(deployment, bundle):
    events = [
        an_event("person.moved", "2026-03-02T12:00", unit="south"),
        an_event("person.left", "2026-03-05T18:00", "p002"),
        an_event("person.joined", "2026-03-06T09:00", "p002", unit="south", position="rep"),
    ]
    apply(deployment, bundle())
    store(deployment, *events)
    replayed = Deployment.in_memory(bundle(), ManualClock(NOW), deployment.settings, [ORGCHART])
    replayed.plugins.call("on_stored", events=events, connection=None, directory=Directory(), silent=bool)
    in_memory = replayed.plugins.first("directory", connection=None)
    for person in ("p001", "p002", "p003"):
        assert in_memory.periods(person) == directory(deployment).periods(person)
    assert len(in_memory.periods("p002")) == 2


def test_facts_for_a_thousand_points_cost_no_query(deployment, bundle):
    apply(deployment, bundle())
    now = directory(deployment)
    queries = []
    listen.listen(deployment.engine, "before_cursor_execute", lambda *arguments: queries.append(arguments[2]))
    points = [Point("p003", NOW, now.at("p003", NOW)), Point("stranger", NOW, None)] * 500
    (facts,) = deployment.plugins.call("gather_facts", points=points, names=FACTS | {"person.level"})
    assert not queries
    assert len(facts) == 1000
    assert facts[0] == {
        "person.name": "张三",
        "person.region": "华北",
        "person.units": ["north", "sales", "all"],
        "person.position_name": "销售",
        "person.supervisor": "p002",
    }
    assert facts[1] == {}
    assert deployment.plugins.call("gather_facts", points=points, names=frozenset({"metric.visits"})) == []


def test_every_declared_fact_is_given_where_it_is_known(deployment, bundle):
    apply(deployment, bundle())
    names = frozenset(deployment.catalogue.facts)
    own = directory(deployment).at("p003", NOW)
    assert own is not None
    points = [
        Point("p003", NOW, own),
        Point("", NOW, None, "position", own.position),
        Point("", NOW, None, "unit", own.unit),
    ]
    ((person, position, unit),) = deployment.plugins.call("gather_facts", points=points, names=names)
    assert {*person, *position, *unit} | {"position.unit", "position.unit_name", "unit.head", "unit.head_name"} == names
    assert {name.partition(".")[0] for name in position} == {"position"}
    assert {name.partition(".")[0] for name in unit} == {"unit"}


def test_a_duty_that_nothing_measures_earns_a_warning_once_metrics_are_known(deployment, bundle):
    with Deployment.open(deployment.settings, ManualClock(NOW)) as whole:
        found = whole.check(bundle(positions_csv="id,name,unit,duties\nrep,销售,,visit_this_month>=15\nhead,主管,,\n"))
    assert ["visits_this_month" in str(problem) and problem.severity == "warning" for problem in found] == [True]


PEOPLE = st.sampled_from(["a", "b"])
CHANGES = st.builds(
    Change,
    PEOPLE,
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 2, 20), timezones=st.just(UTC)),
    st.sampled_from(["person.joined", "person.moved", "person.left"]),
    unit=st.sampled_from(["", "north", "south"]),
)
BUNDLES = st.sampled_from(
    [
        [],
        [Assignment("a", "A", unit="north")],
        [
            Assignment("a", "A", since=date(2026, 1, 1), until=date(2026, 1, 9)),
            Assignment("a", "A", since=date(2026, 1, 20)),
        ],
    ]
)


@given(BUNDLES, st.lists(CHANGES, max_size=8), st.randoms())
def test_changes_may_come_in_any_order_and_any_number_of_times(assignments, changes, random):
    again = [*changes, *changes]
    random.shuffle(again)
    assert fold(assignments, changes, "Asia/Shanghai") == fold(assignments, again, "Asia/Shanghai")


@given(BUNDLES, st.lists(CHANGES, max_size=8))
def test_nobody_is_ever_in_two_places_on_one_day(assignments, changes):
    folded = fold(assignments, changes, "Asia/Shanghai")
    for person in ("a", "b"):
        for day in range(1, 29):
            there = [p for p in folded if p.person == person and p.covers(date(2026, 2, day))]
            assert len(there) <= 1
