"""Everything of the admin panel that a plugin's pages may use, through one door like `tideng.plugin`.

`Screen`: one entry of the menu and the view behind it; the hook `screens` returns them. `Page`: the base class of a view, with
`needs` (READ or WRITE) and `takes` (bytes of an upload) for its methods, and `cursor` for lists in parts. `web` gives what belongs
to the request (a `Web`: deployment, viewer, moment), `locale` its language. `built` names a script's file, `named`, `day` and
`window_words` are texts as pages write them, `LAMP_LOOKS` how a person's lamp looks, `units_to_choose` a list of units. `signed_in_client` is for tests of pages.

A plugin's templates, style sheets and wordings lie in the folders ``templates``, ``static`` and ``translations`` of the
package that holds its views, and are found by themselves: ``render_template("NAME/page.html")``, ``asset("NAME/page.css")``, where NAME
is the plugin's, and ``translations/zh/LC_MESSAGES/messages.po``. Scripts of plugins that come with Tideng lie in the plugin's
folder ``frontend`` and are built with the others: ``built("page.js")``.
"""
# ruff: noqa: I001 - what is imported is re-exported

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideng.model.catalogue import Text
from tideng.plugins.door import Leaving, homes_of, open_door

# fmt: off
__all__ = [
    "ICONS", "LAMP_LOOKS", "READ", "WRITE", "Page", "Screen", "Web", "built", "cursor", "day", "locale", "named",
    "needs", "signed_in_client", "takes", "units_to_choose", "web", "window_words",
]
# fmt: on

if TYPE_CHECKING:
    # the same names for type checkers and editors; `make docs` draws them and __all__ from SHELVES
    # fmt: off
    # Views
    from tideng_admin.display.base_page import Page, READ, WRITE, cursor, needs, takes
    # The request
    from tideng_admin.request.context import Web, web, locale
    # Texts and choices
    from tideng_admin.display.assets import built
    from tideng_admin.display.filters import LAMP_LOOKS, day, named
    from tideng_admin.desk.people import window_words
    from tideng_admin.request.choices import units_to_choose
    # Tests
    from tideng_admin.app.test_client import signed_in_client
    # fmt: on

SHELVES: Mapping[str, Mapping[str, str]] = {
    "Views": {"tideng_admin.display.base_page": "Page READ WRITE cursor needs takes"},
    "The request": {"tideng_admin.request.context": "Web web locale"},
    "Texts and choices": {
        "tideng_admin.display.assets": "built",
        "tideng_admin.display.filters": "LAMP_LOOKS day named",
        "tideng_admin.desk.people": "window_words",
        "tideng_admin.request.choices": "units_to_choose",
    },
    "Tests": {"tideng_admin.app.test_client": "signed_in_client"},
}
"""Purpose → module → the names that it gives. They are loaded when they are first used: modules of the panel import this one."""
LEAVING: Mapping[str, Leaving] = {}
"""Names that warn, and are gone in the next minor version. To take a name out, move it here from SHELVES."""
_HOMES = homes_of(SHELVES)

if not TYPE_CHECKING:  # a type checker reads the imports above, and refuses what is not there
    __getattr__ = open_door(__name__, _HOMES, LEAVING)

FOLDERS = ("templates", "static", "translations")
"""What a plugin may bring for its pages, each a folder in its package."""

ICONS = (
    "today rule flow grow people org plug gear bell mic clock check x undo right down search link phone moon alert info "
    "plus play pause pin pen book eye shield cloud more grip branch menu trip star yuan"
).split()


@dataclass(frozen=True, slots=True)
class Screen:
    """`view`: a Flask-AppBuilder BaseView class; `title`: per locale, ``zh`` and ``en``; `icon`: one of ICONS.

    The screen is in the menu of whoever has `permission` on the view's `class_permission_name`. `order` sorts the menu,
    `tab` puts it among the five of a phone's bottom bar; `tucked` puts it on the settings page instead of in the menu, for
    what few people need, and its badge on “Settings”; `hidden` puts it nowhere: other pages lead there, and the entry of the view
    that `under` names is lit while it is open. `portal` puts it among
    the tabs of the portal, in that order; the core's stand at 10 (today), 40 (messages), 60 (team) and 90 (my data). `badge`,
    given the `Web`, returns a short text or '' to show beside the title, and whether it is a fault. `roles`: what each role
    may do there (``{"hr": ("read", "write")}``), beside admin, who may do everything.
    """

    view: Any
    title: Text
    icon: str = "plug"
    permission: str = "can_read"
    order: int = 500
    tab: bool = False
    tucked: bool = False
    badge: Callable[[Web], tuple[str, bool]] | None = None
    hidden: bool = False
    under: str = ""
    portal: int = 0
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The plugin's folder of templates and static files: the nearest one above the view's module that has any."""
        module = self.view.__module__
        here = Path(sys.modules[module].__file__ or "").parent
        above = (here, *here.parents[: module.count(".") - 1]) if "." in module else (here,)
        return next((one for one in above if any((one / kind).is_dir() for kind in FOLDERS)), here)

    @property
    def name(self) -> str:
        return self.view.class_permission_name or self.view.__name__

    @property
    def endpoint(self) -> str:
        return f"{self.view.__name__}.{self.view.default_view}"


def is_screen(value: Any) -> bool:
    return isinstance(value, Screen) and value.icon in ICONS
