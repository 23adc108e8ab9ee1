"""Check an expense claim before it is accepted: missing papers, invoices that were claimed before, sums and days that
differ.

Three things keep a claim from being accepted: a missing paper, an invoice that is already in another claim, and a sum
that nothing explains. A remark of a few words is enough for the first and the last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from babel.dates import format_skeleton
from sqlalchemy import Connection, Row, or_, select

from tideng.plugin import MUST, SHOULD, Asked, Directory, Form, Money, Text, phrase, wording
from tideng_processes.forms.attachments import StoredFile, stored_files
from tideng_processes.tables import CaseRow
from tideng_travel import invoices
from tideng_travel.invoices import CONFIRMATION, FILES, SLIPS, TYPED, Slip
from tideng_travel.options import Options
from tideng_travel.trips import cities_of, customers_of, day_in, days_of

SUBMITTED = "claim.submitted"
WRITE = "claim.write"
CENT = Decimal("0.01")
ROOM_FOR_RATES = Decimal("0.03")
"""Share of the sum by which the rate of a credit card may differ from the rate of the day."""
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as its form shows it. `trip`: the data of the trip it names, {} when that is not a trip of this
    person. `incomplete`: how many files lack a number or an amount and have no typed line to complete them."""

    form: Form
    slips: Sequence[Slip]
    money: Money
    day: date
    options: Options
    trip: Mapping[str, Any] = field(default_factory=dict)
    incomplete: int = 0

    @property
    def explained(self) -> bool:
        """Whether the remark explains a difference or a missing paper."""
        return bool(str(self.form.data.get("remark") or "").strip())

    @property
    def currency(self) -> str:
        return str(self.form.data.get("currency") or self.money.currency)


def read_claim(connection: Connection, directory: Directory, form: Form, money: Money, options: Options) -> Claim:
    """Read a claim from `form` and from what was read in its files. At most two statements."""
    ids = [int(one) for name in (FILES, SLIPS) for one in form.papers.get(name, ())]
    papers: Mapping[int, StoredFile] = stored_files(connection, ids)
    own = str(form.data.get("currency") or money.currency)
    slips = invoices.slips_of(form, papers, own)
    unread = [one for one in slips if one.place == FILES and not one.whole]
    unmatched = [one for one in slips if one.place.startswith(TYPED)]
    trip = _trip(connection, form)
    day = directory.local_day(form.person, form.at)
    return Claim(form, slips, money, day, options, trip, max(0, len(unread) - len(unmatched)))


def _trip(connection: Connection, form: Form) -> Mapping[str, Any]:
    named = str(form.data.get("trip") or "")
    if not named:
        return {}
    row = CaseRow
    called = or_(row.id == named, row.reference == named)
    mine = select(row.data).where(called, row.process == "trip", row.person == form.person)
    return connection.scalar(mine.limit(1)) or {}


def asked_of(connection: Connection, claim: Claim) -> Iterator[Asked]:
    """Yield every question about a claim."""
    yield from _papers_to_go(claim)
    yield from _to_be_typed(claim)
    yield from _rounded(claim)
    yield from before(invoices.claimed_before(connection, claim.slips, claim.form.case), claim.day)
    yield from handed_in_twice(claim)
    yield from _sums(claim)
    yield from days(claim)
    yield from places(claim)
    yield from made_out_to(claim)
    yield from _of_the_trip(claim)


# -- papers ------------------------------------------------------------------------------------------------------------
_PAPERS: Mapping[str, tuple[str, str, str, str]] = {
    FILES: ("一张发票", "the invoice", "PDF、OFD 或照片都行", "A PDF, an OFD or a photo will do"),
    SLIPS: ("一张行程单", "the ticket or itinerary slip", "车票、机票或打车的行程单", "A ticket or a ride’s summary"),
    CONFIRMATION: ("一张客户签字确认单", "the customer’s signed confirmation", "拍张照片就行", "A photo is enough"),
}


def _papers_to_go(claim: Claim) -> Iterator[Asked]:
    """Ask for the papers that are still missing."""
    lacking = papers_to_go(claim)
    alone = len(lacking) == 1 and bool(claim.trip)
    for name in lacking:
        yield Asked(name, _still_open(*_PAPERS[name], alone), SHOULD if claim.explained else MUST)


def papers_to_go(claim: Claim) -> list[str]:
    """List the fields whose papers are still missing: always an invoice; a ticket for a trip; a confirmation when
    the trip was to meet customers."""
    there = {name for name in _PAPERS if claim.form.papers.get(name)}
    if claim.form.data.get(TYPED):
        there.add(FILES)
    needed = [FILES]
    if claim.trip:
        needed.append(SLIPS)
    if customers_of(claim.trip):
        needed.append(CONFIRMATION)
    return [name for name in needed if name not in there]


