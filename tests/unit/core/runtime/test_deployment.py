"""A deployment is opened from its folder; a client is applied as a whole or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.unit.core.plugins.plugin_world import entry, hookimpl
from tideng.base.clock import ManualClock, ScaledClock, SystemClock
from tideng.base.errors import (
    InvalidBundle,
    InvalidSettings,
    PluginRefused,
    Problem,
)
from tideng.base.settings import Settings, create
from tideng.client.bundle import Bundle, read_bundle
from tideng.client.profile import Profile
from tideng.model.catalogue import EventType
from tideng.runtime.apply import apply, plan
from tideng.runtime.deployment import Deployment
from tideng.store.database import reading, writing
from tideng.store.tables import NoteRow

CLIENT_YAML = """
client: {client}
timezone: Asia/Shanghai
quiet_hours: {{from: "21:30", until: "08:00"}}
channels: [portal]
nudge_budget: {{day: 3}}
plugins:
  listens: {{token: "${{ENV:GARDEN_TOKEN}}", trees: 3}}
event_types:
  {event_type}:
    title: {{zh: 灯卖出了, en: Lamp sold}}
    fields:
      amount: {{type: number, unit: CNY, title: {{zh: 金额, en: Amount}}}}
"""


def a_bundle(folder: Path, client: str = "garden", event_type: str = "lamp.sold") -> Bundle:
    folder.mkdir(exist_ok=True)
    (folder / "client.yaml").write_text(CLIENT_YAML.format(client=client, event_type=event_type), "utf-8")
    return read_bundle(folder)


class Listens:
    """Remembers what it was asked, and writes one note when a bundle is applied."""

    def __init__(self, problems: tuple[Problem, ...] = (), breaks: bool = False):
        self.problems, self.breaks = problems, breaks
        self.deployment: Deployment | None = None
        self.applied_with: list = []

    @hookimpl
    def declare(self):
        return [EventType("tree.planted", {"zh": "种树", "en": "Tree planted"})]

    @hookimpl
    def start(self, deployment):
        self.deployment = deployment

    @hookimpl
    def check_bundle(self, bundle):
        return self.problems

    @hookimpl
    def plan_bundle(self, bundle, connection):
        return ["1 tree would be planted"]

    @hookimpl
    def apply_bundle(self, bundle, connection):
        self.applied_with.append(connection)
        if connection is not None:
            connection.execute(NoteRow.__table__.insert().values(key="tree", value={}, updated_at=datetime.now(UTC)))
        if self.breaks:
            raise RuntimeError("no room")
        return ["1 tree planted"]


def notes(deployment: Deployment) -> set[str]:
    with reading(deployment.engine) as connection:
        return set(connection.scalars(select(NoteRow.key)))


def test_a_new_folder_opens_before_it_is_migrated_and_makes_no_database_by_looking(tmp_path):
    create(tmp_path)
    with Deployment.open(tmp_path, found=[]) as deployment:
        assert isinstance(deployment.clock, SystemClock)
        assert deployment.profile == Profile()
        assert deployment.calendar.country == "CN"
    assert not (tmp_path / "tideng.db").exists()


def test_the_virtual_clock_of_the_settings_is_the_same_in_every_process(tmp_path):
    start = datetime(2025, 6, 12, 10, 55, tzinfo=UTC)
    began = datetime.now(UTC).timestamp() - 60
    settings = Settings(folder=tmp_path, clock_start=start, clock_began=began, clock_speed=10)
    clocks = [Deployment.open(settings, found=[]).clock for _ in range(2)]
    assert all(isinstance(clock, ScaledClock) for clock in clocks)
    for clock in clocks:
        assert timedelta(minutes=10) <= clock.now() - start < timedelta(minutes=11)


def test_plugins_start_with_the_clients_profile_and_the_whole_catalogue(a_deployment, database_url, tmp_path):
    apply(a_deployment(database_url, found=[entry("listens", Listens())]), a_bundle(tmp_path / "client"))
    second = Listens()
    deployment = a_deployment(database_url, found=[entry("listens", second)])
    assert second.deployment is deployment
    assert deployment.profile.client == "garden"
    assert {"tree.planted", "lamp.sold"} <= set(deployment.catalogue.event_types)


def test_apply_keeps_the_profile_and_says_what_changed(a_deployment, database_url, tmp_path):
    deployment = a_deployment(database_url, found=[entry("listens", Listens())])
    bundle = a_bundle(tmp_path / "client")
    planned = plan(deployment, bundle)
    assert notes(deployment) == set()
    assert "client: '' → 'garden'" in planned
    assert planned[-1] == "1 tree would be planted"

    lines = apply(deployment, bundle)
    assert lines == [*planned[:-1], "1 tree planted"]
    assert notes(deployment) == {"profile", "tree"}
    assert deployment.profile == Profile.of(bundle)
    assert deployment.profile.quiet_hours == (time(21, 30), time(8))
    assert deployment.catalogue.event_types["lamp.sold"].field("amount").unit == "CNY"
    assert plan(deployment, bundle) == ["1 tree would be planted"]


def test_a_profile_survives_its_way_through_json(tmp_path):
    profile = Profile.of(a_bundle(tmp_path))
    assert Profile.from_json(profile.to_json()) == profile
    assert Profile.from_json({"client": "old"}) == Profile(client="old")


def test_a_running_process_takes_over_what_another_applied(a_deployment, database_url, tmp_path):
    running = a_deployment(database_url, found=[entry("listens", Listens())])
    apply(a_deployment(database_url, found=[entry("listens", Listens())]), a_bundle(tmp_path / "client"))
    assert running.profile.client == ""
    with reading(running.engine) as connection:
        assert running.refresh(connection)
        assert not running.refresh(connection)
    assert running.profile.client == "garden"
    assert "lamp.sold" in running.catalogue.event_types


def test_a_change_is_noticed_even_while_the_clock_stands_still(a_deployment, database_url, tmp_path):
    found = lambda: [entry("listens", Listens())]  # noqa: E731
    running, other = a_deployment(database_url, found=found()), a_deployment(database_url, found=found())
    for client in ("one", "two", "three"):
        with writing(other.engine) as connection:
            other.keep_profile(connection, Profile(client=client))
        with reading(running.engine) as connection:
            assert running.refresh(connection)
        assert running.profile.client == client


def test_every_problem_of_every_plugin_is_said_at_once_and_nothing_is_written(a_deployment, database_url, tmp_path):
    found = [
        entry(
            "listens", Listens((Problem("people.csv line 3", "unknown unit"), Problem("x", "odd", severity="warning")))
        ),
        entry("other", Speaks((Problem("client.yaml", "no trees"),))),
    ]
    deployment = a_deployment(database_url, found=found)
    with pytest.raises(InvalidBundle) as caught:
        apply(deployment, a_bundle(tmp_path / "client", event_type="tree.planted"))
    assert [p.problem for p in caught.value.problems] == ["unknown unit", "no trees", "is already declared by listens"]
    assert notes(deployment) == set()


class Speaks:
    def __init__(self, problems: tuple[Problem, ...]):
        self.problems = problems

    @hookimpl
    def check_bundle(self, bundle):
        return self.problems


def test_settings_for_a_plugin_that_is_not_on_are_refused(a_deployment, tmp_path):
    deployment = a_deployment(found=[entry("listen", Listens())])
    with pytest.raises(InvalidBundle, match=r"plugins\.listens: is not on .*did you mean 'listen'\?"):
        plan(deployment, a_bundle(tmp_path / "client"))


def test_when_a_plugin_breaks_over_a_bundle_nothing_at_all_has_changed(a_deployment, database_url, tmp_path):
    sound, broken = Listens(), Breaks()
    deployment = a_deployment(database_url, found=[entry("listens", sound), entry("zbroken", broken)])
    with pytest.raises(PluginRefused, match=r"nothing was changed, because of zbroken .*no room"):
        apply(deployment, a_bundle(tmp_path / "client"))
    assert len(sound.applied_with) == 1
    assert notes(deployment) == set()
    assert deployment.profile == Profile()
    assert "lamp.sold" not in deployment.catalogue.event_types


class Breaks:
    @hookimpl
    def apply_bundle(self, bundle, connection):
        raise RuntimeError("no room")


def test_a_replay_has_the_bundle_in_memory_and_no_database(tmp_path):
    plugin = Listens()
    clock = ManualClock(datetime(2025, 6, 12, tzinfo=UTC))
    deployment = Deployment.in_memory(
        a_bundle(tmp_path), clock, Settings(folder=tmp_path, plugins_allowed=("*",)), [entry("listens", plugin)]
    )
    assert plugin.applied_with == [None]
    assert deployment.profile.client == "garden"
    assert "lamp.sold" in deployment.catalogue.event_types
    assert not deployment.has_database
    with pytest.raises(RuntimeError, match="no database"):
        _ = deployment.engine
    assert not list(tmp_path.glob("*.db"))


def test_a_replay_with_a_broken_plugin_is_refused_rather_than_wrong(tmp_path):
    settings = Settings(folder=tmp_path, plugins_allowed=("*",))
    found = [entry("listens", Listens(breaks=True))]
    with pytest.raises(PluginRefused, match="no room"):
        Deployment.in_memory(a_bundle(tmp_path), ManualClock(datetime(2025, 6, 12, tzinfo=UTC)), settings, found)


def test_a_plugins_settings_are_the_bundles_under_the_deployments_own_with_secrets_put_in(
    a_deployment, tmp_path, monkeypatch
):
    deployment = a_deployment(
        found=[entry("listens", Listens())], bundle=a_bundle(tmp_path / "client"), plugins={"listens": {"trees": 5}}
    )
    with pytest.raises(InvalidSettings, match="GARDEN_TOKEN is not set"):
        deployment.plugin_settings("listens")
    monkeypatch.setenv("GARDEN_TOKEN", "t0ken")
    assert deployment.plugin_settings("listens") == {"token": "t0ken", "trees": 5}
    with reading(deployment.engine) as connection:
        kept = connection.scalar(select(NoteRow.value).where(NoteRow.key == "profile"))
        assert connection.scalar(select(func.count()).select_from(NoteRow)) == 2
    assert "t0ken" not in str(kept)


def test_two_deployments_in_one_process_know_nothing_of_each_other(a_deployment, tmp_path):
    one = a_deployment(found=[entry("listens", Listens())], bundle=a_bundle(tmp_path / "a", "one"))
    two = a_deployment(found=[])
    assert (one.profile.client, two.profile.client) == ("one", "")
    assert "tree.planted" not in two.catalogue.event_types
    assert one.settings.database_url != two.settings.database_url
