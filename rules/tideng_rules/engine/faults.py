"""Why a rule is kept from an engine, without any person's values: the engine, what it did, the facts the rule reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tideng.base.text import SOURCE, Text, phrase, wording

RAISED, HUNG, CRASHED, DIFFERS, UNREADABLE = "raised", "hung", "crashed", "differs", "unreadable"
_OF_THE_ENGINE = frozenset((HUNG, CRASHED, DIFFERS))
_SAID = {
    RAISED: phrase("judging it ended in an error, again and again"),
    HUNG: phrase("the engine gave no answer in time because of it"),
    CRASHED: phrase("the engine's process ended because of it"),
    DIFFERS: phrase("the two engines gave different answers"),
    UNREADABLE: phrase("this version of Tideng cannot read it"),
}
_YES, _NO = phrase("it holds"), phrase("it does not hold")


@dataclass(frozen=True, slots=True)
class Trouble:
    """`cause`: raised, hung, crashed, differs or unreadable. `error`: an error's type or how the process ended, never its
    message. `facts`: the names the rule reads. `durable`: what durable-rules answered where it differed from the closures."""

    cause: str
    error: str = ""
    facts: tuple[str, ...] = ()
    durable: bool | None = None

    @classmethod
    def of(cls, details: Mapping[str, Any], why: str = "") -> Trouble:
        """As it was kept in a row; a row of another hand is shown with the reason it gives."""
        return cls(
            str(details.get("cause", RAISED)),
            str(details.get("error", why)),
            tuple(details.get("facts", ())),
            details.get("durable"),
        )

    @property
    def by_closures(self) -> bool:
        """Closures go on judging it: it is durable-rules that cannot be trusted with it. Otherwise nobody judges it."""
        return self.cause in _OF_THE_ENGINE

    @property
    def details(self) -> dict[str, Any]:
        """For a row; `of` reads it."""
        found: dict[str, Any] = {"cause": self.cause, "error": self.error, "facts": list(self.facts)}
        return found if self.durable is None else {**found, "durable": self.durable}

    def words(self, locale: str) -> str:
        """What happened, for a person to read."""
        text: Text = _SAID.get(self.cause, _SAID[RAISED])
        if self.durable is not None:
            mine, other = (_YES, _NO) if self.durable else (_NO, _YES)
            text = phrase(
                "{what}: durable-rules: {durable}; closures: {closures}", what=text, durable=mine, closures=other
            )
        elif self.error:
            text = phrase("{what} ({error})", what=text, error=self.error)
        if self.facts:
            text = phrase("{what}. It reads {facts}", what=text, facts=self.facts)
        return wording(text, locale)

    def __str__(self) -> str:
        return self.words(SOURCE)


def names(facts: Iterable[str]) -> tuple[str, ...]:
    """Names of facts in the order in which they are shown."""
    return tuple(sorted(facts))
