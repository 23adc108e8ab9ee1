"""The parts of docs/ that are drawn from the code: ``python -m docs.make``, or ``make docs``.

`written()` gives every such file with its text; tests/test_docs.py compares them with what is on disk.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any, get_origin

from tideng import plugin as door
from tideng.model.catalogue import EventType
from tideng.cli.reference import fill
from tideng.plugins.door import homes_of
from tideng.plugins.hookspecs import Hooks
from tideng.plugins.manager import SHIPPED, Plugins
from tideng.base.settings import Settings

HERE = Path(__file__).parent
DOORS = {"../platform/core/tideng/plugin.py": (), "../admin/tideng_admin/screens.py": ("ICONS", "Screen")}
"""Modules that re-export: file → the names that they define themselves. Their imports and `__all__` are drawn from SHELVES."""
MADE = "<!-- Drawn from the code by `make docs`; change it there. -->"


def written() -> dict[str, str]:
    """File name → text, for every file that is drawn from the code."""
    plugins = Plugins((SHIPPED,))
    failed = [state for state in plugins.states if state.state == "failed"]
    if failed:
        raise SystemExit(f"plugins failed, so the catalogue would not be whole: {failed}")
    made = {
        "settings.md": settings(),
        "hooks.md": hooks(plugins),
        "plugin-names.md": names(),
        "catalogue.md": catalogue(plugins),
    }
    for source, more in DOORS.items():
        made[source] = door_source((HERE / source).read_text("utf-8"), more)
    for path in sorted(HERE.glob("cli.*md")):  # in these only what stands between two marks is drawn
        made[path.name] = fill(path.read_text("utf-8"), "zh" if ".zh" in path.name else "en")
    return made


# -- settings ----------------------------------------------------------------------------------------------------------
def settings() -> str:
    return f"""# Settings
{MADE}

`tideng init DIR` writes `DIR/tideng.toml` with every setting explained and commented out. A setting is taken from, in this
order: the environment (`TIDENG_WEB_PORT=80` is `web_port`), `tideng.toml`, the default. A TOML table is a prefix:
`[clock] speed = 60` is `clock_speed`. `[plugins.NAME]` belongs to the plugin of that name and goes over what the client bundle
says of it. `${{ENV:NAME}}` in any text stands for an environment variable, so that no secret has to be in a file. Everything
that is wrong is said at once, and the command ends with status 1.

In the environment a list is written with `;` between its items: `TIDENG_TRUSTED_HOSTS="hr.example.com;localhost"`.

{Settings.describe()}"""


# -- hooks -------------------------------------------------------------------------------------------------------------
def hooks(plugins: Plugins) -> str:
    specs = _specs()
    rows = [(f"[{name}](#{_anchor(_heading(name, of))})", _first_line(of.__doc__)) for name, of in specs]
    parts = [
        f"""# Hooks
{MADE}

A plugin is an object with methods that carry `@hookimpl` and one of these names. It may leave out arguments it does not need,
but not rename them. Of a hook marked *first answer* the first plugin that returns something other than None wins; of the others
every answer counts. The types are in [tideng.plugin](plugin-names.md); [Writing a plugin](writing-a-plugin.md) builds a whole one.

{_rows(("hook", "what for"), rows)}"""
    ]
    parts += [_hook(name, function, plugins) for name, function in specs]
    return "\n".join(parts)


def _heading(name: str, function: FunctionType) -> str:
    return f"{name} · *first answer*" if getattr(function, "tideng_spec", {}).get("firstresult") else name


def _anchor(heading: str) -> str:
    """The anchor of a heading, as code hosts make them."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _specs() -> list[tuple[str, FunctionType]]:
    return [(name, of) for name, of in vars(Hooks).items() if isinstance(of, FunctionType)]


def _hook(name: str, function: FunctionType, plugins: Plugins) -> str:
    signature = inspect.signature(function)
    shown = ", ".join(f"{one.name}: {one.annotation}" for one in signature.parameters.values() if one.name != "self")
    implemented = ", ".join(sorted(_implementing(name, plugins)))
    doc = inspect.getdoc(function) or ""
    return f"""## {_heading(name, function)}
```python
def {name}({shown}) -> {signature.return_annotation}
```
{doc}

Implemented by: {implemented or "no plugin that is shipped"}.
"""


def _implementing(name: str, plugins: Plugins) -> Iterable[str]:
    for state in plugins.states:
        method = getattr(type(plugins.get(state.name)), name, None)
        if hasattr(method, "tideng_impl"):
            yield state.name


