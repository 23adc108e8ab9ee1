"""An expense claim: what it is filled in with, what it is asked, and that no invoice is claimed twice. Real files throughout."""

from __future__ import annotations

import threading

import pytest

from tests.plugins.travel.travel_story import TravelStory, a_ticket, an_invoice
from tests.unit.core.plugins.attachment_files import NUMBER, PAPER_CODE, a_pdf, a_picture
from tideng.base.errors import Refused
from tideng.base.problems import say
from tideng.plugins.forms import MUST, SHOULD
from tideng_processes.forms.form_check import IncompleteForm
from tideng_travel.invoices import tidy_number

OTHER = "24312000000123456700"


@pytest.fixture
def story(a_deployment, tmp_path, database_url):
    return TravelStory(a_deployment, tmp_path, database_url)


@pytest.fixture
def sqlite(a_deployment, tmp_path):
    return TravelStory(a_deployment, tmp_path)


# -- from the papers to the money --------------------------------------------------------------------------------------
def test_a_claim_is_looked_at_by_finance_and_paid(story):
    trip = story.an_ended_trip()
    claim = story.a_claim(trip=trip, amount=201, papers=story.all_papers())
    assert story.owners(claim) == ["lead"], "a small one"
    story.hand_in("lead", claim, "check", "approve")
    assert story.owners(claim) == ["money"]
    story.hand_in("money", claim, "pay", "pay")
    assert story.case(claim).end == "paid"
    (_, subject, data), approved, paid = story.heard("claim.submitted", "claim.approved", "claim.paid")
    assert subject == "zhang"
    assert (data["claim"], data["trip"], data["amount"], data["currency"]) == (claim, trip, 201, "CNY")
    assert data["attachments"] == [
        {"kind": "invoice", "number": NUMBER},
        {"kind": "itinerary", "number": str(int(NUMBER) + 1)},
        {"kind": "confirmation"},
    ]
    assert approved[2]["claim"] == paid[2]["claim"] == claim
    assert story.invoices() == [(NUMBER, claim, "128.00", ""), (str(int(NUMBER) + 1), claim, "73.00", "")]


def test_a_large_claim_goes_to_finance_at_once(sqlite):
    papers = {"invoices": [sqlite.keep("invoices", an_invoice(total="900.00")).id]}
    claim = sqlite.a_claim(amount=900, papers=papers)
    assert sqlite.owners(claim) == ["money"]


def test_a_claim_comes_back_for_a_paper_with_the_same_invoice_and_goes_on(story):
    claim = story.a_claim()
    story.hand_in("lead", claim, "check", "return", note="还差酒店的水单")
    (rejected,) = story.heard("claim.rejected")
    assert (rejected[2]["claim"], rejected[2]["reason"]) == (claim, "还差酒店的水单")
    papers = story.case(claim).data
    said = story.claimed(papers={name: papers[name] for name in ("invoices", "slips", "confirmation")})
    story.hand_in("zhang", claim, "write", "submit", **said)
    assert story.case(claim).node == "check"
    assert len(story.invoices()) == 2


# -- what a claim is filled in with ------------------------------------------------------------------------------------
def test_a_claim_knows_the_last_trip_its_days_and_the_sum_of_its_papers(story):
    trip = story.an_ended_trip()
    filled = story.filled("claim.write")
    assert filled["trip"] == (trip, "来自出差 上海、杭州")
    assert (filled["from"][0], filled["until"][0], filled["currency"][0]) == ("2025-06-16", "2025-06-18", "CNY")
    assert "amount" not in filled
    filled = story.filled("claim.write", papers=story.all_papers())
    assert filled["amount"] == (201.0, "2 张单据合计"), "a confirmation has no sum"


def test_a_trip_that_is_claimed_is_not_proposed_again(sqlite):
    trip = sqlite.an_ended_trip()
    claim = sqlite.a_claim(trip=trip)
    assert "trip" not in sqlite.filled("claim.write")
    sqlite.hand_in("lead", claim, "check", "return", note="还差一张")
    sqlite.hand_in("zhang", claim, "write", "withdraw")
    assert sqlite.filled("claim.write")["trip"][0] == trip


# -- what it is asked --------------------------------------------------------------------------------------------------
def test_one_paper_to_go_is_said_as_a_colleague_would(sqlite):
    trip = sqlite.an_ended_trip()
    papers = sqlite.all_papers()
    del papers["confirmation"]
    asked = sqlite.asked(**sqlite.claimed(trip=trip, papers=papers))
    severity, words = asked["confirmation"]
    assert severity == MUST
    assert words.startswith("还差一张客户签字确认单。拍张照片就行，其余都齐了。")
    assert set(asked) == {"confirmation"}
    asked = sqlite.asked(**sqlite.claimed(trip=trip, papers=papers, remark="客户出差，下周补"))
    assert asked["confirmation"][0] == SHOULD


