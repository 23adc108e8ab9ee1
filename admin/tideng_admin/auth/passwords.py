"""Which passwords are good enough: long, not one of those everybody tries, and nothing about composition.

After NIST SP 800-63B and OWASP ASVS 5 (6.2): length and a block list help, forced digits and capitals do not.
"""

from __future__ import annotations

from flask_appbuilder.exceptions import PasswordComplexityValidationError
from flask_babel import get_locale

from tideng.base.errors import Problem, Refused
from tideng.base.problems import Sentence, say_sentence

LEAST = 10
MOST = 200
_COMMON = ("password", "passw0rd", "123456", "qwerty", "letmein", "welcome", "admin123", "tideng", "iloveyou", "abc123")


def weakness(password: str, login: str = "") -> Sentence | None:
    """What is wrong with `password`; None when nothing is."""
    small = password.lower()
    if len(password) < LEAST:
        return Sentence("password-too-short")
    if len(password) > MOST:
        return Sentence("password-too-long")
    if len(set(small)) < 5:
        return Sentence("password-repeats")
    if login and len(login) > 3 and login.lower() in small:
        return Sentence("password-holds-login")
    rest = small
    for word in _COMMON:
        rest = rest.replace(word, "")
    if len(rest) < 5 or small.isdigit():
        return Sentence("password-common")
    return None


def check_password(password: str, login: str = "") -> None:
    """Raise `Refused` for a weak password: for the command line and everything else without a form."""
    found = weakness(password, login)
    if found:
        raise Refused("password", [Problem("password", found.code, found.params)])


def check_in_form(password: str) -> None:
    """The same for Flask-AppBuilder's forms, in the reader's language."""
    found = weakness(password)
    if found:
        raise PasswordComplexityValidationError(say_sentence(found, str(get_locale())))
