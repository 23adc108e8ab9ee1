"""``tideng rules export`` and ``import``: rules out and in as files, byte for byte."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tideng.access.viewer import Viewer
from tideng.cli.terminal import FINE, Terminal
from tideng.cli.words import command, option
from tideng.store.database import reading, writing
from tideng_rules.lifecycle.import_export import export_in_force, export_rule, import_drafts
from tideng_rules.lifecycle.publishing import Ground


@command(
    "export",
    en="Write a rule as YAML, or all rules in force as one file.\n\nWhat was imported comes out byte for byte while it still says the same.",
    zh="把一条规则写成 YAML；不写 RULE 则把生效中的全部规则写成一个文件。\n\n导入过的，内容没变就一字节不差地写出来。",
)
@click.argument("rule", metavar="[RULE]", required=False)
@option("--version", "number", type=int, metavar="N", en="This version instead.", zh="改看这个版本。")
def export(terminal: Terminal, rule: str | None, number: int | None) -> int:
    if rule is None and number is not None:
        raise click.UsageError(terminal.text("--version needs a RULE", "--version 要和 RULE 一起用"))
    with terminal.open() as deployment, reading(deployment.engine) as connection:
        viewer = Viewer.system()
        text = export_rule(connection, viewer, rule, number) if rule else export_in_force(connection, viewer)
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.buffer.flush()
    return FINE


@command(
    "import",
    en="Begin a draft of every rule in a file, all of them or none.\n\nWhat is wrong is said at once, with its lines. A rule that is there "
    "already gets a draft; what is in force stays.",
    zh="为文件里的每条规则建一份草稿，要么都建，要么都不建。\n\n有问题会一次说全，带行号。已有的规则会得到它的草稿，生效中的不变。",
)
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option("--note", default="", metavar="TEXT", en="What changes, and why.", zh="改了什么，为什么。")
@option("--by", default="", metavar="NAME", en="Who does it, for the record.", zh="谁做的，会记录下来。")
def import_(terminal: Terminal, file: Path, note: str, by: str) -> int:
    viewer = Viewer(by, "", Viewer.system().roles) if by else Viewer.system()
    with terminal.open() as deployment, writing(deployment.engine) as connection:
        ground, now = Ground.of(deployment, connection), deployment.clock.now()
        made = import_drafts(connection, viewer, file.read_bytes(), now, ground, note)
    for one in made:
        en, zh = f"draft {one.id}: {one.rule}", f"草稿 {one.id}：{one.rule}"
        if one.based_on:
            en, zh = f"{en}, from version {one.based_on}", f"{zh}，从版本 {one.based_on} 改起"
        terminal.say(en, zh)
    return FINE
