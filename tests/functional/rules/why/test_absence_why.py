"""Why an absence spoke: what came, when, and what did not follow, in words on every surface."""

from __future__ import annotations

from replayed import Client, event

from tideng.cli.look import _reason
from tideng.model.catalogue import Catalogue, EventType
from tideng.model.templates import spoken

RULE = """
id: r
kind: escalation
when: {event: need.raised, without: [need.answered, proposal.submitted], within: 7 days, match: need}
then: [{mark: waiting}]
later: [{after: 1 day, then: [{mark: still-waiting}]}]
"""
WAITED = {
    "part": "when",
    "fact": "need.raised",
    "value": "2026-02-03T09:00:00+08:00",
    "op": "without",
    "operand": ["need.answered", "proposal.submitted"],
    "holds": True,
}


def found(tmp_path, rule: str = RULE) -> list[dict]:
    raised = event("need.raised", "2026-02-03 09:00", need="n")
    return Client(tmp_path / "client").replay(rule, [raised], "2026-02-01 00:00", "2026-03-01 00:00")


def test_the_first_reason_of_a_deadline_and_of_its_later_steps_is_what_was_waited_for(tmp_path):
    assert [one["why"] for one in found(tmp_path)] == [[WAITED], [WAITED]]


def test_conditions_follow_it(tmp_path):
    why = found(tmp_path, RULE + "if: {fact: event.need, is: n}\n")[0]["why"]
    assert [reason["part"] for reason in why] == ["when", "if"]


def test_explain_says_it_in_words():
    catalogue = Catalogue()
    names = {"need.raised": ("客户提出需求", "Need raised"), "need.answered": ("已回应", "Need answered")}
    catalogue.add([EventType(name, {"zh": zh, "en": en}) for name, (zh, en) in names.items()], "test")
    reason = WAITED | {"operand": ["need.answered"]}
    assert _reason(reason, catalogue, "zh", spoken) == "2月3日 09:00 有了“客户提出需求”，到期没有等到“已回应”"
    assert (
        _reason(reason, catalogue, "en", spoken)
        == "“Need raised” came on 3 February at 09:00, and no “Need answered” followed in time"
    )
