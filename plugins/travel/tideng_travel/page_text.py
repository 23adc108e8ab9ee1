"""Read the text of an invoice or a ticket, by its labels and by the shapes of its values.

Programs that make invoices put labels and values into a PDF in any order, with blanks anywhere. So a value is looked
for beside its label first, and by its shape where only one value of that shape exists. A doubtful value is left out,
and a person types it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tideng_travel.qr_code import amount, day_of

LONGEST = 60_000
"""Characters of a file's text that are read; an invoice has about two thousand."""
_HAN = "\u4e00-\u9fff"
_BLANK_IN_CHINESE = re.compile(rf"(?<=[{_HAN}:])[ \t\u00a0]+(?=[{_HAN}:0-9])|(?<=[0-9])[ \t]+(?=[年月日])")
_DAY = r"([0-9]{4}\s?[年./-]\s?[0-9]{1,2}\s?[月./-]\s?[0-9]{1,2})\s?日?"
_MONEY = r"[¥￥]\s*(-?[0-9][0-9,]*\.[0-9]{2})"
_TAX_ID = re.compile(r"(?<![0-9A-Z])[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}(?![0-9A-Z])")
_STATION = re.compile(rf"([{_HAN}]{{1,9}}?)站(?![{_HAN}])")
_TRAIN = re.compile(r"(?<![A-Z0-9])([GDCZTKYSL]?[0-9]{1,4})\s*(?:次|(?=\s))")
_FLIGHT = re.compile(r"(?<![A-Z0-9])([A-Z][A-Z0-9]|[0-9][A-Z])[0-9]{3,4}(?![0-9])")
_NOT_SOUND = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class PageText:
    """What a page says. `total` includes tax, `net` does not. `amounts`: every amount on the page. `start`, `end`:
    places of travel; `day`: its day. `seller`, `buyer`: tax ids."""

    number: str = ""
    code: str = ""
    kind: str = ""
    issued: date | None = None
    total: Decimal | None = None
    net: Decimal | None = None
    amounts: tuple[Decimal, ...] = ()
    currency: str = ""
    seller: str = ""
    buyer: str = ""
    day: date | None = None
    start: str = ""
    end: str = ""


def read_text(text: str) -> PageText:
    """Read a page's text. Never raises; an empty result where nothing is recognised."""
    text = plain(text)
    kind = _kind(text)
    seller, buyer = _tax_ids(text)
    amounts = tuple(dict.fromkeys(filter(None, (amount(one) for one in re.findall(_MONEY, text)))))
    start, end = _places(text, kind)
    return PageText(
        number=_number(text),
        code=_first(text, r"发票代码\s*:?\s*([0-9]{12}|[0-9]{10})(?![0-9])"),
        kind=kind,
        issued=_issued(text),
        total=_total(text, kind, amounts),
        net=_money(text, rf"合\s*计\s*:?\s*{_MONEY}\s*{_MONEY}"),
        amounts=amounts,
        currency="CNY" if amounts or "CNY" in text else "",
        seller=seller,
        buyer=buyer,
        day=_journey_day(text, kind),
        start=start,
        end=end,
    )


def plain(text: str) -> str:
    """Normalise characters, remove blanks within Chinese words, and cut at LONGEST characters."""
    text = unicodedata.normalize("NFKC", text[:LONGEST]).replace("￥", "¥")
    return _BLANK_IN_CHINESE.sub("", _NOT_SOUND.sub("", text.replace("\r", "\n")))


def _kind(text: str) -> str:
    for kind, words in (
        ("rail", ("铁路电子客票", "12306")),
        ("air", ("航空运输电子客票", "AIR TRANSPORT")),
        ("vat_special", ("增值税专用发票", "增值税电子专用发票")),
        ("itinerary", ("行程单", "行程报销单")),
        ("vat", ("普通发票", "电子发票")),
    ):
        if any(word in text for word in words):
            return kind
    return ""


def _number(text: str) -> str:
    beside = _first(text, r"(?:发票号码|电子客票号码|客票号)\s*:?\s*([0-9]{20}|[0-9]{13}|[0-9]{8})(?![0-9])")
    return beside or _only(re.findall(r"(?<![0-9])([0-9]{20})(?![0-9])", text))


def _issued(text: str) -> date | None:
    beside = _first(text, rf"(?:开票日期|填开日期)\s*:?\s*{_DAY}")
    return day_of(beside or _only(re.findall(_DAY, text)))


def _total(text: str, kind: str, amounts: tuple[Decimal, ...]) -> Decimal | None:
    """Find the total on the line of 小写, 票价 or 合计; on an invoice otherwise the largest amount, if it is the sum of
    two others."""
    for label in (r"\(?小写\)?", "票价", "总金额", r"价税合计[^¥\n]{0,40}?"):
        found = _money(text, rf"{label}[^\S\n]*:?[^\S\n]*{_MONEY}")
        if found is not None:
            return found
    if kind == "air":
        return _money(text, r"CNY\s*([0-9][0-9,]*\.[0-9]{2})(?![\s\S]*CNY\s*[0-9])") or (
            max(amounts) if amounts else None
        )
    if kind == "itinerary":
        return _money(text, r"合计\s*:?\s*([0-9][0-9,]*\.[0-9]{2})\s*元") or _alone(amounts)
    largest = max(amounts, default=None)
    adds_up = largest is not None and any(largest - one in amounts for one in amounts if one != largest)
    return largest if adds_up else _alone(amounts)


def _alone(amounts: tuple[Decimal, ...]) -> Decimal | None:
    return amounts[0] if len(amounts) == 1 else None


def _tax_ids(text: str) -> tuple[str, str]:
    """Find (seller's, buyer's). The buyer comes first on every form; when the labels disagree, or only one id
    exists, neither is assigned."""
    found = list(dict.fromkeys(_TAX_ID.findall(text)))
    buyer, seller = text.find("购买方"), text.find("销售方")
    if len(found) != 2 or (0 <= seller < buyer):
        return "", ""
    return found[1], found[0]


def _journey_day(text: str, kind: str) -> date | None:
    if kind not in ("rail", "air", "itinerary"):
        return None
    travelled = [day_of(one) for one in re.findall(rf"{_DAY}\s*(?:[0-9]{{1,2}}:[0-9]{{2}})", text)]
    known = [day for day in travelled if day]
    if known:
        return known[0]
    issued = _issued(text)
    days = [day for day in map(day_of, re.findall(_DAY, text)) if day and day != issued]
    return days[0] if days else None


def _places(text: str, kind: str) -> tuple[str, str]:
    if kind == "rail":
        names = list(dict.fromkeys(_STATION.findall(text)))
        return (names[0], names[1]) if len(names) == 2 else ("", "")
    if kind == "air":
        start = _first(text, rf"自:?\s*(?:FROM:?)?\s*([{_HAN}]{{2,10}})")
        return start, _first(text, rf"至:?\s*(?:TO:?)?\s*([{_HAN}]{{2,10}})")
    return "", ""


def _first(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else ""


def _only(found: list[str]) -> str:
    known = list(dict.fromkeys(found))
    return known[0] if len(known) == 1 else ""


def _money(text: str, pattern: str) -> Decimal | None:
    return amount(_first(text, pattern))
