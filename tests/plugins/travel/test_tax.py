"""Invoices are asked about at a tax system: a real little one, over HTTP. What it says is kept, and asked again where that helps."""

from __future__ import annotations

import json
import threading
import urllib.request
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise

import pytest

from tests.plugins.travel.travel_story import TravelStory
from tests.unit.core.plugins.attachment_files import NUMBER
from tideng.plugins.hookspecs import hookimpl
from tideng.plugins.invoices import (
    INVOICE_GENUINE,
    INVOICE_LATER,
    INVOICE_UNKNOWN,
    INVOICE_WRONG,
    InvoiceVerdict,
)
from tideng_travel import tax

TICKET = str(int(NUMBER) + 1)


class TaxOffice:
    """Knows some invoices, and may be closed. `asked`: the numbers it was asked about, in their order."""

    def __init__(self):
        self.known = {NUMBER: "128.00", TICKET: "73.00"}
        self.closed = False
        self.asked: list[str] = []
        office = self

        class Counter(BaseHTTPRequestHandler):
            def do_POST(self):
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                office.asked.append(said["number"])
                amount = office.known.get(said["number"])
                status = "unknown" if amount is None else "genuine" if amount == said["amount"] else "wrong"
                self.send_response(503 if office.closed else 200)
                self.end_headers()
                self.wfile.write(json.dumps({"status": status}).encode())

            def log_message(self, *_said):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Counter)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class TaxPlugin:
    """What a connector to a tax system does."""

    title = {"zh": "税务", "en": "Tax"}
    words = {
        "genuine": {"zh": "查到了，一致", "en": "found, and the same"},
        "unknown": {"zh": "还没查到，可能刚开出来", "en": "not found yet; it may be new"},
        "wrong": {"zh": "查到了，金额不同", "en": "found, with another amount"},
        "later": {"zh": "税务系统暂时连不上，稍后再查", "en": "the tax system cannot be reached now"},
    }

    def __init__(self, url: str):
        self.url = url

    @hookimpl
    def check_invoice(self, invoice):
        body = json.dumps({"number": invoice.number, "code": invoice.code, "amount": str(invoice.amount)}).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url, body), timeout=5) as answer:
                status = json.loads(answer.read())["status"]
        except OSError:
            status = INVOICE_LATER
        return InvoiceVerdict(status, self.words[status])


@pytest.fixture
def office():
    found = TaxOffice()
    yield found
    found.close()


def connect(story, office) -> None:
    """Load the connector into a deployment that is open: it needs the address of an office that is open already."""
    plugins = story.deployment.plugins
    plugins._register("tax", TaxPlugin(f"http://127.0.0.1:{office.server.server_port}/"))
    plugins._make_ready()


@pytest.fixture
def story(a_deployment, tmp_path, database_url):
    return TravelStory(a_deployment, tmp_path, database_url)


def verdicts(story) -> list[str]:
    return [verdict for (verdict,) in story.invoices("verdict")]


def ask(story) -> None:
    """A round of the worker, once the pause that the plugin takes is over."""
    story.wait(minutes=11)


def test_invoices_are_asked_about_once_and_the_answer_is_kept_and_told(story, office):
    connect(story, office)
    claim = story.a_claim()
    ask(story)
    assert sorted(office.asked) == sorted([NUMBER, TICKET])
    assert verdicts(story) == [INVOICE_GENUINE, INVOICE_GENUINE]
    told = story.heard("invoice.checked")
    assert {(subject, data["claim"], data["verdict"]) for _, subject, data in told} == {
        ("zhang", claim, INVOICE_GENUINE)
    }
    story.wait(days=3)
    assert len(office.asked) == 2


def test_without_a_tax_system_nothing_is_said_and_nothing_is_tried(story):
    story.a_claim()
    ask(story)
    assert story.invoices("verdict", "tries") == [("", 0), ("", 0)]


def test_a_tax_system_that_is_closed_is_asked_again_with_growing_pauses(story, office):
    connect(story, office)
    office.closed = True
    story.a_claim()
    ask(story)
    assert verdicts(story) == [INVOICE_LATER, INVOICE_LATER]
    assert story.heard("invoice.checked") == []
    moments = [story.invoices("next_ask")[0][0]]
    for _ in range(3):
        story.clock.set(moments[-1])
        story.work()
        moments.append(story.invoices("next_ask")[0][0])
    pauses = [after - before for before, after in pairwise(moments)]
    assert pauses == [timedelta(minutes=4), timedelta(minutes=8), timedelta(minutes=16)]
    office.closed = False
    story.wait(minutes=17)
    assert verdicts(story) == [INVOICE_GENUINE, INVOICE_GENUINE]


def test_an_invoice_that_is_not_there_yet_is_asked_about_on_the_following_days(story, office):
    connect(story, office)
    del office.known[NUMBER]
    story.a_claim()
    ask(story)
    assert verdicts(story) == [INVOICE_UNKNOWN, INVOICE_GENUINE]
    office.known[NUMBER] = "128.00"
    story.wait(hours=12)
    assert verdicts(story) == [INVOICE_UNKNOWN, INVOICE_GENUINE]
    story.wait(hours=13)
    assert verdicts(story) == [INVOICE_GENUINE, INVOICE_GENUINE]


def test_one_that_stays_unknown_is_let_be_after_some_days(story, office):
    connect(story, office)
    office.known.clear()
    story.a_claim()
    for _ in range(10):
        story.wait(hours=25)
    assert len(office.asked) == 2 * tax.LAST_TRY
    assert len(story.heard("invoice.checked")) == 2, "said once each"


def test_an_invoice_with_another_amount_is_told_and_the_claim_goes_on(story, office):
    connect(story, office)
    office.known[NUMBER] = "28.00"
    claim = story.a_claim()
    ask(story)
    assert verdicts(story) == [INVOICE_WRONG, INVOICE_GENUINE]
    story.hand_in("lead", claim, "check", "approve")
    assert story.case(claim).node == "pay"


def test_a_plugin_that_is_connected_to_nothing_costs_no_tries(story):
    class Unconnected:
        title = {"zh": "税务", "en": "Tax"}

        @hookimpl
        def check_invoice(self, invoice):
            return None

    story.deployment.plugins._register("tax", Unconnected())
    story.deployment.plugins._make_ready()
    story.a_claim()
    ask(story)
    assert story.invoices("verdict", "tries") == [("", 0), ("", 0)]


def test_a_crash_while_asking_does_not_ask_for_ever(story, office):
    """The try is counted before it: what was taken is put off for all workers until it is answered."""
    from tideng.store.database import writing

    connect(story, office)
    story.a_claim()
    with writing(story.deployment.engine) as connection:
        assert len(tax._take(connection, story.clock.now())) == 2
    with writing(story.deployment.engine) as connection:
        assert tax._take(connection, story.clock.now()) == []
    assert story.invoices("tries") == [(1,), (1,)]
