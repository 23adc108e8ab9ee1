"""``tideng rules preview``: what rules that are not in force yet would have meant over the history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from tideng.access.viewer import Viewer
from tideng.base.errors import InvalidBundle
from tideng.cli.replay import SeveralValues, moment_of, prepare, rule_files
from tideng.cli.terminal import FINE, REFUSED, Terminal
from tideng.cli.words import command, json_option, option
from tideng.client.bundle import Bundle, read_bundle
from tideng.intake.event_files import LOGS
from tideng.model.catalogue import Catalogue
from tideng.org.directory import zone
from tideng.replay.stored_history import FileHistory, History, StoredHistory
from tideng.store.database import reading
from tideng_rules.document.model import Rule
from tideng_rules.packaging.reader import read_sources
from tideng_rules.preview.result import (
    GONE,
    NEW,
    SAME,
    Compared,
    Load,
    Preview,
)
from tideng_rules.preview.run import Proposal
from tideng_rules.preview.run import preview as run

DAYS = 30
"""So many days are looked at where nobody says how many."""
_SHOWN = 10
_BAR = 40
_DAY_BY_DAY = 45
_BLOCKS = " ▏▎▍▌▋▊▉█"
_STATUSES = {NEW: ("new", "新增"), GONE: ("gone", "消失"), SAME: ("same", "不变")}
_DIFFERS = {"message": ("words", "措辞"), "recipient": ("recipient", "发给谁"), "time": ("time", "时间")}
_HELD = {
    "quiet hours": ("quiet hours", "免打扰时段"),
    "digest": ("digest", "合并"),
    "budget of the day": ("budget of the day", "每日上限"),
    "budget of the week": ("budget of the week", "每周上限"),
}
_PATH = click.Path(exists=True, path_type=Path)


@command(
    "preview",
    cls=SeveralValues,
    en="Show what rules would have meant over the history, beside those in force.\n\nThe rules in FILE… take the place of those "
    "of their ids. The history is that of the deployment here or, with --client, that of a client's files. Nothing is said "
    "and nothing is changed. Exit status 1 if a rule cannot be judged or an event cannot be read.",
    zh="按历史预览规则的效果，和现行规则对照。\n\nFILE… 里的规则替换同名的现行规则。历史取自当前部署；给了 --client 则取自客户文件。不会提醒任何人，也不会改动任何数据。"
    "有规则无法判断或事件读不懂时退出码为 1。",
)
@click.argument("files", metavar="[FILE]...", nargs=-1, type=_PATH)
@option(
    "--drop",
    multiple=True,
    metavar="RULE",
    en="Take this rule out of force; may be given several times.",
    zh="停用这条规则；可以给多次。",
)
@option(
    "--from", "start", metavar="T", en=f"A moment or a day; {DAYS} days by default.", zh=f"时刻或日期；默认 {DAYS} 天。"
)
@option(
    "--until",
    metavar="T",
    en="A moment or a day; by default now, or the last event of files.",
    zh="时刻或日期；默认到现在，或文件里最后一个事件。",
)
@option(
    "--client",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    en="A client's files instead of the deployment here; its rules are those in force.",
    zh="用客户配置目录代替当前部署；其中的规则视为现行规则。",
)
@option(
    "--events",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    en="With --client: its events; may be given several times. By default those of the bundle.",
    zh="与 --client 一起用：事件文件；可以给多次。默认是客户配置里的事件。",
)
@json_option()
def preview(
    terminal: Terminal,
    files: tuple[Path, ...],
    drop: tuple[str, ...],
    start: str | None,
    until: str | None,
    client: Path | None,
    events: tuple[Path, ...],
    as_json: bool,
) -> int:
    """Show the preview; click passes each of the command's options as a parameter."""
    if not files and not drop:
        raise click.UsageError(
            terminal.text("name a rule file, or a rule to --drop", "请给出规则文件，或用 --drop 指定规则")
        )
    if events and client is None:
        raise click.UsageError(terminal.text("--events goes with --client", "--events 要和 --client 一起用"))
    paths = rule_files(files)
    with (
        _from_files(terminal, client, events) if client else _from_here(terminal) as (
            history,
            catalogue,
            home,
            now,
            refused,
        )
    ):
        last = now if until is None else moment_of(until, home, "--until", end_of_day=True)
        first = last - timedelta(days=DAYS) if start is None else moment_of(start, home, "--from")
        with _progress(terminal, as_json) as told:
            found = run(history, Viewer.system(), Proposal(_drafts(paths, catalogue), drop), first, last, progress=told)
    if as_json:
        terminal.json(found.to_json())
    else:
        _show(terminal, found, home)
    return REFUSED if found.faulty or refused else FINE


_Ground = tuple[History, Catalogue, Any, datetime, int]


@contextmanager
def _from_here(terminal: Terminal) -> Iterator[_Ground]:
    with terminal.open() as deployment, reading(deployment.engine) as connection:
        home = zone(deployment.profile.timezone)
        yield StoredHistory(deployment, connection), deployment.catalogue, home, deployment.clock.now(), 0


@contextmanager
def _from_files(terminal: Terminal, client: Path, files: tuple[Path, ...]) -> Iterator[_Ground]:
    bundle = read_bundle(client)
    events, refused, deployment = prepare(bundle, files or bundle.event_files, {}, None)
    if refused:
        terminal.note(f"{len(refused):,} events were refused.", f"{len(refused):,} 个事件收不下。")
    logs = {name: one for name, one in deployment.catalogue.event_types.items() if name not in bundle.event_types}
    own = {name: one for name, one in logs.items() if one.plugin == LOGS}
    bundle = replace(bundle, event_types={**own, **bundle.event_types})
    history = FileHistory(bundle, events)
    span = history.span()
    yield (
        history,
        deployment.catalogue,
        zone(bundle.timezone),
        span[1] if span else deployment.clock.now(),
        len(refused),
    )


