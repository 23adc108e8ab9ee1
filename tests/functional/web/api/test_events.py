"""The interface for programs: handing in events and reading nudges."""

from __future__ import annotations

import gzip
import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from webstory import NOW

from tideng.store.database import reading, writing
from tideng.store.events import retry_dead_letters
from tideng.store.tables import DeadLetterRow, EventRow
from tideng_admin.auth.accounts import make_key, revoke_key

EVENTS = "/api/v1/events"


def an_event(id_: str = "r1", **more) -> dict:
    return {
        "specversion": "1.0",
        "id": id_,
        "source": "crm",
        "type": "report.submitted",
        "time": "2025-06-12T18:00:00+08:00",
        "subject": "zhang",
        "data": {"date": "2025-06-12", "needs": "客户想看样品"},
        **more,
    }


@pytest.fixture
def key(story) -> str:
    """The key of a connector."""
    with writing(story.deployment.engine) as connection:
        return make_key(connection, "crm", "CRM", NOW)


@pytest.fixture
def hand_in(story, key):
    """Hand something in as the connector; `body` is sent as it is when it is bytes."""

    def send(body, mimetype: str = "application/cloudevents-batch+json", token: str = key):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}"}
        return story.app.test_client().post(EVENTS, data=data, content_type=mimetype, headers=headers)

    return send


def count(story, table) -> int:
    with reading(story.deployment.engine) as connection:
        return connection.scalar(select(func.count()).select_from(table))


def test_one_event_is_taken_in(story, hand_in):
    answer = hand_in(an_event(), "application/cloudevents+json")
    assert answer.status_code == 202
    assert answer.json == {
        "results": [{"status": "accepted", "id": "r1", "source": "crm", "problems": []}],
        "counts": {"accepted": 1},
    }
    assert count(story, EventRow) == 1


def test_a_batch_is_answered_one_by_one_and_the_good_stays_when_the_bad_is_refused(story, hand_in):
    batch = [an_event("a"), an_event("b", time="yesterday", type="no.such.type"), an_event("a"), an_event("c")]
    answer = hand_in(batch)
    assert answer.status_code == 202
    assert [one["status"] for one in answer.json["results"]] == ["accepted", "refused", "duplicate", "accepted"]
    places = [problem["at"] for problem in answer.json["results"][1]["problems"]]
    assert len(places) >= 2, "every problem at once"
    assert all("[1]" in place for place in places)
    assert (count(story, EventRow), count(story, DeadLetterRow)) == (2, 1)


def test_sending_again_changes_nothing(story, hand_in):
    hand_in([an_event()])
    again = hand_in([an_event()])
    assert again.json["counts"] == {"duplicate": 1}
    assert count(story, EventRow) == 1


def test_the_same_id_with_other_content_is_a_conflict_that_is_kept_and_explained(story, hand_in):
    hand_in([an_event()])
    answer = hand_in([an_event(data={"date": "2025-06-12", "needs": "something else"})])
    assert answer.json["results"][0]["status"] == "conflict"
    assert "already known with other content" in answer.json["results"][0]["problems"][0]["problem"]
    assert (count(story, EventRow), count(story, DeadLetterRow)) == (1, 1)


@pytest.mark.parametrize(
    ("body", "mimetype", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"[{}]", "application/cloudevents+json", 400),
        (json.dumps([{}] * 1001).encode(), "application/json", 413),
        (b'"' + b"x" * (5 * 1024 * 1024) + b'"', "application/json", 413),
    ],
)
def test_what_is_no_batch_is_refused_whole_in_words(story, hand_in, body, mimetype, status):
    answer = hand_in(body, mimetype)
    assert answer.status_code == status
    assert answer.json["error"]
    assert count(story, EventRow) == 0


def test_a_thousand_events_fit_into_one_request(story, hand_in):
    answer = hand_in([an_event(f"n{n}") for n in range(1000)])
    assert answer.json["counts"] == {"accepted": 1000}


