"""Plugins: loaded one by one, called one by one, and switched off alone when they fail.

Installing a plugin is trusting its code; what is contained here are its faults. The allow-list says which code is
trusted, down to the bytes where its entry carries a hash.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import types
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pluggy
import structlog
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from sqlalchemy.exc import DBAPIError

from tideng.base.errors import InvalidBundle, PluginRefused
from tideng.base.logs import where
from tideng.base.problems import Sentence
from tideng.base.text import DEFAULT, SOURCE
from tideng.model.catalogue import Catalogue, Text
from tideng.plugins.hookspecs import PROJECT, Hooks

GROUP = "tideng"
SHIPPED, ANY = "shipped", "*"
FAULTS = (Exception, SystemExit)
"""What a plugin may raise without taking the process along; Ctrl-C still ends it."""

_ENTRY = re.compile(
    r"(?P<name>[\w.-]+)\s*(?P<versions>[<>=!~][^\s]*(?:\s*,\s*[<>=!~][^\s]*)*)?(?:\s+sha256:(?P<sha256>[0-9a-f]{64}))?"
)

log = structlog.get_logger("tideng.plugins")


@dataclass(frozen=True, slots=True)
class PluginState:
    """What became of one plugin: `state` is on, failed or off (not allowed); `why` says why it is not on."""

    name: str
    version: str = ""
    state: str = "on"
    why: Sentence | None = None
    module: str = ""

    @property
    def error(self) -> str:
        """Why it is not on, in English; '' where it is on."""
        return str(self.why) if self.why else ""


@dataclass(frozen=True, slots=True)
class _Implementation:
    plugin: str
    function: Callable
    arguments: tuple[str, ...]


class Plugins:
    """The plugins of one deployment.

    `allowed`: entries as in the setting ``plugins_allowed``. `catalogue` is filled with what they declare.
    `found` stands in for the installed entry points.
    """

    def __init__(
        self,
        allowed: Sequence[str] = (SHIPPED,),
        catalogue: Catalogue | None = None,
        found: Iterable[EntryPoint] | None = None,
    ):
        self.catalogue = Catalogue() if catalogue is None else catalogue
        self._allowed = tuple(allowed)
        self._states: dict[str, PluginState] = {}
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(Hooks)
        self._hooks = tuple(name for name in vars(Hooks) if not name.startswith("_"))
        self._ready: dict[str, tuple[_Implementation, ...]] = {}
        self._entries: dict[str, EntryPoint] = {}
        self._load(sorted(entry_points(group=GROUP) if found is None else found, key=lambda entry: entry.name))

    @property
    def states(self) -> list[PluginState]:
        """Every installed plugin by name, including failed ones and those that are off."""
        return sorted(self._states.values(), key=lambda state: state.name)

    def get(self, name: str) -> Any | None:
        """The plugin object of that name; None unless it is on."""
        return self._manager.get_plugin(name)

    def call(self, hook: str, **arguments: Any) -> list[Any]:
        """Collect the answers of all plugins to `hook`, without the Nones. A plugin that raises is switched off and
        left out.

        With a `connection`, each plugin runs in a savepoint: what a failing plugin wrote is undone, the rest stays. A
        busy or unreachable database is not the plugin's fault and is raised.
        """
        return [result for _, result in self.call_named(hook, **arguments)]

    def call_named(self, hook: str, **arguments: Any) -> list[tuple[str, Any]]:
        """Like `call`, with the plugin's name before each answer."""
        results = []
        for implementation in self._ready[hook]:
            result = self._ask(implementation, hook, arguments)
            if result is not None:
                results.append((implementation.plugin, result))
        return results

    def first(self, hook: str, **arguments: Any) -> Any | None:
        """The first answer that is not None."""
        for implementation in self._ready[hook]:
            result = self._ask(implementation, hook, arguments)
            if result is not None:
                return result
        return None

    def fail(self, name: str, error: BaseException, hook: str = "") -> None:
        """Switch a plugin off in this process and remember why. Its declarations stay known, because its events
        still arrive."""
        fault = {"error": f"{type(error).__name__}: {error}", "hook": f"{hook}: " if hook else ""}
        why = error.message if isinstance(error, PluginRefused) else Sentence("plugin-fault", fault)
        self._states[name] = replace(self._states.get(name, PluginState(name)), state="failed", why=why)
        if self._manager.has_plugin(name):
            self._manager.unregister(name=name)
        self._make_ready()
        log.error("plugin switched off", plugin=name, hook=hook, error_type=type(error).__name__, where=where(error))

    # -- switches ----------------------------------------------------------------------------------------------
    def switch_off(self, name: str, why: Sentence) -> bool:
        """Stop calling a plugin; returns True if it was on. Its declarations stay known: its events still arrive,
        and earlier findings still have titles."""
        state = self._states.get(name)
        if state is None or state.state != "on":
            return False
        self._states[name] = replace(state, state="off", why=why)
        if self._manager.has_plugin(name):
            self._manager.unregister(name=name)
        self._make_ready()
        return True

    def switch_on(self, name: str) -> bool:
        """Load a plugin again that was switched off or failed; returns True if it is on now and was not before.

        A plugin that the allow-list excludes stays off, and one that fails again is switched off again.
        """
        entry, state = self._entries.get(name), self._states.get(name)
        if entry is None or state is None or state.state == "on":
            return False
        del self._states[name]
        plugin = self._import(entry)
        if plugin is None:
            return False
        lacking = [one for one in _requires(plugin) if not self._manager.has_plugin(one)]
        if lacking:
            self.fail(name, PluginRefused("plugin-lacks-others", {"names": lacking}))
            return False
        self._register(name, plugin)
        self._make_ready()
        return self._manager.has_plugin(name)

    def call_one(self, name: str, hook: str, **arguments: Any) -> Any | None:
        """The answer of one plugin to `hook`; None when it has none, or is not on."""
        for implementation in self._ready[hook]:
            if implementation.plugin == name:
                return self._ask(implementation, hook, arguments)
        return None

    def dependents(self, name: str) -> list[str]:
        """The names of plugins that are on and require this one."""
        return sorted(
            other for other, plugin in self._manager.list_name_plugin() if plugin and name in _requires(plugin)
        )

    def answers(self, hook: str) -> list[str]:
        """The names of plugins that are on and implement `hook`."""
        return [implementation.plugin for implementation in self._ready[hook]]

    def _ask(self, implementation: _Implementation, hook: str, arguments: dict[str, Any]) -> Any:
        connection = arguments.get("connection")
        wanted = [arguments[name] for name in implementation.arguments]
        try:
            with connection.begin_nested() if connection is not None else nullcontext():
                result = implementation.function(*wanted)
                # a generator would raise later, where nobody knows whose it was
                return list(result) if isinstance(result, types.GeneratorType) else result
        except FAULTS as error:
            if isinstance(error, InvalidBundle) or (isinstance(error, DBAPIError) and _passing(error)):
                raise  # a bundle that is refused is the plugin's answer, and none of its faults
            self.fail(implementation.plugin, error, hook)
            return None

    def _make_ready(self) -> None:
        """Flatten pluggy's lists, so that a call costs one loop. In the order of registration, so that a bundle is
        applied to a plugin after those it requires."""
        self._ready = {
            hook: tuple(
                _Implementation(one.plugin_name, one.function, tuple(one.argnames))
                for one in sorted(
                    getattr(self._manager.hook, hook).get_hookimpls(), key=lambda one: (not one.tryfirst, one.trylast)
                )
            )
            for hook in self._hooks
        }

    def _load(self, found: list[EntryPoint]) -> None:
        waiting: list[tuple[str, Any]] = []
        for entry in found:
            plugin = self._import(entry)
            if plugin is not None:
                waiting.append((entry.name, plugin))
        while waiting:
            ready = [pair for pair in waiting if all(self._manager.has_plugin(n) for n in _requires(pair[1]))]
            if not ready:
                break
            waiting = [pair for pair in waiting if pair not in ready]
            for name, plugin in ready:
                self._register(name, plugin)
        for name, plugin in waiting:
            lacking = [n for n in _requires(plugin) if not self._manager.has_plugin(n)]
            self.fail(name, PluginRefused("plugin-lacks-others", {"names": lacking}))
        self._make_ready()

    def _import(self, entry: EntryPoint) -> Any | None:
        name, distribution = entry.name, entry.dist
        self._entries.setdefault(name, entry)
        if name in self._states:
            log.error("plugin name taken twice", plugin=name)
            twice = Sentence("plugin-name-twice", {"entry": entry.value})
            self._states[name] = replace(self._states[name], why=twice)
            return None
        self._states[name] = PluginState(name, distribution.version if distribution else "", module=entry.module)
        try:
            refusal = self._refusal(name, distribution)
            if refusal:
                self._states[name] = replace(self._states[name], state="off", why=refusal)
                return None
            plugin = entry.load()
            plugin = plugin() if isinstance(plugin, type) else plugin
            _requires(plugin)
            title = _title(plugin)
            if title:
                self.catalogue.plugins[name] = title
            return plugin
        except FAULTS as error:
            self.fail(name, error)
            return None

    def _register(self, name: str, plugin: Any) -> None:
        try:
            self._manager.register(plugin, name=name)
            self._check_hooks(name, plugin)
            declare = next((i for i in self._manager.hook.declare.get_hookimpls() if i.plugin is plugin), None)
            if declare:
                declared: Any = declare.function()
                self.catalogue.add(list(declared or ()), name)
        except FAULTS as error:
            self.catalogue.remove(name)
            self.fail(name, error)

    def _check_hooks(self, name: str, plugin: Any) -> None:
        """Do what pluggy's ``check_pending`` does, for one plugin and with a suggestion."""
        for caller in self._manager.get_hookcallers(plugin) or ():
            if not caller.has_spec():
                near = difflib.get_close_matches(caller.name, self._hooks, n=1, cutoff=0.5)
                way_out = Sentence("in-brackets-did-you-mean", {"name": near[0]}) if near else None
                raise PluginRefused("unknown-hook", {"name": name, "hook": caller.name, "way_out": way_out})
            for one in caller.get_hookimpls():
                if one.plugin is plugin and (one.hookwrapper or one.wrapper):
                    raise PluginRefused("hook-wraps-others", {"name": name, "hook": caller.name})

    def _refusal(self, name: str, distribution: Distribution | None) -> Sentence | None:
        """Say why the allow-list excludes a plugin; None when it does not."""
        reason = Sentence("plugin-not-allowed")
        for line in self._allowed:
            if line == ANY or (line == SHIPPED and distribution is not None and distribution.name == PROJECT):
                return None
            entry = _ENTRY.fullmatch(line.strip())
            if line != SHIPPED and not entry:
                raise PluginRefused("allow-list-unreadable", {"line": line})
            if entry and entry["name"] == name:
                mismatch = _mismatch(entry, distribution)
                if mismatch is None:
                    return None
                reason = mismatch
        return reason