def test_a_claim_without_a_trip_needs_an_invoice_only(sqlite):
    invoice = {"invoices": [sqlite.keep("invoices", an_invoice()).id]}
    assert sqlite.asked(**sqlite.claimed(amount=128, papers=invoice)) == {}
    assert sqlite.asked(**sqlite.claimed(amount=128, papers={}))["invoices"][0] == MUST


def test_a_sum_that_differs_is_asked_about_unless_a_few_words_explain_it(sqlite):
    papers = sqlite.all_papers()
    severity, words = sqlite.asked(**sqlite.claimed(amount=230.5, papers=papers))["amount"]
    assert (severity, words) == (MUST, "单据合计 201.00 CNY，填的是 230.50。改一下金额，或者在说明里写一句。")
    assert sqlite.asked(**sqlite.claimed(amount=230.5, papers=papers, remark="加了餐补"))["amount"][0] == SHOULD
    assert sqlite.asked(**sqlite.claimed(amount=200, papers=papers))["amount"][0] == SHOULD
    assert "amount" not in sqlite.asked(**sqlite.claimed(amount=201, papers=papers))


def test_an_invoice_in_yuan_is_compared_with_a_claim_in_dollars_at_the_rate_of_its_day(sqlite):
    papers = {"invoices": [sqlite.keep("invoices", an_invoice(total="700.00")).id]}
    assert "amount" not in sqlite.asked(**sqlite.claimed(amount=100, currency="USD", papers=papers))
    asked = sqlite.asked(**sqlite.claimed(amount=110, currency="USD", papers=papers))
    assert asked["amount"] == (MUST, "单据合计 100.00 USD，填的是 110.00。改一下金额，或者在说明里写一句。")
    asked = sqlite.asked(**sqlite.claimed(amount=110, currency="EUR", papers=papers))
    assert asked["currency"] == (SHOULD, "EUR 那几天还没有汇率，合计由财务来对。")
    assert "amount" not in asked


def test_an_invoice_that_could_not_be_read_is_typed(sqlite):
    photo = {"invoices": [sqlite.keep("invoices", a_picture(size=(400, 300))).id]}
    severity, words = sqlite.asked(**sqlite.claimed(amount=88, papers=photo))["typed"]
    assert (severity, words) == (MUST, "有 1 张发票没读全，在这里填一下号码、日期和金额。")
    typed = [{"number": OTHER, "issued": "2025-06-17", "amount": 88}]
    assert sqlite.asked(**sqlite.claimed(amount=88, papers=photo, typed=typed)) == {}


def test_a_typed_line_completes_what_the_code_on_a_photo_leaves_out(sqlite):
    photo = {"invoices": [sqlite.keep("invoices", a_picture(PAPER_CODE)).id]}
    typed = [{"number": "07041662", "issued": "2025-06-17", "amount": 194.50}]
    said = sqlite.claimed(amount=194.5, papers=photo, typed=typed, remark="旧发票")
    assert "typed" not in sqlite.asked(**said)
    claim = sqlite.begin("zhang", "claim", **said)
    assert sqlite.invoices("code", "number", "amount", "case") == [("1200153320", "07041662", "194.50", claim)]


def test_days_and_places_outside_the_journey_are_asked_about_and_no_more(sqlite):
    trip = sqlite.an_ended_trip()
    papers = sqlite.all_papers(day="2025年05月02日")
    severity, words = sqlite.asked(**sqlite.claimed(trip=trip, papers=papers))["invoices"]
    assert (severity, words) == (SHOULD, "a.pdf是 5月2日的，行程是 6月16日到6月18日。是这次的吗？")
    assert sqlite.a_claim(trip=trip, papers=papers)
    elsewhere = sqlite.a_trip("li", itinerary=[{"date": "2025-06-16", "city": "广州"}], customers=[])
    asked = sqlite.asked("li", **sqlite.claimed("li", trip=elsewhere, papers=sqlite.all_papers("li", OTHER)))
    assert asked["slips"] == (SHOULD, "车票是 上海虹桥 到 杭州东，行程里没有这两个地方。是这次的吗？")


def test_how_many_days_around_a_journey_are_usual_is_the_clients_to_say(a_deployment, tmp_path):
    story = TravelStory(a_deployment, tmp_path, travel="{days_around: 60}")
    assert story.asked(**story.claimed(papers=story.all_papers(day="2025年05月02日"))) == {}


