"""The card that compares a claim with its papers: sum, exchange rates, and what does not match the trip.

The person who approves a claim sees the questions that its author saw while writing; the remark has the answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from babel.numbers import format_decimal
from sqlalchemy import Connection, func, select

from tideng.plugin import LINE_ATTENTION, LINE_FINE, LINE_OPEN, Card, CardLine, Form, Sentence, Text, phrase
from tideng_processes.tables import CaseRow, StepRow
from tideng_travel import invoices
from tideng_travel.claims import (
    CENT,
    ROOM_FOR_RATES,
    WRITE,
    Claim,
    day_words,
    days,
    days_of_another_trip,
    handed_in_twice,
    made_out_to,
    papers_to_go,
    places,
    total_of,
)
from tideng_travel.invoices import CONFIRMATION, FILES, SLIPS

TITLE: Text = phrase("Sum and journey")
_LACKING: Mapping[str, Text] = {
    FILES: phrase("There is no invoice"),
    SLIPS: phrase("There is no ticket or itinerary slip"),
    CONFIRMATION: phrase("There is no signed confirmation of a customer"),
}


def kept_form(connection: Connection, case: str) -> Form | None:
    """Read a claim's form as it was last submitted; None when there is no such case. One statement."""
    row, step = CaseRow, StepRow
    _process, _, node = WRITE.partition(".")
    done = select(func.max(step.at)).where(step.case == case, step.node == node, step.kind == "done").scalar_subquery()
    found = connection.execute(select(row.person, row.data, row.started_at, done).where(row.id == case)).first()
    if found is None:
        return None
    papers = {name: ids for name in (FILES, SLIPS, CONFIRMATION) if isinstance(ids := found.data.get(name), list)}
    return Form(WRITE, found.person, found.person, found[3] or found.started_at, found.data, case=case, papers=papers)


def of_claim(claim: Claim) -> list[Card]:
    """Make the comparison card; [] for a claim from another system, which has no files to compare. No statement."""
    if not claim.slips:
        return []
    return [Card(TITLE, (_sum(claim), *_rates(claim)))]


# -- the sum -----------------------------------------------------------------------------------------------------------
def _sum(claim: Claim) -> CardLine:
    notes = tuple(_to_look_at(claim))
    found, said = total_of(claim), claim.form.data.get("amount")
    if found is None or not isinstance(said, int | float):
        words: Text = phrase("The papers cannot be added up by themselves")
        return CardLine(_money(said, claim.currency), words, phrase("No sum"), LINE_OPEN, notes)
    total, converted = found
    room = max(CENT, total * ROOM_FOR_RATES) if converted else Decimal()
    apart = Decimal(str(said)) - total
    return CardLine(_money(said, claim.currency), _apart(total, apart, claim.currency), *_mark(apart, room), notes)


def _apart(total: Decimal, apart: Decimal, currency: str) -> Text:
    sum_, difference = _money(total, currency), _money(abs(apart), currency)
    if not apart:
        return phrase("The papers add up to {sum}", sum=sum_)
    more = apart > 0
    return (
        phrase("The papers add up to {sum}; {difference} more is claimed", sum=sum_, difference=difference)
        if more
        else phrase("The papers add up to {sum}; {difference} less is claimed", sum=sum_, difference=difference)
    )


def _mark(apart: Decimal, room: Decimal) -> tuple[Text, str]:
    if not apart:
        return phrase("Agrees"), LINE_FINE
    if abs(apart) <= room:
        return phrase("Within the rate"), LINE_FINE
    return phrase("Differs"), LINE_ATTENTION if apart > 0 else LINE_OPEN


def _money(amount: Any, currency: str) -> str:
    return f"{Decimal(str(amount)):,.2f} {currency}" if isinstance(amount, int | float | Decimal) else currency


# -- rates -------------------------------------------------------------------------------------------------------------
def _rates(claim: Claim) -> Iterator[CardLine]:
    """Yield each exchange rate that was needed, its day, and the claim in the client's currency."""
    slips = [one for one in invoices.distinct(claim.slips) if one.currency]
    differ = any(one.currency != claim.currency for one in slips)
    wanted = {(one.currency, one.issued or claim.day) for one in slips if differ} | {(claim.currency, claim.day)}
    for currency, day in sorted(wanted):
        if currency != claim.money.currency:
            yield _rate(claim, currency, day)


def _rate(claim: Claim, currency: str, day: date) -> CardLine:
    rate = claim.money.rate(currency, day)
    zh, en = (day_words(day, locale, claim.day) for locale in ("zh", "en"))
    if rate is None:
        return CardLine(currency, {"zh": f"{zh}没有汇率", "en": f"no rate on {en}"}, phrase("No rate"), LINE_OPEN)
    worth = format_decimal(rate, "0.######", locale="en")
    words: Text = {"zh": f"{zh}的汇率", "en": f"the rate on {en}"}
    if (currency, day) == (claim.currency, claim.day):
        words = _comes_to(claim, words)
    return CardLine(f"1 {currency} = {worth} {claim.money.currency}", words)


def _comes_to(claim: Claim, words: Text) -> Text:
    said = claim.form.data.get("amount")
    worth = claim.money.worth(said, claim.currency, claim.day) if isinstance(said, int | float) else None
    if worth is None:
        return words
    money = _money(worth, claim.money.currency)
    return phrase("{words}; the claim comes to {money}", words=words, money=money)


# -- what to look at ---------------------------------------------------------------------------------------------------
def _to_look_at(claim: Claim) -> Iterator[Text]:
    """Yield what is missing and what does not match, in the words in which the author was asked."""
    for name in papers_to_go(claim):
        said = phrase(" (see the remark)") if claim.explained else {"zh": "", "en": ""}
        yield {locale: _LACKING[name][locale] + said[locale] for locale in ("zh", "en")}
    for about in (days, places, days_of_another_trip, handed_in_twice, made_out_to):
        yield from (one.message for one in about(claim) if not isinstance(one.message, Sentence))
