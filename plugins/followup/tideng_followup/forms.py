"""Questions and prefilled values in the forms of a follow-up: who may answer, and why a customer did not buy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from tideng.plugin import MUST, Asked, Catalogue, Directory, Filled, Form, phrase
from tideng_processes.cases.owners import holder_of

RAISE, FOLLOW_UP = "customer_followup.raise", "customer_followup.follow_up"
PRODUCT = "product"
"""The role that answers what customers need."""
WHY: Mapping[str, str] = phrase("What was it mainly? “Not known” is all right.")
FROM_PRODUCT: Mapping[str, str] = phrase("Of those at work in product today, who has the least to do")


def asked_of(form: Form) -> Iterable[Asked]:
    """Ask for a reason when the customer did not accept; the reason shows which step could be better."""
    if form.name != FOLLOW_UP or form.data.get("accepted") is not False or form.data.get("reason"):
        return []
    return [Asked("reason", WHY, MUST)]


def filled_in(
    form: Form, connection: Connection, catalogue: Catalogue, directory: Directory, now: datetime
) -> Mapping[str, Filled]:
    """Fill in who is to answer: the person in product who would get the next step."""
    if form.name != RAISE or form.data.get("owner") or not directory.roles.get(PRODUCT):
        return {}
    found = holder_of(connection, catalogue, directory, now, PRODUCT)
    return {"owner": Filled(found.person, FROM_PRODUCT)} if found.meant_for != f"role:{PRODUCT}" else {}
