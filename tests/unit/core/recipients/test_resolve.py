"""Somebody is always told: the deputy, the next one up, or HR; and who it was meant for stays on record."""

from datetime import UTC, date, datetime

from tideng.facts.spans import Span
from tideng.facts.world import World
from tideng.model.catalogue import Catalogue, State
from tideng.org.directory import Assignment, Directory
from tideng.recipients.resolve import resolve

NOW = datetime(2026, 3, 5, 11, tzinfo=UTC)
LEAVE = State("person.on_leave", {"zh": "休假", "en": "On leave"}, "leave.started", "leave.ended", absent=True)
BOSS, LEAD, REP, HR = "boss", "lead", "rep", "hr"


def a_world(*people, on_leave=()):
    catalogue = Catalogue()
    catalogue.add([LEAVE], "test")
    roles = {"hr": (HR,), "product": ("nobody",)}
    people = people or (
        Assignment(BOSS, "顾总"),
        Assignment(LEAD, "王海燕", supervisor=BOSS),
        Assignment(REP, "张三", supervisor=LEAD),
        Assignment(HR, "周敏"),
    )
    world = World(Directory(people, roles=roles), catalogue)
    for person in on_leave:
        world.spans[person, LEAVE.name] = [Span("", datetime(2026, 3, 1, tzinfo=UTC), None)]
    return world


def told(to, world, person=REP, owner=None):
    return tuple(resolve(to, person, owner, NOW, world))


def test_the_supervisor_is_told():
    assert told("supervisor", a_world()) == (LEAD, None)


def test_with_the_supervisor_on_leave_the_next_one_up_is_told_and_the_record_says_for_whom():
    assert told("supervisor", a_world(on_leave=[LEAD])) == (BOSS, LEAD)


def test_with_the_post_vacant_the_next_one_up_is_told():
    gone = Assignment(LEAD, "王海燕", supervisor=BOSS, until=date(2026, 3, 4))
    world = a_world(Assignment(BOSS, "顾总"), gone, Assignment(REP, "张三", supervisor=LEAD), Assignment(HR, "周敏"))
    assert told("supervisor", world) == (BOSS, LEAD)


def test_a_deputy_comes_before_the_next_one_up():
    lead = Assignment(LEAD, "王海燕", supervisor=BOSS, deputy="dep")
    people = (Assignment(BOSS, "顾总"), lead, Assignment(REP, "张三", supervisor=LEAD), Assignment("dep", "陈志强"))
    assert told("supervisor", a_world(*people, on_leave=[LEAD])) == ("dep", LEAD)


def test_with_nobody_above_hr_is_told():
    assert told("supervisor", a_world(), person=BOSS) == (HR, None)
    assert told("supervisor", a_world(on_leave=[LEAD, BOSS])) == (HR, LEAD)


def test_an_owner_who_is_unknown_or_away_does_not_swallow_the_message():
    assert told("owner", a_world(), owner=LEAD) == (LEAD, None)
    assert told("owner", a_world(on_leave=[LEAD]), owner=LEAD) == (BOSS, LEAD)
    assert told("owner", a_world(), owner=None) == (HR, None)


def test_a_role_that_nobody_holds_goes_to_hr():
    assert told("role:product", a_world()) == (HR, "role:product")


def test_without_anybody_in_hr_the_message_still_has_an_address():
    world = World(Directory([Assignment(REP, "张三")]), Catalogue())
    assert told("hr", world) == ("role:hr", None)


def test_two_people_who_supervise_each_other_do_not_hang_the_search():
    world = a_world(Assignment("a", "甲", supervisor="b"), Assignment("b", "乙", supervisor="a"), on_leave=["b"])
    assert told("supervisor", world, person="a") == ("role:hr", "b")


def test_whoever_is_away_is_replaced_by_their_own_deputy_first():
    deputy = Assignment("dep", "陈志强", supervisor=BOSS)
    rep = Assignment(REP, "张三", supervisor=LEAD, deputy="dep")
    people = (Assignment(BOSS, "顾总"), Assignment(LEAD, "王海燕", supervisor=BOSS, deputy="dep"), rep, deputy)
    world = a_world(*people, on_leave=[LEAD, REP])
    assert told("owner", world, owner=LEAD) == ("dep", LEAD)
    assert told("person", world) == ("dep", REP)


def test_a_role_whose_holder_is_away_goes_to_who_stands_in():
    people = (
        Assignment(BOSS, "顾总"),
        Assignment(HR, "周敏", supervisor=BOSS),
        Assignment(REP, "张三", supervisor=BOSS),
    )
    world = a_world(*people, on_leave=[HR])
    assert told("hr", world) == (BOSS, None)


def test_what_answers_a_persons_own_form_reaches_them_though_they_are_on_leave():
    world = a_world(on_leave=[REP])
    assert resolve("person", REP, None, NOW, world, own_form=True) == (REP, None)
    assert resolve("person", REP, None, NOW, world) == (LEAD, REP)


def test_two_who_are_each_others_supervisor_and_gone_do_not_hang_the_search():
    gone = date(2026, 3, 1)
    world = a_world(
        Assignment("a", "甲", supervisor="b", until=gone), Assignment("b", "乙", supervisor="a", until=gone)
    )
    assert told("supervisor", world, person="a") == ("role:hr", None)
    assert told("person", world, person="a") == ("role:hr", "a")
