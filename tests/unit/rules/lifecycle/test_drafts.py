"""From a draft to a version in force and back: who may, what keeps it from being published, and what stays on record."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.rules.builders import a_catalogue, a_document, on_report
from tideng.access.viewer import Viewer
from tideng.base.errors import (
    InvalidRule,
    NotAllowed,
    NotFound,
    Refused,
)
from tideng.store import tables as tideng_tables
from tideng.store.database import open_engine, reading, writing
from tideng_rules.document.merge import Conflict
from tideng_rules.lifecycle import (
    drafts,
    pausing,
    publishing,
    store,
    tables,
    versions,
)
from tideng_rules.lifecycle.publishing import Ground

MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
GROUND = Ground(a_catalogue())
FOUR_EYES = Ground(a_catalogue(), needs_approval=True)
HR = Viewer("hr.li", "p1", frozenset({"hr"}))
OTHER_HR = Viewer("hr.wu", "p2", frozenset({"hr"}))
IMPLEMENTER = Viewer("partner", "", frozenset({"implementer"}))
AUDITOR = Viewer("audit", "", frozenset({"auditor"}))
SUPERVISOR = Viewer("lead", "p3", frozenset({"supervisor"}))


class Desk:
    """The functions of drafts, publishing and lifecycle, each in a transaction of its own, a minute apart."""

    def __init__(self, engine):
        self.engine, self._minutes = engine, itertools.count()

    def __getattr__(self, name):
        function = next(getattr(m, name) for m in (drafts, publishing, pausing, versions) if hasattr(m, name))

        def call(*args, viewer=HR, **named):
            with writing(self.engine) as connection:
                return function(connection, viewer, *args, **named)

        return call

    @property
    def now(self):
        return MONDAY + timedelta(minutes=next(self._minutes))

    def publish(self, document=None, viewer=HR, ground=GROUND, **named):
        draft = self.create_draft(document or a_document(), self.now, viewer=viewer)
        return self.publish_draft(draft.id, self.now, ground, viewer=viewer, **named)

    def in_force(self):
        with reading(self.engine) as connection:
            return {one.rule.id: (one.version, one.rule.priority) for one in store.in_force(connection)[0]}

    def revision(self):
        with reading(self.engine) as connection:
            return store.revision(connection)


@pytest.fixture
def desk(database_url):
    engine = open_engine(database_url)
    tideng_tables.Base.metadata.create_all(engine)
    tables.Base.metadata.create_all(engine)
    yield Desk(engine)
    engine.dispose()


def refused(desk, call, *args, **named) -> list[str]:
    with pytest.raises(Refused) as error:
        getattr(desk, call)(*args, **named)
    return [problem.problem for problem in error.value.problems]


# -- writing -------------------------------------------------------------------------------------------------------
def test_a_draft_is_kept_while_it_is_wrong_and_comes_back_as_it_was_written(desk):
    document = {"then": "?", "id": "late", "if": {"fact": "metric.visitz", "lt": 3.0}}
    made = desk.create_draft(document, desk.now, note="first thoughts")
    assert (made.rule, made.based_on, made.state, made.author, made.edition) == ("late", None, "open", "hr.li", 1)
    kept = desk.draft(made.id, viewer=AUDITOR)
    assert list(kept.document.items()) == list(document.items())
    assert kept.note == "first thoughts"


def test_saving_over_an_older_edition_says_who_saved_and_when(desk):
    made = desk.create_draft(a_document(), desk.now)
    desk.save_draft(made.id, a_document(priority=1), 1, MONDAY + timedelta(hours=2), viewer=IMPLEMENTER)
    assert refused(desk, "save_draft", made.id, a_document(priority=2), 1, desk.now) == [
        "partner saved it at 2026-03-02 03:00 UTC (edition 2)"
    ]
    assert desk.draft(made.id).document["priority"] == 1
    assert desk.save_draft(made.id, a_document(priority=2), 2, desk.now).edition == 3


def test_several_people_write_drafts_of_one_rule_at_once(desk):
    desk.publish()
    one = desk.create_draft(a_document(priority=1), desk.now)
    two = desk.create_draft(a_document(priority=2), desk.now, viewer=IMPLEMENTER)
    other = desk.create_draft(a_document(id="other"), desk.now)
    assert [d.id for d in desk.drafts()] == [other.id, two.id, one.id]
    assert {d.based_on for d in desk.drafts("report-missing")} == {1}
    desk.discard_draft(one.id, desk.now)
    assert [d.id for d in desk.drafts("report-missing")] == [two.id]
    assert desk.draft(one.id).state == "discarded"
    assert refused(desk, "save_draft", one.id, a_document(), 2, desk.now) == ["this draft was discarded already"]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([1], "a rule is a mapping, not a list"),
        ({"a": "x" * 1_000_001}, "larger than 1 MB"),
        ({"a": float("nan")}, "holds a number that is none"),
    ],
    ids=["a list", "1 MB", "no number"],
)
def test_what_cannot_be_kept_is_refused(desk, document, problem):
    assert refused(desk, "create_draft", document, desk.now) == [problem]


def test_nested_too_deep_is_refused(desk):
    deep: dict = {}
    for _ in range(60):
        deep = {"all": [deep]}
    assert refused(desk, "create_draft", deep, desk.now) == ["nested deeper than 50 levels"]


# -- who may -------------------------------------------------------------------------------------------------------
WRITING = [
    ("create_draft", (a_document(), MONDAY)),
    ("save_draft", (1, a_document(), 1, MONDAY)),
    ("discard_draft", (1, MONDAY)),
    ("keep_preview", (1, 1, {})),
    ("rebase", (1, 1, MONDAY)),
    ("ask_approval", (1, MONDAY)),
    ("publish_draft", (1, MONDAY, GROUND)),
    ("rollback", ("report-missing", 1, MONDAY, GROUND)),
    ("restore", ("report-missing", MONDAY, GROUND)),
    ("pause", ("report-missing", "why", MONDAY)),
    ("resume", ("report-missing", MONDAY)),
    ("archive", ("report-missing", MONDAY)),
    ("approve", (1, MONDAY)),
    ("send_back", (1, "note", MONDAY)),
]
READING = [
    ("draft", (1,)),
    ("drafts", ()),
    ("check_draft", (1, GROUND)),
    ("versions", ("report-missing",)),
    ("version", ("report-missing", 1)),
    ("pauses", ()),
]


@pytest.fixture
def busy_desk(desk):
    """A rule in force, and draft number 1 of it."""
    desk.create_draft(a_document(), desk.now)
    desk.publish()
    return desk


@pytest.mark.parametrize(("call", "args"), WRITING, ids=[name for name, _ in WRITING])
def test_only_hr_implementers_and_administrators_change_rules(busy_desk, call, args):
    before = busy_desk.revision()
    for viewer in (AUDITOR, SUPERVISOR):
        with pytest.raises(NotAllowed):
            getattr(busy_desk, call)(*args, viewer=viewer)
    assert busy_desk.revision() == before
    assert [d.state for d in busy_desk.drafts()] == ["open"]


@pytest.mark.parametrize(("call", "args"), READING, ids=[name for name, _ in READING])
def test_auditors_read_and_supervisors_do_not(busy_desk, call, args):
    getattr(busy_desk, call)(*args, viewer=AUDITOR)
    with pytest.raises(NotAllowed):
        getattr(busy_desk, call)(*args, viewer=SUPERVISOR)


@pytest.mark.parametrize(
    ("approver", "may"), [(HR, False), (OTHER_HR, True), (IMPLEMENTER, False), (Viewer.system(), True)]
)
def test_a_rule_is_approved_by_somebody_of_hr_who_did_not_write_it(desk, approver, may):
    made = desk.create_draft(a_document(), desk.now)
    if may:
        assert desk.approve(made.id, desk.now, viewer=approver).approved_by == approver.login
    else:
        with pytest.raises(NotAllowed):
            desk.approve(made.id, desk.now, viewer=approver)


def test_whoever_saved_a_draft_last_does_not_approve_it_either(desk):
    made = desk.create_draft(a_document(), desk.now)
    desk.save_draft(made.id, a_document(priority=1), 1, desk.now, viewer=OTHER_HR)
    with pytest.raises(NotAllowed):
        desk.approve(made.id, desk.now, viewer=OTHER_HR)


# -- publishing ----------------------------------------------------------------------------------------------------
def test_a_published_draft_keeps_author_approver_note_and_preview(desk):
    made = desk.create_draft(a_document(), desk.now, note="asked for by sales")
    desk.keep_preview(made.id, 1, {"most_people_a_day": 12, "days": 30})
    desk.ask_approval(made.id, desk.now)
    desk.approve(made.id, desk.now, viewer=OTHER_HR)
    found = desk.publish_draft(made.id, desk.now, FOUR_EYES, viewer=IMPLEMENTER)
    assert (found.version, found.state, found.author, found.approved_by) == (1, "published", "hr.li", "hr.wu")
    assert (found.note, found.expected, found.preview["days"]) == ("asked for by sales", 12, 30)
    assert desk.draft(made.id).state == "published"
    with reading(desk.engine) as connection:
        assert store.in_force(connection)[0][0].expected == 12


def test_everything_that_keeps_a_draft_back_is_said_at_once(desk):
    desk.publish()
    one = desk.create_draft(a_document(priority=1, who={"fact": "person.on_tripp", "is": True}), desk.now)
    desk.publish(a_document(priority=2))
    said = refused(desk, "publish_draft", one.id, desk.now, FOUR_EYES)
    assert said[:2] == [
        "a second person has not approved it yet",
        "it is based on version 1, and version 2 came since",
    ]
    assert "unknown fact 'person.on_tripp'" in said
    assert desk.in_force() == {"report-missing": (2, 2)}


def test_an_example_that_does_not_pass_keeps_a_draft_back(desk):
    example = a_document()["examples"][0]
    made = desk.create_draft(a_document(examples=[{**example, "expect": []}]), desk.now)
    said = "'speaks' expects nothing, and gets nudge person"
    assert said in refused(desk, "publish_draft", made.id, desk.now, GROUND)
    assert said in [problem.problem for problem in desk.check_draft(made.id, GROUND)]
    assert desk.in_force() == {}


def test_a_draft_that_takes_away_what_another_rule_reads_is_kept_back(desk):
    gives = a_document(id="gives", then=[{"infer": "found.late", "because": {"zh": "晚", "en": "late"}}], examples=None)
    desk.publish(gives)
    desk.publish(a_document(id="reads", if_={"fact": "found.late", "is": True}, examples=None))
    made = desk.create_draft({**gives, "then": a_document()["then"]}, desk.now)
    (said,) = refused(desk, "publish_draft", made.id, desk.now, GROUND)
    assert "found.late" in said


def test_saving_after_an_approval_asks_for_it_anew(desk):
    made = desk.create_draft(a_document(), desk.now)
    desk.approve(made.id, desk.now, viewer=OTHER_HR)
    desk.save_draft(made.id, a_document(priority=9), 1, desk.now)
    assert refused(desk, "publish_draft", made.id, desk.now, FOUR_EYES) == ["a second person has not approved it yet"]


def test_a_draft_that_was_sent_back_waits_for_its_author(desk):
    made = desk.create_draft(a_document(), desk.now)
    desk.ask_approval(made.id, desk.now)
    back = desk.send_back(made.id, "softer, please", desk.now, viewer=OTHER_HR)
    assert (back.state, back.note, back.asked_at) == ("open", "softer, please", None)


def test_a_draft_that_changes_nothing_is_not_published(desk):
    desk.publish()
    made = desk.create_draft(dict(reversed(a_document().items())), desk.now)
    assert refused(desk, "publish_draft", made.id, desk.now, GROUND) == [
        "it says the same as version 1, which is in force"
    ]


def test_a_draft_cannot_become_another_rule(desk):
    desk.publish()
    made = desk.create_draft(a_document(id="renamed"), desk.now, rule="report-missing")
    assert refused(desk, "publish_draft", made.id, desk.now, GROUND) == [
        "this draft edits 'report-missing', and its document says 'renamed'"
    ]


def test_a_rebased_draft_holds_both_changes_and_names_what_both_changed(desk):
    desk.publish()
    mine = desk.create_draft(a_document(priority=1, limit={"once_per": "day"}), desk.now)
    desk.publish(a_document(priority=2, about="person"), viewer=IMPLEMENTER)
    rebased, conflicts = desk.rebase(mine.id, 1, desk.now)
    assert [(c.place, c.ours, c.theirs) for c in conflicts] == [("priority", 1, 2)]
    assert isinstance(conflicts[0], Conflict)
    assert (rebased.based_on, rebased.edition) == (2, 2)
    found = desk.publish_draft(mine.id, desk.now, GROUND)
    assert (found.version, found.document["priority"]) == (3, 1)
    assert (found.document["limit"], found.document["about"]) == ({"once_per": "day"}, "person")


def test_what_was_published_stays_as_it_was(desk):
    for number in range(1, 4):
        desk.publish(a_document(priority=number))
    desk.rollback("report-missing", 1, desk.now, GROUND, "too loud")
    desk.archive("report-missing", desk.now)
    desk.restore("report-missing", desk.now, GROUND)
    found = desk.versions("report-missing")
    assert [(v.version, v.document["priority"], v.state, v.note, v.archived_by) for v in found] == [
        (5, 1, "published", "back to version 4", None),
        (4, 1, "archived", "back to version 1: too loud", "hr.li"),
        (3, 3, "archived", "", "hr.li"),
        (2, 2, "archived", "", "hr.li"),
        (1, 1, "archived", "", "hr.li"),
    ]


def test_going_back_to_what_is_in_force_or_never_was_is_refused(desk):
    desk.publish()
    assert refused(desk, "rollback", "report-missing", 1, desk.now, GROUND) == [
        "it says the same as version 1, which is in force"
    ]
    with pytest.raises(NotFound):
        desk.rollback("report-missing", 2, desk.now, GROUND)
    with pytest.raises(NotFound):
        desk.versions("never-was")
    assert refused(desk, "restore", "report-missing", desk.now, GROUND) == ["it is in force already"]
    assert refused(desk, "archive", "never-was", desk.now) == ["it is not in force"]


def test_a_version_that_would_not_pass_today_does_not_come_back(desk):
    desk.publish()
    desk.publish(a_document(priority=1))
    poorer = a_catalogue()
    del poorer.metrics["reports_today"]
    with pytest.raises(InvalidRule, match="reports_today"):
        desk.rollback("report-missing", 1, desk.now, Ground(poorer))


# -- silence -------------------------------------------------------------------------------------------------------
def test_a_paused_rule_is_out_of_force_until_it_is_resumed_and_does_not_look_back(desk):
    desk.publish()
    before = desk.revision()
    assert desk.pause("report-missing", "too many at once", desk.now) is True
    assert desk.pause("report-missing", "again", desk.now, viewer=IMPLEMENTER) is False
    assert desk.in_force() == {}
    assert desk.revision() == before + 1
    held = desk.pauses()["report-missing"]
    assert (held.by, held.why) == ("hr.li", "too many at once")
    resumed = MONDAY + timedelta(hours=5)
    desk.resume("report-missing", resumed)
    with reading(desk.engine) as connection:
        assert store.in_force(connection)[0][0].since == resumed
    with pytest.raises(NotFound):
        desk.resume("report-missing", resumed)
    with pytest.raises(NotFound):
        desk.pause("never-was", "why", resumed)


def test_a_new_version_of_a_paused_rule_stays_silent(desk):
    desk.publish()
    desk.pause("report-missing", "why", desk.now)
    desk.publish(a_document(priority=1))
    assert desk.in_force() == {}
    desk.resume("report-missing", desk.now)
    assert desk.in_force() == {"report-missing": (2, 1)}


def test_archiving_ends_a_pause(desk):
    desk.publish()
    desk.pause("report-missing", "why", desk.now)
    desk.archive("report-missing", desk.now)
    desk.restore("report-missing", desk.now, GROUND)
    assert desk.pauses() == {}
    assert desk.in_force() == {"report-missing": (2, 0)}


# -- beside the rules in force -------------------------------------------------------------------------------------
def test_a_draft_that_would_leave_another_rule_without_its_inference_is_not_published(desk):
    infers = on_report("infers", if_=None, then=[{"infer": "found.tired", "because": "x"}])
    desk.publish(infers)
    desk.publish(on_report("reads", if_={"fact": "found.tired", "is": True}))
    with pytest.raises(InvalidRule) as refused:
        desk.publish(on_report("infers", if_=None))
    assert [problem.at for problem in refused.value.problems] == ["reads: if.fact"]
    desk.publish({**infers, "priority": 1})
