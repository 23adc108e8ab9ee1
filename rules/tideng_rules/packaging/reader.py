"""Packs: rules that are shipped with parameters, in several versions; and a client's whole set of rules.

``NAME.yaml`` in a folder of packs is the newest version, ``NAME@1.yaml`` the older version 1. A client follows the newest
or pins one, and may bring packs of its own in a folder ``packs`` beside client.yaml.

A client's own rule of the same id stands in the pack's place. With ``overrides: {pack: NAME, version: "1"}`` it says which
version it was written against: what a later version of the pack changes elsewhere in that rule is then brought in.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideng.base.errors import (
    InvalidBundle,
    InvalidRule,
    NotFound,
    Problem,
)
from tideng.base.problems import Sentence
from tideng.base.suggestions import nearest
from tideng.model.catalogue import Catalogue
from tideng_rules.document.merge import merge
from tideng_rules.document.model import Rule
from tideng_rules.document.parser import parse_rule
from tideng_rules.document.reader import read_documents
from tideng_rules.document.source import Source
from tideng_rules.packaging.parameters import fill_pack
from tideng_rules.packaging.rule_files import read_rules

if TYPE_CHECKING:
    from tideng.client.bundle import Bundle, PackUse

OVERRIDES = "overrides"


@dataclass(frozen=True, slots=True)
class Shelf:
    """The packs that can be used: name → version → file. The newest version comes first. `kept`: those whose documents are
    known without a file; they hide files of the same name."""

    packs: Mapping[str, Mapping[str, Path]] = field(default_factory=dict)
    kept: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, *folders: Path) -> Shelf:
        """The packs in these folders; one in an earlier folder hides one of the same name in a later one.

        Raises `InvalidRule` for a file that cannot be read or does not hold the pack and version it is named after.
        """
        packs: dict[str, dict[str, Path]] = {}
        for folder in reversed(folders):
            found: dict[str, dict[str, Path]] = {}
            for path in sorted(folder.glob("*.yaml"), key=lambda path: ("@" in path.stem, path.stem)):
                name, _, version = path.stem.partition("@")
                found.setdefault(name, {})[version or str(_read(path, name).get("version", ""))] = path
            packs.update(found)
        return cls({name: packs[name] for name in sorted(packs)})

    def beside(self, kept: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Shelf:
        """This shelf with packs whose documents are known: name → version → document, the newest first."""
        files = {name: versions for name, versions in self.packs.items() if name not in kept}
        return Shelf({**files, **{name: dict.fromkeys(kept[name], Path()) for name in sorted(kept)}}, kept)

    def newest(self, name: str) -> str:
        """The version that a client follows who pins none; raises `NotFound`."""
        return next(iter(self._versions(name)))

    def read(self, name: str, version: str | None = None) -> Mapping[str, Any]:
        """The document of a pack, the newest unless a version is named; raises `NotFound`, or `InvalidRule`."""
        versions = self._versions(name)
        if version is None:
            version = next(iter(versions))
        if version not in versions:
            raise NotFound("no-pack-version", {"name": name, "version": version, "names": versions})
        if name in self.kept:
            return self.kept[name][version]
        document = _read(versions[version], name)
        if str(document.get("version", "")) != version:
            found = document.get("version")
            raise InvalidRule(
                Sentence("pack-called", {"name": name}),
                [Problem("version", "not-that-version", {"version": version, "found": found})],
            )
        return document

    def _versions(self, name: str) -> Mapping[str, Path]:
        if name not in self.packs:
            way_out = nearest(name, self.packs) or Sentence("packs-shipped", {"names": self.packs})
            raise NotFound("no-pack", {"name": name, "way_out": way_out})
        return self.packs[name]


def packs_folder() -> Path:
    """Where the shipped packs are: beside the package in the repository, inside it once it is installed elsewhere."""
    here = Path(__file__).resolve().parents[1]
    return next((f for f in (here.parent / "packs", here / "packs") if f.is_dir()), here / "packs")


def shipped_packs() -> dict[str, Path]:
    """Pack name → the file of its newest version."""
    return {path.stem: path for path in sorted(packs_folder().glob("*.yaml")) if "@" not in path.stem}


def read_pack(name: str, version: str | None = None) -> Mapping[str, Any]:
    """The document of a shipped pack, the newest unless a version is named; raises `NotFound`, or `InvalidRule`."""
    return Shelf.of(packs_folder()).read(name, version)


def shelf_of(bundle: Bundle) -> Shelf:
    """The shipped packs, and those the client brings; raises as `Shelf.of`."""
    return Shelf.of(packs_folder(), bundle.root / "packs")


def _documents(path: Path) -> list[Any]:
    """What a pack's file holds. Read again only when the file has changed: a command asks for every pack several times."""
    try:
        found = path.stat()
    except OSError:
        return read_documents(path)  # which says what is wrong with it
    return pickle.loads(_kept(path, found.st_mtime_ns, found.st_size))  # our own bytes, a copy for each


