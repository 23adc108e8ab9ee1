"""Flask-AppBuilder's security manager, with its holes closed (see docs/security.md)."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from flask import abort, current_app, flash, redirect, request, session
from flask_appbuilder import ModelView, expose
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_appbuilder.security.sqla.models import User
from flask_appbuilder.security.views import (
    AuthDBView,
    RoleModelView,
    UserDBModelView,
    UserGroupModelView,
)
from flask_appbuilder.utils.base import get_safe_redirect
from flask_appbuilder.widgets import ListWidget, ShowWidget
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_jwt_extended import JWTManager
from flask_login import current_user, logout_user
from sqlalchemy import func, update
from wtforms.validators import DataRequired

from tideng.base.errors import NotFound
from tideng.store.database import reading, writing
from tideng_admin.auth.accounts import end_sessions, session_version
from tideng_admin.auth.password_page import VERSION, OwnPasswordView
from tideng_admin.auth.passwords import check_password
from tideng_admin.display import filters as rendering


class SafeModelView(ModelView):
    """A Flask-AppBuilder list whose actions and downloads obey the view's ``base_filters`` too; plugins' model views start here.

    `search_columns` and `order_columns` must be set: what is not shown must not be guessed by filtering or sorting.
    """

    file_columns: tuple[str, ...] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("search_columns", "order_columns"):
            if not getattr(cls, name, None):
                raise TypeError(f"{cls.__name__} must set {name}")

    def _in_scope(self, pk: Any) -> Any:
        item = self.datamodel.get(pk, self._base_filters)
        if item is None:
            abort(404)
        return item

    @expose("/action/<string:name>/<pk>", methods=["GET", "POST"])
    def action(self, name: str, pk: Any) -> Any:
        if request.method != "POST":
            abort(405)  # what changes something is never a link
        if name not in self.actions:
            abort(404)
        self._in_scope(self._deserialize_pk_if_composite(pk))
        return super().action(name, pk)

    @expose("/action_post", methods=["POST"])
    def action_post(self) -> Any:
        if request.form.get("action") not in self.actions:
            abort(404)
        for pk in request.form.getlist("rowid"):
            self._in_scope(self._deserialize_pk_if_composite(pk))
        return super().action_post()

    @expose("/download/<string:filename>")
    def download(self, filename: str) -> Any:
        """A file belongs to a row; whoever may not see the row may not have the file."""
        for column in self.file_columns:
            filters = self._base_filters.copy() if self._base_filters else self.datamodel.get_filters()
            filters.add_filter(column, self.datamodel.FilterEqual, filename)
            if self.datamodel.query(filters, page_size=1)[0]:
                return super().download(filename)
        raise NotFound("no-page-file", {"name": filename})


class UserView(SafeModelView, UserDBModelView):
    list_title, show_title = _l("Users"), _l("User")
    add_title, edit_title = _l("Add a user"), _l("Edit the user")
    list_columns = ["username", "first_name", "active", "roles"]
    search_columns = ["username", "first_name", "last_name", "email", "active"]
    order_columns = ["username", "first_name", "last_name"]
    add_columns = ["username", "first_name", "last_name", "email", "active", "roles", "password", "conf_password"]
    edit_columns = ["username", "first_name", "last_name", "email", "active", "roles"]
    # the framework's own check looks for groups, which the form does not have, and breaks
    validators_columns = {"roles": [DataRequired()]}
    label_columns = {
        "username": _l("Login"),
        "first_name": _l("Full name"),
        "last_name": _l("Last name"),
        "active": _l("Active"),
        "email": _l("E-mail"),
        "roles": _l("Roles"),
        "password": _l("Password"),
        "conf_password": _l("Password again"),
        "last_login": _l("Last signed in"),
        "login_count": _l("Times signed in"),
    }
    show_fieldsets = [
        (
            _l("User"),
            {
                "fields": [
                    "username",
                    "first_name",
                    "last_name",
                    "email",
                    "active",
                    "roles",
                    "last_login",
                    "login_count",
                ]
            },
        )
    ]
    formatters_columns = {
        "active": lambda value: _("Yes") if value else _("No"),
        "last_login": lambda value: rendering.moment(value.replace(tzinfo=UTC)) if value else "—",
        "login_count": lambda value: value or 0,
        "roles": lambda value: ", ".join(role_title(role.name) for role in value),
    }

    def pre_delete(self, item: Any) -> None:
        if item.id == current_user.id:
            raise ValueError(_("You cannot delete yourself."))


class RoleView(SafeModelView, RoleModelView):
    list_title, show_title = _l("Roles"), _l("Role")
    add_title, edit_title = _l("Add a role"), _l("Edit the role")
    list_columns = ["name"]
    search_columns = ["name"]
    order_columns = ["name"]
    label_columns = {"name": _l("Name"), "permissions": _l("Permissions")}
    formatters_columns = {"name": lambda value: role_title(value)}
    list_widget, show_widget = ListWidget, ShowWidget  # its own draw values past the formatters


class GroupView(SafeModelView, UserGroupModelView):
    list_title = _l("Groups")
    search_columns = ["name"]
    order_columns = ["name"]


ROLE_TITLES = {
    "employee": _l("Employee"),
    "supervisor": _l("Supervisor"),
    "hr": _l("HR"),
    "implementer": _l("Implementer"),
    "auditor": _l("Auditor"),
    "connector": _l("Connector"),
    "admin": _l("Administrator"),
    "public": _l("Nobody signed in"),
}


def role_title(name: str) -> str:
    return str(ROLE_TITLES.get(name, name))


class LoginView(AuthDBView):
    """Signing in and out. Leaving takes a POST: a picture in somebody's mail must not sign anybody out."""

    login_template = "tideng/login.html"
    invalid_login_message = _l("That login and password do not fit together. Have another look.")
    title = _l("Sign in")

    @expose("/logout/", methods=["GET", "POST"])
    def logout(self) -> Any:
        if request.method == "GET":
            return self.render_template("tideng/logout.html", appbuilder=self.appbuilder)
        user = self._get_authenticated_user()
        if user is not None:
            with writing(self.appbuilder.sm.engine) as connection:
                end_sessions(connection, user.id)
        logout_user()
        kept = {name: session[name] for name in ("locale",) if name in session}
        session.clear()
        session.update(kept)
        flash(_("You are signed out."), "success")
        return redirect(self.appbuilder.get_url_for_login)


