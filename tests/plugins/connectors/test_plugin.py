"""The plugin as the platform loads it."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import pytest

from tideng.base.errors import InvalidPayload
from tideng.intake.event_files import open_events
from tideng.intake.reader import read_event
from tideng.outbox.channels import (
    Channel,
    ChannelError,
    OutgoingMessage,
    PortalChannel,
)
from tideng.plugins.manager import Plugins

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return Plugins()


def a_payload(name: str, **data) -> dict:
    return {"id": "1", "source": "crm", "type": name, "time": "2026-03-02T09:00:00Z", "subject": "li-si", "data": data}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("attendance.checked_in", {"place": "Dongguan", "customer": "c"}),
        ("order.won", {"customer": "c", "amount": 12.5, "currency": "CNY", "reason": "fit"}),
        ("customer.won", {"customer": "c", "amount": 12, "currency": "CNY", "reason": "fit"}),
        ("customer.lost", {"customer": "c", "amount": 0, "currency": "CNY", "reason": "late answer"}),
        ("feedback.received", {"customer": "c", "attitude": 0, "expertise": 5, "text": "好"}),
    ],
)
def test_the_documented_events_are_taken_with_the_documented_data(plugins, name, data):
    event_type = plugins.catalogue.event_types[name]
    assert event_type.plugin == "connectors"
    assert {field.name for field in event_type.fields} == set(data)
    assert read_event(a_payload(name, **data), plugins.catalogue, received=NOW).data == data


def test_a_grade_beyond_five_is_refused(plugins):
    with pytest.raises(InvalidPayload, match=r"data\.attitude: 6 is out of bounds \(0 to 5 points\)"):
        read_event(a_payload("feedback.received", customer="c", attitude=6), plugins.catalogue, received=NOW)


@pytest.mark.parametrize("name", ["email", "memory"])
def test_its_channels_are_declared_and_there(plugins, name):
    channel = plugins.first("channel", name=name)
    assert isinstance(channel, Channel)
    assert channel.name == name
    assert name in plugins.catalogue.channels


def test_a_channel_of_somebody_else_is_left_to_them(plugins):
    assert plugins.first("channel", name="carrier-pigeon") is None


def test_e_mail_without_settings_parks_the_message_and_the_plugin_stays_on(plugins):
    message = OutgoingMessage("k", "li-si", "li@example.com", "zh", "s", "b")
    with pytest.raises(ChannelError) as caught:
        plugins.first("channel", name="email").send(message)
    assert caught.value.retry is False
    assert plugins.get("connectors") is not None


def test_the_inbox_needs_nothing_sent():
    assert isinstance(PortalChannel(), Channel)
    PortalChannel().send(OutgoingMessage("k", "li-si", "", "zh", "s", "b"))


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'{"id": "1"}', ""),
        (b"id,source,type,time,subject\n", ""),
        (b"<?xml version='1.0'?>\n<log></log>", ""),
    ],
)
def test_formats_are_known_by_what_is_in_them_when_they_come_without_a_name(plugins, head, name):
    assert all(isinstance(place, str) for place, _ in open_events(BytesIO(head), plugins.catalogue, plugins, name=name))
    assert plugins.get("connectors") is not None