@lru_cache(maxsize=128)
def _kept(path: Path, _changed: int, _size: int) -> bytes:
    return pickle.dumps(read_documents(path))


def _read(path: Path, name: str) -> Mapping[str, Any]:
    documents = _documents(path)
    if len(documents) != 1 or not isinstance(documents[0], Mapping) or documents[0].get("pack") != name:
        raise InvalidRule(Sentence("pack-called", {"name": name}), [Problem("pack", "not-that-pack", {"name": name})])
    return documents[0]


# -- a client's rules ----------------------------------------------------------------------------------------------
def load_rules_of(bundle: Bundle, catalogue: Catalogue | None = None) -> list[Rule]:
    """Every rule of a client: its packs with its parameters, then its own; the same id overrides.

    Raises `InvalidBundle` with every problem of every file at once.
    """
    return [source.rule for source in sources_of(bundle, catalogue)]


def sources_of(bundle: Bundle, catalogue: Catalogue | None = None) -> list[Source]:
    """The same as `load_rules_of`, each with its origin: ``pack travel-sales`` or a file such as ``rules/own.yaml``."""
    sources, problems = read_sources(bundle, catalogue)
    if problems:
        raise InvalidBundle("rules", problems)
    return sources


def read_sources(bundle: Bundle, catalogue: Catalogue | None = None) -> tuple[list[Source], list[Problem]]:
    """The rules that can be read, and every problem of the others."""
    reading = _ClientRules(bundle, catalogue)
    packed = {source.rule.id: source for source in reading.packs()}
    own: dict[str, Source] = {}
    for source in reading.files():
        if source.rule.id in own:
            reading.problems.append(
                Problem(
                    source.origin, "rule-in-two-places", {"id": source.rule.id, "other": own[source.rule.id].origin}
                )
            )
        own[source.rule.id] = source
    return list({**packed, **own}.values()), reading.problems


