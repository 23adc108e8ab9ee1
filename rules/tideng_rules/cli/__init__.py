"""``tideng rules``: write, check, preview, publish and pause rules. Contributed through the entry points ``tideng.commands``.

Each command is imported when it is called, so that `tideng --help` and `tideng rules check` load no more than they need.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import click

from tideng.base.text import phrase
from tideng.cli.words import Group

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "approve": "tideng_rules.cli.lifecycle:approve",
        "archive": "tideng_rules.cli.lifecycle:archive",
        "check": "tideng_rules.cli.check:check",
        "diff": "tideng_rules.cli.versions:diff",
        "draft": "tideng_rules.cli.lifecycle:draft",
        "drafts": "tideng_rules.cli.lifecycle:drafts",
        "export": "tideng_rules.cli.files:export",
        "history": "tideng_rules.cli.versions:history",
        "import": "tideng_rules.cli.files:import_",
        "packs": "tideng_rules.cli.versions:packs",
        "pause": "tideng_rules.cli.lifecycle:pause",
        "preview": "tideng_rules.cli.preview:preview",
        "publish": "tideng_rules.cli.lifecycle:publish",
        "quarantine": "tideng_rules.cli.quarantine:show",
        "restore": "tideng_rules.cli.lifecycle:restore",
        "resume": "tideng_rules.cli.lifecycle:resume",
        "rollback": "tideng_rules.cli.lifecycle:rollback",
        "show": "tideng_rules.cli.versions:show",
        "try-again": "tideng_rules.cli.quarantine:release",
    }
)


@click.group("rules", cls=Group, lazy=COMMANDS, help=phrase("Work with rules."))
def rules() -> None:
    pass
