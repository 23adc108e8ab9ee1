"""``init`` and ``migrate``: a deployment's folder, and its database in shape."""

from __future__ import annotations

from pathlib import Path

import click

from tideng.base.errors import CommandFailed, NotFound
from tideng.cli.terminal import FINE, REFUSED, Terminal
from tideng.cli.words import command, option


@command(
    "init",
    en="Make DIR a new deployment.\n\nWrites tideng.toml with every setting explained and a secret key, and creates the "
    "database. Every later command that is run inside DIR uses it.",
    zh="把 DIR 建成一个新的部署。\n\n写好 tideng.toml（每项设置都有说明）和密钥，并建好数据库。之后在 DIR 里运行的命令都用它。",
)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@option(
    "--database",
    metavar="URL",
    en="postgresql://USER:PASSWORD@HOST/NAME; a SQLite file in DIR by default.",
    zh="postgresql://用户:密码@主机/库名；默认是 DIR 里的 SQLite 文件。",
)
def init(terminal: Terminal, folder: Path, database: str | None) -> int:
    from tideng.base.settings import create
    from tideng.runtime.deployment import Deployment
    from tideng.runtime.migrate import migrate as bring_up_to_date

    settings = create(folder, database_url=database) if database else create(folder)
    terminal.say(f"{folder} is a deployment now.", f"{folder} 已建成部署。")
    with Deployment.open(settings) as deployment:
        failed = _migrate(terminal, deployment, bring_up_to_date)
    terminal.say(
        f"Next: cd {folder}, then `tideng apply CLIENT_DIR` and `tideng run`.",
        f"下一步：cd {folder}，再运行 `tideng apply 客户目录` 和 `tideng run`。",
    )
    return failed


@command(
    "migrate",
    en="Bring the database up to date.\n\nThe core's tables and every plugin's; safe to run at any time.",
    zh="把数据库升到最新。\n\n核心和每个插件的表；随时可以运行。",
)
def migrate(terminal: Terminal) -> int:
    from tideng.runtime.migrate import migrate as bring_up_to_date

    with terminal.open(migrated=False) as deployment:
        return _migrate(terminal, deployment, bring_up_to_date)


def _migrate(terminal: Terminal, deployment, bring_up_to_date) -> int:
    before = deployment.failed_plugins()
    try:
        lines = bring_up_to_date(deployment)
    except OSError as error:
        raise CommandFailed("database-unreachable", {"why": error}) from error
    for line in lines:
        terminal.say(line, line)
    if not lines:
        terminal.say("The database is up to date.", "数据库已是最新。")
    _prepare_web(terminal, deployment)
    return REFUSED if deployment.failed_plugins() - before else FINE


def _prepare_web(terminal: Terminal, deployment) -> None:
    """Tables, roles and the first administrator of the web, where one is installed."""
    from tideng.cli.web_entry import web_entry

    try:
        prepare = web_entry("prepare")
    except NotFound:
        return
    password = prepare(deployment, ())
    if password:
        terminal.say(
            f"Sign in as admin with the password {password}; it is shown only now.",
            f"网页账号 admin，密码 {password}；只显示这一次。",
        )
