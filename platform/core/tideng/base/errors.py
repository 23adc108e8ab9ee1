"""What can go wrong, said so that the reader knows where and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tideng.base.problems import OLD_FORM, Problem, Sentence, say, say_sentence

__all__ = [
    "CodedError",
    "CommandFailed",
    "InvalidBundle",
    "InvalidPayload",
    "InvalidRule",
    "InvalidSettings",
    "InvalidValue",
    "NotAllowed",
    "NotFound",
    "PluginRefused",
    "Problem",
    "Refused",
    "Sentence",
    "TidengError",
    "say",
    "say_sentence",
]


class TidengError(Exception):
    """Base of every error Tideng raises on purpose. Raised as it is, with an English text, it is for logs."""

    @property
    def message(self) -> Sentence:
        """What to tell a person; ``say_sentence(error.message, locale)`` says it in their language."""
        return Sentence(OLD_FORM, {"says": str(self)})


class CodedError(TidengError):
    """An error that people read: a message as its code and parameters. ``str`` says it in English."""

    def __init__(self, code: str, params: Mapping[str, Any] | None = None):
        super().__init__(code, params)
        self._message = Sentence(code, params or {})

    @property
    def message(self) -> Sentence:
        return self._message

    def __str__(self) -> str:
        return str(self.message)


class Refused(CodedError):
    """Something was refused; carries every problem found, not only the first.

    `what` was refused: a code (``answer``), or a message with parameters.
    """

    def __init__(self, what: Sentence | str, problems: Iterable[Problem]):
        if isinstance(what, str):
            what = Sentence(what)
        super().__init__(what.code, what.params)
        self.problems = tuple(problems)

    @property
    def what(self) -> str:
        """What was refused, in English."""
        return str(self.message)

    def __str__(self) -> str:
        return f"{self.what}: " + "; ".join(map(str, self.problems))


class InvalidPayload(Refused):
    """A payload that cannot become an event; carries the payload (a mapping, or raw text) and where it stood."""

    def __init__(self, what: Sentence | str, problems: Iterable[Problem], payload: object = None, place: str = ""):
        super().__init__(what, problems)
        self.payload = payload
        self.place = place


class InvalidRule(Refused):
    """A rule document that cannot be published."""


class InvalidBundle(Refused):
    """A client bundle that cannot be applied."""


class InvalidSettings(Refused):
    """A deployment's settings that cannot be used."""


class InvalidValue(CodedError, ValueError):
    """One value that cannot be taken, raised by the function that reads it; whoever called knows its place."""


class CommandFailed(CodedError):
    """A command, or a start, that cannot go on."""


class PluginRefused(CodedError):
    """A plugin that may not be loaded, or registers something it must not."""


class NotFound(CodedError):
    """What was asked for does not exist."""


class NotAllowed(CodedError):
    """The caller may not do or see this."""
