"""The organisation on a day: counts, who leads what, which posts are empty; and that the quick way finds what the plain one does."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from tideng.org.directory import (
    Assignment,
    Directory,
    Position,
    Unit,
)
from tideng_orgchart.views.chart import Vacancy, chart_at, noon

NOW = datetime(2026, 3, 31, 4, tzinfo=UTC)
UNITS = [
    Unit("all", "明灯"),
    Unit("sales", "销售", "all"),
    Unit("north", "华北", "sales"),
    Unit("west", "西南", "sales"),
]
POSITIONS = [
    Position("gm", "总经理", "all"),
    Position("head_west", "西南主管", "west", head=True),
    Position("rep", "销售代表", "", seats=4, targets={"visits_this_month": (">=", 15)}),
    Position("clerk", "文员", "all"),
]
PEOPLE = [
    Assignment("gu", "顾明", "all", "gm"),
    Assignment("wang", "王海燕", "north", "lead", "gu"),
    Assignment("zhang", "张三", "north", "rep", "wang"),
    Assignment("li", "李晨", "west", "rep", "zhao"),
    Assignment("zhao", "赵六", "west", "head_west", "gu", until=date(2026, 3, 15)),
]
DIRECTORY = Directory(PEOPLE, UNITS, POSITIONS)


def test_a_unit_counts_its_people_and_those_below():
    chart = chart_at(DIRECTORY, NOW)
    assert (chart.size, dict(chart.counts)) == (4, {"all": 4, "sales": 3, "north": 2, "west": 1})
    assert chart.inside == {"": ["all"], "all": ["sales"], "sales": ["north", "west"]}


def test_who_leads_most_of_a_unit_leads_it():
    chart = chart_at(DIRECTORY, NOW)
    assert (chart.heads["north"], chart.leader("north")) == ("wang", "wang")


def test_where_who_should_lead_is_gone_the_next_one_above_does():
    chart = chart_at(DIRECTORY, NOW)
    assert (chart.heads["west"], chart.leader("west")) == ("zhao", "wang")


def test_a_post_without_its_people_is_vacant_since_the_day_after_the_last_one():
    chart = chart_at(DIRECTORY, NOW)
    west, reps = chart.vacancies
    assert (west, reps) == (Vacancy("head_west", "west", 1, 1), Vacancy("rep", "", 4, 2))
    assert (chart.empty_since(west), chart.empty_since(reps)) == (date(2026, 3, 16), None)
    assert chart.empty_in == {"west": [west], "": [reps]}


def test_a_head_who_left_leaves_the_unit_without_one_though_others_hold_the_post_elsewhere():
    people = [*PEOPLE[:4], Assignment("zhao", "赵六", "west", "lead", "gu", until=date(2026, 3, 15))]
    chart = chart_at(Directory(people, UNITS, [Position("lead", "主管", "sales", head=True)]), NOW)
    (west,) = chart.vacancies
    assert (west, chart.empty_since(west)) == (Vacancy("lead", "west", 1, 1), date(2026, 3, 16))


def test_any_day_can_be_asked_for():
    before = chart_at(DIRECTORY, noon(DIRECTORY, date(2026, 3, 15), NOW))
    assert [one.position for one in before.vacancies] == ["rep"]
    assert before.heads["west"] == "zhao"
    assert noon(DIRECTORY, date(2026, 3, 31), NOW) == NOW


def test_the_chart_of_a_day_is_made_once():
    assert chart_at(DIRECTORY, NOW) is chart_at(DIRECTORY, NOW.replace(minute=30))
    assert chart_at(DIRECTORY, NOW) is not chart_at(DIRECTORY, NOW.replace(day=30))


NAMES = ["a", "b", "c", "d", "e", "f"]
PERIODS = st.builds(
    Assignment,
    st.sampled_from(NAMES),
    st.just("N"),
    st.sampled_from(["", "all", "sales", "north", "west", "gone"]),
    st.sampled_from(["", "rep", "gm"]),
    st.sampled_from(["", *NAMES]),
    st.sampled_from(["Asia/Shanghai", "Pacific/Auckland"]),
    since=st.sampled_from([None, date(2026, 3, 1)]),
    until=st.sampled_from([None, date(2026, 2, 20), date(2026, 4, 1)]),
)


@given(st.lists(PERIODS, max_size=12, unique_by=lambda one: (one.person, one.since)))
def test_the_chart_says_what_the_groups_say(periods):
    directory = Directory(periods, UNITS, POSITIONS)
    chart = chart_at(directory, NOW)
    for unit in directory.units:
        assert chart.heads.get(unit) == directory.groups.head(unit, NOW)
        assert chart.counts.get(unit, 0) == len(directory.groups.people(("unit", unit), NOW))
    for position in directory.positions:
        assert list(chart.held.get(position, ())) == directory.groups.people(("position", position), NOW)
    assert {one.person for one in directory.members(NOW)} == {
        person for person in directory.people() if directory.at(person, NOW)
    }