@pytest.mark.parametrize("payload", [1, "text", None, [], {"id": "\x00"}, {"specversion": "9"}])
def test_whatever_is_in_a_batch_nothing_breaks(story, hand_in, payload):
    answer = hand_in([payload, an_event()])
    assert answer.status_code == 202
    assert [one["status"] for one in answer.json["results"]] == ["refused", "accepted"]


def test_a_refused_event_of_a_batch_is_found_by_its_id_and_source(hand_in):
    answer = hand_in([an_event("good"), an_event("bad", time="yesterday"), an_event("two", source=7), 5])
    assert [(one["status"], one["id"], one["source"]) for one in answer.json["results"]] == [
        ("accepted", "good", "crm"),
        ("refused", "bad", "crm"),
        ("refused", "two", ""),
        ("refused", "", ""),
    ]


@pytest.mark.parametrize(
    "mimetype", ["application/cloudevents+json", "application/cloudevents-batch+json", "application/json"]
)
def test_a_key_twice_costs_its_event_alone(story, hand_in, mimetype):
    twice = json.dumps(an_event("k1")).replace('"subject": "zhang"', '"subject": "li", "subject": "zhang"')
    good = json.dumps(an_event("k2"))
    body = twice if mimetype == "application/cloudevents+json" else f"[{twice}, {good}]"
    first, *others = hand_in(body.encode(), mimetype).json["results"]
    assert (first["status"], first["id"]) == ("refused", "k1")
    assert [one["at"].split(", ")[-1] for one in first["problems"]] == ["subject"]
    assert all(one["status"] == "accepted" for one in others)
    assert count(story, EventRow) == len(others)


def test_a_dead_letter_with_a_key_twice_shows_both_values_and_stays_refused_when_it_is_tried_again(story, hand_in):
    body = json.dumps(an_event("k1")).replace('"subject": "zhang"', '"subject": "li", "subject": "zhang"')
    hand_in(body.encode(), "application/cloudevents+json")
    with reading(story.deployment.engine) as connection:
        kept = connection.scalar(select(DeadLetterRow.payload))
    assert '"subject": "li"' in kept
    assert '"subject": "zhang"' in kept
    assert [one.status for one in retry_dead_letters(story.deployment)] == ["refused"]
    assert count(story, EventRow) == 0


@pytest.mark.parametrize(
    ("body", "headers", "status", "said"),
    [
        (b"[" * 100_000, {}, 400, "深"),
        (gzip.compress(b"[]", mtime=0), {"Content-Encoding": "gzip"}, 415, "gzip"),
        (gzip.compress(b"[]", mtime=0), {}, 400, "UTF-8"),
        ("[]".encode("utf-16"), {}, 400, "UTF-8"),
        (b'[{"n": ' + b"9" * 5000 + b"}]", {}, 400, "位"),
        (b'{"id": ', {}, 400, "JSON"),
    ],
    ids=["too deep", "said to be gzip", "gzip", "UTF-16", "too many digits", "cut off"],
)
def test_what_cannot_be_read_is_said_in_our_words(story, key, body, headers, status, said):
    headers = {"Authorization": f"Bearer {key}", "Accept-Language": "zh", **headers}
    answer = story.app.test_client().post(EVENTS, data=body, content_type="application/json", headers=headers)
    assert answer.status_code == status
    told = json.dumps(answer.json, ensure_ascii=False)
    assert said in told
    for foreign in ("codec", "Expecting", "recursion", "maximum", "Exceeds"):
        assert foreign not in told


# -- the three modes of CloudEvents ----------------------------------------------------------------------------------


@pytest.fixture
def in_headers(story, key):
    """Hand an event in in binary mode: its attributes as headers, its data as the body."""

    def send(attributes: dict, data: bytes | None, mimetype: str | None = "application/json"):
        headers = {f"ce-{name}": value for name, value in attributes.items()}
        headers["Authorization"] = f"Bearer {key}"
        return story.app.test_client().post(EVENTS, data=data, content_type=mimetype, headers=headers)

    return send


def attributes(**changed) -> dict:
    return {name: value for name, value in {**an_event(), **changed}.items() if name != "data"}


