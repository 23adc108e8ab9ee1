"""Six months of an invented lighting company, up to 18:55 on 2026-03-31, and the evening that follows.

    python clients/lamplight/generate.py OUT [--seed N]

writes OUT/history.jsonl.gz (CloudEvents, one a line, sorted by time) and OUT/live-day.jsonl, whose lines are
``{"arrives": TIME, "event": {…}}``: when each event of the evening reaches us, which may be later than it happened.
The same seed gives the same bytes. Who works where is read from people.csv beside this file.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

import phrases

from tideng.client.bundle import Bundle, read_bundle
from tideng.model.calendars import WorkCalendar, local_moment
from tideng.org.directory import Assignment, Directory, zone

HERE = Path(__file__).parent
FIRST, LAST = date(2025, 10, 1), date(2026, 3, 31)
BEGIN, CUT = datetime(2025, 9, 30, 16, tzinfo=UTC), datetime(2026, 3, 31, 10, 55, tzinfo=UTC)
CURTAIN = datetime(2026, 3, 31, 13, 30, tzinfo=UTC)
ZHANG_SAN, EARLY_RISER, ON_MATERNITY_LEAVE = "p031", "p032", "p080"
MARCH = date(2026, 3, 2)
DAY = timedelta(days=1)
ON_THE_ROAD = ("sales_rep",)


class Company:
    """The people, the calendar, and every event so far."""

    def __init__(self, bundle: Bundle, seed: int):
        self.directory: Directory = bundle.directory()
        self.calendar = WorkCalendar(bundle.calendar)
        self.seed = seed
        self.people = sorted({assignment.person for assignment in bundle.assignments})
        self.engineers = sorted(a.person for a in bundle.assignments if a.position == "product_engineer")
        self.events: list[dict] = []
        self.tonight: list[tuple[Traveller, str]] = []
        self._numbers: Counter = Counter()

    def say(self, kind: str, at: datetime, subject: str, source: str = "app", /, **data: object) -> dict:
        """Add one event; `at` is aware. Ids are counted, so that they are the same in every run."""
        self._numbers[subject] += 1
        event = {
            "specversion": "1.0",
            "id": f"{subject}-{self._numbers[subject]}",
            "source": f"lamplight/{source}",
            "type": kind,
            "time": at.isoformat(timespec="seconds"),
            "subject": subject,
            "data": data,
        }
        self.events.append(event)
        return event

    def workdays(self, first: date = FIRST, last: date = LAST) -> Iterator[date]:
        for n in range((last - first).days + 1):
            if self.calendar.is_workday(first + n * DAY):
                yield first + n * DAY

    def office_hours(self, moment: datetime) -> datetime:
        """`moment`, or the next one at which an office is open."""
        day = moment.date()
        if not self.calendar.is_workday(day) or moment.hour >= 18:
            day = self.calendar.add_workdays(day, 1)
            return moment.replace(year=day.year, month=day.month, day=day.day, hour=9 + moment.minute % 2)
        return moment.replace(hour=max(moment.hour, 9))


class Worker:
    """One person's days; has a source of chance of their own, so that a change to one leaves the others alone."""

    def __init__(self, company: Company, person: str):
        self.company, self.person = company, person
        self.random = Random(f"{company.seed}/{person}")
        self.away: set[date] = set()
        self.scripted = person in (ZHANG_SAN, EARLY_RISER)

    def on(self, day: date) -> Assignment | None:
        return self.company.directory.on(self.person, day)

    def free_to_work(self, day: date) -> bool:
        return self.on(day) is not None and day not in self.away and self.company.calendar.is_workday(day)

    def at(self, day: date, earliest: str, latest: str) -> datetime:
        """A moment on `day` between two local times, with the local offset."""
        low, high = (time.fromisoformat(text) for text in (earliest, latest))
        chosen = self.random.randint(*(clock.hour * 60 + clock.minute for clock in (low, high)))
        return self.sharp(day, time(chosen // 60, chosen % 60))

    def sharp(self, day: date, at: time) -> datetime:
        assignment = self.on(day) or self.company.directory.periods(self.person)[-1]
        return local_moment(day, at, zone(assignment.timezone)).astimezone(zone(assignment.timezone))

    def say(self, kind: str, at: datetime, source: str = "app", /, **data: object) -> dict:
        return self.company.say(kind, at, self.person, source, **data)

    def career(self) -> None:
        """Joining, moving and leaving, as people.csv has them."""
        periods = self.company.directory.periods(self.person)
        for number, now in enumerate(periods):
            before = periods[number - 1] if number else None
            if now.since and now.since > FIRST:
                place = {"unit": now.unit, "position": now.position, "supervisor": now.supervisor}
                kind = "person.moved" if before else "person.joined"
                reason = "晋升" if before and before.position != now.position else "调岗" if before else "入职"
                more = {} if before else {"name": now.name}
                self.say(kind, self.sharp(now.since, time(9)), "hr", **more, **place, reason=reason)
            if now is periods[-1] and now.until and now.until <= LAST:
                self.say(
                    "person.left",
                    self.sharp(now.until, time(18)),
                    "hr",
                    reason=self.random.choice(phrases.REASONS_LEFT),
                )

    def leaves(self) -> None:
        """A few days of leave, never in the weeks of the two worked cases, and one long one."""
        if self.person == ON_MATERNITY_LEAVE:
            first = date(2026, 1, 12)
            self.away |= {first + n * DAY for n in range(158)}
            self.say("leave.started", self.sharp(first, time()), "hr", leave="L-maternity-1", kind="maternity")
            return
        days = list(self.company.workdays())
        for number in range(self.random.choice((1, 2, 2, 3))):
            first = self.random.choice(days)
            length = self.random.choice((1, 1, 2, 3, 4))
            span = [first + n * DAY for n in range(length)]
            crowded = any(day + n * DAY in self.away for day in span for n in (-1, 0, 1))
            if (
                not all(map(self.on, span))
                or crowded
                or (self.scripted and span[-1] >= date(2026, 2, 20))
                or span[-1] >= LAST
            ):
                continue
            self.away |= set(span)
            name = f"L-{self.person}-{number + 1}"
            kind = "sick" if length == 1 and self.random.random() < 0.5 else "annual"
            self.say("leave.started", self.sharp(first, time()), "hr", leave=name, kind=kind)
            self.say("leave.ended", self.sharp(span[-1] + DAY, time()), "hr", leave=name, kind=kind)

    def office_day(self, day: date) -> None:
        self.say("attendance.checked_in", self.at(day, "08:20", "09:05"), "attendance", place="office")

    def live(self) -> None:
        for day in self.company.workdays():
            assignment = self.on(day)
            if assignment and self.free_to_work(day) and assignment.position not in ON_THE_ROAD:
                self.office_day(day)


class Traveller(Worker):
    """A salesperson: trips, and what comes of them."""

    def __init__(self, company: Company, person: str):
        super().__init__(company, person)
        self.trips = self.needs = 0
        self.habit = self.random.gauss(209, 18)  # how much somebody usually writes

    @property
    def english(self) -> bool:
        return self.company.directory.periods(self.person)[-1].locale == "en"

    def customers(self, day: date) -> list[str]:
        """Twelve customers in two cities of the region that one works in on that day."""
        unit = (self.on(day) or self.company.directory.periods(self.person)[-1]).unit
        chance = Random(f"{self.company.seed}/{self.person}/{unit}")
        cities = chance.sample(phrases.CITIES[unit], 2)
        names = [firm + trade for firm in phrases.FIRMS for trade in phrases.TRADES]
        return [chance.choice(cities) + ("·" if unit == "sydney" else "") + name for name in chance.sample(names, 12)]

    def live(self) -> None:
        super().live()
        day = FIRST
        last = MARCH - 4 * DAY if self.scripted else LAST
        while day <= last:
            assignment = self.on(day)
            if assignment is None or assignment.position not in ON_THE_ROAD or not self.free_to_work(day):
                day += DAY
            elif self.random.random() < 0.6:
                days = self._days_of_a_trip(day, last)
                self.trip(days)
                day = days[-1] + DAY
            else:
                self.office_day(day)
                day += DAY
        if self.scripted:
            (self.zhang_san if self.person == ZHANG_SAN else self.early_riser)()
            self.office_day(LAST - DAY)
            if self.person == ZHANG_SAN:  # the evening reminds him: he travels today and writes no report
                self.begin_trip([LAST + n * DAY for n in range(3)], 2)
            else:
                self.office_day(LAST)

    def _days_of_a_trip(self, first: date, last: date) -> list[date]:
        """Working days one after the other; seldom over a weekend, never over a holiday or a move."""
        days, length = [first], self.random.choice((2, 3, 3, 4, 5))
        over_weekend = self.random.random() < 0.12
        while len(days) < length:
            following = days[-1] + DAY
            if over_weekend and following.weekday() == 5 and not self.company.calendar.is_workday(following):
                following += 2 * DAY
            if following > last + 3 * DAY or not self.free_to_work(following) or self.on(following) != self.on(first):
                break
            days.append(following)
        return days

    # -- a trip ------------------------------------------------------------------------------------------------
    def trip(self, days: Sequence[date]) -> None:
        trip, plan = self.begin_trip(days, planned=len(days) + self.random.randint(0, 1))
        for day in days:
            self.say("attendance.checked_in", self.at(day, "08:20", "09:25"), "attendance", place=plan[day][0])
            for number in range(self.random.choices((0, 1, 2), (30, 54, 16))[0]):
                self.visit(day, trip, self.random.choice(plan[day][1]), number)
            self.report(day, trip)
            if self.random.random() < 0.2:
                text = phrases.text_of(self.random, self.random.randint(110, 320), self.english)
                at = self.at(day, "15:00", "18:30")
                self.say("needs_report.submitted", at, customer=self.random.choice(plan[day][1]), text=text)
        self.end_trip(days, trip)

    def begin_trip(self, days: Sequence[date], planned: int) -> tuple[str, dict[date, tuple[str, list[str]]]]:
        """Ask for a trip, have it approved, set out; returns its number and each day's city and customers."""
        self.trips += 1
        trip = f"T-{self.person}-{self.trips:03d}"
        known = self.customers(days[0])
        city = next(c for names in phrases.CITIES.values() for c in names if known[0].startswith(c))
        there = [name for name in known if name.startswith(city)]
        chosen = self.random.sample(there, min(len(there), 4))
        itinerary = [
            {"date": day.isoformat(), "city": city, "customer": chosen[n % len(chosen)]} for n, day in enumerate(days)
        ]
        fields = {
            "trip": trip,
            "purpose": self.random.choice(phrases.PURPOSES),
            "itinerary": itinerary,
            "customers": chosen,
            "planned_visits": planned,
        }
        asked = self.company.calendar.add_workdays(days[0], -self.random.randint(1, 4))
        at = self.at(asked, "09:00", "16:30")
        self.say("trip.requested", at, **fields)
        self.say("trip.approved", at + timedelta(minutes=self.random.randint(4, 90)), trip=trip)
        self.say("trip.started", self.at(days[0], "06:40", "08:15"), trip=trip, planned_visits=planned)
        return trip, dict.fromkeys(days, (city, chosen))

    def end_trip(self, days: Sequence[date], trip: str) -> None:
        self.say("trip.ended", self.at(days[-1], "21:05", "21:50"), trip=trip)
        if self.random.random() < 0.93:
            self.claim(days, trip)

    def claim(self, days: Sequence[date], trip: str) -> None:
        calendar, claim = self.company.calendar, "C" + trip[1:]
        amount = round(len(days) * self.random.uniform(180, 420) + self.random.uniform(120, 900), 2)
        papers = [
            {"kind": "invoice", "number": f"{self.random.randrange(10**8):08d}"} for _ in range(1 + len(days) // 4)
        ]
        papers += [{"kind": "itinerary", "number": trip}]
        whole = [*papers, {"kind": "confirmation", "number": f"Q{trip[1:]}"}]
        day = calendar.add_workdays(days[-1], self.random.choice((1, 1, 2, 2, 3, 4, 6, 9)))
        fields = {"claim": claim, "trip": trip, "amount": amount, "currency": "CNY"}
        if self.random.random() < 0.06:
            self.say("claim.submitted", self.at(day, "09:30", "17:30"), **fields, attachments=papers)
            day = calendar.add_workdays(day, 1)
            reason = "还差一张客户签字确认单"
            self.say("claim.rejected", self.at(day, "09:30", "11:30"), "erp", **fields, reason=reason)
            day = calendar.add_workdays(day, self.random.randint(0, 2))
            self.say("claim.submitted", self.at(day, "12:30", "17:30"), **fields, attachments=whole)
        else:
            self.say("claim.submitted", self.at(day, "09:30", "17:30"), **fields, attachments=whole)
        day = calendar.add_workdays(day, self.random.randint(1, 3))
        self.say("claim.approved", self.at(day, "09:30", "17:30"), "erp", claim=claim, trip=trip, amount=amount)
        day = calendar.add_workdays(day, self.random.randint(2, 5))
        self.say("claim.paid", self.at(day, "09:30", "17:30"), "erp", claim=claim, trip=trip, amount=amount)

    # -- a day on the road -------------------------------------------------------------------------------------
    def visit(self, day: date, trip: str, customer: str, number: int) -> None:
        at = self.at(day, *(("09:40", "11:50"), ("13:40", "16:20"))[number % 2])
        self.say("visit.completed", at, customer=customer, trip=trip)
        if self.random.random() < 0.25:
            self.need(at + timedelta(minutes=self.random.randint(5, 30)), customer)
        if self.random.random() < 0.2:
            self.order(at + timedelta(hours=self.random.randint(1, 5)), customer)
        if self.random.random() < 0.08:
            text = self.random.choice((*phrases.PRAISE, *phrases.GRUMBLES))
            self.feedback(at + timedelta(days=1), customer, self.random.uniform(3.6, 4.9), text)

    def order(self, at: datetime, customer: str) -> None:
        amount = float(self.random.randrange(500, 2900, 50))
        if self.scripted and at.date() >= MARCH:
            return  # what the worked cases sold in March is written out below
        self.say("order.won", at, "erp", customer=customer, amount=amount, currency="CNY")
        if self.random.random() < 0.3:
            self.say("customer.won", at, "crm", customer=customer, amount=amount, currency="CNY")

    def feedback(self, at: datetime, customer: str, expertise: float, text: str) -> None:
        attitude = round(self.random.uniform(4.0, 5.0), 1)
        self.say(
            "feedback.received",
            at,
            "crm",
            customer=customer,
            attitude=attitude,
            expertise=round(expertise, 1),
            text=text,
        )

    def need(self, at: datetime, customer: str) -> None:
        """A need, the answer of the product team (mostly within 24 hours), a proposal, and what became of it."""
        self.needs += 1
        company, chance = self.company, self.random
        need = {"need": f"N-{self.person}-{self.needs:03d}", "customer": customer}
        length = chance.randint(60, 99) if chance.random() < 0.08 else chance.randint(105, 260)
        self.say("need.raised", at, **need, text=phrases.text_of(chance, length, self.english))
        if chance.random() < 0.03:
            return
        hours = chance.uniform(26, 60) if chance.random() < 0.1 else chance.uniform(0.5, 20)
        answered = company.office_hours(at + timedelta(hours=hours))
        company.say(
            "need.answered", answered, chance.choice(company.engineers), **need, text="可以满足，参数和交期见附件。"
        )
        proposed = company.office_hours(answered + timedelta(hours=chance.uniform(3, 44)))
        self.say("proposal.submitted", proposed, **need)
        if chance.random() < 0.1:
            return
        followed = company.office_hours(proposed + timedelta(days=chance.uniform(1, 6)))
        accepted = chance.random() < 0.55
        self.say("followup.recorded", followed, **need, accepted=accepted)
        if accepted:
            self.order(followed + timedelta(hours=1), customer)
        elif chance.random() < 0.3:
            reason = chance.choice(phrases.LOST)
            self.say("customer.lost", followed + timedelta(hours=2), "crm", customer=customer, reason=reason)

    def report(self, day: date, trip: str) -> None:
        """The daily report: mostly before 19:00; some late, short, written without a network, or missing."""
        chance = self.random.random()
        if day == LAST and (self.on(day) or Assignment("", "")).timezone == "Asia/Shanghai":
            self.company.tonight.append((self, trip))
        elif chance < 0.90:
            self.send_report(day, trip, self.at(day, "16:40", "18:58"), "app-offline" if chance < 0.04 else "app")
        elif chance < 0.96:
            self.send_report(day, trip, self.at(day, "19:04", "20:55"))

    def send_report(
        self,
        day: date,
        trip: str,
        at: datetime,
        source: str = "app",
        needs: int | None = None,
        issues: int | None = None,
    ) -> dict:
        chance, english = self.random, self.english
        if needs is None:
            short = chance.random() < 0.06
            needs = chance.randint(30, 99) if short else max(105, min(420, round(chance.gauss(self.habit, 35))))
        count = issues if issues is not None else chance.choices((1, 2, 3, 4, 5), (1, 2, 4, 2, 1))[0]
        return self.say(
            "report.submitted",
            at,
            source,
            date=day.isoformat(),
            communication=chance.choice(phrases.COMMUNICATION_EN if english else phrases.COMMUNICATION),
            needs=phrases.text_of(chance, needs, english),
            issues=[chance.choice(phrases.ISSUES_EN if english else phrases.ISSUES) for _ in range(count)],
            plan=chance.choice(phrases.PLANS_EN if english else phrases.PLANS),
            trip=trip,
        )

    # -- the two worked cases, in March 2026 -------------------------------------------------------------------
    def zhang_san(self) -> None:
        """20 days away, 8 visits of 10 planned, 70 % of 9,000, texts of 100 characters, 1 open issue; two customers
        found that he did not know the parameters."""
        for week, planned in enumerate((3, 2, 3, 2)):
            days = [MARCH + (7 * week + n) * DAY for n in range(5)]
            trip, plan = self.begin_trip(days, planned)
            for n, day in enumerate(days):
                city, customers = plan[day]
                self.say("attendance.checked_in", self.at(day, "08:35", "09:10"), "attendance", place=city)
                if n in (1, 3):
                    self.say(
                        "visit.completed",
                        self.at(day, "10:00", "16:00"),
                        customer=customers[n % len(customers)],
                        trip=trip,
                    )
                self.send_report(day, trip, self.at(day, "17:20", "18:40"), needs=100, issues=1)
            if week in (0, 3):
                text = phrases.UNSURE[week // 3]
                self.feedback(
                    self.sharp(days[4], time(16)), plan[days[1]][1][1 % len(plan[days[1]][1])], 2.4 + week / 10, text
                )
            amount = (2100.0, 1500.0, 1800.0, 900.0)[week]
            self.say(
                "order.won",
                self.sharp(days[3], time(17)),
                "erp",
                customer=plan[days[3]][1][0],
                amount=amount,
                currency="CNY",
            )
            self.end_trip(days, trip)

    def early_riser(self) -> None:
        """20 days away, in before 09:00 on each, 80 % of 9,000, 6 new customers, expertise 4.5."""
        for week in range(4):
            days = [MARCH + (7 * week + n) * DAY for n in range(5)]
            trip, plan = self.begin_trip(days, 4)
            for n, day in enumerate(days):
                city, customers = plan[day]
                self.say("attendance.checked_in", self.at(day, "07:50", "08:50"), "attendance", place=city)
                if n != 2:
                    self.say(
                        "visit.completed",
                        self.at(day, "10:00", "16:00"),
                        customer=customers[n % len(customers)],
                        trip=trip,
                    )
                self.send_report(day, trip, self.at(day, "17:00", "18:30"), issues=3)
            for number in range((2, 1, 2, 1)[week]):
                name, at = plan[days[0]][1][number % len(plan[days[0]][1])], self.sharp(days[3], time(17, number))
                self.say("order.won", at, "erp", customer=name, amount=1200.0, currency="CNY")
                self.say("customer.won", at, "crm", customer=name, amount=1200.0, currency="CNY")
            text = self.random.choice(phrases.PRAISE)
            self.feedback(self.sharp(days[4], time(15)), plan[days[0]][1][0], (4.4, 4.6, 4.5, 4.5)[week], text)
            for customer in plan[days[0]][1][:1]:
                needs = phrases.text_of(self.random, 210)
                self.say("needs_report.submitted", self.sharp(days[2], time(17)), customer=customer, text=needs)
            self.end_trip(days, trip)


def tonight(company: Company) -> list[dict]:
    """The evening of 31 March: whoever is on the road writes, before 19:00, after it, just in time, or not at all.

    Most reports came in before 18:55 and are history.
    """
    order = Random(f"{company.seed}/tonight")
    road = sorted(company.tonight, key=lambda pair: pair[0].person)
    order.shuffle(road)
    lines: list[tuple[datetime, dict]] = []

    def write(number: int, clock: str, arrives: str = "", source: str = "app", **more: int) -> dict:
        worker, trip = road[number]
        at = worker.sharp(LAST, time.fromisoformat(clock))
        event = worker.send_report(LAST, trip, at, source, **more)
        lines.append((worker.sharp(LAST, time.fromisoformat(arrives or clock)), event))
        return event

    for number, clock in enumerate(("18:55:40", "18:56:30", "18:57:12", "18:58:05", "18:58:50", "18:59:59")):
        write(number, clock)
    for number, clock in enumerate(("19:00:00", "19:06:20", "19:14:45", "19:20:10", "19:31:00", "19:52:30"), start=6):
        write(number, clock)
    write(12, "20:50:00")  # in time to cancel the 21:00 step
    late = write(13, "20:59:59", "21:05:00", "app-offline")  # written in time, synced late
    lines.append((datetime.fromisoformat(late["time"]) + timedelta(minutes=7), late))  # and synced once more
    write(14, "19:10:00", needs=88)  # 12 characters to go
    gone, ill = road[15][0], road[16][0]
    event = gone.say("person.left", gone.sharp(LAST, time(20, 10)), "hr", reason="个人发展")
    lines.append((gone.sharp(LAST, time(20, 10)), event))
    event = ill.say("leave.started", ill.sharp(LAST, time(20, 20)), "hr", leave=f"L-{ill.person}-tonight", kind="sick")
    lines.append((ill.sharp(LAST, time(20, 20)), event))
    # numbers 17 to 20 do not write at all
    for worker, trip in road[21:]:
        worker.send_report(LAST, trip, worker.at(LAST, "16:40", "18:54"))
    known = {event["id"] for _, event in lines}
    for event in company.events:  # whatever else happens: trips end, answers and proposals come in
        at = datetime.fromisoformat(event["time"])
        if CUT <= at <= CURTAIN and event["id"] not in known:
            lines.append((at, event))
    lines.sort(key=lambda line: (line[0], line[1]["id"]))
    return [{"arrives": at.isoformat(timespec="seconds"), "event": event} for at, event in lines]


def generate(bundle: Bundle, seed: int) -> tuple[list[dict], list[dict]]:
    """(history, the lines of live-day.jsonl), each sorted by time."""
    company = Company(bundle, seed)
    for person in company.people:
        periods = company.directory.periods(person)
        kind = Traveller if any(period.position in ON_THE_ROAD for period in periods) else Worker
        worker = kind(company, person)
        worker.career()
        worker.leaves()
        worker.live()
    evening = tonight(company)
    moments = [(datetime.fromisoformat(event["time"]), event["id"], event) for event in company.events]
    history = [event for at, _, event in sorted(moments, key=lambda one: one[:2]) if BEGIN <= at < CUT]
    return history, evening


def write(out: Path, history: Sequence[dict], evening: Sequence[dict]) -> None:
    """The same events give the same bytes: the archive holds neither a time nor a name."""
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "history.jsonl.gz", "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as archive:
        for event in history:
            archive.write(_line(event))
    (out / "live-day.jsonl").write_bytes(b"".join(map(_line, evening)))


def _line(value: dict) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the folder to write into")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    bundle = read_bundle(HERE)
    history, evening = generate(bundle, options.seed)
    write(options.out, history, evening)
    size = (options.out / "history.jsonl.gz").stat().st_size
    people = {event["subject"] for event in history}
    print(f"{len(history):,} events of {len(people)} people, {size / 1e6:.2f} MB; {len(evening)} on the evening")
    for kind, count in Counter(event["type"] for event in history).most_common():
        print(f"{count:7,}  {kind}")


if __name__ == "__main__":
    main()
