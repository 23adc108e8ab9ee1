"""Which passwords are good enough: long, not one of those everybody tries, and nothing about composition.

After NIST SP 800-63B and OWASP ASVS 5 (6.2): length and a block list help, forced digits and capitals do not.
"""

from __future__ import annotations

from flask_appbuilder.exceptions import PasswordComplexityValidationError
from flask_babel import gettext as _

from tideng.base.errors import Problem, Refused

LEAST = 10
MOST = 200
_COMMON = ("password", "passw0rd", "123456", "qwerty", "letmein", "welcome", "admin123", "tideng", "iloveyou", "abc123")


def weakness(password: str, login: str = "") -> str:
    """What is wrong with `password`, as an untranslated sentence; '' when nothing is."""
    small = password.lower()
    if len(password) < LEAST:
        return "A password needs at least 10 characters; a short sentence is easiest to remember."
    if len(password) > MOST:
        return "A password has at most 200 characters."
    if len(set(small)) < 5:
        return "This password repeats too few characters."
    if login and len(login) > 3 and login.lower() in small:
        return "A password must not contain the login name."
    rest = small
    for word in _COMMON:
        rest = rest.replace(word, "")
    if len(rest) < 5 or small.isdigit():
        return "This password is one of the first that anybody would try."
    return ""


def check_password(password: str, login: str = "") -> None:
    """Raise `Refused` for a weak password: for the command line and everything else without a form."""
    found = weakness(password, login)
    if found:
        raise Refused("password", [Problem("password", found)])


def check_in_form(password: str) -> None:
    """The same for Flask-AppBuilder's forms, in the reader's language."""
    found = weakness(password)
    if found:
        raise PasswordComplexityValidationError(_(found))