def _drafts(paths: tuple[Path, ...], catalogue: Catalogue) -> list[Rule]:
    sources, problems = read_sources(Bundle(root=Path.cwd(), client="preview", rule_files=paths), catalogue)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise InvalidBundle("rules", errors)
    return [source.rule for source in sources]


@contextmanager
def _progress(terminal: Terminal, quiet: bool) -> Iterator[Any]:
    if quiet or not terminal.err.is_terminal:
        yield lambda share: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=terminal.err, transient=True) as bar:
        task = bar.add_task(terminal.text("Running through the history", "正在过一遍历史"), total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _show(terminal: Terminal, found: Preview, home: Any) -> None:
    first, last = (f"{moment.astimezone(home):%Y-%m-%d %H:%M}" for moment in (found.start, found.until))
    counts = [f"{terminal.text(*_STATUSES[status])} {number:,}" for status, number in found.counts.items()]
    terminal.say(
        f"{first} to {last}, {found.events:,} events: {', '.join(counts)} ({found.reworded:,} with other words, time or recipient).",
        f"{first} 至 {last}，{found.events:,} 个事件：{'、'.join(counts)}（其中 {found.reworded:,} 条措辞、时间或对象不同）。",
    )
    terminal.table(
        (("", ""), ("in force", "现行"), ("with the change", "改动后")), _loads(terminal, found.before, found.after)
    )
    rows = [
        (rule, *(counts[s] for s in _STATUSES), found.most_people_a_day.get(rule, ""))
        for rule, counts in found.rules.items()
        if rule in found.changed
    ]
    if rows:
        headings = (("rule", "规则"), *_STATUSES.values(), ("most people a day", "单日最多人数"))
        terminal.table(headings, rows)
    _show_days(terminal, found)
    if found.after.most_told:
        terminal.table((("told most", "收到最多"), ("messages", "条数")), found.after.most_told)
    for status in (NEW, GONE, SAME):
        _show_findings(
            terminal, status, [one for one in found.of_status(status) if status != SAME or one.differs], home
        )
    for rule, why in found.faulty.items():
        terminal.note(f"{rule} could not be judged: {why}", f"{rule} 无法判断：{why}", "bold")


def _loads(terminal: Terminal, before: Load, after: Load) -> list[tuple[str, str, str]]:
    rows: list[tuple[tuple[str, str], str, str]] = [
        (("findings", "发现"), f"{before.findings:,}", f"{after.findings:,}"),
        (("messages", "消息"), f"{before.messages:,}", f"{after.messages:,}"),
        (("people told", "收到的人"), f"{before.people:,}", f"{after.people:,}"),
        (("most a person a day", "每人每天最多"), str(before.most), str(after.most)),
        (("median a person a day", "每人每天中位数"), f"{before.median:g}", f"{after.median:g}"),
    ]
    for reason in sorted({*before.held, *after.held}):
        en, zh = _HELD.get(reason, (reason, reason))
        held = (f"held: {en}", f"暂存：{zh}")
        rows.append((held, f"{before.held.get(reason, 0):,}", f"{after.held.get(reason, 0):,}"))
    return [(terminal.text(*name), now, then) for name, now, then in rows]


def _show_days(terminal: Terminal, found: Preview) -> None:
    """Messages a day with the change as bars, a week each where there are many days; beside them those of now."""
    days = sorted({*found.before.per_day, *found.after.per_day})
    if not days:
        return
    by_week = (days[-1] - days[0]).days > _DAY_BY_DAY
    before, after = (_by(load.per_day, by_week) for load in (found.before, found.after))
    most = max((*before.values(), *after.values()), default=1)
    rows = [(day.isoformat(), before[day], after[day], _bar(after[day] / most)) for day in sorted({*before, *after})]
    heading = ("week from", "周（自）") if by_week else ("day", "日期")
    terminal.table((heading, ("in force", "现行"), ("with the change", "改动后"), ("", "")), rows)


def _by(per_day: Mapping[date, int], by_week: bool) -> Counter[date]:
    found: Counter[date] = Counter()
    for day, number in per_day.items():
        found[day - timedelta(days=day.weekday()) if by_week else day] += number
    return found


def _bar(share: float) -> str:
    eighths = round(share * _BAR * 8)
    return "█" * (eighths // 8) + _BLOCKS[eighths % 8].strip()


def _show_findings(terminal: Terminal, status: str, findings: list[Compared], home: Any) -> None:
    if not findings:
        return
    name = terminal.text(*_STATUSES[status])
    rows = []
    for one in findings[:_SHOWN]:
        differs = ", ".join(terminal.text(*_DIFFERS[what]) for what in one.differs)
        at = f"{one.at.astimezone(home):%Y-%m-%d %H:%M}"
        rows.append((name, at, one.rule, one.subject, one.action, one.recipient, differs))
    columns = (
        ("", ""),
        ("at", "时间"),
        ("rule", "规则"),
        ("about", "关于"),
        ("action", "动作"),
        ("to", "发给"),
        ("differs", "不同之处"),
    )
    terminal.table(columns, rows)
    if len(findings) > _SHOWN:
        terminal.say(f"… {len(findings) - _SHOWN:,} more", f"……还有 {len(findings) - _SHOWN:,} 条")
