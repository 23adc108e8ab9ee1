"""Apply a client bundle to a running deployment: `plan` lists the changes, `apply` makes them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from tideng.base.text import Text
from tideng.client.profile import Profile
from tideng.runtime.deployment import Deployment
from tideng.store.database import reading, writing
from tideng.store.rates import rate_changes, stored_rates

if TYPE_CHECKING:
    from tideng.client.bundle import Bundle


def plan(deployment: Deployment, bundle: Bundle) -> list[Text | str]:
    """The changes that `apply` would make, one line each; empty if there are none.

    Raises `InvalidBundle` with every problem at once, `PluginRefused` when a plugin failed over it.
    """
    deployment.check(bundle)
    failed = deployment.failed_plugins()
    with reading(deployment.engine) as connection:
        deployment.refresh(connection)
        lines = _differences(deployment.profile, Profile.of(bundle))
        lines += rate_changes(stored_rates(connection), bundle.rates)[0]
        lines += [
            line
            for part in deployment.plugins.call("plan_bundle", bundle=bundle, connection=connection)
            for line in part
        ]
    deployment.refuse_new_failures(failed)
    return lines


def apply(deployment: Deployment, bundle: Bundle, take: str = "") -> list[Text | str]:
    """Apply the bundle in one transaction, and return the changes, one line each.

    `take`: ``files`` or ``deployment`` count for what was changed in both; '' refuses it. Raises as `plan` does; nothing has
    changed then.
    """
    deployment.check(bundle)
    failed, profile = deployment.failed_plugins(), Profile.of(bundle)
    with writing(deployment.engine) as connection:
        lines = _apply(deployment, bundle, profile, connection, take)
        deployment.refuse_new_failures(failed)
    deployment.use_profile(profile)
    deployment.use_rates(bundle.rates)
    return lines


def _apply(
    deployment: Deployment, bundle: Bundle, profile: Profile, connection: Connection, take: str = ""
) -> list[Text | str]:
    deployment.refresh(connection)
    lines = _differences(deployment.profile, profile)
    if lines:
        deployment.keep_profile(connection, profile)
    lines += _apply_rates(deployment, bundle, profile, connection)
    for part in deployment.plugins.call("apply_bundle", bundle=bundle, connection=connection, take=take):
        lines += part
    deployment.note_plugins(connection)
    return lines


def _apply_rates(deployment: Deployment, bundle: Bundle, profile: Profile, connection: Connection) -> list[Text | str]:
    lines, since = rate_changes(stored_rates(connection), bundle.rates)
    if deployment.profile.currency != profile.currency:
        since = date.min  # all stored sums are in another currency
    if since is not None:
        deployment.keep_rates(connection, bundle.rates, since)
    return list(lines)


def _differences(old: Profile, new: Profile) -> list[Text | str]:
    before, after = old.to_json(), new.to_json()
    lines: list[Text | str] = []
    for name in after:
        if before[name] == after[name]:
            continue
        if isinstance(after[name], dict):
            changed = sorted(k for k in {*before[name], *after[name]} if before[name].get(k) != after[name].get(k))
            lines.append(f"{name}: {', '.join(changed)}")
        else:
            lines.append(f"{name}: {before[name]!r} → {after[name]!r}")
    return lines
