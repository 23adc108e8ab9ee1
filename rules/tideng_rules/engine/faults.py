"""Why a rule is kept from an engine, told without a person's values: which engine, what it did, which facts it read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

RAISED, HUNG, CRASHED, DIFFERS, UNREADABLE = "raised", "hung", "crashed", "differs", "unreadable"
_OF_THE_ENGINE = frozenset((HUNG, CRASHED, DIFFERS))
_SAID = {
    RAISED: ("judging it ended in an error, again and again", "判断它时一再出错"),
    HUNG: ("the engine gave no answer in time because of it", "引擎因它没有按时作答"),
    CRASHED: ("the engine's process ended because of it", "引擎进程因它退出"),
    DIFFERS: ("the two engines gave different answers", "两个引擎给出的答案不同"),
    UNREADABLE: ("this version of Tideng cannot read it", "当前版本的提灯读不懂它"),
}
_YES, _NO = ("it holds", "成立"), ("it does not hold", "不成立")


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
        """What happened, for a person to read in zh or en."""
        zh = locale.startswith("zh")
        said = _SAID.get(self.cause, _SAID[RAISED])[zh]
        if self.durable is not None:
            mine, other = (_YES, _NO) if self.durable else (_NO, _YES)
            said += (
                f"：durable-rules {mine[1]}，闭包{other[1]}"
                if zh
                else f": durable-rules: {mine[0]}; closures: {other[0]}"
            )
        elif self.error:
            said += f"（{self.error}）" if zh else f" ({self.error})"
        if self.facts:
            names = ("、" if zh else ", ").join(self.facts)
            said += f"。它读取：{names}" if zh else f". It reads {names}"
        return said

    def __str__(self) -> str:
        return self.words("en")


def names(facts: Iterable[str]) -> tuple[str, ...]:
    """Names of facts in the order in which they are shown."""
    return tuple(sorted(facts))
