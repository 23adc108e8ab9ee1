"""A deployment's settings: each explains itself; all that is wrong is said at once.

They come from ``tideng.toml`` in the deployment's folder, then from the environment (``TIDENG_WEB_PORT=80`` is
``web_port``). A TOML table is a prefix: ``[clock] speed`` is ``clock_speed``. ``[plugins.NAME]`` belongs to the plugin
of that name. ``${ENV:NAME}`` anywhere in a text stands for an environment variable: secrets are never in the file.
"""

from __future__ import annotations

import difflib
import os
import re
import secrets
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tideng.base.errors import InvalidSettings, InvalidValue, NotFound, Problem
from tideng.base.numerals import read_number, read_whole
from tideng.base.parse_errors import of_toml
from tideng.base.problems import Sentence

FILE = "tideng.toml"
SECRET_FILE = "secret.key"
HOME = "TIDENG_HOME"
_PREFIX = "TIDENG_"
_ENV = re.compile(r"\$\{ENV:([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `kind` is text, integer, number, boolean, moment or list; `minimum` and `choices` limit its value.

    What it is for is said, in each language, under ``setting-<name>`` in the catalogue of problems: the way out of a
    wrong value.
    """

    name: str
    default: Any
    kind: str = "text"
    minimum: float | None = None
    choices: tuple[str, ...] = ()
    secret: bool = False

    @property
    def purpose(self) -> Sentence:
        """What it is for."""
        return Sentence(f"setting-{self.name.replace('_', '-')}")

    @property
    def help(self) -> str:
        """What it is for, in English."""
        return str(self.purpose)

    @property
    def variable(self) -> str:
        return _PREFIX + self.name.upper()

    def read(self, raw: object) -> Any:
        """The value in its type; raises `InvalidValue`, which says what it should have been."""
        value: Any = _READERS[self.kind](raw)
        if value is None and self.default is not None:
            raise InvalidValue("value-needed")
        if self.minimum is not None and value is not None and value < self.minimum:
            raise InvalidValue("value-too-small", {"limit": f"{self.minimum:g}"})
        if self.choices and value not in self.choices:
            raise InvalidValue("value-not-listed", {"names": self.choices})
        return value


def _setting(default: Any, kind: str = "text", **more: Any) -> Any:
    return field(default=default, repr=not more.get("secret", False), metadata={"kind": kind, **more})


@dataclass(frozen=True)
class Settings:
    """What one deployment runs with. Immutable; relative files are taken from `folder`."""

    folder: Path
    database_url: str = _setting("sqlite:///tideng.db", secret=True)
    queue_file: str = _setting("queue.db")
    engine: str = _setting("durable", choices=("durable", "closures"))
    engine_deadline_seconds: float = _setting(10.0, "number", minimum=0.05)
    rules_need_approval: bool = _setting(False, "boolean")
    engine_double_check: int = _setting(50, "integer", minimum=0)
    batch_size: int = _setting(2000, "integer", minimum=1)
    sweep_seconds: float = _setting(5.0, "number", minimum=0.05)
    delivery_attempts: int = _setting(8, "integer", minimum=1)
    lease_seconds: float = _setting(60.0, "number", minimum=1)
    back_off_base_seconds: float = _setting(30.0, "number", minimum=0)
    back_off_cap_seconds: float = _setting(3600.0, "number", minimum=0)
    speak_within_hours: float = _setting(48.0, "number", minimum=0)
    storm_factor: float = _setting(3.0, "number", minimum=1)
    storm_floor: int = _setting(20, "integer", minimum=0)
    max_event_depth: int = _setting(4, "integer", minimum=0)
    backlog_limit_seconds: float = _setting(300.0, "number", minimum=1)
    plugins_allowed: tuple[str, ...] = _setting(("shipped",), "list")
    web_host: str = _setting("127.0.0.1")
    web_port: int = _setting(8080, "integer", minimum=0)
    secret_key: str = _setting("", secret=True)
    trusted_hosts: tuple[str, ...] = _setting(("localhost", "127.0.0.1"), "list")
    trusted_proxies: int = _setting(0, "integer", minimum=0)
    clock_start: datetime | None = _setting(None, "moment")
    clock_began: float | None = _setting(None, "number")
    clock_speed: float = _setting(1.0, "number", minimum=0.001)
    log_level: str = _setting("info", choices=("debug", "info", "warning", "error"))
    log_format: str = _setting("console", choices=("console", "json"))
    plugins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731 (frozen: only here)
        put("folder", Path(self.folder).absolute())
        put("queue_file", str(self.folder / self.queue_file))
        put("database_url", _absolute(self.database_url, self.folder))
        put("plugins", MappingProxyType({name: MappingProxyType(dict(of)) for name, of in self.plugins.items()}))

    @staticmethod
    def describe() -> str:
        """Every setting as a Markdown table, for docs/settings.md."""
        lines = ["| setting | default | what it is |", "|---|---|---|"]
        for setting in SETTINGS:
            text = setting.help.replace("|", "\\|")
            lines.append(f"| `{setting.name}` | {_shown(setting.default)} | {text} |")
        return "\n".join(lines) + "\n"


def _absolute(url: str, folder: Path) -> str:
    """A relative SQLite file is the folder's, whatever the current directory is."""
    file = url.removeprefix("sqlite:///")
    return f"sqlite:///{folder / file}" if file != url and file and not file.startswith(":") else url


def _shown(value: Any) -> str:
    if value in (None, "", ()):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{', '.join(value) if isinstance(value, tuple) else value}`"


SETTINGS = tuple(
    Setting(f.name, f.default, **f.metadata) for f in fields(Settings) if f.default is not MISSING and f.metadata
)
_BY_NAME: Mapping[str, Setting] = MappingProxyType({s.name: s for s in SETTINGS})


def default_folder() -> Path:
    """The current directory where it holds a tideng.toml, else ``TIDENG_HOME``; raises `NotFound` when neither is set."""
    here = Path.cwd()
    if (here / FILE).is_file():
        return here
    home = os.environ.get(HOME)
    if home:
        return Path(home)
    raise NotFound("no-settings-file", {"file": FILE, "home": HOME})


def load(folder: Path | str, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of the deployment in `folder`.

    `environ` stands in for the process's environment. Raises `InvalidSettings` with every problem found.
    """
    folder = Path(folder)
    environ = os.environ if environ is None else environ
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    plugins: dict[str, Any] = {}
    for place, name, raw in _entries(_toml(folder / FILE, problems), plugins, problems):
        _take(values, problems, place, name, _filled(raw, environ, place, problems))
    for variable in sorted(v for v in environ if v.startswith(_PREFIX) and v != HOME):
        name = variable.removeprefix(_PREFIX).lower()
        near = difflib.get_close_matches(name, _BY_NAME, n=1, cutoff=0.8)
        # others may be secrets that ${ENV:…} names, so only what looks like a slip is refused
        if name in _BY_NAME or near:
            _take(values, problems, variable, name, environ[variable])
    plugins = {n: _filled(of, environ, f"plugins.{n}", problems) for n, of in plugins.items()}
    if values.get("clock_start") is not None and values.get("clock_began") is None:
        problems.append(Problem("clock.start", "clock-began-missing"))
    if problems:
        raise InvalidSettings(Sentence("settings-of", {"folder": str(folder)}), problems)
    secret = folder / SECRET_FILE
    if not values.get("secret_key") and secret.is_file():
        values["secret_key"] = secret.read_text().strip()
    return Settings(folder=folder, plugins=plugins, **values)


def create(folder: Path | str, plugins: Mapping[str, Mapping[str, Any]] | None = None, **chosen: Any) -> Settings:
    """Make `folder` a deployment: a tideng.toml with `chosen` settings and the others explained, and a secret key.

    Raises `InvalidSettings` where there is one already, or a chosen value is wrong.
    """
    folder = Path(folder)
    problems: list[Problem] = []
    if (folder / FILE).exists():
        problems.append(Problem(str(folder / FILE), "deployment-exists"))
    for name, value in chosen.items():
        _take({}, problems, name, name, value)
    if problems:
        raise InvalidSettings(Sentence("new-deployment", {"folder": str(folder)}), problems)
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["# The settings of this deployment. What is commented out shows the default.", ""]
    for setting in SETTINGS:
        if setting.name == "secret_key":
            continue
        value = chosen.get(setting.name, setting.default)
        off = "" if setting.name in chosen else "# "
        lines += [f"# {setting.help}", f"{off}{setting.name} = {_toml_value(value)}", ""]
    for name, of in (plugins or {}).items():
        lines += [f"[plugins.{name}]", *(f"{key} = {_toml_value(value)}" for key, value in of.items()), ""]
    _write_private(folder / FILE, "\n".join(lines))  # the database's password may stand in it
    if not (folder / SECRET_FILE).exists():
        _write_private(folder / SECRET_FILE, secrets.token_urlsafe(48) + "\n")
    return load(folder)


def fill_secrets(value: Any, environ: Mapping[str, str] | None = None) -> Any:
    """Put environment variables in place of ``${ENV:NAME}``, at any depth; raises `InvalidSettings` for missing ones."""
    problems: list[Problem] = []
    filled = _filled(value, os.environ if environ is None else environ, "", problems)
    if problems:
        raise InvalidSettings("secrets", problems)
    return filled


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _toml(path: Path, problems: list[Problem]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        problems.append(Problem(str(path), "deployment-missing"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(Problem(str(path), "not-toml", {"why": of_toml(error)}))
    return {}


def _entries(
    document: Mapping[str, Any], plugins: dict[str, Any], problems: list[Problem]
) -> Iterable[tuple[str, str, Any]]:
    """(place, setting name, value) triples; the tables of plugins are put aside into `plugins`."""
    for key, value in document.items():
        if not isinstance(value, dict):
            yield key, key, value
            continue
        for inner, of in value.items():
            if key == "plugins" and isinstance(of, dict):
                plugins[inner] = of
            else:
                yield f"{key}.{inner}", f"{key}_{inner}", of
        if not value and not any(name.startswith(f"{key}_") for name in _BY_NAME):
            problems.append(Problem(f"[{key}]", "unknown-table", {"near": _suggestion(key)}))


def _take(values: dict[str, Any], problems: list[Problem], place: str, name: str, raw: Any) -> None:
    setting = _BY_NAME.get(name)
    if setting is None:
        problems.append(Problem(place, "unknown-setting", {"near": _suggestion(name)}))
        return
    try:
        values[name] = setting.read(raw)
    except InvalidValue as error:
        params = {"why": error.message, "help": setting.purpose}
        if setting.secret:
            problems.append(Problem(place, "secret-setting-refused", params))
        else:
            problems.append(Problem(place, "setting-refused", {"value": raw, **params}))


def _suggestion(name: str) -> Sentence | None:
    near = difflib.get_close_matches(name, _BY_NAME, n=1, cutoff=0.5)
    return Sentence("did-you-mean", {"name": near[0]}) if near else None


def _filled(value: Any, environ: Mapping[str, str], place: str, problems: list[Problem]) -> Any:
    if isinstance(value, str):
        for name in _ENV.findall(value):
            if name not in environ:
                problems.append(Problem(place, "environment-variable-missing", {"name": name}))
        return _ENV.sub(lambda found: environ.get(found.group(1), ""), value)
    if isinstance(value, Mapping):
        return {k: _filled(v, environ, f"{place}.{k}".lstrip("."), problems) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(v, environ, place, problems) for v in value]
    return value


def _toml_value(value: Any) -> str:
    if value is None:
        return '""'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    if isinstance(value, (int, float)):
        return repr(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda c: f"\\u{ord(c.group()):04x}", escaped) + '"'


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidValue("text-needed")
    return value


def _integer(value: object) -> int:
    whole = read_whole(value) if isinstance(value, str) else value
    if isinstance(whole, bool) or not isinstance(whole, int):
        raise InvalidValue("whole-number-needed")
    return whole


def _number(value: object) -> float | None:
    if value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise InvalidValue("number-needed")
    known = read_number(value) if isinstance(value, str) else value
    if known is None:
        raise InvalidValue("number-needed")
    number = float(known)
    if number != number or number in (float("inf"), float("-inf")):
        raise InvalidValue("number-not-finite")
    return number


def _boolean(value: object) -> bool:
    said = {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value
    if not isinstance(said, bool):
        raise InvalidValue("boolean-needed")
    return said


def _moment(value: object) -> datetime | None:
    if value == "" or value is None:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise InvalidValue("moment-with-zone-needed")
    return moment.astimezone(UTC)


def _list(value: object) -> tuple[str, ...]:
    items = [item.strip() for item in value.split(";")] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, str) for item in items):
        raise InvalidValue("text-list-needed")
    return tuple(item for item in items if item)


_READERS = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "moment": _moment,
    "list": _list,
}
