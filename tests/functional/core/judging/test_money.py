"""Amounts are compared and added up in the client's currency, at the rate of the day they belong to."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from story import an_event, at

from tideng.base.errors import InvalidBundle
from tideng.cli.doctor import examine
from tideng.client.bundle import read_bundle
from tideng.facts.names import EventFacts
from tideng.model.catalogue import Catalogue, EventType, Field
from tideng.model.event import Event
from tideng.model.metrics import Book, Metric, Series
from tideng.model.money import Money, Rate, in_client_money
from tideng.org.directory import Directory
from tideng.runtime.apply import apply
from tideng.store.tables import EventRow, UnpricedRow

RATES = """\
date,currency,rate
2026-01-01,USD,7.0000
2026-03-02,USD,7.2000
2026-03-04,USD,6.9
2026-03-01,JPY,0.0476
"""
MARCH = {"start": "2026-03-01 00:00", "until": "2026-03-09 23:00"}
SEEN = "then: [{mark: seen}]"
LARGE = f"""
id: large
kind: validation
when: {{event: order.won}}
if: {{fact: event.amount, gte: 7000}}
{SEEN}
"""
MONTH = f"""
id: month
kind: validation
when: {{event: visit.completed}}
if: {{fact: metric.sales_this_month, is: 7310.5}}
{SEEN}
"""


def rates(story, text: str = RATES) -> None:
    (story.folder / "rates.csv").write_text(text, encoding="utf-8")


def sale(when: str, amount: float, currency: str | None = None, by: str = "zhang", **said):
    data = {"amount": amount, "customer": when, **({"currency": currency} if currency else {})}
    return an_event("order.won", when, by, need=when, **data) if said else an_event("order.won", when, by, **data)


def visit(when: str, by: str = "zhang"):
    return an_event("visit.completed", when, by, customer="c")


def spoke(found) -> list[str]:
    return [one.at.astimezone(at("2026-03-01").tzinfo).isoformat()[5:16] for one in found]


def test_an_amount_is_compared_at_the_rate_of_its_own_day(story):
    rates(story)
    story.rule(LARGE)
    events = [
        sale("2026-03-01 10:00", 1000, "USD"),  # 7.0000
        sale("2026-03-02 10:00", 972.21, "USD"),  # 7.2 on the day of the rate itself: 6999.91
        sale("2026-03-03 10:00", 972.23, "usd"),  # still 7.2
        sale("2026-03-04 10:00", 1014, "USD"),  # 6.9: 6996.6
        sale("2026-03-05 10:00", 7000, "CNY"),
        sale("2026-03-06 10:00", 7000),  # whoever names none means the client's own
        sale("2026-03-07 10:00", 6999, "CNY"),
    ]
    assert spoke(story.findings(*events, **MARCH)) == ["03-01T02:00", "03-03T02:00", "03-05T02:00", "03-06T02:00"]


def test_the_day_is_the_local_day_of_whoever_it_is_about(story):
    rates(story)
    story.people("jun,Jun,sales,rep,lead,America/New_York,en,,,2020-01-01,")
    story.rule(LARGE)
    late = sale(
        "2026-03-02 10:00", 1000, "USD", by="jun"
    )  # in New York it is the first of March, and a dollar is worth 7
    assert story.findings(late, **MARCH)[0].why[0]["value"] == 7000


def test_what_is_added_up_is_in_one_currency(story):
    rates(story)
    story.rule(MONTH)
    events = [sale("2026-03-02 09:00", 1000, "USD"), sale("2026-03-02 10:00", 110.5, "CNY"), visit("2026-03-02 11:00")]
    assert spoke(story.findings(*events, **MARCH)) == ["03-02T03:00"]


def test_without_a_rate_there_is_no_data_and_somebody_is_told(story):
    rates(story)
    story.rule(
        f"""
        id: none
        kind: validation
        when: {{event: order.won}}
        if: {{all: [{{fact: event.amount, exists: false}}, {{fact: event.currency, is: EUR}}, {{fact: metric.n, is: 0}}]}}
        metrics: {{n: {{sum: order.won/amount, window: today}}}}
        {SEEN}
        """
    )
    assert spoke(story.findings(sale("2026-03-02 10:00", 9999, "EUR"), **MARCH)) == ["03-02T02:00"]
    if story.how != "replay":
        assert [tuple(row) for row in story.rows(select(UnpricedRow.__table__))] == [("EUR", date(2026, 3, 2), 1)]
        told = [one for one in examine(story.deployment) if "EUR" in str(one.what)]
        assert [(one.state, "2026-03-02" in str(one.said)) for one in told] == [("note", True)]


def test_stored_events_stay_as_they_came(lived):
    rates(lived)
    lived.rule(LARGE)
    lived.tell(sale("2026-03-02 10:00", 1000, "USD"), **MARCH)
    assert lived.rows(select(EventRow.data))[0].data == {
        "amount": 1000,
        "currency": "USD",
        "customer": "2026-03-02 10:00",
    }


def test_rates_that_come_later_count_what_was_stored_anew(lived):
    lived.rule(MONTH)
    lived.begin("2026-03-01 00:00")
    lived.live(
        sale("2026-03-02 09:00", 1000, "USD"),
        sale("2026-03-02 10:00", 110.5, "CNY"),
        visit("2026-03-02 11:00"),
        until="2026-03-02 12:00",
    )
    assert lived.stored() == []
    rates(lived)
    lines = apply(lived.deployment, read_bundle(lived.folder))
    assert "rates: USD, 3 changed, the first of 2026-01-01" in lines
    assert apply(lived.deployment, read_bundle(lived.folder)) == []
    lived.live(visit("2026-03-02 13:00"), until="2026-03-02 14:00")
    assert spoke(lived.stored()) == ["03-02T05:00"]
    assert not [one for one in examine(lived.deployment) if "USD" in str(one.what)]


def test_a_rate_for_a_later_day_leaves_the_days_before_alone(lived):
    rates(lived)
    lived.rule(MONTH)
    lived.begin("2026-03-01 00:00")
    first = [sale("2026-03-02 09:00", 1000, "USD"), sale("2026-03-05 10:00", 10, "USD")]
    lived.live(*first, until="2026-03-05 12:00")
    rates(lived, RATES + "2026-03-05,USD,11.05\n")
    apply(lived.deployment, read_bundle(lived.folder))
    lived.live(visit("2026-03-05 13:00"), until="2026-03-05 14:00")
    assert spoke(lived.stored()) == ["03-05T05:00"]


def test_a_new_metric_is_filled_in_the_clients_currency(lived):
    rates(lived)
    lived.begin("2026-03-01 00:00")
    lived.live(sale("2026-03-02 09:00", 1000, "USD"), until="2026-03-02 12:00")
    lived.rule(
        f"""
        id: month
        kind: validation
        when: {{event: visit.completed}}
        if: {{fact: metric.best, is: 7200}}
        metrics: {{best: {{max: order.won/amount, where: {{fact: event.amount, gt: 7000}}, window: this month}}}}
        {SEEN}
        """
    )
    apply(lived.deployment, read_bundle(lived.folder))
    lived.live(visit("2026-03-02 13:00"), until="2026-03-02 14:00")
    assert spoke(lived.stored()) == ["03-02T05:00"]


def test_a_late_sale_takes_back_what_was_said_without_it_at_its_own_rate(lived):
    rates(lived)
    lived.rule(
        """
        id: low
        kind: reminder
        when: {every: day, at: "19:00"}
        who: {fact: person.id, is: zhang}
        if: {fact: metric.sales_this_month, lt: 7200}
        then: [{nudge: person, message: {zh: 你好, en: Hello}}]
        """
    )
    late = sale("2026-03-02 18:00", 1000, "USD")
    lived.begin("2026-03-02 00:00")
    lived.live((at("2026-03-02 20:00"), late[1]), until="2026-03-02 21:00")
    assert lived.stored() == []


def test_everything_wrong_with_the_rates_is_said_at_once(story):
    rates(
        story,
        "date,currency,rate\n2026-03-02,CNY,1\n2026-13-02,USD,7\n2026-03-02,DOLLAR,7\n2026-03-02,USD,-1\n"
        "2026-03-02,EUR,1e3\n2026-03-02,JPY,0.05\n2026-03-02,JPY,0.06\n,GBP,9\n",
    )
    with pytest.raises(InvalidBundle) as refused:
        read_bundle(story.folder)
    said = [problem.at for problem in refused.value.problems]
    assert said == [
        "rates.csv line 9, date",
        "rates.csv line 2, currency",
        "rates.csv line 3, date",
        "rates.csv line 4, currency",
        "rates.csv line 5, rate",
        "rates.csv line 6, rate",
        "rates.csv line 8, date",
    ]


def test_a_type_of_the_clients_own_may_name_the_field_with_its_currency(story):
    own = "\nevent_types:\n  lamp.sold:\n    fields:\n      price: {type: number, unit: money, currency: %s}\n      coin: text\n"
    file = story.folder / "client.yaml"
    before = file.read_text(encoding="utf-8")
    file.write_text(before + own % "coins", encoding="utf-8")
    with pytest.raises(InvalidBundle, match="there is no text field 'coins'"):
        read_bundle(story.folder)
    file.write_text(before + own % "coin", encoding="utf-8")
    rates(story)
    story.rule(f"id: r\nkind: validation\nwhen: {{event: lamp.sold}}\nif: {{fact: event.price, is: 7.14}}\n{SEEN}")
    sold = an_event("lamp.sold", "2026-03-02 10:00", price=150, coin="JPY")
    assert spoke(story.findings(sold, **MARCH)) == ["03-02T02:00"]


# -- the law -----------------------------------------------------------------------------------------------------------
SOLD = EventType("sold", {}, (Field("amount", "number", {}, currency="currency"), Field("currency", "text", {})))
DAYS = st.dates(date(2026, 2, 1), date(2026, 3, 31))
PRICES = st.decimals("0.0001", "9999", places=4)
KNOWN = st.lists(
    st.builds(Rate, st.sampled_from(["USD", "EUR"]), DAYS, PRICES), unique_by=lambda r: (r.currency, r.day)
)
SALES = st.lists(
    st.tuples(DAYS, st.decimals("-9999", "99999", places=2), st.sampled_from(["CNY", "USD", "EUR", "XXX", None]))
)


@given(KNOWN, SALES)
def test_the_sum_is_that_of_every_amount_turned_by_the_latest_rate_on_or_before_its_day(known, sales):
    catalogue = Catalogue(event_types={"sold": SOLD}, money=Money("CNY", known))
    series, book, expected, lacking = Series("sold", "amount"), Book(), Decimal(0), 0
    unpriced: dict = {}
    for number, (day, amount, currency) in enumerate(sales):
        data = {"amount": float(amount), **({"currency": currency} if currency else {})}
        moment = at(f"{day} 12:00")
        event = in_client_money(
            Event(str(number), "s", "sold", moment, "zhang", data), catalogue, Directory(), unpriced
        )
        book.add("zhang", series, day, event.data, EventFacts(event), event.time)
        before = [one for one in known if one.currency == currency and one.day <= day]
        if currency in ("CNY", None):
            expected += amount
        elif before:
            rate = max(before, key=lambda one: one.day).rate
            expected += (amount * rate).quantize(Decimal("0.01"), ROUND_HALF_UP)
        else:
            lacking += 1
    total = book.value("zhang", Metric("m", "sum", series, "last 9999 days"), date(2026, 3, 31))
    assert Decimal(str(total)).quantize(Decimal("0.01")) == expected
    assert sum(unpriced.values()) == lacking