def test_an_invoice_made_out_to_another_company_is_noticed_where_the_client_names_its_own(a_deployment, tmp_path):
    story = TravelStory(a_deployment, tmp_path, travel="{tax_ids: [91440300708437873H]}")
    severity, words = story.asked(**story.claimed())["invoices"]
    assert severity == SHOULD
    assert "91310000MA1FL5KE2X" in words


def test_settings_that_make_no_sense_are_refused_when_the_bundle_is_applied(a_deployment, tmp_path):
    with pytest.raises(Refused) as refused:
        TravelStory(a_deployment, tmp_path, travel="{days_around: -1, tax_ids: 91, colour: red}")
    places = sorted(one.at for one in refused.value.problems)
    assert places == [f"client.yaml, plugins.travel.{name}" for name in ("colour", "days_around", "tax_ids")]


# -- no invoice twice --------------------------------------------------------------------------------------------------
def test_an_invoice_is_claimed_once_in_the_whole_company(story):
    first = story.a_claim()
    story.wait(days=1)
    asked = story.asked("li", **story.claimed("li", papers=story.all_papers("li")))
    severity, words = asked["invoices"]
    assert (severity, words) == (MUST, f"这张发票（…456789）6月12日报过一次，单号 {first}。是不是放错了？")
    assert "张三" not in words
    assert "zhang" not in words
    with pytest.raises(IncompleteForm):
        story.a_claim("li")
    assert [case for _, case, *_ in story.invoices()] == [first, first]


def test_a_number_in_full_width_digits_is_the_same_invoice():
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    assert tidy_number(f"{NUMBER[:10].translate(wide)} {NUMBER[10:]}") == NUMBER


@pytest.mark.parametrize("said", ["2.599E+19", "2.599e19", "２.５９９Ｅ＋１９", "25E+18"])
def test_a_number_that_a_spreadsheet_rounded_is_asked_for_again(sqlite, said):
    typed = [{"number": said, "issued": "2025-06-17", "amount": 88}]
    severity, words = sqlite.asked(**sqlite.claimed(amount=88, typed=typed))["typed[0]"]
    assert severity == MUST
    assert "后几位丢了" in words


def test_the_same_invoice_as_pdf_as_photo_and_typed_is_the_same(sqlite):
    sqlite.a_claim()
    photo = a_picture(f"01,32,,{NUMBER},128.00,20250617,,74AE,")
    papers = {"invoices": [sqlite.keep("invoices", photo, who="li").id]}
    assert "报过一次" in sqlite.asked("li", **sqlite.claimed("li", amount=128, papers=papers))["invoices"][1]
    typed = [{"number": f"{NUMBER[:10]} {NUMBER[10:]}", "issued": "2025-06-17", "amount": 128}]
    asked = sqlite.asked("li", **sqlite.claimed("li", amount=128, papers={}, typed=typed))
    assert "报过一次" in asked["typed[0]"][1]


def test_two_files_of_one_invoice_count_once(sqlite):
    photo = a_picture(f"01,32,,{NUMBER},128.00,20250617,,74AE,")
    ids = [sqlite.keep("invoices", an_invoice()).id, sqlite.keep("invoices", photo).id]
    asked = sqlite.asked(**sqlite.claimed(amount=128, papers={"invoices": ids}))
    assert asked == {"invoices": (SHOULD, "发票 …456789 放了两份，只算一次。")}


def test_two_hotels_may_both_have_written_a_number_seventeen(sqlite):
    typed = lambda amount: [{"number": "17", "issued": "2025-06-17", "amount": amount}]  # noqa: E731
    sqlite.a_claim(amount=80, papers={}, typed=typed(80))
    assert "typed[0]" not in sqlite.asked("li", **sqlite.claimed("li", amount=95, papers={}, typed=typed(95)))
    assert "typed[0]" in sqlite.asked("li", **sqlite.claimed("li", amount=80, papers={}, typed=typed(80)))


def test_a_claim_that_is_withdrawn_frees_its_invoices_and_one_that_is_sent_back_does_not(sqlite):
    claim = sqlite.a_claim()
    sqlite.hand_in("lead", claim, "check", "return", note="还差一张")
    assert "invoices" in sqlite.asked("li", **sqlite.claimed("li"))
    sqlite.hand_in("zhang", claim, "write", "withdraw")
    assert sqlite.invoices() == []
    assert sqlite.a_claim("li")


