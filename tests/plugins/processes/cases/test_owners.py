"""Of several who hold a role or a position, the one with the fewest open steps has the next one."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.plugins.processes.cases.test_incoming_events import WANTED
from tests.plugins.processes.engine_story import FILES, EngineStory
from tideng.model.event import Event
from tideng.store.database import writing
from tideng_processes.cases.owners import Owner, Staff, holder_of


def asks_finance(story: EngineStory) -> str:
    """A case whose step is the role's: money holds it, and hr."""
    return story.begin("zhang", amount=9000)


def test_a_roles_steps_go_to_the_holder_with_the_fewest_and_to_the_first_of_these(on_both: EngineStory):
    cases = [asks_finance(on_both) for _ in range(4)]
    assert [on_both.owners(case) for case in cases] == [["money"], ["hr"], ["money"], ["hr"]]
    for case in cases[1::2]:
        on_both.hand_in("hr", case, "approve", "reject", note="下个月")
    assert [on_both.owners(asks_finance(on_both)) for _ in range(3)] == [["hr"], ["hr"], ["money"]]


def test_whoever_had_a_step_of_the_case_by_the_same_role_goes_on_with_it(on_both: EngineStory):
    asks_finance(on_both)
    case = asks_finance(on_both)
    assert on_both.owners(case) == ["hr"]
    on_both.hand_in("hr", case, "approve", "return", note="哪个型号？")
    assert on_both.owners(asks_finance(on_both)) == ["hr"], "who has fewer now"
    assert on_both.owners(asks_finance(on_both)) == ["money"]
    on_both.hand_in("zhang", case, "request", "submit", what="样灯", amount=9000)
    assert on_both.owners(case) == ["hr"], "who asked back hears the answer"


def test_whoever_is_away_has_none_however_few_they_have(engine_story: EngineStory):
    asks_finance(engine_story)
    engine_story.tell("leave.started", "hr", leave="L1")
    assert engine_story.owners(asks_finance(engine_story)) == ["money"]


def test_who_stands_in_for_a_role_is_not_whom_it_was_meant_for(engine_story: EngineStory):
    for one in ("money", "hr"):
        engine_story.tell("leave.started", one, leave=one)
    (task,) = engine_story.case(asks_finance(engine_story), "boss").open_tasks
    assert (task.owner, task.meant_for) == ("boss", "money")


def test_steps_of_somebody_who_goes_on_leave_are_shared_among_the_others(engine_story: EngineStory):
    roles = "roles: {hr: [hr], finance: [money, hr, li]}\n"
    client = engine_story.folder / "client.yaml"
    client.write_text(client.read_text("utf-8").split("roles:")[0] + roles, "utf-8")
    engine_story.apply()
    engine_story.work()
    cases = [asks_finance(engine_story) for _ in range(9)]
    engine_story.tell("leave.started", "money", leave="L1")
    engine_story.wait(minutes=11)
    assert Counter(engine_story.owners(case)[0] for case in cases).keys() == {"hr", "li"}
    assert max(Counter(engine_story.owners(case)[0] for case in cases).values()) == 5


def test_who_would_have_a_roles_step_now(engine_story: EngineStory):
    asks_finance(engine_story)
    with writing(engine_story.deployment.engine) as connection:
        known = connection, engine_story.deployment.catalogue, engine_story.directory, engine_story.clock.now()
        assert holder_of(*known, "finance") == Owner("hr")
        assert holder_of(*known, "nobodys") == Owner("hr", "role:nobodys")
        assert Staff(engine_story.directory, known[-1]).holder_of("hr") == Owner("hr")


@pytest.mark.parametrize("needs", [2, 30])
def test_those_that_come_at_once_are_shared_in_as_many_statements(needs: int, tmp_path, a_deployment):
    client = FILES["client.yaml"].split("roles:")[0] + "roles: {hr: [hr], finance: [money, wu]}\n"
    story = EngineStory(a_deployment, tmp_path, **{"processes/wanted.yaml": WANTED, "client.yaml": client})
    told = [
        Event(f"n{one}", "crm", "need.raised", story.clock.now(), "zhang", {"need": f"N-{one}", "customer": "恒亮照明"})
        for one in range(needs)
    ]

    def hear() -> None:
        with writing(story.deployment.engine) as connection:
            known = {"connection": connection, "directory": story.directory, "silent": lambda event: False}
            story.deployment.plugins.call("on_stored", events=told, **known)

    assert story.statements(hear) <= 16
    owners = Counter(story.owners(f"wanted-{one + 1:06d}")[0] for one in range(needs))
    assert owners == {"money": needs // 2, "wu": needs // 2}