def test_an_event_in_binary_mode_is_the_same_as_in_structured_mode(hand_in, in_headers):
    answer = in_headers(attributes(), json.dumps(an_event()["data"]).encode(), "application/json; charset=utf-8")
    assert answer.status_code == 202
    assert answer.json["results"] == [{"status": "accepted", "id": "r1", "source": "crm", "problems": []}]
    assert hand_in(an_event(), "application/cloudevents+json").json["counts"] == {"duplicate": 1}


def test_binary_mode_takes_extensions_quotes_and_percent_encoding(story, in_headers):
    said = attributes(id='"r 1"', source="%E9%94%80%E5%94%AE", traceparent="00-abc")
    assert in_headers(said, json.dumps(an_event()["data"]).encode()).json["counts"] == {"accepted": 1}
    with reading(story.deployment.engine) as connection:
        assert connection.execute(select(EventRow.event_id, EventRow.source)).one() == ("r 1", "销售")


@pytest.mark.parametrize(
    ("attributes_", "data", "mimetype", "status"),
    [
        (attributes(), b"<a/>", "application/xml", 415),
        (attributes(), b"{", "application/json", 400),
        (attributes(id="%FF"), b"{}", "application/json", 400),
        ({**attributes(), "data": "x"}, b"{}", "application/json", 400),
    ],
)
def test_binary_mode_that_cannot_be_read_is_turned_down_whole(story, in_headers, attributes_, data, mimetype, status):
    assert in_headers(attributes_, data, mimetype).status_code == status
    assert count(story, EventRow) == 0


@pytest.mark.parametrize("left_out", ["specversion", "id", "source", "type", "time", "subject", "data"])
def test_what_an_event_lacks_is_said_alike_in_binary_and_structured_mode(hand_in, in_headers, left_out):
    whole = an_event()
    whole.pop(left_out)
    data = json.dumps(whole.pop("data")).encode() if "data" in whole else None
    binary = in_headers(whole, data, "application/json" if data else None)
    structured = hand_in({**whole, **({"data": json.loads(data)} if data else {})}, "application/cloudevents+json")
    if left_out == "specversion":  # optional here, as older senders leave it out
        assert (binary.json["counts"], structured.json["counts"]) == ({"accepted": 1}, {"duplicate": 1})
    else:
        assert binary.json["results"] == structured.json["results"]
        assert binary.json["results"][0]["problems"][0]["at"] == left_out


# -- who ---------------------------------------------------------------------------------------------------------------------


