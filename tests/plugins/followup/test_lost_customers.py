"""From a lost customer to the step that can become better; on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from tests.plugins.processes.stories import PROPOSAL, story_of
from tests.plugins.processes.walking import Office, Walk
from tideng.plugins.forms import Form, fill_form
from tideng.store.database import reading
from tideng.store.tables import FindingRow
from tideng_processes.forms.form_check import IncompleteForm

NEED = story_of("customer_followup").data
ANSWER = {"possible": "yes", "answer": "能做，12W 射灯，交期 12 天。"}


@pytest.fixture
def office(a_deployment, tmp_path, database_url) -> Office:
    return Office.open(a_deployment, tmp_path / "client", database_url, packs="[processes]")


@pytest.fixture
def one_office(a_deployment, tmp_path) -> Office:
    """On SQLite alone, for what no database decides."""
    return Office.open(a_deployment, tmp_path / "client", packs="[processes]")


def answered_at(office: Office, when: str) -> Walk:
    """A need that was raised on Monday at 9, answered at that moment, with a proposal soon after."""
    case = office.begin("customer_followup", "zhang", NEED).until(when)
    case.does("maker", "answered", **ANSWER)
    return case.does("zhang", "submit", **PROPOSAL).does("maker", "submit", **PROPOSAL)


def not_accepted(case: Walk, reason: str) -> Walk:
    return case.does("zhang", "recorded", accepted=False, reason=reason)


def test_an_answer_of_31_hours_is_what_is_looked_at(office):
    case = not_accepted(answered_at(office, "2026-03-03 16:00"), "price")
    (failed,) = case.told("node.failed")
    assert {name: failed[name] for name in ("node", "owner", "took", "planned", "late", "customer")} == {
        "node": "answer",
        "owner": "maker",
        "took": 31,
        "planned": 24,
        "late": True,
        "customer": "恒亮照明",
    }
    (improvement,) = office.cases("improvement")
    assert failed["improvement"] == improvement.id
    assert (improvement.node, improvement.owners, improvement._row.person) == ("find_cause", ["boss"], "maker")
    assert improvement.data == {
        "step": "产品答复",
        "customer": "恒亮照明",
        "followup": case.id,
        "took": 31,
        "planned": 24,
        "heard": "价格",
    }


def test_the_supervisor_of_the_step_hears_of_it_kindly_and_the_case_is_to_improve(one_office):
    case = not_accepted(answered_at(one_office, "2026-03-03 16:00"), "price")
    found = one_office.rows(
        FindingRow.__table__.select().where(FindingRow.rule == "lost-customer-slow-step").order_by(FindingRow.id)
    )
    assert [(row.action, row.subject, row.recipient) for row in found] == [
        ("mark", case.id, None),
        ("nudge", case.id, "boss"),
        ("improve", case.id, "hr"),
    ]
    assert found[0].detail["status"] == "to_improve"
    assert found[1].message == "恒亮照明没有成交。“产品答复”用了 31 小时，可能撞上了别的安排。一起看看这一步怎么改？"


def test_the_cause_the_plan_and_whether_it_helped(one_office):
    not_accepted(answered_at(one_office, "2026-03-03 16:00"), "price")
    (item,) = one_office.cases("improvement")
    assert item.due == "2026-03-10 16:00"
    cause = {
        "cause": "meeting",
        "words": "那天有产品会，开到六点。",
        "plan": "会前设一个提醒。",
        "review_on": "2026-04-03",
    }
    item.does("boss", "planned", **cause)
    assert (item.node, item.owners, item.due) == ("look_again", ["boss"], "2026-04-03 18:00")
    item.until("2026-04-03 10:00")
    assert item.does("boss", "better", helped="四次都在当天答复了。").end == "improved"


def test_where_every_step_was_in_time_the_reason_points_at_one(one_office):
    case = not_accepted(answered_at(one_office, "2026-03-02 15:00"), "waiting")
    (failed,) = case.told("node.failed")
    assert (failed["node"], failed["late"]) == ("answer", False)
    assert one_office.told()[-1] == "lost-customer-reason: boss"


@pytest.mark.parametrize("reason", ["plans", "unknown"])
def test_where_no_step_was_late_it_is_said_and_nobody_is_asked(one_office, reason):
    case = not_accepted(answered_at(one_office, "2026-03-02 15:00"), reason)
    assert case.told("node.failed") == []
    assert one_office.cases("improvement") == []
    (told,) = one_office.events("loss.unexplained")
    assert (told.subject, told.data["case"]) == ("zhang", case.id)
    assert one_office.told() == ["lost-customer-no-step: zhang"]


def test_a_customer_who_is_lost_elsewhere_ends_the_follow_up(office):
    case = office.begin("customer_followup", "zhang", NEED).until("2026-03-03 16:00")
    office.hears("customer.lost", "zhang", customer="恒亮照明", reason="选了别家")
    assert (case.end, case.owners) == ("not_accepted", [])
    (failed,) = case.told("node.failed")
    assert (failed["node"], failed["took"], failed["late"]) == ("answer", 31, True)
    assert case.told("node.overdue")[0]["node"] == "answer"
    office.until("2026-03-20 09:00")
    assert len(case.told("node.overdue")) == 1, "nobody waits for a step of a customer who is gone"


def test_the_latest_follow_up_of_a_customer_is_meant_and_no_other_customer_s(one_office):
    first = answered_at(one_office, "2026-03-02 15:00").does("zhang", "recorded", accepted=True)
    other = one_office.begin("customer_followup", "zhang", {**NEED, "customer": "万家灯饰"})
    one_office.until("2026-03-02 16:00")
    second = one_office.begin("customer_followup", "zhang", NEED)
    one_office.until("2026-03-03 18:00")
    one_office.hears("customer.lost", "zhang", customer="恒亮照明")
    assert (first.end, second.end, other.node) == ("accepted", "not_accepted", "answer")
    assert len(second.told("node.failed")) == 1


def followed_up(office: Office, *customers: str) -> list[Walk]:
    """A follow-up for each, begun an hour apart, the first on Monday at 9."""
    found = []
    for hour, customer in enumerate(customers, 9):
        office.until(f"2026-03-02 {hour:02}:00")
        found.append(office.begin("customer_followup", "zhang", {**NEED, "customer": customer}))
    office.until("2026-03-02 15:00")
    return found


@pytest.mark.parametrize("name", ["恒亮照明有限公司", " 恒亮 照明（有限）公司 ", "恒亮照明 Co., Ltd."])
def test_a_customer_is_found_however_their_name_is_written(office, name):
    (case,) = followed_up(office, "恒亮照明")
    office.hears("customer.lost", "zhang", customer=name)
    assert case.end == "not_accepted"


def test_of_two_names_that_are_near_the_one_that_was_said_is_meant_when_it_is_the_latest(one_office):
    first, second = followed_up(one_office, "Bright Co.", "Bright GmbH")
    one_office.hears("customer.lost", "zhang", customer="BRIGHT GmbH")
    assert (first.node, second.end) == ("answer", "not_accepted")
    assert one_office.events("loss.unclear") == []


@pytest.mark.parametrize("said", ["Bright Ltd", "Bright Co."])
def test_where_it_may_be_either_of_two_whoever_follows_them_up_is_asked_and_nothing_is_chosen(office, said):
    cases = followed_up(office, "Bright Co.", "Bright GmbH")
    for when in ("15:00", "15:30"):
        office.until(f"2026-03-02 {when}")
        office.hears("customer.lost", "zhang", customer=said, reason="price")
    assert [case.node for case in cases] == ["answer", "answer"]
    assert office.events("node.failed", "loss.unexplained") == []
    asked = [(one.subject, one.data["customer"], one.data["written"]) for one in office.events("loss.unclear")]
    assert asked == [("zhang", said, "Bright Co."), ("zhang", said, "Bright GmbH")], (
        "once each, however often it is told"
    )
    assert office.told() == ["lost-customer-which: zhang"] * 2
    cases[0].does("maker", "lost", note="是这一家。")
    assert len(cases[0].told("loss.unexplained")) == 1, "whoever knows says it, and then it is looked into"


def test_a_name_that_names_nobody_is_nobodys(one_office):
    (case,) = followed_up(one_office, "公司")
    one_office.hears("customer.lost", "zhang", customer="有限公司")
    assert (case.node, one_office.events("loss.unclear")) == ("answer", [])


def test_a_loss_that_is_told_twice_is_looked_at_once(office):
    case = not_accepted(answered_at(office, "2026-03-03 16:00"), "price")
    office.until("2026-03-04 10:00")
    office.hears("customer.lost", "zhang", customer="恒亮照明", reason="价格")
    assert len(case.told("node.failed")) == 1
    assert len(office.cases("improvement")) == 1


def test_another_customer_lost_at_the_same_step_is_added_to_the_item_that_is_open(office):
    for customer in ("华彩酒店", "万家灯饰"):
        office.begin("customer_followup", "zhang", {**NEED, "customer": customer})
    first, second = office.cases("customer_followup")
    office.until("2026-03-03 16:00")
    office.hears("customer.lost", "zhang", customer="华彩酒店")
    office.until("2026-03-03 19:00")
    office.hears("customer.lost", "zhang", customer="万家灯饰")
    (item,) = office.cases("improvement")
    assert item.notes == ["万家灯饰也没有成交，这一步用了 34 小时。"]
    assert [case.told("node.failed")[0]["improvement"] for case in (first, second)] == [item.id, item.id]


def test_a_customer_lost_after_the_item_is_closed_opens_another(one_office):
    not_accepted(answered_at(one_office, "2026-03-03 16:00"), "price")
    (item,) = one_office.cases("improvement")
    assert item.does("boss", "no_need", note="那天停电了。").end == "no_need"
    case = one_office.begin("customer_followup", "zhang", {**NEED, "customer": "万家灯饰"})
    one_office.until("2026-03-05 09:00")
    one_office.hears("customer.lost", "zhang", customer="万家灯饰")
    assert len(one_office.cases("improvement")) == 2
    assert case.end == "not_accepted"


def test_a_customer_whom_nobody_follows_up_leads_nowhere(one_office):
    one_office.hears("customer.lost", "zhang", customer="没见过的客户", reason="价格")
    assert one_office.events("node.failed", "loss.unexplained") == []


def test_what_happened_long_ago_is_history(one_office):
    case = answered_at(one_office, "2026-03-03 16:00")
    one_office.until("2026-03-20 09:00")
    lost = {
        "id": "1",
        "source": "crm",
        "type": "customer.lost",
        "time": "2026-03-10T10:00:00+08:00",
        "subject": "zhang",
    }
    one_office.receives({**lost, "data": {"customer": "恒亮照明"}})
    assert one_office.events("node.failed") == []
    assert case.node == "follow_up"


def test_a_crm_carries_a_need_from_end_to_end(office):
    office.hears(
        "need.raised", "zhang", need="N-17", customer="恒亮照明", text="大堂 120 盏射灯，三月底装。", owner="maker2"
    )
    (case,) = office.cases("customer_followup")
    assert (case.node, case.owners, case.data["needs"]) == ("answer", ["maker2"], "大堂 120 盏射灯，三月底装。")
    office.until("2026-03-03 16:00")
    office.hears("need.answered", "maker2", need="N-17", text="能做，交期 12 天。")
    assert (case.node, case.data["answer"], case.data["needs"]) == (
        "proposal",
        "能做，交期 12 天。",
        "大堂 120 盏射灯，三月底装。",
    )
    office.until("2026-03-04 10:00")
    office.hears("proposal.submitted", "zhang", need="N-17", text="见附件。")
    office.until("2026-03-05 10:00")
    office.hears("followup.recorded", "zhang", need="N-17", accepted=False, text="等太久了")
    assert case.end == "not_accepted"
    (failed,) = case.told("node.failed")
    assert (failed["node"], failed["owner"], failed["took"]) == ("answer", "maker2", 31)
    assert case.emitted == ["need.taken_up"], "what the CRM said is not said a second time"


def test_a_step_of_somebody_who_has_left_goes_to_who_led_them(one_office):
    not_accepted_by = answered_at(one_office, "2026-03-03 16:00")
    one_office.hears("person.left", "maker")
    not_accepted(not_accepted_by, "price")
    (item,) = one_office.cases("improvement")
    assert item.owners == ["boss"]


def statements_of(office: Office, does) -> int:
    said: list[str] = []

    def hear(_connection, _cursor, statement, *_more):
        said.append(statement)

    event.listen(office.deployment.engine, "before_cursor_execute", hear)
    does()
    event.remove(office.deployment.engine, "before_cursor_execute", hear)
    return len(said)


def test_thirty_losses_at_once_cost_as_many_statements_as_two(a_deployment, tmp_path):
    office = Office.open(a_deployment, tmp_path / "client")
    few, many = ["a", "b"], [f"c{number}" for number in range(30)]
    for name in (*few, *many):
        office.begin("customer_followup", "zhang", {**NEED, "customer": name})
    office.until("2026-03-03 16:00")
    lost = {"source": "crm", "type": "customer.lost", "time": "2026-03-03T16:00:00+08:00", "subject": "zhang"}
    of = lambda names: [{**lost, "id": name, "data": {"customer": name}} for name in names]  # noqa: E731
    counts = [statements_of(office, lambda names=names: office.receives(*of(names))) for names in (few, many)]
    (item,) = office.cases("improvement")
    assert len(item.notes) == 31, "one step, looked at once"
    assert counts[1] <= counts[0] + 5


def filled_in(office: Office, by: str):
    now = office.deployment.clock.now()
    with reading(office.deployment.engine) as connection:
        form = Form("customer_followup.raise", by, by, now)
        return fill_form(office.deployment, connection, office.directory, form, now)


def test_somebody_of_product_who_is_there_is_filled_in_as_who_answers(one_office):
    assert filled_in(one_office, "zhang")["owner"].value == "maker"
    one_office.goes_on_leave("maker")
    assert filled_in(one_office, "zhang")["owner"].value == "maker2"


def test_of_those_who_are_there_whoever_has_less_to_do_is_filled_in(one_office):
    one_office.begin("customer_followup", "zhang", NEED)
    assert filled_in(one_office, "zhang")["owner"].value == "maker2"


def test_a_no_needs_a_reason_and_not_known_is_one(one_office):
    case = answered_at(one_office, "2026-03-02 15:00")
    with pytest.raises(IncompleteForm) as caught:
        case.does("zhang", "recorded", accepted=False)
    assert [(one.field, one.message["zh"]) for one in caught.value.asked] == [
        ("reason", "客户主要因为什么？不清楚就选“不清楚”。")
    ]
    assert case.does("zhang", "recorded", accepted=False, reason="unknown").end == "not_accepted"


def test_the_hours_that_are_left_are_told_before_the_answer_is_due(one_office):
    case = one_office.begin("customer_followup", "zhang", NEED).until("2026-03-03 05:00")
    (near,) = case.told("node.near")
    assert (near["customer"], near["left"]) == ("恒亮照明", 4)
    (told,) = one_office.rows(FindingRow.__table__.select().where(FindingRow.action == "nudge"))
    assert told.message == "恒亮照明在等一句“能不能做”，还剩 4 小时。要请人搭把手吗？"


def test_beyond_its_deadline_the_supervisor_of_the_step_is_asked_to_help(one_office):
    case = one_office.begin("complaint", "zhang", story_of("complaint").data)
    case.until("2026-03-02 13:00")
    assert one_office.told() == ["step-near: fixer", "step-over: fixer"]
    one_office.until("2026-03-02 17:00")
    assert one_office.told()[2:] == ["step-stuck: boss"]


def test_a_need_that_a_case_carries_is_spoken_of_once(a_deployment, tmp_path):
    """The pack for needs that nobody carries leaves it to the process: whoever answers hears it, HR does not."""
    office = Office.open(a_deployment, tmp_path / "client", packs="[travel-sales, processes]")
    office.hears("need.raised", "zhang", need="N-1", customer="恒亮照明", text="大堂 120 盏射灯。")
    office.until("2026-03-03 14:00")
    assert office.told() == ["need-answer-near: maker", "follow-up-over: maker", "step-stuck: boss"]
