"""E-mail, spoken to a real SMTP server on this machine."""

from __future__ import annotations

import socket
import ssl
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tideng.base.errors import InvalidSettings, Problem
from tideng.outbox.channels import Channel, ChannelError, OutgoingMessage
from tideng_connectors.email_channel import (
    EmailChannel,
    EmailSettings,
    compose,
    message_id,
)
from tideng_connectors.memory_channel import MemoryChannel


class Mailbox:
    """What the server does with each command: '' to accept, else the reply."""

    def __init__(self):
        self.mails, self.replies, self.logins = [], {}, []

    async def handle_MAIL(self, server, session, envelope, address, options):
        if "MAIL" not in self.replies:
            envelope.mail_from = address
        return self.replies.get("MAIL", "250 OK")

    async def handle_RCPT(self, server, session, envelope, address, options):
        if "RCPT" not in self.replies:
            envelope.rcpt_tos.append(address)
        return self.replies.get("RCPT", "250 OK")

    async def handle_DATA(self, server, session, envelope):
        if self.replies.get("DATA", "2").startswith("2"):
            self.mails.append((envelope.rcpt_tos, envelope.content))
        return self.replies.get("DATA", "250 OK")

    async def handle_QUIT(self, server, session, envelope):
        return self.replies.get("QUIT", "221 Bye")

    def authenticate(self, server, session, envelope, mechanism, data):
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password == b"right", handled=False)

    def only_mail(self):
        ((recipients, content),) = self.mails
        return recipients, message_from_bytes(content, policy=policy.default)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def server():
    """A mailbox and the settings that reach it."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield (
        mailbox,
        {"smtp_host": "127.0.0.1", "smtp_port": controller.port, "smtp_security": "none", "sender": "hr@example.com"},
    )
    controller.stop()


def a_channel(values) -> EmailChannel:
    return EmailChannel(lambda: EmailSettings.read(values))


def a_message(**changes) -> OutgoingMessage:
    values = {
        "key": "daily-report:zhang-san:2026-03-02:0:0",
        "recipient": "zhang-san",
        "address": "zhang.san@example.com",
        "locale": "zh",
        "subject": "日报还没写",
        "body": "张三，今天的日报还没写，大约 3 分钟。有难处就回一声。",
        "why": "为什么：日报帮助主管及时支援您",
        "link": "/nudge/12",
    }
    return OutgoingMessage(**{**values, **changes})


def text_of(mail) -> str:
    return mail.get_content().replace("\r\n", "\n")


def refusal(channel, message=None) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        channel.send(message or a_message())
    return caught.value


def test_a_message_arrives_as_it_was_written(server):
    mailbox, settings = server
    a_channel({**settings, "portal_url": "https://hr.example.com/"}).send(a_message())
    recipients, mail = mailbox.only_mail()
    assert recipients == ["zhang.san@example.com"]
    assert mail["Subject"] == "日报还没写"
    assert mail["From"] == "hr@example.com"
    assert text_of(mail).split("\n\n") == [
        a_message().body,
        a_message().why,
        "https://hr.example.com/nudge/12\n",
    ]


def test_a_link_without_an_address_before_it_is_left_out(server):
    mailbox, settings = server
    a_channel(settings).send(a_message())
    assert "/nudge/12" not in mailbox.only_mail()[1].get_content()


def test_a_repeat_has_the_same_message_id_and_another_message_has_not(server):
    mailbox, settings = server
    for key in ("a", "a", "b"):
        a_channel(settings).send(a_message(key=key))
    ids = [message_from_bytes(content)["Message-ID"] for _, content in mailbox.mails]
    assert ids[0] == ids[1] == message_id("a", "hr@example.com")
    assert ids[2] != ids[0]
    assert "zhang" not in ids[0]


@pytest.mark.parametrize("text", ["x" * 5000, "灯" * 5000, "a\n.\nb\n..\n.c", "tab\there\n\n\nend"])
def test_long_lines_and_lines_of_dots_arrive_whole(server, text):
    mailbox, settings = server
    a_channel(settings).send(a_message(body=text, why="", link=""))
    (_, content), mail = mailbox.mails[0], mailbox.only_mail()[1]
    assert text_of(mail) == text + "\n"
    assert max(map(len, content.splitlines())) < 999


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x85", "\u2028", "\0"])
def test_no_text_can_add_a_header(server, end):
    mailbox, settings = server
    a_channel(settings).send(a_message(subject=f"Hello{end}Bcc: all@example.com", body=f"x{end}y"))
    recipients, mail = mailbox.only_mail()
    assert recipients == ["zhang.san@example.com"]
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Hello Bcc: all@example.com"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b\nBcc: c@d",
        "a@b, c@d",
        "A <a@b>",
        "a@",
        "@b",
        "a b@c",
        "a@b@c",
        "a@\0",
        "a@" + "x" * 300,
        "a@..b",
    ],
)
def test_an_address_that_is_none_is_for_a_person_to_look_at(server, address):
    mailbox, settings = server
    assert refusal(a_channel(settings), a_message(address=address)).retry is False
    assert mailbox.mails == []


def test_a_domain_in_chinese_is_written_as_mail_servers_know_it(server):
    mailbox, settings = server
    a_channel(settings).send(a_message(address="zhang@提灯.example"))
    ((address,), _) = mailbox.mails[0]
    assert address.isascii()
    assert address.partition("@")[2].encode().decode("idna") == "提灯.example"


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(("reply", "retry"), [("451 4.3.0 try later", True), ("550 5.1.1 no such user", False)])
def test_a_refusal_for_a_while_is_tried_again_and_one_for_good_is_not(server, command, reply, retry):
    mailbox, settings = server
    mailbox.replies[command] = reply
    error = refusal(a_channel(settings))
    assert error.retry is retry
    assert reply in str(error)
    assert mailbox.mails == []


def test_the_server_s_words_are_kept_without_the_address_of_the_person(server):
    mailbox, settings = server
    mailbox.replies["RCPT"] = "550 5.1.1 <zhang.san@example.com>: unknown"
    assert "zhang" not in str(refusal(a_channel(settings)))


def test_a_message_taken_over_is_sent_even_if_the_goodbye_fails(server):
    mailbox, settings = server
    mailbox.replies["QUIT"] = "421 going down"
    a_channel(settings).send(a_message())
    assert len(mailbox.mails) == 1


def test_nobody_listening_is_tried_again(server):
    _, settings = server
    assert refusal(a_channel({**settings, "smtp_port": free_port()})).retry is True


def test_a_server_that_says_nothing_is_tried_again(server):
    _, settings = server
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        values = {**settings, "smtp_port": silent.getsockname()[1], "smtp_timeout": 0.3}
        assert refusal(a_channel(values)).retry is True


def test_a_server_without_starttls_is_not_spoken_to_in_the_open(server):
    mailbox, settings = server
    assert refusal(a_channel({**settings, "smtp_security": "starttls"})).retry is False
    assert mailbox.mails == []


CERTIFICATE = Path(__file__).with_name("localhost-cert.pem")
"""For 127.0.0.1, signed by itself, for a hundred years and for nothing but these tests."""


@pytest.fixture
def trusted(monkeypatch):
    """The machine trusts the server's certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))