class TidengSecurity(SecurityManager):
    """Sessions and tokens that die at logout and with the password; passwords checked on every path; short writes."""

    authdbview = LoginView
    userdbmodelview = UserView
    rolemodelview = RoleView
    groupmodelview = GroupView
    resetmypasswordview = OwnPasswordView
    userstatschartview = None  # loads its charts from a foreign host

    @property
    def engine(self) -> Any:
        return current_app.extensions["tideng"].deployment.engine

    # -- cookies and tokens ---------------------------------------------------------------------------------------
    def on_user_login(self, user: Any) -> None:
        super().on_user_login(user)
        with reading(self.engine) as connection:
            session[VERSION] = session_version(connection, user.id)
        locale = current_app.extensions["tideng"].locale_of(user.username)
        if locale and "locale_chosen" not in session:
            session["locale"] = locale

    def load_user(self, pk: Any) -> Any:
        user = super().load_user(pk)
        if user is None:
            return None
        with reading(self.engine) as connection:
            held = session_version(connection, user.id)
        return user if session.get(VERSION) == held else None

    def load_user_jwt(self, _header: Any, data: Any) -> Any:
        user = super(SecurityManager, self).load_user(data["sub"])
        if user is None:
            return None
        with reading(self.engine) as connection:
            if data.get(VERSION) != session_version(connection, user.id):
                return None
        return user

    def create_jwt_manager(self, app: Any) -> JWTManager:
        manager = super().create_jwt_manager(app)

        @manager.additional_claims_loader
        def _claims(identity: str) -> dict[str, int]:
            with reading(self.engine) as connection:
                return {VERSION: session_version(connection, int(identity))}

        return manager

    def reset_password(self, userid: Any, password: str) -> None:
        user = self.get_user_by_id(int(userid))
        check_password(password, user.username)
        super().reset_password(userid, password)
        self.session.commit()
        with writing(self.engine) as connection:
            end_sessions(connection, int(userid))

    def add_user(self, username: str, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("password"):
            check_password(kwargs["password"], username)
        return super().add_user(username, *args, **kwargs)

    def register_views(self) -> None:
        super().register_views()
        # Flask-AppBuilder limits its login page; a password can be guessed at these two as well
        for view in self.appbuilder.baseviews:
            if isinstance(view, (self.security_api, OwnPasswordView)):
                self.limiter.limit(self.auth_rate_limit, methods=["POST"])(view.blueprint)

    # -- a try to sign in holds the write lock for the length of one UPDATE, not of a password hash ---------------------
    def update_user_auth_stat(self, user: Any, success: bool = True) -> None:
        values: dict[str, Any] = {"fail_login_count": 0} if success else {}
        if success:
            values |= {"login_count": func.coalesce(User.login_count, 0) + 1, "last_login": func.now()}
        else:
            values["fail_login_count"] = func.coalesce(User.fail_login_count, 0) + 1
        with writing(self.engine) as connection:
            connection.execute(update(User).where(User.id == user.id).values(**values))
        if success:
            self.on_user_login(user)
        else:
            self.on_user_login_failed(user)

    def noop_user_update(self, user: Any) -> None:
        with writing(self.engine) as connection:
            connection.execute(update(User).where(User.id == user.id).values(login_count=User.login_count))


def safe_target(target: str) -> str:
    """`target` when it stays on this server, else the first page."""
    local = target.startswith("/") and not target.startswith(("//", "/\\"))
    return get_safe_redirect(target) if local else "/"
