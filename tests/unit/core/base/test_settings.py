"""Settings explain themselves, come from a file and the environment, and say all that is wrong at once."""

from __future__ import annotations

import dataclasses
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tideng.base.errors import InvalidSettings, NotFound
from tideng.base.settings import (
    FILE,
    SECRET_FILE,
    SETTINGS,
    Settings,
    create,
    default_folder,
    load,
)


def a_folder(tmp_path: Path, text: str = "") -> Path:
    (tmp_path / FILE).write_text(text, "utf-8")
    return tmp_path


def refused(folder: Path, environ: dict[str, str] | None = None) -> dict[str, str]:
    """The problems of a folder's settings: place → problem and hint."""
    with pytest.raises(InvalidSettings) as caught:
        load(folder, environ or {})
    return {p.at: f"{p.problem} ({p.hint})" for p in caught.value.problems}


def test_an_empty_file_gives_every_default_and_files_in_the_folder(tmp_path):
    settings = load(a_folder(tmp_path), {})
    assert settings.database_url == f"sqlite:///{tmp_path}/tideng.db"
    assert settings.queue_file == str(tmp_path / "queue.db")
    assert (settings.engine, settings.speak_within_hours, settings.max_event_depth) == ("durable", 48.0, 4)


def test_a_table_is_a_prefix_and_a_plugins_table_is_the_plugins_own(tmp_path):
    folder = a_folder(
        tmp_path,
        """
        web_port = 81
        [back_off]
        base_seconds = 5
        [clock]
        start = 2025-06-12T18:55:00+08:00
        began = 1750000000.5
        speed = 30
        [plugins]
        allowed = ["shipped", "garden>=1"]
        [plugins.connectors]
        smtp_host = "mail"
        smtp_password = "${ENV:MAIL_PASSWORD}"
        """,
    )
    settings = load(folder, {"MAIL_PASSWORD": "s3cret"})
    assert (settings.web_port, settings.back_off_base_seconds, settings.clock_speed) == (81, 5.0, 30.0)
    assert settings.clock_start == datetime(2025, 6, 12, 10, 55, tzinfo=UTC)
    assert settings.plugins_allowed == ("shipped", "garden>=1")
    assert dict(settings.plugins["connectors"]) == {"smtp_host": "mail", "smtp_password": "s3cret"}


def test_the_environment_wins_over_the_file(tmp_path):
    settings = load(
        a_folder(tmp_path, "web_port = 81"), {"TIDENG_WEB_PORT": "82", "TIDENG_TRUSTED_HOSTS": "a.example; b.example"}
    )
    assert settings.web_port == 82
    assert settings.trusted_hosts == ("a.example", "b.example")


def test_everything_wrong_is_said_at_once_with_a_way_out(tmp_path):
    folder = a_folder(
        tmp_path,
        """
        web_prt = 1
        batch_size = 0
        engine = "drools"
        log_level = true
        secret_key = "${ENV:NOWHERE}"
        [clock]
        start = 2025-06-12T18:55:00
        [moon]
        """,
    )
    problems = refused(folder, {"TIDENG_SWEEP_SECONDS": "soon", "TIDENG_LEASE_SECOND": "1"})
    assert set(problems) == {
        *("web_prt", "batch_size", "engine", "log_level", "secret_key", "clock.start", "[moon]"),
        *("TIDENG_SWEEP_SECONDS", "TIDENG_LEASE_SECOND"),
    }
    assert "did you mean 'web_port'?" in problems["web_prt"]
    assert "did you mean 'lease_seconds'?" in problems["TIDENG_LEASE_SECOND"]
    assert "at least 1" in problems["batch_size"]
    assert "durable, closures" in problems["engine"]
    assert "NOWHERE" in problems["secret_key"]
    assert "with its zone" in problems["clock.start"]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999", "", "[]"])
def test_a_number_is_a_finite_number(tmp_path, value):
    assert "TIDENG_SWEEP_SECONDS" in refused(a_folder(tmp_path), {"TIDENG_SWEEP_SECONDS": value})


def test_a_secret_of_the_same_prefix_is_no_misspelt_setting(tmp_path):
    load(a_folder(tmp_path), {"TIDENG_CRM_TOKEN": "x", "TIDENG_HOME": "/elsewhere"})


def test_a_virtual_clock_needs_its_beginning_or_processes_would_disagree(tmp_path):
    assert "clock.began" in refused(a_folder(tmp_path, '[clock]\nstart = "2025-06-12T18:55:00+08:00"'))["clock.start"]


def test_broken_toml_and_a_missing_file_are_told_apart(tmp_path):
    assert "is not there" in refused(tmp_path)[str(tmp_path / FILE)]
    assert "is not TOML" in refused(a_folder(tmp_path, "web_port ="))[str(tmp_path / FILE)]


def test_settings_cannot_be_changed(tmp_path):
    settings = Settings(folder=tmp_path, plugins={"connectors": {"smtp_host": "mail"}})
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.web_port = 1
    with pytest.raises(TypeError):
        settings.plugins["connectors"]["smtp_host"] = "other"


def test_secrets_do_not_show_in_a_traceback(tmp_path):
    shown = repr(Settings(folder=tmp_path, secret_key="k3y", database_url="postgresql://u:pw@h/db"))
    assert "k3y" not in shown
    assert "pw" not in shown


def test_a_wrong_secret_is_not_repeated_in_the_refusal(tmp_path):
    assert "12345678" not in str(refused(a_folder(tmp_path, "secret_key = 12345678")))


def test_a_new_deployment_has_a_key_only_its_owner_reads_and_loads_as_chosen(tmp_path):
    made = create(tmp_path / "new", {"connectors": {"smtp_host": 'ma"il'}}, web_port=81, plugins_allowed=("*",))
    assert load(tmp_path / "new", {}) == made
    assert (made.web_port, made.plugins_allowed, made.plugins["connectors"]["smtp_host"]) == (81, ("*",), 'ma"il')
    assert len(made.secret_key) >= 43
    for file in (FILE, SECRET_FILE):
        assert stat.S_IMODE((tmp_path / "new" / file).stat().st_mode) == 0o600


def test_a_new_deployment_never_overwrites_one(tmp_path):
    create(tmp_path)
    before = (tmp_path / FILE).read_text()
    with pytest.raises(InvalidSettings, match="is there already"):
        create(tmp_path)
    assert (tmp_path / FILE).read_text() == before


def test_every_setting_has_help_that_its_default_obeys():
    for setting in SETTINGS:
        assert len(setting.help) > 15, setting.name
        assert setting.default is None or setting.read(setting.default) == setting.default
        assert f"`{setting.name}`" in Settings.describe()


def test_commands_work_where_one_stands_else_in_tideng_home(tmp_path, monkeypatch):
    home, here = tmp_path / "home", tmp_path / "here"
    create(home), create(here)
    monkeypatch.setenv("TIDENG_HOME", str(home))
    monkeypatch.chdir(here)
    assert default_folder() == here
    monkeypatch.chdir(tmp_path)
    assert default_folder() == home
    monkeypatch.delenv("TIDENG_HOME")
    with pytest.raises(NotFound, match="tideng init"):
        default_folder()
