"""From nothing to a deployment: init, migrate, plan, apply, doctor."""

from __future__ import annotations

import json
import stat
import tomllib

from unloadable import SAID, unloadable_engine

from tideng.base.settings import SETTINGS


def test_init_explains_every_setting_and_keeps_the_key_to_its_owner(home):
    text = (home / "tideng.toml").read_text("utf-8")
    tomllib.loads(text)
    for setting in SETTINGS:
        assert setting.name == "secret_key" or setting.help in text
    assert stat.S_IMODE((home / "secret.key").stat().st_mode) == 0o600


def test_init_says_the_next_step_and_the_first_login(tideng):
    said = tideng("init", "home").stdout
    assert "tideng apply" in said
    assert "admin" in said


def test_init_refuses_a_folder_that_is_a_deployment_already_and_changes_nothing(tideng, home):
    before = (home / "secret.key").read_text()
    done = tideng("init", "home")
    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert (home / "secret.key").read_text() == before


def test_a_wrong_database_address_is_refused_in_words(tideng):
    done = tideng("init", "elsewhere", "--database", "postgresql://nobody@127.0.0.1:1/none")
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr


def test_a_command_outside_a_deployment_is_wrong_usage(tideng):
    done = tideng("nudges")
    assert done.returncode == 2
    assert "tideng init DIR" in done.stderr


def test_migrating_twice_changes_nothing(tideng, home):
    done = tideng("migrate", cwd=home)
    assert (done.returncode, done.stdout) == (0, "The database is up to date.\n")


def test_a_database_that_is_not_migrated_says_what_to_run(tideng, home):
    (home / "tideng.db").unlink()
    done = tideng("nudges", cwd=home)
    assert done.returncode == 1
    assert "tideng migrate" in done.stderr


def test_plan_says_what_apply_then_does_once(tideng, home, client):
    planned = json.loads(tideng("plan", client, "--json", cwd=home).stdout)["would change"]
    applied = json.loads(tideng("apply", client, "--json", cwd=home).stdout)["changed"]
    assert planned
    assert len(planned) == len(applied)
    assert tideng("plan", client, cwd=home).stdout == "Nothing would change.\n"


def test_a_client_with_mistakes_is_refused_as_a_whole_and_every_mistake_is_named(tideng, home, client):
    (client / "rules" / "bad.yaml").write_text("id: bad\nkind: reminder\nwhen: {event: report.submited}\n")
    (client / "rules" / "worse.yaml").write_text("id: worse\nkind: nothing\n")
    done = tideng("apply", client, cwd=home)
    assert done.returncode == 1
    assert "bad.yaml" in done.stderr
    assert "worse.yaml" in done.stderr
    assert json.loads(tideng("plan", client, "--json", cwd=home).stdout or "{}") == {}


def test_a_folder_that_is_no_client_is_wrong_usage(tideng, home):
    assert tideng("apply", "nowhere", cwd=home).returncode == 2


def test_doctor_finds_nothing_wrong_with_a_new_deployment(tideng, home, client):
    tideng("apply", client, cwd=home)
    done = tideng("doctor", cwd=home)
    assert done.returncode == 0, done.stdout
    assert "durable: 1 rules in force" in done.stdout


def test_doctor_says_what_is_wrong_with_a_way_out(tideng, home):
    tideng("ingest", "-", cwd=home, input='{"id": 1}\n')
    (home / "queue.db").unlink(missing_ok=True)
    (home / "queue.db").mkdir()
    done = tideng("doctor", "--json", cwd=home)
    wrong = {one["check"]: one for one in map(json.loads, done.stdout.splitlines()) if one["state"] == "wrong"}
    assert done.returncode == 1
    assert set(wrong) == {"queue file", "dead letters"}
    assert all(one["way_out"] for one in wrong.values())


def test_doctor_says_that_another_engine_judges_in_the_linkers_words_and_with_a_way_out(tideng, home, client, tmp_path):
    path = unloadable_engine(tmp_path / "broken")
    tideng("apply", client, cwd=home)
    done = tideng("doctor", "--json", cwd=home, PYTHONPATH=path)
    [engine] = [one for one in map(json.loads, done.stdout.splitlines()) if one["check"] == "engine"]
    assert (done.returncode, engine["state"]) == (1, "wrong")
    assert "closures judge in place of durable" in engine["said"]
    assert SAID in engine["said"]
    assert 'engine = "closures"' in engine["way_out"]
    chosen = tideng("doctor", cwd=home, PYTHONPATH=path, TIDENG_ENGINE="closures")
    assert (chosen.returncode, "closures: 1 rules in force" in chosen.stdout) == (0, True)


def test_doctor_says_that_the_database_is_gone(tideng, home):
    (home / "tideng.db").unlink()
    done = tideng("doctor", cwd=home)
    assert done.returncode == 1
    assert "tideng migrate" in done.stdout


def test_an_environment_variable_is_stronger_than_the_file(tideng, home):
    done = tideng("nudges", cwd=home, TIDENG_WEB_PORT="many")
    assert done.returncode == 1
    assert "TIDENG_WEB_PORT" in done.stderr