def test_an_invoice_that_is_taken_out_of_a_claim_may_go_into_another_one(sqlite):
    claim = sqlite.a_claim()
    sqlite.hand_in("lead", claim, "check", "return", note="这张是别的项目的")
    other = {"invoices": [sqlite.keep("invoices", an_invoice(OTHER), case=claim).id]}
    sqlite.hand_in("zhang", claim, "write", "submit", **sqlite.claimed(amount=128, papers=other))
    assert [number for number, *_ in sqlite.invoices()] == [OTHER]
    assert sqlite.a_claim("li")


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_of_two_claims_with_one_invoice_at_the_same_moment_one_is_kept(kind, request, a_deployment, tmp_path):
    story = TravelStory(a_deployment, tmp_path, request.getfixturevalue(f"{kind}_url"))
    said = {who: story.claimed(who) for who in ("zhang", "li")}
    ready, outcomes = threading.Barrier(2), {}

    def claim(who: str) -> None:
        ready.wait()
        try:
            outcomes[who] = story.begin(who, "claim", **said[who])
        except IncompleteForm as refused:
            outcomes[who] = refused

    threads = [threading.Thread(target=claim, args=[who]) for who in said]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    refused = [one for one in outcomes.values() if isinstance(one, IncompleteForm)]
    (kept,) = [one for one in outcomes.values() if isinstance(one, str)]
    assert len(refused) == 1
    assert "报过一次" in say(refused[0].asked[0].problem(), "zh").problem
    assert {case for _, case, *_ in story.invoices()} == {kept}
    assert len(story.heard("claim.submitted")) == 1, "nothing of the other one is left"


def test_the_database_refuses_a_second_claim_that_two_connections_write_at_once(postgres_url, a_deployment, tmp_path):
    """Both have looked and found nothing; the second waits for the first, and then sees it."""
    from tideng.store.database import writing
    from tideng_travel.invoices import Slip, keep

    story = TravelStory(a_deployment, tmp_path, postgres_url)
    slip, now, engine = Slip("invoices", NUMBER), story.clock.now(), story.deployment.engine
    found: list = []
    with writing(engine) as first:
        assert keep(first, [slip], "claim-000001", "zhang", now) == []

        def second() -> None:
            with writing(engine) as connection:
                found.extend(keep(connection, [slip], "claim-000002", "li", now))

        other = threading.Thread(target=second)
        other.start()
        other.join(0.5)
        assert other.is_alive(), "it waits for the first to be decided"
    other.join(10)
    assert [row.case for _, row in found] == ["claim-000001"]


def test_invoices_of_claims_that_another_system_paid_are_known(story):
    old = [
        {"kind": "invoice", "number": NUMBER},
        {"kind": "invoice", "number": "17"},
        {"kind": "itinerary", "number": OTHER},
    ]
    story.tell("claim.submitted", "li", claim="OLD-1", amount=128, attachments=[*old, "odd", {"kind": "invoice"}])
    story.tell("claim.submitted", "li", claim="OLD-1", amount=128, attachments=old)
    assert story.invoices("number", "case", "next_ask") == [(NUMBER, "OLD-1", None)]
    assert "单号 OLD-1" in story.asked(**story.claimed())["invoices"][1]


# -- how much it costs to ask ------------------------------------------------------------------------------------------
def test_many_invoices_are_looked_at_with_as_many_statements_as_two(sqlite):
    ids = [
        sqlite.keep("invoices", a_pdf((f"发票号码：{int(OTHER) + n}", "开票日期：2025年06月17日", "（小写）¥10.00"))).id
        for n in range(15)
    ]
    counts = []
    for some in (ids[:2], ids):
        form = sqlite.form(
            "claim.write", event_type="claim.submitted", data={"amount": 10 * len(some)}, papers={"invoices": some}
        )
        counts.append(sqlite.statements(lambda form=form: sqlite.looked_at(form)))
    assert counts[0] == counts[1] <= 6


def test_what_travel_keeps_of_a_person_is_theirs_to_see(sqlite):
    from tideng.privacy.holdings import holdings
    from tideng.store.database import reading

    claim = sqlite.a_claim()
    with reading(sqlite.deployment.engine) as connection:
        found = holdings(connection, sqlite.deployment, sqlite.viewer("zhang"), sqlite.directory, sqlite.clock.now())
        (held,) = [one for one in found if one.name == "travel.invoices"]
        assert [(one["number"], one["case"]) for one in held.all()] == [(str(int(NUMBER) + 1), claim), (NUMBER, claim)]
        others = holdings(connection, sqlite.deployment, sqlite.viewer("li"), sqlite.directory, sqlite.clock.now())
    assert "travel.invoices" not in {one.name for one in others}


def test_a_ticket_is_summed_up_once_wherever_it_is_put(sqlite):
    ids = {"invoices": [sqlite.keep("invoices", a_ticket()).id], "slips": [sqlite.keep("slips", a_ticket()).id]}
    assert sqlite.asked(**sqlite.claimed(amount=73, papers=ids)) == {}