def _still_open(zh: str, en: str, how_zh: str, how_en: str, alone: bool) -> Text:
    if alone:
        return {
            "zh": f"还差{zh}。{how_zh}，其余都齐了。没有的话，在说明里写一句。",
            "en": f"One paper to go: {en}. {how_en}; the rest is there. If there is none, say so in a few words.",
        }
    return {
        "zh": f"还差{zh}。{how_zh}。没有的话，在说明里写一句。",
        "en": f"Still to go: {en}. {how_en}. If there is none, say so in a few words.",
    }


def _to_be_typed(claim: Claim) -> Iterator[Asked]:
    if count := claim.incomplete:
        zh = f"有 {count} 张发票没读全，在这里填一下号码、日期和金额。"
        en = "One invoice was not read in full" if count == 1 else f"{count} invoices were not read in full"
        yield Asked(
            TYPED,
            {"zh": zh, "en": f"{en}. Please type number, date and amount here."},
            SHOULD if claim.explained else MUST,
        )


def _rounded(claim: Claim) -> Iterator[Asked]:
    """Ask for the digits of a number that a spreadsheet rounded; without them the invoice could be paid twice."""
    for place, said in invoices.rounded_numbers(claim.form):
        zh = f"发票号码“{said[:40]}”被表格软件改成了科学计数，后几位丢了。请照发票上的号码填全。"
        en = f"A spreadsheet rounded the number “{said[:40]}”, so that its last digits are lost. Please type all digits that are on the invoice."
        yield Asked(place, {"zh": zh, "en": en}, MUST)


# -- invoices that were there already ----------------------------------------------------------------------------------
def before(found: Iterable[tuple[Slip, Row]], today: date) -> Iterator[Asked]:
    """Ask about an invoice that is already in another claim. The question names that claim and its day, never its
    person."""
    for slip, row in found:
        zh, en = (day_words(row.claimed_at.date(), locale, today) for locale in ("zh", "en"))
        yield Asked(
            slip.place,
            {
                "zh": f"这张发票（{_short(slip)}）{zh}报过一次，单号 {row.case}。是不是放错了？",
                "en": f"This invoice ({_short(slip)}) was claimed on {en} ({row.case}). Was another one meant?",
            },
        )


def handed_in_twice(claim: Claim) -> Iterator[Asked]:
    """Note two files of one invoice, such as a PDF and a photo. The invoice counts once."""
    seen: set[tuple[str, str]] = set()
    for one in claim.slips:
        if one.place == FILES and one.key:
            if one.key in seen:
                text = phrase("Invoice {short} is here twice; it counts once.", short=_short(one))
                yield Asked(FILES, text, SHOULD)
            seen.add(one.key)


# -- sums --------------------------------------------------------------------------------------------------------------
def total_of(claim: Claim) -> tuple[Decimal, bool] | None:
    """Add up the invoices in the claim's currency. Returns the sum and whether exchange rates were needed; None when
    an amount or a rate is unknown."""
    slips = [one for one in invoices.distinct(claim.slips) if one.key or one.place != SLIPS]
    if not slips or claim.incomplete or any(one.amount is None for one in slips):
        return None
    if all((one.currency or claim.currency) == claim.currency for one in slips):
        return sum((one.amount for one in slips if one.amount is not None), Decimal()), False
    worth = [_worth(claim, float(one.amount or 0), one.currency, one.issued or claim.day) for one in slips]
    rate = claim.money.rate(claim.currency, claim.day)
    if rate is None or any(one is None for one in worth):
        return None
    return (sum((one for one in worth if one is not None), Decimal()) / rate).quantize(CENT), True


def _worth(claim: Claim, amount: float, currency: str, day: date) -> Decimal | None:
    found = claim.money.worth(amount, currency or claim.currency, day)
    return None if found is None else Decimal(str(found))


def _sums(claim: Claim) -> Iterator[Asked]:
    said = claim.form.data.get("amount")
    if not isinstance(said, int | float):
        return
    yield from _without_rate(claim)
    found = total_of(claim)
    if found is None:
        return
    total, converted = found
    amount = Decimal(str(said))
    room = max(CENT, total * ROOM_FOR_RATES) if converted else Decimal()
    if amount > total + room:
        zh = f"单据合计 {total} {claim.currency}，填的是 {amount:.2f}。改一下金额，或者在说明里写一句。"
        en = f"The papers add up to {total} {claim.currency}, the claim says {amount:.2f}. Change it, or say why in a few words."
        yield Asked("amount", {"zh": zh, "en": en}, SHOULD if claim.explained else MUST)
    elif amount < total - room:
        zh = f"单据合计 {total} {claim.currency}，比填的多 {total - amount:.2f}。少填了也行，看一眼就好。"
        en = f"The papers add up to {total} {claim.currency}, {total - amount:.2f} more than claimed. That is all right if it is meant."
        yield Asked("amount", {"zh": zh, "en": en}, SHOULD)


def _without_rate(claim: Claim) -> Iterator[Asked]:
    """Yield amounts that cannot be compared because no rate of their day is known."""
    wanted = {
        (claim.currency, claim.day),
        *((one.currency, one.issued or claim.day) for one in claim.slips if one.currency),
    }
    currencies = {currency for currency, _ in wanted}
    for currency in sorted(
        {one for one, day in wanted if claim.money.rate(one, day) is None} if len(currencies) > 1 else ()
    ):
        missing = phrase(
            "There is no rate for {currency} on those days yet; finance will compare the sums.", currency=currency
        )
        yield Asked("currency", missing, SHOULD)


