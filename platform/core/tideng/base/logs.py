"""Structured logs on stderr that carry ids only: what may name or quote a person is taken out, whoever put it in."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter

ALLOWED = frozenset(
    """
    event level timestamp logger at
    plugin hook version state part setting
    rule finding outbox channel step effect action period situation metric series
    event_id event_type lane subject recipient person unit position role
    attempt attempts count total stored judged sent parked failed refused found skipped batch rows
    seconds milliseconds due since until started ended revision
    engine cause reads place file line error_type where status code host port pid signal path method request route user
    """.split()
)
"""Keys that may be logged. ``subject``, ``recipient``, ``person`` and ``user`` hold ids, never names."""

PERSONAL = frozenset({"name", "phone", "email", "text", "message", "data"})
"""Keys that never can be allowed; a test holds the two sets apart."""

LONGEST = 200
_LOOKS_PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|(?<![\w.:/-])\+?\d(?:[\d -]{8,20}\d)[Xx]?(?![\w.:/-])")
_MASK = "***"
_IDENTIFIER = re.compile(r"[\w.:/<>\[\]-]{0,80}", re.ASCII)
"""What a program calls something: a state, a module, a permission, an address in the program; no spaces, no words."""


def configure(level: str = "info", form: str = "console", stream: TextIO | None = None) -> None:
    """Set up structlog and the standard library's logging of this process, once at its start.

    `form` is console or json. `stream` stands in for stderr; stdout belongs to what commands answer.
    """
    handler = _ToStderr() if stream is None else logging.StreamHandler(stream)
    shared = [structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, _where, only_ids, _timestamp]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    last = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=handler.stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    handler.addFilter(_with_plain_values)
    handler.setFormatter(
        ProcessorFormatter(
            processors=[ProcessorFormatter.remove_processors_meta, last],
            foreign_pre_chain=shared,
            keep_exc_info=False,
            keep_stack_info=False,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


class _ToStderr(logging.StreamHandler):
    """Writes to stderr as it is when something is said: who embeds us may exchange it, and close what it was before."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)  # the stream handler's own would keep today's stderr

    @property
    def stream(self) -> TextIO:
        return sys.stderr


def only_ids(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every key that is not allowed, saying which; cut what is long; mask what looks like an address or a number."""
    dropped = sorted(key for key in entry if key not in ALLOWED and not key.startswith("_"))
    for key in dropped:
        del entry[key]
    for key, value in entry.items():
        if not key.startswith("_") and not isinstance(value, (int, float, bool, type(None))):
            entry[key] = _LOOKS_PERSONAL.sub(_MASK, str(value)[:LONGEST])
    if dropped:
        entry["left_out"] = " ".join(dropped)
    return entry


def where(error: BaseException) -> str:
    """The innermost place of an error, ``file.py:12 in function``; its text may quote a person and is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""


def _where(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put the kind and place of an exception in place of its text and traceback."""
    error = entry.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        entry["error_type"], entry["where"] = type(error).__name__, where(error)
    return entry


def _timestamp(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return structlog.processors.TimeStamper(fmt="iso", utc=True)(_logger, _method, entry)


def _with_plain_values(record: logging.LogRecord) -> bool:
    """Write the values of another library's sentence into it, as far as they are numbers or names that programs use.

    Other libraries put anything into their sentences, so what may be a person's name or words is masked.
    """
    if isinstance(record.msg, dict):  # ours, made by structlog
        record.exc_info = record.exc_text = None
        return True
    sentence, values = str(record.msg), record.args
    if values:
        plain = {k: _plain(v) for k, v in values.items()} if isinstance(values, Mapping) else tuple(map(_plain, values))
        try:
            sentence = sentence % plain
        except (TypeError, ValueError, KeyError):
            sentence = f"{sentence} (its values do not fit)"
    record.msg, record.args = sentence, None
    return True


def _plain(value: object) -> object:
    """The value, where it is a number or reads like an identifier; else the mask."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = str(value)
    return text if _IDENTIFIER.fullmatch(text) else _MASK
