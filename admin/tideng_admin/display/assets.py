"""The scripts that `make install` builds into static/built/. Where they are not, every page works without them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the doctor asks here without starting a web
    from flask import Flask

BUILT = Path(__file__).parents[1] / "static" / "built"


def built(name: str) -> str:
    """The address of a built script or style sheet, such as ``studio.js``; '' where it is not built."""
    from tideng_admin.display.filters import asset

    return asset(f"built/{name}") if (BUILT / name).is_file() else ""


def is_built() -> bool:
    """Whether there is a front end at all, for `tideng doctor`."""
    return (BUILT / "built.json").is_file()


def install(app: Flask) -> None:
    """Templates ask ``{% if built('studio.js') %}`` before they load a script."""
    app.add_template_global(built)
