"""One plugin's fault is that plugin's: it is shown as failed and off, and the others run on."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from importlib.metadata import EntryPoint, PackagePath
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import OperationalError

from tests.unit.core.plugins.plugin_world import FakeDistribution, entry, hookimpl
from tideng.model.catalogue import (
    CORE_EVENTS,
    ActionSpec,
    EventType,
    Mark,
)
from tideng.org.directory import Directory
from tideng.plugins.manager import Plugins
from tideng.store.database import reading, writing
from tideng.store.tables import NoteRow, PluginRow

TITLE = {"zh": "事", "en": "Thing"}


class Sound:
    """A plugin without fault."""

    @hookimpl
    def declare(self):
        yield EventType("tree.planted", TITLE)

    @hookimpl
    def judge(self, situations):
        return [f"judged {len(situations)}"]


class LeavesInJudge:
    @hookimpl
    def judge(self, situations):
        raise SystemExit(3)


class Misspelt:
    @hookimpl
    def declare(self):
        return [EventType("tree.felled", TITLE)]

    @hookimpl
    def jugde(self, situations):
        return []


class WrongArguments:
    @hookimpl
    def judge(self, situation):
        return []


class Wrapper:
    @hookimpl(wrapper=True)
    def judge(self, situations):
        return (yield)


class TakesPay:
    @hookimpl
    def declare(self):
        return [EventType("pay.cut", TITLE), ActionSpec("deduct_salary", "record", {"zh": "扣工资", "en": "Deduct"})]


class MarksAPenalty:
    @hookimpl
    def declare(self):
        return [Mark("fined", {"zh": "已罚款", "en": "Fined"})]


class Untitled:
    title = "Trees"


class Titled:
    title = {"zh": "树木", "en": "Trees"}


class Punishes:
    @hookimpl
    def declare(self):
        return [ActionSpec("punish", "punish", TITLE)]


def plugins_of(**made) -> Plugins:
    return Plugins(("*",), found=[entry(name, plugin) for name, plugin in made.items()])


def states(plugins: Plugins) -> dict[str, str]:
    return {state.name: state.state for state in plugins.states}


def error(plugins: Plugins, name: str) -> str:
    return next(state.error for state in plugins.states if state.name == name)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (ImportError("no module named turtle"), "ImportError: no module named turtle"),
        (SystemExit(1), "SystemExit: 1"),
        (SyntaxError("invalid syntax"), "invalid syntax"),
        (Misspelt, "there is no hook 'jugde' (did you mean judge?)"),
        (WrongArguments, "situation"),
        (Wrapper, "every plugin stands alone"),
        (TakesPay, "reaches pay or punishes"),
        (Punishes, "has effect 'punish'"),
        (MarksAPenalty, "mark 'fined' reaches pay or punishes"),
        (Untitled, "title must be"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_failed_and_the_others_run_on(bad, said):
    plugins = plugins_of(bad=bad, sound=Sound)
    assert states(plugins) == {"bad": "failed", "sound": "on"}
    assert said in error(plugins, "bad")
    assert plugins.get("bad") is None
    assert plugins.call("judge", situations=[1]) == [["judged 1"]]
    assert set(plugins.catalogue.event_types) - {core.name for core in CORE_EVENTS} == {"tree.planted"}


def test_a_plugin_is_called_what_it_calls_itself_and_else_by_its_name():
    plugins = plugins_of(trees=Titled, sound=Sound)
    assert plugins.catalogue.title_of("trees") == {"zh": "树木", "en": "Trees"}
    assert plugins.catalogue.title_of("sound") == {"zh": "sound", "en": "sound"}
    plugins.switch_off("trees", "for a test")
    assert plugins.catalogue.title_of("trees")["zh"] == "树木"


def test_a_module_that_really_breaks_while_it_is_imported_is_failed(tmp_path, monkeypatch):
    (tmp_path / "breaks_at_import.py").write_text("import sys\nsys.exit('licence expired')\n")
    monkeypatch.syspath_prepend(tmp_path)
    real = EntryPoint("breaks", "breaks_at_import:Plugin", "tideng")
    plugins = Plugins(("*",), found=[real, entry("sound", Sound)])
    assert states(plugins) == {"breaks": "failed", "sound": "on"}
    assert "licence expired" in error(plugins, "breaks")


def test_a_hook_that_leaves_the_process_switches_off_its_plugin_only():
    plugins = plugins_of(leaves=LeavesInJudge, sound=Sound)
    assert plugins.call_named("judge", situations=[1, 2]) == [("sound", ["judged 2"])]
    assert states(plugins) == {"leaves": "failed", "sound": "on"}
    assert error(plugins, "leaves") == "judge: SystemExit: 3"
    assert plugins.call("judge", situations=[]) == [["judged 0"]]


def test_ctrl_c_in_a_hook_still_ends_the_process():
    class Interrupted:
        @hookimpl
        def judge(self, situations):
            raise KeyboardInterrupt

    plugins = plugins_of(interrupted=Interrupted)
    with pytest.raises(KeyboardInterrupt):
        plugins.call("judge", situations=[])
    assert states(plugins) == {"interrupted": "on"}


def test_an_answer_that_breaks_while_it_is_read_is_still_the_plugins_fault():
    class BreaksLater:
        @hookimpl
        def check_bundle(self, bundle):
            yield "one"
            raise RuntimeError("two")

    plugins = plugins_of(later=BreaksLater)
    assert plugins.call("check_bundle", bundle=None) == []
    assert states(plugins) == {"later": "failed"}


def test_what_a_plugin_declared_stays_known_when_it_fails_later_so_its_events_are_still_taken():
    class Fails(Sound):
        @hookimpl
        def judge(self, situations):
            raise ValueError

    plugins = plugins_of(fails=Fails)
    plugins.call("judge", situations=[])
    assert "tree.planted" in plugins.catalogue.event_types


def test_two_plugins_cannot_declare_the_same_thing():
    plugins = plugins_of(a=Sound, b=Sound)
    assert states(plugins) == {"a": "on", "b": "failed"}
    assert plugins.catalogue.event_types["tree.planted"].plugin == "a"


def test_a_plugin_comes_after_those_it_requires_and_not_without_them():
    class Speaks:
        @hookimpl
        def judge(self, situations):
            return type(self).__name__

    class Aunt(Speaks):
        requires = ("zebra",)

    class Lonely(Speaks):
        requires = ("nowhere",)

    class Circle(Speaks):
        requires = ("circle",)

    plugins = plugins_of(aunt=Aunt, zebra=Speaks, lonely=Lonely, circle=Circle)
    assert states(plugins) == {"aunt": "on", "circle": "failed", "lonely": "failed", "zebra": "on"}
    assert error(plugins, "lonely") == "needs nowhere, which is not on"
    assert plugins.call("judge", situations=[]) == ["Speaks", "Aunt"]


def test_the_first_answer_counts_and_a_failing_one_is_skipped():
    class Silent:
        @hookimpl
        def channel(self, name):
            return None

    class Breaks:
        @hookimpl
        def channel(self, name):
            raise OSError

    class Answers:
        @hookimpl
        def channel(self, name):
            return f"channel {name}"

    plugins = plugins_of(a=Silent, b=Breaks, c=Answers)
    assert plugins.first("channel", name="portal") == "channel portal"
    assert states(plugins)["b"] == "failed"
    assert plugins.first("directory", connection=None) is None


class Writes:
    """Writes a note, then breaks if told so."""

    def __init__(self, key, fails):
        self.key, self.fails = key, fails

    @hookimpl
    def on_stored(self, events, connection):
        connection.execute(text(f"INSERT INTO note VALUES ('{self.key}', '{{}}', '2025-01-01 00:00:00')"))
        if self.fails:
            connection.execute(text("SELECT * FROM no_such_table"))


def test_what_a_failing_plugin_wrote_is_undone_and_the_transaction_goes_on(a_deployment, database_url):
    found = [entry("a", Writes("a", False)), entry("b", Writes("b", True)), entry("c", Writes("c", False))]
    deployment = a_deployment(database_url, found=found)
    with writing(deployment.engine) as connection:
        deployment.plugins.call("on_stored", events=[], connection=connection, directory=Directory(), silent=bool)
        deployment.note_plugins(connection)
    with reading(deployment.engine) as connection:
        assert sorted(connection.scalars(select(NoteRow.key))) == ["a", "c"]
        noted = {row.name: (row.state, bool(row.error)) for row in connection.execute(select(PluginRow.__table__))}
    assert noted == {"a": ("on", False), "b": ("failed", True), "c": ("on", False)}


def test_a_database_that_is_busy_is_not_the_plugins_fault():
    class MeetsALock:
        @hookimpl
        def refresh(self, connection):
            raise OperationalError("SELECT 1", {}, Exception("database is locked"))

    plugins = plugins_of(meets=MeetsALock)
    with create_engine("sqlite://").connect() as connection, pytest.raises(OperationalError):
        plugins.call("refresh", connection=connection)
    assert states(plugins) == {"meets": "on"}


def a_distribution(folder: Path, version: str = "1.4") -> tuple[FakeDistribution, str]:
    """A distribution with one real file, and the hash of its RECORD."""
    (folder / "garden.py").write_text("trees = 3\n")
    digest = urlsafe_b64encode(hashlib.sha256(b"trees = 3\n").digest()).rstrip(b"=").decode()
    record = f"garden.py,sha256={digest},10\n"
    distribution = FakeDistribution("garden", version, record)
    file = PackagePath("garden.py")
    file.hash = type("Hash", (), {"mode": "sha256", "value": digest})()
    file.dist = type("Dist", (), {"locate_file": staticmethod(lambda path: folder / path)})()
    distribution.files = (file,)
    return distribution, hashlib.sha256(record.encode()).hexdigest()


@pytest.mark.parametrize(
    ("allowed", "state", "said"),
    [
        (["*"], "on", ""),
        (["garden"], "on", ""),
        (["garden>=1,<2"], "on", ""),
        (["garden >=1.4"], "on", ""),
        (["garden sha256:{sha}"], "on", ""),
        (["garden>=1 sha256:{sha}"], "on", ""),
        ([], "off", "not in plugins_allowed"),
        (["shipped"], "off", "not in plugins_allowed"),
        (["gardens"], "off", "not in plugins_allowed"),
        (["garden<1"], "off", "version 1.4 is not <1"),
        (["garden sha256:" + "0" * 64], "off", "another hash"),
        (["garden>>1"], "off", "cannot read the versions"),
        (["garden sha1:00"], "failed", "cannot read"),
    ],
)
def test_the_allow_list_keeps_out_what_it_does_not_name(tmp_path, allowed, state, said):
    distribution, sha = a_distribution(tmp_path)
    plugins = Plugins([line.replace("{sha}", sha) for line in allowed], found=[entry("garden", Sound, distribution)])
    assert states(plugins) == {"garden": state}
    assert said in error(plugins, "garden")
    assert ("tree.planted" in plugins.catalogue.event_types) == (state == "on")


def test_a_pinned_plugin_whose_file_was_altered_is_kept_out(tmp_path):
    distribution, sha = a_distribution(tmp_path)
    (tmp_path / "garden.py").write_text("trees = 4\n")
    plugins = Plugins([f"garden sha256:{sha}"], found=[entry("garden", Sound, distribution)])
    assert states(plugins) == {"garden": "off"}
    assert "garden.py is not the file that was installed" in error(plugins, "garden")


def test_what_came_with_tideng_is_allowed_by_itself():
    plugins = Plugins(("shipped",), found=[entry("rules", Sound, FakeDistribution("tideng", "0.1"))])
    assert states(plugins) == {"rules": "on"}


def test_a_second_plugin_of_the_same_name_is_left_out_and_said():
    plugins = Plugins(("*",), found=[entry("a", Sound), entry("a", LeavesInJudge)])
    assert states(plugins) == {"a": "on"}
    assert "same name" in error(plugins, "a")
    assert plugins.call("judge", situations=[]) == [["judged 0"]]


def test_the_installed_plugins_are_all_on():
    plugins = Plugins()
    assert {s.name: s.error for s in plugins.states if s.state != "on"} == {}
    shipped = {"rules", "orgchart", "processes", "reports", "travel", "followup", "connectors"}
    assert {s.name for s in plugins.states} == shipped