def _requires(plugin: Any) -> tuple[str, ...]:
    names = getattr(plugin, "requires", ())
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise PluginRefused("requires-not-a-tuple")
    return tuple(names)


def _title(plugin: Any) -> Text | None:
    """What the plugin calls itself, from its `title`; None where it says nothing."""
    title = getattr(plugin, "title", None)
    if title is None:
        return None
    if not isinstance(title, Mapping) or not all(
        isinstance(title.get(one), str) and title[one] for one in (DEFAULT, SOURCE)
    ):
        raise PluginRefused("title-not-a-text")
    return {locale: str(text) for locale, text in title.items()}


def _mismatch(entry: re.Match, distribution: Distribution | None) -> Sentence | None:
    if not entry["versions"] and not entry["sha256"]:
        return None
    if distribution is None:
        return Sentence("plugin-version-unknown")
    if entry["versions"]:
        try:
            fits = SpecifierSet(entry["versions"]).contains(distribution.version, prereleases=True)
        except InvalidSpecifier:
            return Sentence("plugin-versions-unreadable", {"versions": entry["versions"]})
        if not fits:
            return Sentence("plugin-version-refused", {"version": distribution.version, "versions": entry["versions"]})
    return _altered(distribution, entry["sha256"]) if entry["sha256"] else None


def _altered(distribution: Distribution, expected: str) -> Sentence | None:
    """Compare RECORD with its pinned hash, and every file with RECORD (PEP 376: urlsafe base64 without padding)."""
    record = distribution.read_text("RECORD")
    if record is None or hashlib.sha256(record.encode()).hexdigest() != expected:
        return Sentence("plugin-record-differs")
    for file in distribution.files or ():
        if file.hash:
            path = Path(file.locate())
            actual = hashlib.new(file.hash.mode, path.read_bytes()).digest() if path.is_file() else b""
            if urlsafe_b64encode(actual).rstrip(b"=").decode() != file.hash.value:
                return Sentence("plugin-file-differs", {"file": str(file)})
    return None


def _passing(error: DBAPIError) -> bool:
    """Whether the database was only busy, or went away: PostgreSQL's SQLSTATE classes 08, 40, 55P03 and 57, SQLite's locks."""
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None) or ""
    text = str(error.orig).lower()
    return (
        state[:2] in ("08", "40", "57")
        or state == "55P03"
        or "database is locked" in text
        or "database is busy" in text
    )