def test_without_a_key_nothing_is_taken_in(story):
    answer = story.app.test_client().post(EVENTS, json=[an_event()], headers={"Authorization": "Bearer tdk_wrong"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert count(story, EventRow) == 0


def test_a_revoked_key_opens_nothing(story, key, hand_in):
    with writing(story.deployment.engine) as connection:
        revoke_key(connection, 1, NOW)
    assert hand_in([an_event()]).status_code == 401


def test_a_key_is_shown_once_and_only_its_fingerprint_is_kept(story):
    browser = story.as_("admin")
    made = browser.post("/keys/", "/keys/", login="crm", name="CRM").text
    key = made.split("tdk_")[1].split("<")[0]
    assert key not in browser.get("/keys/").text
    database = b"".join(one.read_bytes() for one in story.deployment.settings.folder.glob("tideng.db*"))
    assert key.encode() not in database


def test_the_last_use_of_a_key_is_seen(story, hand_in):
    assert "今天 19:05" not in story.as_("admin").get("/keys/").text.split("上次使用")[-1].split("</tr>")[0]
    story.clock.advance(minutes=7)
    hand_in([an_event()])
    assert "今天 19:12" in story.as_("admin").get("/keys/").text


def test_an_employee_hands_in_nothing_even_with_a_token_of_the_page(story):
    browser = story.as_("zhang")
    headers = {"X-CSRFToken": browser.token()}
    assert browser.client.post(EVENTS, json=[an_event()], headers=headers).status_code == 403


def test_an_administrator_s_browser_hands_in_with_the_page_s_token(story):
    browser = story.as_("admin")
    headers = {"X-CSRFToken": browser.token()}
    assert browser.client.post(EVENTS, json=[an_event()], headers=headers).status_code == 202


def test_a_connector_sees_no_nudge(story, key):
    story.a_nudge()
    answer = story.app.test_client().get("/api/v1/nudges", headers={"Authorization": f"Bearer {key}"})
    assert answer.json == {"nudges": [], "next": None}


# -- nudges ------------------------------------------------------------------------------------------------------------------


def test_nudges_come_with_their_why_and_what_was_sent(story):
    said = story.a_nudge("zhang")
    one = story.as_("zhang").get("/api/v1/nudges").json["nudges"][0]
    assert (one["id"], one["status"], one["recipient"]) == (said, "told", "zhang")
    assert one["why"][1] == {
        "part": "if",
        "fact": "metric.reports_today",
        "op": "is",
        "value": 0,
        "operand": 0,
        "holds": True,
    }
    assert one["deliveries"][0]["status"] == "sent"
    assert one["at"] == "2025-06-12T11:05:00+00:00"


def test_only_those_the_caller_may_see(story):
    story.a_nudge("li")
    mine = story.a_nudge("zhang")
    assert [one["id"] for one in story.as_("zhang").get("/api/v1/nudges").json["nudges"]] == [mine]
    assert len(story.as_("look").get("/api/v1/nudges").json["nudges"]) == 2


def test_pages_by_cursor_and_filters(story):
    said = [story.a_nudge() for _ in range(3)]
    browser = story.as_("hr")
    first = browser.get("/api/v1/nudges?limit=2").json
    assert [one["id"] for one in first["nudges"]] == said[:0:-1]
    assert [one["id"] for one in browser.get(f"/api/v1/nudges?limit=2&cursor={first['next']}").json["nudges"]] == said[
        :1
    ]
    assert browser.get("/api/v1/nudges?rule=other").json["nudges"] == []
    later = (NOW + timedelta(hours=1)).isoformat()
    assert browser.get("/api/v1/nudges", query_string={"since": later}).json["nudges"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=1000", "status=unknown", "cursor=x", "since=yesterday", "nope=1"])
def test_a_filter_that_cannot_be_read_is_said_and_not_ignored(story, query):
    answer = story.as_("hr").get(f"/api/v1/nudges?{query}")
    assert answer.status_code == 400
    assert answer.json["problems"][0]["at"] == query.split("=")[0]


# -- how it goes -----------------------------------------------------------------------------------------------------------


def test_an_old_backlog_is_answered_with_when_to_come_back(story, hand_in):
    story.an_event(status=0)
    assert hand_in([an_event("x1")]).status_code == 202
    story.clock.advance(seconds=400)
    answer = hand_in([an_event("x2")])
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 300
    ready = story.visitor().get("/readyz")
    assert ready.status_code == 503
    assert ready.json["oldest_event_seconds"] == 400.0


def test_readiness_shows_ages_and_counts_and_names_nobody(story):
    story.an_evening()
    answer = story.visitor().get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "ok",
        "oldest_event_seconds": None,
        "waiting_events": 0,
        "outbox_seconds": None,
        "parked": 1,
        "dead_letters": 1,
        "failed_plugins": 1,
        "needs_attention": 0,
        "engine": {"asked": "closures", "judging": "closures", "cause": ""},
    }
    assert story.visitor().get("/healthz").json["status"] == "ok"


def test_the_description_names_every_address_and_every_answer_it_gives(story):
    spec = story.visitor().get("/api/v1/openapi.json").json
    own = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in story.app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
    }
    assert set(spec["paths"]) == own - {"/api/v1/openapi.json", "/api/v1/docs"}
    assert set(spec["paths"][EVENTS]["post"]["responses"]) == {"202", "400", "401", "403", "413", "415", "429"}
    assert spec["components"]["schemas"]["Receipt"]["properties"]["status"]["enum"] == [
        "accepted",
        "duplicate",
        "refused",
        "conflict",
    ]
    assert "/api/v1/events" in story.visitor().get("/api/v1/docs").text
