"""The words of the fixes: a title per kind of fix, and the texts with which an empty part of a document begins."""

from __future__ import annotations

from collections.abc import Mapping

from tideng.base.text import phrase
from tideng.model.catalogue import Text

TITLES: Mapping[str, Text] = {
    "remove": phrase("Take it out"),
    "change": phrase("Change it to “{to}”"),
    "any-of-them": phrase("Let any of them do"),
    "without-until": phrase("Leave “until” out"),
    "turn-round": phrase("Turn the comparison round"),
    "other-comparison": phrase("Another comparison"),
    "without-factor": phrase("Without a factor"),
    "tell-hr": phrase("Tell HR", context="fix_texts"),
    "tell-person": phrase("Tell the person"),
    "tell-supervisor": phrase("Tell the supervisor"),
    "usual-channel": phrase("The usual channel"),
    "about-case": phrase("Let the rule be about a {about}"),
    "about-person": phrase("Let the rule be about a person"),
    "ready-words": phrase("Begin with ready words"),
    "copy-language": phrase("Begin with the other language"),
    "put-in-order": phrase("Put them in order"),
    "one-example": phrase("Make an example from the rule"),
    "two-examples": phrase("Make two examples from the rule"),
    "add-speaking-example": phrase("Add one that speaks"),
    "add-silent-example": phrase("Add one that stays silent"),
    "expect-result": phrase("Expect what it gives now"),
    "out-of-example": phrase("Leave it out of the example"),
    "begin-with-schedule": phrase("Begin with every workday at 19:00"),
    "begin-with-nudge": phrase("Begin with a nudge"),
    "begin-with-one": phrase("Begin with one"),
    "begin-with-day": phrase("Begin with a day"),
}
"""Kind of fix → its title; ``{to}`` and ``{about}`` are filled from the fix."""

RULE_TEXTS: Mapping[str, Text] = {
    "title": phrase("A new rule"),
    "why": phrase("Knowing sooner lets someone help sooner"),
}
"""What a rule's `title` and `why` begin with."""
MESSAGE: Text = phrase("{person.name}, something is still open. Reply if something is in the way.")
"""What a nudge begins with."""
CAUSE: Text = phrase("The steps may not be familiar yet")
"""What the cause of an improvement begins with."""
DAYS: Text = phrase("{count} days")
HOURS: Text = phrase("{count} hours")
TRUE: Text = phrase("是 / yes")
FALSE: Text = phrase("否 / no")


def title(kind: str, values: Mapping[str, Text]) -> Text:
    """The title of a kind of fix in every language, with `values` (name → text per language) filled in."""
    return {
        locale: words.format_map({name: text.get(locale, text["en"]) for name, text in values.items()})
        for locale, words in TITLES[kind].items()
    }
