"""Deliver messages by e-mail over SMTP. A repeated message has the same Message-ID, so that mail programs can
recognise it."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime
from typing import Any

from tideng.plugin import ChannelError, InvalidSettings, OutgoingMessage, Problem

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[^\s@<>()\[\],;:\"\\]{1,255}")
_IN_REPLY = re.compile(r"\S+@\S+")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
WAYS = ("starttls", "ssl", "none")


@dataclass(frozen=True, slots=True)
class EmailSettings:
    """The plugin's settings for e-mail, as in ``plugins: {connectors: {smtp_host: …}}``.

    `smtp_security`: ``starttls`` (587), ``ssl`` (465) or ``none`` (25; with a password only on this machine);
    `smtp_port` 0 means the usual one. `smtp_timeout` in seconds. `sender` is an address; `portal_url` is put before
    links. A password is given as ``${ENV:NAME}``.
    """

    smtp_host: str = ""
    smtp_port: int = 0
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_security: str = "starttls"
    smtp_timeout: float = 20.0
    sender: str = ""
    portal_url: str = ""

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> EmailSettings:
        """Make settings from plain values; raises `InvalidSettings` with every problem."""
        problems = [
            *cls.check(values),
            *(Problem(n, "setting-missing") for n in ("smtp_host", "sender") if not values.get(n)),
        ]
        if problems:
            raise InvalidSettings("email", problems)
        return cls(**values)

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield every problem in the given settings. Missing settings may come from another place."""
        known = {f.name: f.default for f in fields(cls)}
        for name, value in values.items():
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                yield Problem(name, "unknown-email-setting", {"names": near or list(known)})
            elif "${ENV:" in str(value):
                continue  # known once the deployment is open
            elif isinstance(known[name], str) and not isinstance(value, str):
                yield Problem(name, "text-needed")
            elif isinstance(known[name], (int, float)) and (
                isinstance(value, bool) or not isinstance(value, (int, float))
            ):
                yield Problem(name, "number-needed")
            elif name == "smtp_port" and value not in range(65536):
                yield Problem(name, "not-a-port")
            elif name == "smtp_timeout" and not 0 < value <= 300:
                yield Problem(name, "timeout-out-of-range")
            elif name == "smtp_security" and value not in WAYS:
                yield Problem(name, "unknown-security", {"value": value, "ways": WAYS})
            elif name == "sender" and value and not _ADDRESS.fullmatch(value):
                yield Problem(name, "not-a-sender-address")
        if (
            values.get("smtp_password")
            and values.get("smtp_security") == "none"
            and values.get("smtp_host") not in _LOOPBACK
        ):
            yield Problem("smtp_security", "password-in-the-open")

    @property
    def port(self) -> int:
        return self.smtp_port or {"starttls": 587, "ssl": 465}.get(self.smtp_security, 25)


class EmailChannel:
    """Send each message over a connection of its own: a few messages a minute need no more, and a broken connection
    costs one attempt."""

    name = "email"
    takes_duplicate_key = False

    def __init__(self, settings: Callable[[], EmailSettings]):
        """`settings` is called before each message."""
        self._settings = settings

    def send(self, message: OutgoingMessage) -> None:
        """Hand the message to the server. Raises `ChannelError`: for a while (4xx, no connection, time-out) or for good
        (5xx, an address or settings that cannot work)."""
        try:
            settings = self._settings()
        except InvalidSettings as error:
            raise ChannelError(str(error), retry=False) from error
        mail = compose(message, settings)
        try:
            server = _connect(settings)
            try:
                if settings.smtp_user:
                    server.login(settings.smtp_user, settings.smtp_password)
                server.send_message(mail)
                _part(server)
            finally:
                server.close()
        except smtplib.SMTPRecipientsRefused as error:
            code, reply = next(iter(error.recipients.values()))
            raise _refused(code, reply) from error
        except smtplib.SMTPResponseException as error:
            raise _refused(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPNotSupportedError, ssl.SSLCertVerificationError) as error:
            raise ChannelError(f"the mail server cannot be used so: {error}", retry=False) from error
        except (OSError, smtplib.SMTPException) as error:
            raise ChannelError(f"the mail server was not reached: {error}", retry=True) from error


def compose(message: OutgoingMessage, settings: EmailSettings) -> EmailMessage:
    """Make the mail: plain text, with headers free of control characters. Raises `ChannelError` for an unusable
    address."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _address(settings.sender)
    mail["To"] = _address(message.address)
    mail["Subject"] = _CONTROL.sub(" ", message.subject).strip()
    mail["Date"] = localtime()  # of the machine: servers and mail programs compare it with their own clocks
    mail["Message-ID"] = message_id(message.key, settings.sender)
    mail["Auto-Submitted"] = "auto-generated"
    link = f"{settings.portal_url.rstrip('/')}{message.link}" if message.link.startswith("/") else message.link
    parts = (message.body, message.why, link if "://" in link else "")
    text = _UNPRINTABLE.sub("", "\n\n".join(part.strip() for part in parts if part.strip()))
    mail.set_content(text + "\n", charset="utf-8", cte="base64" if not text.isascii() else None)
    return mail


def message_id(key: str, sender: str) -> str:
    """Make the Message-ID of an outbox key: the same for every attempt, and without anything about the person."""
    return f"<{hashlib.sha256(key.encode('utf-8', 'backslashreplace')).hexdigest()[:40]}@{_ascii_domain(sender)}>"


def _address(text: str) -> Address:
    if not text:
        raise ChannelError("the person has no e-mail address", retry=False)
    if _CONTROL.search(text) or not _ADDRESS.fullmatch(text):
        raise ChannelError("this is no e-mail address", retry=False)
    return Address(username=text.rpartition("@")[0], domain=_ascii_domain(text))


def _ascii_domain(address: str) -> str:
    domain = address.rpartition("@")[2]
    try:
        return domain.encode("idna").decode()
    except UnicodeError as error:
        raise ChannelError("this is no e-mail address", retry=False) from error


def _connect(settings: EmailSettings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if settings.smtp_security == "ssl":
        return smtplib.SMTP_SSL(settings.smtp_host, settings.port, timeout=settings.smtp_timeout, context=context)
    server = smtplib.SMTP(settings.smtp_host, settings.port, timeout=settings.smtp_timeout)
    if settings.smtp_security == "starttls":
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server


def _part(server: smtplib.SMTP) -> None:
    """Close the connection politely. The server has accepted the message, so an error here must not cause a second
    delivery."""
    with contextlib.suppress(OSError, smtplib.SMTPException):
        server.quit()


def _refused(code: int, reply: bytes | str) -> ChannelError:
    """Make an error from the server's answer, without addresses, because it is logged."""
    said = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    return ChannelError(f"the mail server said {code} {_IN_REPLY.sub('…', said)[:300]}", retry=not 500 <= code < 600)
