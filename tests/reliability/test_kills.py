"""kill -9 of anything at any moment loses nothing and doubles nothing; and the test would see it if it did."""

from __future__ import annotations

import pytest

from tests.reliability.kills import Scene


@pytest.fixture
def a_scene(tmp_path):
    """Make a scene; its processes are gone after the test."""
    scenes = []

    def build(database_url: str | None = None, **of) -> Scene:
        scenes.append(Scene(tmp_path / f"scene-{len(scenes)}", database_url, **of))
        return scenes[-1]

    yield build
    for scene in scenes:
        scene.stop()


def test_a_dozen_kills_lose_nothing_and_double_nothing(a_scene):
    scene = a_scene(seed=7, events=400)
    outcome = scene.run(12, every=(0.3, 0.9), chance=0.02, at_most=60)
    assert outcome.faults == []
    assert outcome.killed >= 12


@pytest.mark.slow
def test_two_hundred_kills_lose_nothing_and_double_nothing(a_scene, record_property):
    scene = a_scene(seed=11, events=6000)
    outcome = scene.run(200, every=(0.5, 1.5), chance=0.02, at_most=280)
    record_property("outcome", str(outcome))
    print(outcome)
    assert outcome.faults == []
    assert outcome.killed >= 200
    assert outcome.places.keys() >= {"claimed", "judged", "before commit", "committed"}


@pytest.mark.slow
def test_fifty_kills_lose_nothing_on_postgresql(a_scene, postgres_url):
    scene = a_scene(postgres_url, seed=13, events=2000)
    outcome = scene.run(50, every=(0.5, 1.5), chance=0.02, at_most=120)
    print(outcome)
    assert outcome.faults == []
    assert outcome.killed >= 50


@pytest.mark.slow
def test_counters_in_a_transaction_of_their_own_are_found_out(a_scene):
    scene = a_scene(seed=17, events=800, mutant="counters-first")
    outcome = scene.run(15, every=(0.4, 1.0), chance=0.3, weights={"before commit": 1}, at_most=90)
    assert any("counters" in fault for fault in outcome.faults), outcome


@pytest.mark.slow
def test_marking_messages_as_sent_before_they_are_spoken_is_found_out(a_scene):
    scene = a_scene(seed=19, events=800, mutant="sent-first")
    outcome = scene.run(15, every=(0.4, 1.0), chance=0.2, weights={"speaking": 1}, at_most=90)
    assert any("never spoken" in fault for fault in outcome.faults), outcome