# -- days, places, names -----------------------------------------------------------------------------------------------
def days(claim: Claim) -> Iterator[Asked]:
    """Ask about invoices outside the days of the trip. For a ticket the day of travel counts, otherwise the day of
    issue."""
    first, last = (day_in(claim.form.data.get(name)) for name in ("from", "until"))
    if first is None or last is None:
        return
    around = timedelta(days=claim.options.days_around)
    outside = [
        (one, day)
        for one in invoices.distinct(claim.slips)
        if (day := one.day or one.issued) is not None and not first - around <= day <= last + around
    ]
    for one, day in outside[:_MOST_NAMED]:
        zh, en = (day_words(day, locale, claim.day) for locale in ("zh", "en"))
        span_zh, span_en = (span(first, last, locale, claim.day) for locale in ("zh", "en"))
        yield Asked(
            one.place,
            {
                "zh": f"{name_of(one)}是 {zh}的，行程是 {span_zh}。是这次的吗？",
                "en": f"{name_of(one)} is of {en}, the journey of {span_en}. Does it belong here?",
            },
            SHOULD,
        )


def places(claim: Claim) -> Iterator[Asked]:
    """Ask about tickets that neither start nor end in a city of the itinerary."""
    cities = {city.removesuffix("市") for city in cities_of(claim.trip)} - {""}
    for one in invoices.distinct(claim.slips):
        if (
            cities
            and one.start
            and one.end
            and not any(city in place for city in cities for place in (one.start, one.end))
        ):
            zh = f"车票是 {one.start} 到 {one.end}，行程里没有这两个地方。是这次的吗？"
            en = f"The ticket is from {one.start} to {one.end}, which the itinerary does not name. Does it belong here?"
            yield Asked(one.place, {"zh": zh, "en": en}, SHOULD)


def made_out_to(claim: Claim) -> Iterator[Asked]:
    """Ask about invoices made out to another company, when the client has set its own tax ids."""
    own = claim.options.tax_ids
    for one in [one for one in invoices.distinct(claim.slips) if own and one.buyer and one.buyer not in own][
        :_MOST_NAMED
    ]:
        zh = f"{name_of(one)}的抬头税号是 {one.buyer}，不是公司的。开错了可以请对方换开。"
        en = f"{name_of(one)} is made out to {one.buyer}, which is not our tax id. The seller can make it out anew."
        yield Asked(one.place, {"zh": zh, "en": en}, SHOULD)


def _of_the_trip(claim: Claim) -> Iterator[Asked]:
    """Ask about a trip that is not this person's, and about days that are not the trip's."""
    named = claim.form.data.get("trip")
    if named and not claim.trip:
        yield Asked(
            "trip",
            phrase(
                "No trip {named} of yours is known here. It stays as it is; choose “None of these” if there was none.",
                named=named,
            ),
            SHOULD,
        )
    yield from days_of_another_trip(claim)


def days_of_another_trip(claim: Claim) -> Iterator[Asked]:
    """Ask about the claim's days when they are not the days of the trip."""
    first, last = days_of(claim.trip)
    for name in ("from", "until"):
        day = day_in(claim.form.data.get(name))
        around = timedelta(days=claim.options.days_around)
        if day and first and last and not first - around <= day <= last + around:
            span_zh, span_en = (span(first, last, locale, claim.day) for locale in ("zh", "en"))
            yield Asked(name, {"zh": f"这次出差是 {span_zh}。", "en": f"That trip was {span_en}."}, SHOULD)


def _short(slip: Slip) -> str:
    """The last digits of a number, which are enough to find the paper."""
    return slip.number if len(slip.number) <= 8 else f"…{slip.number[-6:]}"


def name_of(slip: Slip) -> str:
    return slip.name or _short(slip)


def day_words(day: date, locale: str, today: date) -> str:
    """A day in words: 3月12日 or 12 March, with the year when it is not the current one."""
    skeleton = "MMMMd" if day.year == today.year else "yMMMMd"
    return str(format_skeleton(skeleton, day, locale=wording(phrase("en_GB"), locale)))


def span(first: date, last: date, locale: str, today: date) -> str:
    joined = wording(phrase(" to "), locale)
    return (
        day_words(first, locale, today)
        if first == last
        else joined.join(day_words(one, locale, today) for one in (first, last))
    )


# -- accepting ---------------------------------------------------------------------------------------------------------
def accept(connection: Connection, claim: Claim, now: datetime) -> list[Asked]:
    """Keep the claim's invoices. Returns a question for each that another claim took in the meantime."""
    form = claim.form
    slips = [one for one in invoices.distinct(claim.slips) if one.key]
    taken = invoices.keep(connection, slips, form.case, form.person, now)
    invoices.complete(connection, slips, form.case)
    return list(before(taken, claim.day))
