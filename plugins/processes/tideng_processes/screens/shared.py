"""What the pages of processes have in common: which processes there are, who may change them, who is meant by a name."""

from __future__ import annotations

from collections.abc import Iterable

from flask import flash

from tideng.plugin import Directory, NotFound, Problem, Refused, say_problem
from tideng_admin.screens import locale, web
from tideng_processes.forms.fields import person_named
from tideng_processes.publication.publishing import PUBLISHES
from tideng_processes.publication.registry import Published, Registry, registry_of

READS = ("read",)
WRITES = ("read", "write")


def processes() -> Registry:
    """As of this request: `web().directory()` takes up what somebody published."""
    web().directory()
    return registry_of(web().deployment)


def latest(process: str) -> Published:
    """Raises `NotFound`."""
    found = processes().latest(process)
    if found is None:
        raise NotFound("no-process", {"name": process})
    return found


def may_write() -> bool:
    return bool(web().viewer().roles & PUBLISHES) and web().may("can_write", "ProcessEditor")


def say_problems(problems: Iterable[Problem]) -> None:
    """Each on a line of its own at the top of the next page."""
    for problem in problems:
        flash(say_problem(problem, locale()).line, "warning")


def person_meant(directory: Directory, said: str) -> str:
    """The id of whom somebody named by id or by name. Raises `Refused` for nobody, and for a name that several have."""
    words, now = said.strip(), web().now()
    found = person_named(directory, words, now)
    if found is not None:
        return found
    named = [one.person for one in directory.rosters.at(now).find(words) if words and one.name == words]
    if named:
        raise Refused("person", [Problem("", "name-of-several", {"number": len(named), "ids": named[:5]})])
    raise Refused("person", [Problem("", "nobody-here")])
