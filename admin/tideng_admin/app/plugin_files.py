"""What plugins bring for their pages: templates, and files that are handed out as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, send_from_directory
from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader
from werkzeug.exceptions import NotFound


def install(app: Flask, homes: Mapping[str, Path]) -> None:
    """`homes`: plugin → the folder that holds its ``templates`` and ``static``. The core's templates come first, so that no
    plugin replaces one of them."""
    own: list[BaseLoader] = [app.jinja_loader] if app.jinja_loader else []
    app.jinja_loader = ChoiceLoader([*own, *(FileSystemLoader(home / "templates") for home in homes.values())])

    def file(plugin: str, name: str) -> Any:
        if plugin not in homes:
            raise NotFound
        return send_from_directory(homes[plugin] / "static", name)

    app.add_url_rule("/static-of/<plugin>/<path:name>", "plugin_static", file)
