"""A deployment: the settings, database, plugins and clock of one client.

There is no other state, so that one process can serve many clients and a test needs no patching.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cached_property
from importlib.metadata import EntryPoint
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, delete, inspect, select
from sqlalchemy.engine import make_url

from tideng.base.clock import Clock, ScaledClock, SystemClock
from tideng.base.errors import InvalidBundle, PluginRefused, Problem
from tideng.base.problems import Sentence, sentence_as_text
from tideng.base.settings import Settings, fill_secrets, load
from tideng.client.profile import CLIENT, Profile
from tideng.intake.event_files import LOGS, log_event_type
from tideng.model.calendars import WorkCalendar
from tideng.model.catalogue import Catalogue
from tideng.model.money import Money, Rate
from tideng.plugins.manager import Plugins
from tideng.store.database import insert, open_engine, reading
from tideng.store.rates import (
    RATES,
    RECOUNT,
    store_rates,
    stored_rates,
)
from tideng.store.tables import NoteRow, PluginRow

if TYPE_CHECKING:
    from tideng.base.bell import Bell
    from tideng.client.bundle import Bundle

PROFILE = "profile"
"""The note that holds the client's profile."""
LOG_TYPES = "log types"
"""The note that holds the event types found in event logs: type → activity."""
SWITCHES = "plugin switches"
"""The note that holds the plugins that people switched off (``off``: name → who and when), and how often each was to be
tried again (``tries``: name → number)."""
SWITCHED_OFF = Sentence("plugin-switched-off")


