"""What the pages of processes share: the registry, the right to change processes, and people named by text."""

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
    """The registry as of this request: `web().directory()` lets the plugin take up new versions."""
    web().directory()
    return registry_of(web().deployment)


def latest(process: str) -> Published:
    """The latest version of a process. Raises `NotFound`."""
    found = processes().latest(process)
    if found is None:
        raise NotFound("no-process", {"name": process})
    return found


def may_write() -> bool:
    return bool(web().viewer().roles & PUBLISHES) and web().may("can_write", "ProcessEditor")


def say_problems(problems: Iterable[Problem]) -> None:
    """Show each problem on its own line at the top of the next page."""
    for problem in problems:
        flash(say_problem(problem, locale()).line, "warning")


def person_meant(directory: Directory, said: str) -> str:
    """The id of the person that a text names by id or name. Raises `Refused` for nobody, and for a name that several have."""
    words, now = said.strip(), web().now()
    found = person_named(directory, words, now)
    if found is not None:
        return found
    named = [one.person for one in directory.rosters.at(now).find(words) if words and one.name == words]
    if named:
        raise Refused("person", [Problem("", "name-of-several", {"number": len(named), "ids": named[:5]})])
    raise Refused("person", [Problem("", "nobody-here")])
