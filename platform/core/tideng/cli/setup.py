"""``init`` and ``migrate``: a deployment's folder, and its database in shape."""

from __future__ import annotations

from pathlib import Path

import click

from tideng.base.errors import CommandFailed, NotFound
from tideng.base.text import phrase
from tideng.cli.terminal import FINE, REFUSED, Terminal
from tideng.cli.words import command, option


@command(
    "init",
    help=phrase(
        "Make DIR a new deployment.\n\nWrites tideng.toml with every setting explained and a secret key, and creates the database. Every later command that is run inside DIR uses it."
    ),
)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@option(
    "--database", metavar="URL", help=phrase("postgresql://USER:PASSWORD@HOST/NAME; a SQLite file in DIR by default.")
)
def init(terminal: Terminal, folder: Path, database: str | None) -> int:
    from tideng.base.settings import create
    from tideng.runtime.deployment import Deployment
    from tideng.runtime.migrate import migrate as bring_up_to_date

    settings = create(folder, database_url=database) if database else create(folder)
    terminal.say(phrase("{folder} is a deployment now.", folder=folder))
    with Deployment.open(settings) as deployment:
        failed = _migrate(terminal, deployment, bring_up_to_date)
    terminal.say(phrase("Next: cd {folder}, then `tideng apply CLIENT_DIR` and `tideng run`.", folder=folder))
    return failed


@command(
    "migrate",
    help=phrase("Bring the database up to date.\n\nThe core's tables and every plugin's; safe to run at any time."),
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
        terminal.say(line)
    if not lines:
        terminal.say(phrase("The database is up to date."))
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
        terminal.say(phrase("Sign in as admin with the password {password}; it is shown only now.", password=password))