class _ClientRules:
    """The rules of one client being read; problems are kept as they come."""

    def __init__(self, bundle: Bundle, catalogue: Catalogue | None):
        self.bundle, self.catalogue = bundle, catalogue
        self.problems: list[Problem] = []
        self._filled: dict[str, dict[str, Mapping[str, Any]]] = {}
        self._made_from: dict[str, Mapping[str, Any]] = {}
        if bundle.packs or (bundle.root / "packs").is_dir():
            _ = self.shelf  # what is wrong with a pack is said even where no rule uses it

    @cached_property
    def shelf(self) -> Shelf:
        """The packs there are. Read when first asked for: rules that use none need not wait for it."""
        try:
            return shelf_of(self.bundle)
        except InvalidRule as error:
            self.problems += _under(error.what, error.problems)
            return Shelf.of(packs_folder())

    def packs(self) -> Iterator[Source]:
        for number, use in enumerate(self.bundle.packs):
            place = f"client.yaml packs[{number}]"
            pack = self._pack(use, place)
            if pack is None:
                continue
            try:
                documents = fill_pack(pack, use.parameters)
            except InvalidRule as error:
                self.problems += _under(place, (self._with_way_out(problem, use, pack) for problem in error.problems))
                continue
            version = str(pack.get("version", ""))
            made_from = {"pack": use.name, "version": version, "parameters": dict(use.parameters)}
            self._filled[use.name] = {str(one.get("id")): one for one in documents}
            self._made_from[use.name] = made_from
            for document in documents:
                yield from self._parsed(document, f"pack {use.name}", len(self.problems), made_from)

    def _pack(self, use: PackUse, place: str) -> Mapping[str, Any] | None:
        try:
            newest = self.shelf.read(use.name)
            if use.version in (None, str(newest.get("version"))):
                return newest
            if use.version in self.shelf.packs[use.name]:
                return self.shelf.read(use.name, use.version)
            there = list(self.shelf.packs[use.name])
            problem = Problem(
                f"{place}.version",
                "pack-version-missing",
                {"name": use.name, "version": use.version, "there": there},
            )
            self.problems.append(problem)
            return newest  # so that what is wrong with the parameters is said as well
        except NotFound as error:
            self.problems.append(Problem(place, error.message.code, error.message.params))
        except InvalidRule as error:
            self.problems += _under(place, error.problems)
        return None

    def _with_way_out(self, problem: Problem, use: PackUse, pack: Mapping[str, Any]) -> Problem:
        """A parameter that an older version of the pack had is known: it was taken out since."""
        name = problem.at.removeprefix("parameters.")
        if name not in use.parameters or name in pack.get("parameters", {}):
            return problem
        for version in self.shelf.packs[use.name]:
            older = self.shelf.read(use.name, version)
            if name in older.get("parameters", {}):
                return Problem(problem.at, "parameter-dropped", {"version": pack.get("version"), "other": version})
        return problem

    def files(self) -> Iterator[Source]:
        for path in self.bundle.rule_files:
            root = self.bundle.root
            origin = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
            try:
                documents = read_rules(path)
            except InvalidRule as error:
                self.problems += _under(origin, error.problems)
                continue
            for number, document in enumerate(documents):
                if OVERRIDES in document:
                    yield from self._override(document, origin, number)
                else:
                    yield from self._parsed(document, origin, number)

    def _override(self, document: Mapping[str, Any], origin: str, number: int) -> Iterator[Source]:
        """The client's rule, with what the pack changed elsewhere since the version it was written against."""
        at = f"{origin}, {document.get('id') or f'rule {number + 1}'}"
        own = {key: value for key, value in document.items() if key != OVERRIDES}
        based = document[OVERRIDES]
        keys = set(based) if isinstance(based, Mapping) else set()
        if keys != {"pack", "version"} or not all(isinstance(based[key], str) for key in keys):
            self.problems.append(Problem(f"{at}: {OVERRIDES}", "override-without-pack"))
            return
        now = self._filled.get(based["pack"], {}).get(str(own.get("id")))
        if now is None:
            self.problems.append(Problem(f"{at}: {OVERRIDES}.pack", "override-of-no-pack", {"pack": based["pack"]}))
            return
        then = self._as_it_was(based, str(own.get("id")), at)
        if then is not None:
            merged = merge(then, own, now)
            for source in self._parsed(merged.document, origin, number, self._made_from[based["pack"]]):
                yield Source(source.rule, origin, source.made_from, merged.conflicts)

    def _as_it_was(self, based: Mapping[str, str], rule: str, at: str) -> Mapping[str, Any] | None:
        """The pack's rule in the version an override was written against, with today's parameters where it has them."""
        try:
            pack = self.shelf.read(based["pack"], based["version"])
            use = self._made_from[based["pack"]]["parameters"]
            known = {name: value for name, value in use.items() if name in pack.get("parameters", {})}
            found = {str(one.get("id")): one for one in fill_pack(pack, known)}
            return found.get(rule, {})
        except NotFound as error:
            self.problems.append(Problem(f"{at}: {OVERRIDES}.version", error.message.code, error.message.params))
        except InvalidRule as error:
            self.problems += _under(f"{at}: {OVERRIDES}", error.problems)
        return None

    def _parsed(
        self, document: Mapping[str, Any], origin: str, number: int, made_from: Mapping[str, Any] | None = None
    ) -> Iterator[Source]:
        try:
            yield Source(parse_rule(document, self.catalogue), origin, made_from)
        except InvalidRule as error:
            at = f"{origin}, {document.get('id') or f'rule {number + 1}'}"
            self.problems += _under(at, error.problems)


def _under(place: str, problems: tuple[Problem, ...] | Iterator[Problem]) -> Iterator[Problem]:
    for problem in problems:
        at = f"{place}: {problem.at}" if problem.at else place
        yield problem.moved(at)