class Deployment:
    """All that a running process needs. Made by `open` or `in_memory`, closed by `close` or a ``with`` block.

    `engine` is the database's (None in a replay), `profile` the client's, `calendar` its working days. A deployment
    whose client was never applied has the default profile.
    """

    settings: Settings
    clock: Clock
    plugins: Plugins
    catalogue: Catalogue
    profile: Profile
    calendar: WorkCalendar

    def __init__(self, settings: Settings, clock: Clock, engine: Engine | None, found: Iterable[EntryPoint] | None):
        self.settings, self.clock = settings, clock
        self._engine = engine
        self._noted: dict[str, datetime] = {}
        self._rates: tuple[Rate, ...] = ()
        self._found = None if found is None else tuple(found)
        self._started = False
        self._tries: dict[str, int] = {}
        self.catalogue = Catalogue()
        self.plugins = Plugins(settings.plugins_allowed, self.catalogue, self._found)
        self.use_profile(Profile())

    @classmethod
    def open(
        cls,
        where: Path | str | Settings,
        clock: Clock | None = None,
        found: Iterable[EntryPoint] | None = None,
    ) -> Deployment:
        """Open the deployment in a folder, or with these settings.

        `clock` replaces the one of the settings; `found` the installed entry points. Raises `InvalidSettings`, or
        `TidengError` for a database that cannot be used. The database need not be migrated yet.
        """
        settings = where if isinstance(where, Settings) else load(where)
        deployment = cls(settings, clock or _clock(settings), open_engine(settings.database_url), found)
        if _exists(settings.database_url) and inspect(deployment.engine).has_table(NoteRow.__tablename__):
            with reading(deployment.engine) as connection:
                deployment.refresh(connection)
        deployment.plugins.call("start", deployment=deployment)
        deployment._started = True
        return deployment

    @classmethod
    def in_memory(
        cls,
        bundle: Bundle,
        clock: Clock,
        settings: Settings | None = None,
        found: Iterable[EntryPoint] | None = None,
        *,
        checked: bool = True,
    ) -> Deployment:
        """A deployment of `bundle` without any database, for replays.

        Raises `InvalidBundle` with every problem its plugins find; `checked` False does not ask them, for a bundle that
        holds nothing of anybody's and is needed for the catalogue alone (asking makes plugins read all that they ship).
        """
        deployment = cls(settings or Settings(folder=bundle.root), clock, None, found)
        deployment.use_profile(Profile.of(bundle))
        deployment.use_rates(bundle.rates)
        deployment.plugins.call("start", deployment=deployment)
        if checked:
            deployment.check(bundle)
        failed = deployment.failed_plugins()
        deployment.plugins.call("apply_bundle", bundle=bundle, connection=None, take="")
        deployment.refuse_new_failures(failed)
        return deployment

    def remembered(self, connection: Connection, clock: Clock) -> Deployment:
        """A deployment in memory for a replay: this one's client, plugins and people as they were known before the clock's
        moment. It shares no state with this one."""
        memory = Deployment(self.settings, clock, None, self._found)
        logs = [one for one in self.catalogue.event_types.values() if one.plugin == LOGS]
        memory.catalogue.add(logs, LOGS)
        memory.use_profile(self.profile)
        memory.use_rates(self._rates)
        memory.plugins.call("start", deployment=memory)
        memory.plugins.call("recollect", connection=connection, before=clock.now())
        return memory

    @property
    def engine(self) -> Engine:
        """The database. Raises `RuntimeError` in a replay, which has none."""
        if self._engine is None:
            raise RuntimeError("a deployment in memory has no database")
        return self._engine

    @cached_property
    def bell(self) -> Bell:
        """The bell that wakes the workers of all processes when there is work."""
        from tideng.base.bell import Bell  # huey takes 0.1 s to import, and a run in memory rings nothing

        return Bell(self.settings.queue_file, self.settings.secret_key)

    @property
    def has_database(self) -> bool:
        return self._engine is not None

    def close(self) -> None:
        """Close the database's connections."""
        if self._engine is not None:
            self._engine.dispose()

    def __enter__(self) -> Deployment:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def refresh(self, connection: Connection) -> bool:
        """Load what another process applied or found in event logs; True if something changed. One small statement."""
        kept = select(NoteRow.key, NoteRow.updated_at).where(NoteRow.key.in_((PROFILE, LOG_TYPES, RATES, SWITCHES)))
        noted = {row.key: row.updated_at for row in connection.execute(kept)}
        changed = [key for key, at in noted.items() if self._noted.get(key) != at]
        if not changed:
            return False
        values = select(NoteRow.key, NoteRow.value).where(NoteRow.key.in_(changed))
        for key, value in connection.execute(values).all():
            if key == PROFILE:
                self.use_profile(Profile.from_json(value))
            elif key == RATES:
                self.use_rates(stored_rates(connection))
            elif key == SWITCHES:
                self._use_switches(connection, value)
            else:
                new = {name: activity for name, activity in value.items() if name not in self.catalogue.event_types}
                self.catalogue.add([log_event_type(name, activity) for name, activity in new.items()], LOGS)
        self._noted = noted
        return True

    def _use_switches(self, connection: Connection, value: Mapping[str, Any]) -> None:
        """Switch plugins on and off in this process as people decided; try one again, once, that they asked to try again."""
        off, tries = value.get("off", {}), value.get("tries", {})
        known = {state.name: state for state in self.plugins.states}
        wanted = []
        for name, state in known.items():
            if name in off:
                self.plugins.switch_off(name, SWITCHED_OFF)
            elif (state.state == "off" and state.why == SWITCHED_OFF) or (
                self._started and state.state == "failed" and tries.get(name, 0) > self._tries.get(name, 0)
            ):
                wanted.append(name)
        for name in wanted:
            if self.plugins.switch_on(name):
                self.plugins.call_one(name, "start", deployment=self)
                self.plugins.call_one(name, "refresh", connection=connection)
        self._tries = dict(tries)

    def use_profile(self, profile: Profile) -> None:
        """Use `profile` as the client's in this process; its event types replace those of the profile before."""
        self.profile, self.calendar = profile, WorkCalendar(profile.calendar)
        self.use_rates(self._rates)
        self.catalogue.remove(CLIENT)
        for name in profile.event_types:  # the client's own declaration replaces what was derived from a log
            known = self.catalogue.event_types.get(name)
            if known and known.plugin == LOGS:
                del self.catalogue.event_types[name]
        self.catalogue.add(profile.event_types.values(), CLIENT)

    def use_rates(self, rates: Iterable[Rate]) -> None:
        """Use these rates in this process to convert amounts into the client's currency."""
        self._rates = tuple(rates)
        self.catalogue.money = Money(self.profile.currency, self._rates)

    def plugin_settings(self, name: str) -> Mapping[str, Any]:
        """A plugin's settings: those of the bundle, overridden by those of tideng.toml, with secrets filled in.

        Raises `InvalidSettings` when a ``${ENV:NAME}`` of the bundle is not set.
        """
        return {**fill_secrets(dict(self.profile.plugins.get(name, {}))), **self.settings.plugins.get(name, {})}

    def check(self, bundle: Bundle) -> list[Problem]:
        """Ask every plugin about `bundle`; return the warnings. Raises `InvalidBundle` with every error at once."""
        failed = self.failed_plugins()
        found = [p for part in self.plugins.call("check_bundle", bundle=bundle) for p in part]
        self.refuse_new_failures(failed)
        found += self._clashes(bundle)
        errors = [problem for problem in found if problem.severity == "error"]
        if errors:
            raise InvalidBundle(Sentence("client-bundle", {"name": bundle.root.name or str(bundle.root)}), errors)
        return found

    def _clashes(self, bundle: Bundle) -> list[Problem]:
        problems = []
        for name in bundle.event_types:
            known = self.catalogue.event_types.get(name)
            if known and known.plugin not in (CLIENT, LOGS):
                problems.append(Problem(f"event_types.{name}", "event-type-declared-already", {"plugin": known.plugin}))
        for name in bundle.channels:
            if name not in self.catalogue.channels:
                problems.append(
                    Problem(
                        "client.yaml, channels",
                        "channel-unavailable",
                        {"name": name, "names": sorted(self.catalogue.channels)},
                    )
                )
        for name in bundle.plugins:
            if self.plugins.get(name) is None:
                on = [state.name for state in self.plugins.states if state.state == "on"]
                near = self.catalogue.suggest(name, on)
                way_out = Sentence("plugins-on", {"names": on}) if on else Sentence("no-plugins-on")
                if near:
                    way_out = Sentence("did-you-mean", {"name": near})
                problems.append(Problem(f"plugins.{name}", "plugin-not-on", {"way_out": way_out}))
        return problems

    def failed_plugins(self) -> frozenset[str]:
        return frozenset(state.name for state in self.plugins.states if state.state == "failed")

    def refuse_new_failures(self, before: frozenset[str]) -> None:
        """Raise `PluginRefused` if a plugin failed since `before` was taken: a client is applied as a whole or not at all."""
        new = [f"{s.name} ({s.error})" for s in self.plugins.states if s.state == "failed" and s.name not in before]
        if new:
            raise PluginRefused("switch-changed-nothing", {"why": "; ".join(new)})

    def note_plugins(self, connection: Connection) -> None:
        """Store the state of every plugin, for the plugins page; `since` changes only with the state."""
        held = {row.name: row for row in connection.execute(select(PluginRow.__table__))}
        now = self.clock.now()
        for one in self.plugins.states:
            row = held.pop(one.name, None)
            why = sentence_as_text(one.why) if one.why else None
            if row is not None and (row.state, row.error) == (one.state, why):
                continue
            values = {"state": one.state, "error": why, "since": now}
            statement = insert(connection)(PluginRow).values(name=one.name, **values)
            connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
        if held:  # no longer installed
            connection.execute(delete(PluginRow).where(PluginRow.name.in_(list(held))))

    def keep_switches(self, connection: Connection, value: Mapping[str, Any]) -> None:
        """Store which plugins people switched off; every process loads it at its next `refresh`."""
        self._keep(connection, SWITCHES, value)

    def keep_profile(self, connection: Connection, profile: Profile) -> None:
        """Store `profile`; every process loads it at its next `refresh`."""
        self._keep(connection, PROFILE, profile.to_json())

    def keep_rates(self, connection: Connection, rates: Iterable[Rate], since: date) -> None:
        """Replace the stored rates by `rates`; every process loads them at its next `refresh`, and counts the amounts of
        `since` and later again."""
        store_rates(connection, rates)
        pending = connection.scalar(select(NoteRow.value).where(NoteRow.key == RECOUNT))
        first = min(since.isoformat(), (pending or {}).get("since") or since.isoformat())
        self._keep(connection, RECOUNT, {"since": first})
        self._keep(connection, RATES, {"since": since.isoformat()})

    def keep_log_types(self, connection: Connection) -> list[str]:
        """Store the event types that were declared while event logs were read, so that every process and the next start
        know them; returns those that are new, in the order they were found."""
        found = {name: one.title["en"] for name, one in self.catalogue.event_types.items() if one.plugin == LOGS}
        if not found:
            return []
        kept = connection.scalar(select(NoteRow.value).where(NoteRow.key == LOG_TYPES)) or {}
        new = [name for name in found if name not in kept]
        if new:
            self._keep(connection, LOG_TYPES, {**kept, **found})
        return new

    def _keep(self, connection: Connection, key: str, value: Mapping[str, Any]) -> None:
        last = connection.scalar(select(NoteRow.updated_at).where(NoteRow.key == key))
        now = self.clock.now()
        if last is not None and now <= last:  # a clock set back must not hide a change
            now = last + last.resolution
        values = {"value": dict(value), "updated_at": now}
        statement = insert(connection)(NoteRow).values(key=key, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))


def _clock(settings: Settings) -> Clock:
    if settings.clock_start is None:
        return SystemClock()
    return ScaledClock(settings.clock_start, settings.clock_began, settings.clock_speed)


def _exists(url: str) -> bool:
    """Whether the database exists. SQLite would create an empty file if it were opened to look."""
    parts = make_url(url)
    return parts.get_backend_name() != "sqlite" or not parts.database or Path(parts.database).is_file()
