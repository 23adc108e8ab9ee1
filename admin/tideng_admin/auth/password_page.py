"""Changing one's own password: whoever found a screen unlocked must not be able to keep the account."""

from __future__ import annotations

from typing import Any

from flask import flash, g, session
from flask_appbuilder.fieldwidgets import BS3PasswordFieldWidget
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security.views import ResetMyPasswordView
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.security import check_password_hash
from wtforms import PasswordField
from wtforms.validators import DataRequired, EqualTo, ValidationError

from tideng.base.problems import say_sentence
from tideng.store.database import reading
from tideng_admin.auth.accounts import session_version
from tideng_admin.auth.passwords import weakness
from tideng_admin.request.context import locale

VERSION = "sv"
"""Where a session carries the number that says whether it still counts."""


def _field(label: Any, *validators: Any, autocomplete: str, description: Any = "") -> PasswordField:
    return PasswordField(
        label,
        description=description,
        validators=list(validators),
        widget=BS3PasswordFieldWidget(),
        render_kw={"autocomplete": autocomplete},
    )


class OwnPasswordForm(DynamicForm):
    current = _field(_l("Password until now"), DataRequired(), autocomplete="current-password")
    password = _field(
        _l("New password"),
        DataRequired(),
        autocomplete="new-password",
        description=_l("At least 10 characters; a short sentence is easiest to remember."),
    )
    conf_password = _field(
        _l("New password again"),
        DataRequired(),
        EqualTo("password", message=_l("The two are not the same.")),
        autocomplete="new-password",
    )

    def validate_current(self, field: PasswordField) -> None:
        if not check_password_hash(g.user.password, field.data):
            raise ValidationError(_("This is not your password until now. Have another look."))

    def validate_password(self, field: PasswordField) -> None:
        found = weakness(field.data, g.user.username)
        if found:
            raise ValidationError(say_sentence(found, locale()))


class OwnPasswordView(ResetMyPasswordView):
    """Asks for the password until now; the new one ends every session and token but the one that changed it."""

    class_permission_name = "ResetMyPasswordView"  # roles made before this view keep their permission
    form = OwnPasswordForm
    form_title = _l("Change my password")

    def form_post(self, form: DynamicForm) -> None:
        manager, user = self.appbuilder.sm, g.user.id
        manager.reset_password(user, form.password.data)
        with reading(manager.engine) as connection:
            session[VERSION] = session_version(connection, user)
        flash(_("Your password is changed; you are signed out everywhere else."), "success")
