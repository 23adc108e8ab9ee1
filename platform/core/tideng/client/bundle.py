"""A client bundle: everything that an implementer customises, as files, read and checked as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from babel.numbers import list_currencies

from tideng.base.durations import Duration
from tideng.base.errors import InvalidBundle, Problem, Refused
from tideng.base.problems import Sentence
from tideng.base.suggestions import nearest_or_known
from tideng.base.text import same
from tideng.client.files import Document, Problems, read_yaml
from tideng.client.org_tables import (
    Organisation,
    locale_problem,
    nearest,
    read_organisation,
    timezone_problem,
)
from tideng.client.rate_table import read_rates
from tideng.model.calendars import WorkCalendar
from tideng.model.catalogue import (
    FIELD_TYPES,
    EventType,
    Field,
    Text,
)
from tideng.model.money import Rate
from tideng.org.directory import (
    Assignment,
    Directory,
    Position,
    Unit,
)

TABLES = ("units.csv", "positions.csv", "people.csv", "rates.csv")
EVENT_FILES = (".jsonl", ".json", ".csv", ".xes")
RULE_FILES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class PackUse:
    """A shipped pack that this client uses; `version` None means the one that is shipped."""

    name: str
    version: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A client, read and consistent.

    `calendar`: a country (``CN``) or a part of one (``AU-NSW``). `quiet_hours`: local times; the first may be the later
    one. `nudge_budget`: has ``day`` and ``week`` if the client sets them. `digest`: None when messages are not
    gathered. `plugins`: plugin → its settings, with ``${ENV:NAME}`` not yet replaced. `rule_files`, `event_files`:
    sorted paths.
    """

    root: Path
    client: str
    locale: str = "zh"
    currency: str = "CNY"
    timezone: str = "Asia/Shanghai"
    calendar: str = "CN"
    quiet_hours: tuple[time, time] = (time(22), time(7, 30))
    nudge_budget: Mapping[str, int] = field(default_factory=dict)
    digest: Duration | None = None
    channels: tuple[str, ...] = ("portal",)
    plugins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    packs: tuple[PackUse, ...] = ()
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    event_types: Mapping[str, EventType] = field(default_factory=dict)
    units: tuple[Unit, ...] = ()
    positions: tuple[Position, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    rates: tuple[Rate, ...] = ()
    rule_files: tuple[Path, ...] = ()
    event_files: tuple[Path, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def directory(self) -> Directory:
        """The directory of everyone in this bundle, on any day."""
        return Directory(self.assignments, self.units, self.positions, self.timezone, self.roles)


def read_bundle(path: str | Path) -> Bundle:
    """Read the bundle in folder `path`, in which only client.yaml is required.

    Raises `InvalidBundle` with every problem in every file at once, each with its file, line and column.
    """
    root, problems = Path(path), Problems()
    document = _client_file(root, problems)
    said = _ClientFile(document, problems)
    organisation = read_organisation(root, said.values["timezone"], said.values["locale"], problems)
    roles = said.roles({a.person for a in organisation.assignments})
    rates = read_rates(root, said.values["currency"], problems)
    if organisation.assignments and not roles.get("hr"):
        problems.add(document.at("roles") if document else "client.yaml", "nobody-is-hr", severity="warning")
    _strangers(root, problems)
    if problems.errors:
        raise InvalidBundle(Sentence("client-bundle", {"name": root.name or str(root)}), problems.errors)
    return _bundle(root, said, organisation, roles, rates, problems)


def _bundle(
    root: Path, said: _ClientFile, org: Organisation, roles: Mapping, rates: tuple[Rate, ...], problems: Problems
) -> Bundle:
    return Bundle(
        root=root,
        roles=roles,
        rates=rates,
        units=org.units,
        positions=org.positions,
        assignments=org.assignments,
        rule_files=_files(root / "rules", RULE_FILES),
        event_files=_files(root / "events", EVENT_FILES),
        warnings=problems.warnings,
        **said.values,
    )


def _client_file(root: Path, problems: Problems) -> Document | None:
    if not root.is_dir():
        problems.add(str(root), "not-a-folder")
        return None
    if not (root / "client.yaml").is_file():
        way_out = Sentence("rename-client-yml" if (root / "client.yml").exists() else "least-client-file")
        problems.add("client.yaml", "client-file-missing", {"way_out": way_out})
        return None
    document = read_yaml(root / "client.yaml", problems)
    if document and not isinstance(document.value, dict):
        problems.add("client.yaml line 1", "client-file-not-a-mapping")
        return None
    return document


def _files(folder: Path, endings: tuple[str, ...]) -> tuple[Path, ...]:
    if not folder.is_dir():
        return ()
    paths = (p for p in folder.rglob("*") if p.is_file() and not p.name.startswith((".", "~$")))
    return tuple(sorted(p for p in paths if p.name.removesuffix(".gz").endswith(endings)))


def _strangers(root: Path, problems: Problems) -> None:
    """Report unknown tables; a misspelt one would otherwise be ignored in silence."""
    for path in sorted(root.glob("*.csv")) if root.is_dir() else ():
        if path.name not in TABLES:
            way_out = nearest(path.name, TABLES) or Sentence("listed", {"names": TABLES})
            problems.add(path.name, "not-a-table-of-a-bundle", {"way_out": way_out})


_ENV = re.compile(r"\$\{ENV:[A-Za-z_][A-Za-z0-9_]*\}")
_SECRET_NAMES = {"password", "passwd", "pwd", "secret", "token", "credential", "credentials", "key", "apikey", "dsn"}
_SECRET_VALUES = re.compile(r"://[^/\s:@]+:[^/\s@$]+@|[?&](?:key|token|access_token|secret|sign)=[^$&]|-----BEGIN")
_FIELD_WORDS = ("unit", "required", "key", "sensitive", "minimum", "maximum", "currency")
_TYPE = re.compile(r"[^\W\dA-Z][^\WA-Z]*(\.[^\WA-Z]+)*")


class _ClientFile:
    """Read client.yaml key by key. Each method takes the value from the document, adds problems, and returns the
    valid value."""

    def __init__(self, document: Document | None, problems: Problems):
        self._document, self._problems = document, problems
        self._said: Mapping[str, Any] = document.value if document else {}
        readers: dict[str, Callable[[Any], Any]] = {
            "client": self._client,
            "locale": self._locale,
            "currency": self._currency,
            "timezone": self._timezone,
            "calendar": self._calendar,
            "quiet_hours": self._quiet_hours,
            "nudge_budget": self._nudge_budget,
            "digest": self._digest,
            "channels": self._channels,
            "plugins": self._plugins,
            "packs": self._packs,
            "event_types": self._event_types,
        }
        known = (*readers, "roles")
        for name in self._said:
            if name not in known:
                self._wrong(name, "not-known-here", {"way_out": nearest_or_known(name, known)})
        self.values: dict[str, Any] = {"locale": "zh", "currency": "CNY", "timezone": "Asia/Shanghai"}
        for name, reader in readers.items():
            if self._said.get(name) is not None or (name == "client" and document):
                value = reader(self._said.get(name))
                if value is not None:
                    self.values[name] = value

    def _wrong(self, place: str, code: str, params: Mapping[str, Any] | None = None) -> None:
        assert self._document is not None  # without a document nothing is read that could be wrong
        self._problems.add(self._document.at(place), code, params)

    def _text(self, place: str, value: Any, example: Sentence | str = "") -> str | None:
        if isinstance(value, str) and value.strip():
            return value.strip()
        self._wrong(place, "text-expected", {"example": example})
        return None

    def _mapping(self, place: str, value: Any, example: str = "") -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        self._wrong(place, "mapping-expected", {"example": example})
        return {}

    def _list(self, place: str, value: Any, example: str = "") -> list[Any]:
        if isinstance(value, list):
            return value
        self._wrong(place, "list-expected", {"example": example})
        return []

    def _only(self, place: str, value: Mapping[str, Any], known: Iterable[str]) -> None:
        for name in value:
            if name not in known:
                self._wrong(f"{place}.{name}", "not-known-here", {"way_out": nearest_or_known(name, known)})

    def _client(self, value: Any) -> str | None:
        return self._text("client", value, Sentence("client-name"))

    def _checked(self, place: str, value: Any, check: Callable[[str], Sentence | None]) -> str | None:
        text = self._text(place, value)
        wrong = check(text) if text else None
        if wrong:
            self._wrong(place, wrong.code, wrong.params)
        return None if wrong else text

    def _locale(self, value: Any) -> str | None:
        return self._checked("locale", value, locale_problem)

    def _timezone(self, value: Any) -> str | None:
        return self._checked("timezone", value, timezone_problem)

    def _currency(self, value: Any) -> str | None:
        known = list_currencies()
        return self._checked(
            "currency", value, lambda code: None if code in known else Sentence("not-a-currency", {"code": code})
        )

    def _calendar(self, value: Any) -> str | None:
        def check(country: str) -> Sentence | None:
            try:
                WorkCalendar(country)
                return None
            except Refused as refused:
                return refused.problems[0].message

        return self._checked("calendar", value, check)

    def _quiet_hours(self, value: Any) -> tuple[time, time] | None:
        said = self._mapping("quiet_hours", value, 'quiet_hours: {from: "22:00", until: "07:30"}')
        self._only("quiet_hours", said, ("from", "until"))
        ends = []
        for name in ("from", "until"):
            try:
                if not re.fullmatch(r"\d\d:\d\d", str(said.get(name)), re.ASCII):
                    raise ValueError
                ends.append(time.fromisoformat(said[name]))
            except ValueError:
                if said:
                    self._wrong(f"quiet_hours.{name}", "not-quiet-hours", {"value": said.get(name)})
        return (ends[0], ends[1]) if len(ends) == 2 else None

    def _nudge_budget(self, value: Any) -> Mapping[str, int]:
        said = self._mapping("nudge_budget", value, "nudge_budget: {day: 6, week: 20}")
        self._only("nudge_budget", said, ("day", "week"))
        for name, number in said.items():
            if name in ("day", "week") and (type(number) is not int or number < 1):
                self._wrong(f"nudge_budget.{name}", "budget-not-a-count")
        day, week = said.get("day"), said.get("week")
        if type(day) is int and type(week) is int and 1 <= week < day:
            self._wrong("nudge_budget.week", "week-budget-below-day", {"number": day})
        return said

    def _digest(self, value: Any) -> Duration | None:
        try:
            window = Duration.parse(value)
        except Refused:
            self._wrong("digest", "not-a-digest-window", {"value": value})
            return None
        if window.unit not in ("minutes", "hours") or window.elapsed > timedelta(days=1):
            self._wrong("digest", "digest-too-long", {"value": value})
            return None
        return window

    def _channels(self, value: Any) -> tuple[str, ...] | None:
        names = self._list("channels", value, "channels: [portal]")
        return tuple(filter(None, (self._text(f"channels[{i}]", name) for i, name in enumerate(names)))) or None

    def _plugins(self, value: Any) -> Mapping[str, Mapping[str, Any]]:
        plugins = {}
        for name, settings in self._mapping("plugins", value).items():
            plugins[name] = self._mapping(f"plugins.{name}", settings) if settings is not None else {}
            self._secrets(f"plugins.{name}", name, plugins[name])
        return plugins

    def _packs(self, value: Any) -> tuple[PackUse, ...]:
        hint = "packs: [{name: travel-sales, parameters: {}}]"
        uses: dict[str, PackUse] = {}
        for i, item in enumerate(self._list("packs", value, hint)):
            place = f"packs[{i}]"
            said = {"name": item} if isinstance(item, str) else self._mapping(place, item, hint)
            self._only(place, said, ("name", "version", "parameters"))
            name = self._text(f"{place}.name", said.get("name"), hint) if said else None
            parameters = self._mapping(f"{place}.parameters", said.get("parameters") or {})
            self._secrets(f"{place}.parameters", "", parameters)
            if name in uses:
                self._wrong(f"{place}.name", "listed-twice", {"name": name})
            elif name:
                version = said.get("version")
                uses[name] = PackUse(name, None if version is None else str(version), parameters)
        return tuple(uses.values())

    def roles(self, people: set[str]) -> Mapping[str, tuple[str, ...]]:
        """Role → the people who hold it. Read last, because it names people."""
        roles: dict[str, tuple[str, ...]] = {}
        if self._said.get("roles") is None:
            return roles
        for role, holders in self._mapping("roles", self._said["roles"], "roles: {hr: [p001]}").items():
            place = f"roles.{role}"
            names = [holders] if isinstance(holders, str) else self._list(place, holders, "hr: [p001]")
            for i, name in enumerate(names):
                if name not in people:
                    self._wrong(f"{place}[{i}]", "unknown-person", {"name": name, "near": nearest(name, people)})
            roles[role] = tuple(map(str, names))
        return roles

    def _event_types(self, value: Any) -> Mapping[str, EventType]:
        types = {}
        for name, said in self._mapping("event_types", value).items():
            place = f"event_types.{name}"
            if not _TYPE.fullmatch(name) or len(name) > 120:
                self._wrong(place, "not-an-event-type-name")
            said = self._mapping(place, said if said is not None else {})
            self._only(place, said, ("title", "fields", "open"))
            fields = self._mapping(f"{place}.fields", said.get("fields") or {})
            self._currencies(f"{place}.fields", fields)
            types[name] = EventType(
                name,
                self._title(f"{place}.title", said.get("title") or name),
                tuple(self._field(f"{place}.fields.{field}", field, spec) for field, spec in fields.items()),
                plugin="client",
                open=bool(said.get("open", not fields)),
            )
        return types

    def _currencies(self, place: str, fields: Mapping[str, Any]) -> None:
        """Check that each amount's currency field exists and is a text."""
        kinds = {name: said.get("type", "text") if isinstance(said, dict) else said for name, said in fields.items()}
        for name, said in fields.items():
            currency = said.get("currency") if isinstance(said, dict) else None
            if currency is None:
                continue
            if kinds[name] not in ("number", "integer"):
                self._wrong(f"{place}.{name}.currency", "currency-of-no-number")
            if kinds.get(currency) != "text":
                texts = [other for other, kind in kinds.items() if kind == "text"]
                way_out = nearest(currency, texts) or Sentence("currency-field-example")
                self._wrong(f"{place}.{name}.currency", "no-text-field", {"name": currency, "way_out": way_out})

    def _field(self, place: str, name: str, value: Any) -> Field:
        said = {"type": value} if isinstance(value, str) else self._mapping(place, value, f"{name}: text")
        self._only(place, said, ("type", "title", *_FIELD_WORDS))
        kind = said.get("type", "text")
        if kind not in FIELD_TYPES:
            self._wrong(place, "unknown-field-type", {"kind": kind, "names": FIELD_TYPES})
        for flag in ("required", "key", "sensitive"):
            if not isinstance(said.get(flag, False), bool):
                self._wrong(f"{place}.{flag}", "boolean-needed-here")
        for bound in ("minimum", "maximum"):
            if type(said.get(bound, 0)) not in (int, float):
                self._wrong(f"{place}.{bound}", "number-needed-here")
        title = self._title(f"{place}.title", said.get("title") or name)
        rest: dict[str, Any] = {k: v for k, v in said.items() if k in _FIELD_WORDS}
        return Field(name, str(kind), title, **rest)

    def _title(self, place: str, value: Any) -> Text:
        if isinstance(value, str):
            return same(value)
        return {locale: str(text) for locale, text in self._mapping(place, value, "{zh: …, en: …}").items()}

    def _secrets(self, place: str, name: str, value: Any) -> None:
        """Report secrets, which belong in the environment: bundles go into version control and to partners."""
        if isinstance(value, dict):
            for inner, item in value.items():
                self._secrets(f"{place}.{inner}", inner, item)
        elif isinstance(value, list):
            for i, item in enumerate(value):
                self._secrets(f"{place}[{i}]", name, item)
        elif isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            text, words = str(value), set(re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()))
            if "${" in _ENV.sub("", text):
                self._wrong(place, "not-an-environment-reference", {"variable": _variable(name)})
            elif (words & _SECRET_NAMES and not _ENV.search(text)) or _SECRET_VALUES.search(text):
                self._wrong(place, "secret-in-bundle", {"variable": _variable(name)})


def _variable(name: str) -> str:
    """The name of an environment variable for a setting, e.g. ``SMTP_PASSWORD``."""
    return re.sub("[^A-Z0-9]+", "_", (name or "NAME").upper()).strip("_") or "NAME"