@pytest.fixture(params=["starttls", "ssl"])
def closed_server(request):
    """A server that asks for a login, over TLS from the start or after STARTTLS."""
    mailbox, context = Mailbox(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, CERTIFICATE.with_name("localhost-key.pem"))
    tls = {"ssl_context": context, "auth_require_tls": False} if request.param == "ssl" else {"tls_context": context}
    controller = Controller(
        mailbox, hostname="127.0.0.1", port=free_port(), authenticator=mailbox.authenticate, auth_required=True, **tls
    )
    if request.param == "starttls":
        controller.start()
    else:  # the controller's own check that it listens does not trust the certificate
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
            controller.start()
    values = {"smtp_host": "127.0.0.1", "smtp_port": controller.port, "smtp_security": request.param}
    yield mailbox, {**values, "sender": "hr@example.com", "smtp_user": "tideng", "smtp_password": "right"}
    controller.stop()


NO_STARTTLS = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # TLS from the start


@NO_STARTTLS
def test_a_login_goes_over_an_encrypted_line(closed_server, trusted):
    mailbox, settings = closed_server
    a_channel(settings).send(a_message())
    assert mailbox.logins == [("tideng", "right")]
    assert len(mailbox.mails) == 1


@NO_STARTTLS
def test_a_wrong_password_is_for_a_person_to_look_at(closed_server, trusted):
    _, settings = closed_server
    error = refusal(a_channel({**settings, "smtp_password": "wrong"}))
    assert error.retry is False
    assert "wrong" not in str(error)


@NO_STARTTLS
def test_a_server_that_cannot_prove_who_it_is_gets_no_password(closed_server):
    mailbox, settings = closed_server
    assert refusal(a_channel(settings)).retry is False
    assert mailbox.logins == []


def test_settings_are_checked_all_at_once():
    values = {"smtp_hots": "x", "smtp_port": 99999, "smtp_security": "tls", "smtp_user": 5, "sender": "me"}
    found = {problem.at: problem for problem in EmailSettings.check(values)}
    assert set(found) == set(values)
    assert found["smtp_hots"].hint == "smtp_host"
    assert not list(EmailSettings.check({"smtp_port": "${ENV:PORT}", "smtp_host": "${ENV:HOST}"}))
    with pytest.raises(InvalidSettings, match=r"smtp_host: is not set.*sender: is not set"):
        EmailSettings.read({})


def test_a_password_is_not_sent_in_the_open():
    values = {"smtp_host": "mail.example.com", "smtp_password": "x", "smtp_security": "none"}
    assert list(EmailSettings.check(values)) == [Problem("smtp_security", "password-in-the-open")]


def test_missing_settings_park_the_message_instead_of_stopping_the_plugin():
    assert refusal(a_channel({})).retry is False


def test_a_mail_says_that_nobody_typed_it():
    mail = compose(a_message(), EmailSettings(sender="hr@example.com"))
    assert mail["Auto-Submitted"] == "auto-generated"


def test_the_memory_channel_fails_as_told_and_takes_a_key_once():
    channel = MemoryChannel()
    assert isinstance(channel, Channel)
    channel.fail_next(2)
    assert refusal(channel).retry is True
    assert refusal(channel).retry is True
    channel.send(a_message())
    channel.send(a_message())
    assert channel.messages == [a_message()]
    assert channel.tries == {a_message().key: 4}
    channel.fail_next(1, retry=False)
    assert refusal(channel).retry is False


def test_every_mail_has_a_date_with_its_offset():
    mail = compose(a_message(), EmailSettings(sender="hr@example.com"))
    assert mail["Date"].datetime.tzinfo is not None