# -- the door ----------------------------------------------------------------------------------------------------------
def names() -> str:
    """What `tideng.plugin` gives, shelf by shelf, with the first line of what each name says of itself."""
    doc = inspect.getdoc(door) or ""
    parts = [
        f"""# What a plugin may use
{MADE}

A plugin imports Tideng from `tideng.plugin` alone: `from tideng.plugin import EventType, Field, hookimpl`. Screens also import
`tideng_admin.screens`. A name that is to leave keeps working for one minor version and warns with a `DeprecationWarning` that says
what to use instead; a test holds that none leaves otherwise. [Writing a plugin](writing-a-plugin.md) builds a whole one.
"""
    ]
    for title, homes in door.SHELVES.items():
        about = re.search(rf"^{re.escape(title)}\n((?:    .*\n?)+)", doc, re.M)
        said = " ".join(line.strip() for line in about[1].splitlines()) if about else ""
        said = said.replace("``", "`")
        rows = [(f"`{name}`", _what(getattr(door, name), home)) for name, home in homes_of({title: homes}).items()]
        parts.append(f"## {title}\n{said}\n\n{_rows(('name', 'what it is'), rows)}")
    return "\n".join(parts)


def door_source(text: str, more: Sequence[str]) -> str:
    """The source of a door with its `__all__`, and its imports for type checkers, as its SHELVES say."""
    tree = ast.parse(text).body
    [shelves] = [ast.literal_eval(n.value) for n in tree if isinstance(n, ast.AnnAssign) and n.target.id == "SHELVES"]
    imports = [line for title, homes in shelves.items() for line in (f"    # {title}", *_imports(homes))]
    quoted = ", ".join(f'"{name}"' for name in sorted([*homes_of(shelves), *more], key=_constants_classes_functions))
    wrapped = "".join(f"    {line}\n" for line in textwrap.wrap(f"{quoted},", 114))
    text = re.sub(r"(?<=__all__ = \[\n).*?(?=\]\n)", lambda _: wrapped, text, count=1, flags=re.S)
    drawn = "\n".join(imports) + "\n"
    return re.sub(r"(?<=\n    # fmt: off\n).*?(?=    # fmt: on\n)", lambda _: drawn, text, count=1, flags=re.S)


def _constants_classes_functions(name: str) -> tuple[int, str]:
    """The order of ``__all__``: constants, then classes, then functions, each by name."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name)


def _imports(homes: Mapping[str, str]) -> Iterable[str]:
    for module, words in homes.items():
        pairs = (word.partition("=") for word in words.split())
        names = ", ".join(f"{attribute} as {name}" if name else attribute for attribute, _, name in pairs)
        line = f"    from {module} import {names}"
        if len(line) <= 120:
            yield line
        else:
            yield f"    from {module} import ("
            yield from (f"        {part}" for part in textwrap.wrap(f"{names},", 112))
            yield "    )"


def _what(value: Any, home: str) -> str:
    """The first sentence of a docstring; what an alias stands for; of a constant the text below it, or else its value."""
    if get_origin(value) is not None and not _below(*home.split(":")):
        return f"An alias of `{re.sub(r'(typing|collections.abc|pathlib)[.]', '', str(value))}`."
    if get_origin(value) is None and callable(value) and value.__doc__:
        return _first_line(value.__doc__)
    said = _first_line(_below(*home.split(":")))
    return said or f"`{value!r}`"


def _below(module: str, name: str) -> str:
    """The text below the assignment of `name` in a module; '' where there is none."""
    body = ast.parse(inspect.getsource(import_module(module))).body
    for one, after in zip(body, body[1:], strict=False):
        targets = one.targets if isinstance(one, ast.Assign) else [one.target] if isinstance(one, ast.AnnAssign) else []
        named = {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
        if name in named and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            return str(after.value.value)
    return ""


def _first_line(doc: str | None) -> str:
    """The first sentence of a docstring, on one line."""
    words = " ".join(inspect.cleandoc(doc or "").split("\n\n")[0].split())
    found = re.match(r".+?(?<!e[.]g)[.:](?= |$)", words)
    first = (found[0] if found else words).replace("``", "`").rstrip(":.")
    return f"{first}." if first else ""


# -- catalogue ---------------------------------------------------------------------------------------------------------
def catalogue(plugins: Plugins) -> str:
    found = plugins.catalogue
    parts = [
        f"""# Catalogue
{MADE}

