"""What a preview says is what happens: generated rules and histories are lived through, and previewed over what was stored.

Everything arrives when it happens. What comes in late counts in a preview at its own time, and is left out here.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from story import Story, an_event, at

from tideng.access.viewer import Viewer
from tideng.base.errors import InvalidBundle
from tideng.base.settings import Settings
from tideng.replay.stored_history import StoredHistory
from tideng.runtime.deployment import Deployment
from tideng.runtime.migrate import migrate
from tideng.store.database import reading
from tideng_rules.preview.run import Proposal, preview

EXAMPLES = int(os.environ.get("TIDENG_PREVIEW_EXAMPLES", "15"))
# without shrinking: each try lives through a week, and the smallest story would take minutes to find
QUIET = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "print_blob": True,
    "phases": (Phase.explicit, Phase.reuse, Phase.generate),
}
HISTORY, START, UNTIL = "2026-03-24 00:00", "2026-03-27 06:00", "2026-04-01 12:00"
"""From a Friday to the Wednesday after; the clocks of Berlin go forward on the Sunday between."""
PEOPLE = (
    "anna,Anna,sales,rep,lead,Europe/Berlin,en,,,2020-01-01,",
    "li,Li Na,sales,rep,lead,Asia/Shanghai,zh,,,2020-01-01,",
    "wu,Wu Di,sales,rep,zhang,Asia/Shanghai,zh,,,2020-01-01,",
    "chen,Chen Yi,sales,rep,zhang,Europe/Berlin,en,,,2020-01-01,2026-03-29",
)
STAFF = ("zhang", "anna", "li", "wu", "chen", "lead")


# -- rules -------------------------------------------------------------------------------------------------------------
def several(options, **more):
    return st.lists(st.sampled_from(options), **more)


TIMES = ("02:30", "00:00", "09:00", "19:00", "21:00", "23:30")
METRICS = {
    "visits": st.fixed_dictionaries(
        {
            "count": st.just("visit.completed"),
            "window": st.sampled_from(("today", "this week", "this month", "this trip", "last 3 days", "last 5 hours")),
        },
        optional={"where": st.just({"fact": "event.customer", "is": "c1"})},
    ),
    "customers": st.fixed_dictionaries(
        {
            "distinct": st.just("visit.completed/customer"),
            "window": st.sampled_from(("today", "last 2 days", "this week")),
        }
    ),
    "won": st.fixed_dictionaries(
        {"sum": st.just("order.won/amount"), "window": st.sampled_from(("today", "last 4 days", "this month"))}
    ),
}
EVENT_TYPES = ("visit.completed", "order.won", "need.raised", "customer.lost")


def triggers():
    within = st.sampled_from(("30 minutes", "5 hours", "24 hours", "1 workdays", "2 days"))
    clock = st.sampled_from(("elapsed", "working"))
    return st.one_of(
        st.sampled_from(EVENT_TYPES).map(lambda name: {"event": name}),
        st.sampled_from(EVENT_TYPES).map(lambda name: {"event": name}),
        st.builds(lambda every, time: {"every": every, "at": time}, st.sampled_from(("day", "workday")), st.sampled_from(TIMES)),
        st.builds(lambda on, time: {"every": "week", "on": on, "at": time}, st.sampled_from(("friday", "monday")), st.sampled_from(TIMES)),
        st.builds(lambda on, time: {"every": "month", "on": on, "at": time}, st.sampled_from((28, "last", 1)), st.sampled_from(TIMES)),
        st.builds(
            lambda answers, time, how: {"event": "need.raised", "without": answers, "within": time, "match": "need", "clock": how},
            several(("need.answered", "proposal.submitted", "followup.recorded"), min_size=1, max_size=2, unique=True),
            within,
            clock,
        ),
        st.builds(lambda time, how: {"event": "visit.completed", "wait": time, "clock": how}, within, clock),
        st.builds(
            lambda time: {"not_all": ["need.raised", "need.answered", "proposal.submitted"], "within": time, "match": "need"},
            within,
        ),
    )  # fmt: skip


def leaves():
    small = st.integers(0, 3)
    return st.one_of(
        st.builds(lambda op, n: {"fact": "metric.visits", op: n}, st.sampled_from(("gte", "lt", "is")), small),
        st.builds(lambda op, n: {"fact": "metric.customers", op: n}, st.sampled_from(("gte", "lte")), small),
        st.builds(lambda n: {"fact": "metric.won", "gt": n}, st.sampled_from((0, 10, 60))),
        st.booleans().map(lambda yes: {"fact": "person.on_trip", "is": yes}),
        st.just({"fact": "metric.visits", "lt": {"fact": "peers.visits"}}),
        st.just({"fact": "metric.visits_this_week", "lt": {"fact": "target.visits_this_week", "times": 0.5}}),
        st.sampled_from(("sales", "rep")).map(lambda name: {"fact": "person.position", "is": name}),
    )


def messages():
    return st.sampled_from(
        (
            {"zh": "看一下。", "en": "Please have a look."},
            {"zh": "{person.name} {metric.visits}", "en": "{person.name}: {metric.visits} visits"},
        )
    )


def deeds():
    return st.one_of(
        st.builds(
            lambda to, message: {"nudge": to, "message": message},
            st.sampled_from(("person", "supervisor", "owner", "hr")),
            messages(),
        ),
        st.builds(lambda message: {"nudge": "person", "message": message}, messages()),
        st.just({"mark": "seen"}),
        st.just({"emit": "customer.lost"}),
    )


def ladders():
    due = st.one_of(
        st.sampled_from(("20 minutes", "3 hours", "1 workdays", "1 days")).map(lambda length: {"after": length}),
        st.sampled_from(TIMES).map(lambda time: {"at": time}),
    )
    return st.lists(st.builds(lambda when, deed: {**when, "then": [deed]}, due, deeds()), max_size=2)


LIMITS = (
    {"once_per": "occurrence"},
    {"once_per": "day"},
    {"once_per": "week"},
    {"once_per": "2 days"},
    {"once_per": "90 minutes"},
    {"once_per": "occurrence", "at_most": "2 per week"},
)


@st.composite
def rules(draw):
    """One to four rules that may hear what others of them emit, and read what one infers."""
    shared = {name: draw(metric) for name, metric in METRICS.items()}
    found = []
    for number in range(draw(st.integers(1, 4))):
        rule = {
            "id": f"r{number}",
            "kind": draw(st.sampled_from(("reminder", "validation", "escalation"))),
            "title": {"zh": "题", "en": "Title"},
            "why": {"zh": "有用", "en": "It helps"},
            "when": draw(triggers()),
            "if": draw(st.lists(leaves(), max_size=2)),
            "then": draw(st.lists(deeds(), min_size=1, max_size=2)),
            "limit": draw(st.sampled_from(LIMITS)),
            "metrics": shared,
        }
        if draw(st.booleans()):
            rule["later"] = draw(ladders())
            if rule["later"] and draw(st.booleans()):
                rule["until"] = draw(leaves())
        if number and draw(st.integers(0, 3)) == 0:
            before = found[-1]
            before["then"] = [{"infer": f"found.busy{number}", "because": {"zh": "忙", "en": "Busy"}}]
            before.pop("later", None)
            before.pop("until", None)
            rule["when"] = before["when"]
            rule["if"] = [{"fact": f"found.busy{number}", "is": True}]
        found.append(rule)
    return found


# -- histories ---------------------------------------------------------------------------------------------------------
MINUTES = int((at(UNTIL) - at(HISTORY)) / timedelta(minutes=1))


@st.composite
def happenings(draw):
    """Something that happens to somebody at some minute: often at a round hour, so that things fall together."""
    minute = draw(st.one_of(st.integers(0, MINUTES), st.integers(0, MINUTES // 30).map(lambda n: n * 30)))
    name = draw(
        st.sampled_from(("visit.completed",) * 5 + ("order.won",) * 2 + ("need.raised", "need.answered", "proposal.submitted") * 2 + ("trip", "trip.started", "trip.ended", "leave", "person.left", "person.joined", "followup.recorded"))
    )  # fmt: skip
    who = draw(st.sampled_from(STAFF))
    key = draw(st.sampled_from(("k1", "k2", "k3")))
    customer = draw(st.sampled_from(("c1", "c2")))
    return minute, name, who, key, customer, draw(st.integers(1, 60))


def events_of(happened):
    told = []
    for number, (minute, name, who, key, customer, amount) in enumerate(happened):
        when = (at(HISTORY) + timedelta(minutes=minute)).isoformat()
        if name in ("trip", "leave"):
            end = (at(HISTORY) + timedelta(minutes=minute + amount * 60)).isoformat()
            data = {name: f"{name}{number}"}
            told += [an_event(f"{name}.started", when, who, **data)]
            if at(end) <= at(UNTIL):
                told += [an_event(f"{name}.ended", end, who, **data)]
        elif name.startswith("trip."):  # started or ended again, or ended before it was started
            told.append(an_event(name, when, who, trip=key))
        elif name.startswith("person."):
            who = f"new{number}" if name == "person.joined" else who
            told.append(an_event(name, when, who, **({"supervisor": "lead"} if name == "person.joined" else {})))
        else:
            data = {"customer": customer}
            data |= {"amount": amount} if name == "order.won" else {}
            data |= {"need": key, "owner": "li"} if name.startswith(("need", "proposal", "followup")) else {}
            told.append(an_event(name, when, who, **data))
    for number, (_, payload) in enumerate(told):
        payload["id"] = f"{number}"
    return told


# -- lived and previewed -----------------------------------------------------------------------------------------------
def live_and_previewed(folder, written, happened, url=None):
    """The findings of both as comparable rows, and the preview."""
    opened = []

    def open_deployment(url, *, bundle, clock, engine, folder):
        from tideng.runtime.apply import apply

        more = {"database_url": url} if url else {}
        deployment = Deployment.open(Settings(folder=folder, engine=engine, **more), clock)
        opened.append(deployment)
        migrate(deployment)
        apply(deployment, bundle)
        return deployment

    story = Story(folder / "client", "live", open_deployment, url)
    try:
        story.people(*PEOPLE)
        for rule in written:
            story.rule(yaml.safe_dump(rule, allow_unicode=True), rule["id"])
        try:
            story.begin(START)
        except InvalidBundle:  # the check knows rules that can say nothing
            reject()
        story.live(*events_of(happened), until=UNTIL)
        lived = {
            (f"{row.rule}/{row.subject}/{row.period}/{row.step}.{row.ordinal}", row.at, row.recipient, row.message, row.action)
            for row in story.stored()
        }  # fmt: skip
        plugin = story.deployment.plugins.get("rules")
        drafts = [one.rule for one in plugin.book.rules.values()]
        with reading(story.deployment.engine) as connection:
            history = StoredHistory(story.deployment, connection)
            found = preview(history, Viewer.system(), Proposal(drafts), at(START), at(UNTIL))
        assert not plugin.book.quarantined
    finally:
        for deployment in opened:
            deployment.close()
    foreseen = {(_full(one.key), one.at, one.recipient, one.message, one.action) for one in found.findings}
    return lived, foreseen, found


def _full(key):
    """The key with its step and ordinal spelled out, which are left out where both are nought."""
    tail = key.rpartition("/")[2]
    said = tail.count(".") == 1 and all(part.isdigit() for part in tail.split("."))
    return key if said else f"{key}/0.0"


@settings(max_examples=EXAMPLES, **QUIET)
@given(rules(), st.lists(happenings(), min_size=5, max_size=45))
def test_a_preview_finds_what_was_found_live(written, happened):
    with TemporaryDirectory() as folder:
        lived, foreseen, found = live_and_previewed(Path(folder), written, happened)
    assert foreseen == lived
    assert (found.counts["new"], found.counts["gone"], found.reworded) == (0, 0, 0), "beside itself nothing changes"


def test_what_was_said_beside_peers_stands_when_something_else_is_heard(tmp_path):
    words = {"title": {"zh": "题", "en": "Title"}, "why": {"zh": "有用", "en": "It helps"}, "kind": "escalation"}
    metrics = {"visits": {"count": "visit.completed", "window": "this month"}}
    fewer = {"fact": "metric.visits", "lt": {"fact": "peers.visits"}}
    beside = {"when": {"every": "week", "on": "monday", "at": "09:00"}, "if": fewer, "then": [{"mark": "seen"}]}
    daily = {"when": {"every": "day", "at": "09:00"}, "if": [], "then": [{"emit": "customer.lost"}]}
    written = [{"id": "r0", **words, "metrics": metrics, **beside}, {"id": "r1", **words, **daily}]
    lived, foreseen, _ = live_and_previewed(tmp_path, written, [(7920, "visit.completed", "anna", "k1", "c1", 27)])
    assert {"r0/zhang", "r0/li", "r0/wu"} <= {key.rpartition("/2026")[0] for key, *_ in lived}
    assert foreseen == lived


def test_a_preview_finds_what_was_found_live_on_postgresql(postgres_server, tmp_path):
    numbers = iter(range(1000))

    @settings(max_examples=max(2, EXAMPLES // 5), **QUIET)
    @given(rules(), st.lists(happenings(), min_size=15, max_size=45))
    def told(written, happened):
        lived, foreseen, _ = live_and_previewed(tmp_path / str(next(numbers)), written, happened, postgres_server())
        assert foreseen == lived

    told()