Everything rules and events can name with the plugins that are shipped. A deployment knows more: what its other plugins
declare, the `event_types` of its [client bundle](client-bundle.md), and the activities of the event logs it has read. A name
that is not known is refused, with the nearest one that is.

## Event types
Marks: `!` has to be there; `key` identifies something, so that an absence can be matched on it; `…` is sensitive. Every
event also has `subject`, `time` and `type`, see [Events](events.md).
"""
    ]
    types = sorted(found.event_types.values(), key=lambda one: (one.plugin, one.name))
    for plugin in dict.fromkeys(one.plugin for one in types):
        parts.append(f"### {plugin}\n")
        parts += [_event_type(one) for one in types if one.plugin == plugin]
    parts.append(
        _table(
            "Facts",
            ("fact", "type", "中文", "English", "plugin"),
            [(f"`{f.name}`", f.type, f.title["zh"], f.title["en"], f.plugin) for f in _sorted(found.facts)],
        )
    )
    parts.append(
        _table(
            "States",
            ("fact, true or false", "from", "up to", "中文", "English", "plugin"),
            [
                (
                    f"`{s.name}`",
                    f"`{s.starts}`",
                    f"`{s.ends}`",
                    s.title["zh"],
                    s.title["en"] + (", not at work" if s.absent else ""),
                    s.plugin,
                )
                for s in _sorted(found.states)
            ],
        )
    )
    parts.append(
        _table(
            "Windows that begin with a state",
            ("window", "begins on the day of", "中文", "English", "plugin"),
            [(f"`{w.name}`", f"`{w.state}`", w.title["zh"], w.title["en"], w.plugin) for w in _sorted(found.windows)],
        )
    )
    parts.append(
        _table(
            "Standard metrics",
            ("fact", "is", "unit", "中文", "English", "plugin"),
            [
                (
                    f"`metric.{m.name}`",
                    _made_of(m),
                    m.unit,
                    m.title["zh"],
                    m.title["en"],
                    m.plugin,
                )
                for m in _sorted(found.metrics)
            ],
        )
    )
    parts.append(
        _table(
            "Actions",
            ("action", "effect", "中文", "English", "plugin"),
            [(f"`{a.name}`", a.effect, a.title["zh"], a.title["en"], a.plugin) for a in found.actions.values()],
        )
    )
    parts.append(
        _table(
            "Marks",
            ("mark", "中文", "English", "plugin"),
            [(f"`{m.name}`", m.title["zh"], m.title["en"], m.plugin) for m in found.marks.values()],
        )
    )
    parts.append(
        _table(
            "Channels",
            ("channel", "中文", "English", "plugin"),
            [(f"`{c.name}`", c.title["zh"], c.title["en"], c.plugin) for c in _sorted(found.channels)],
        )
    )
    return "\n".join(parts)


def _event_type(one: EventType) -> str:
    rows = []
    for f in one.fields:
        bounds = f"{f.minimum:g}–{f.maximum:g}" if f.minimum is not None and f.maximum is not None else ""
        bounds = bounds or (f"at least {f.minimum:g}" if f.minimum is not None else "")
        marks = " ".join(filter(None, ("!" * f.required, "key" * f.key, "…" * f.sensitive)))
        rows.append(
            (f"`{f.name}`", f.type, " ".join(filter(None, (f.unit, bounds))), marks, f.title["zh"], f.title["en"])
        )
    heading = f"#### {one.name}\n{one.title['zh']} · {one.title['en']}" + (
        " · further fields are taken as they come" if one.open else ""
    )
    return f"{heading}\n\n{_rows(('field', 'type', 'unit', '', '中文', 'English'), rows)}" if rows else f"{heading}\n"


def _sorted(shelf: dict[str, Any]) -> list[Any]:
    return sorted(shelf.values(), key=lambda one: one.name)


def _made_of(metric: Any) -> str:
    """What a standard metric is counted from."""
    if metric.of is not None:
        return f"`metric.{metric.of.name}` as a share of the position's target for it"
    if metric.state is not None:
        return f"local days with `{metric.state.name}`, {metric.window}"
    return f"{metric.function} of `{metric.event_type}{'/' + metric.field if metric.field else ''}`, {metric.window}"


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return f"## {title}\n{_rows(head, rows)}"


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [re.sub(r" +", " ", f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |") for row in rows]
    return "\n".join(lines) + "\n"


def main() -> int:
    for name, text in written().items():
        path = HERE / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"docs/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
