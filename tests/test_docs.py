"""What the documentation says is so: what is drawn is up to date, what is shown runs, what is named is there."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from docs.make import written
from tests.mentions import gone_in
from tests.test_layers import modules
from tests.test_layout import ROOT, package_folders, setup_cfg, tracked
from tideng.base import catalogues, words
from tideng.base.settings import SETTINGS
from tideng.cli.reference import commands
from tideng.plugins.hookspecs import Hooks
from tideng.plugins.manager import SHIPPED, Plugins

ENTRY_POINT_GROUPS = {*setup_cfg()["options.entry_points"], *catalogues.GROUPS, *words.GROUPS}
READMES = ("README.md", "README.zh-CN.md")
DOCS = ROOT / "docs"
FENCE = re.compile(r"(?:<!-- (?P<mark>[^>]*?) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.S | re.M)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def pages() -> list[Path]:
    """Every page of documentation in the repository."""
    found = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "clients").glob("*/README.md")]
    return sorted(found)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(path: Path, *marks: str) -> list[str]:
    """The fenced blocks of a page that carry one of these marks."""
    return [found["text"] for found in FENCE.finditer(path.read_text("utf-8")) if found["mark"] in marks]


def prose(path: Path) -> str:
    """The page without its fenced blocks, code and comments."""
    return re.sub(r"`[^`\n]*`|<!--.*?-->", "", FENCE.sub("", path.read_text("utf-8")), flags=re.S)


# -- drawn from the code -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(written()))
def test_what_is_drawn_from_the_code_is_up_to_date(name):
    assert (DOCS / name).read_text("utf-8") == written()[name], "run make docs"


def test_every_setting_is_documented_with_what_it_is():
    page = (DOCS / "settings.md").read_text("utf-8")
    assert [one.name for one in SETTINGS if f"| `{one.name}` |" not in page or len(one.help) < 15] == []


def test_every_hook_is_documented_with_when_it_is_called():
    page = (DOCS / "hooks.md").read_text("utf-8")
    hooks = [name for name in vars(Hooks) if not name.startswith("_")]
    assert len(hooks) > 10
    assert [name for name in hooks if f"## {name}\n" not in page and f"## {name} ·" not in page] == []
    assert [name for name in hooks if len(getattr(Hooks, name).__doc__ or "") < 40] == []


def test_every_command_and_every_option_is_documented():
    page = (DOCS / "cli.md").read_text("utf-8")
    missing = []
    for path, command in commands("en"):
        missing += [path] if f"`{path}" not in page else []
        shown = (p for p in command.params if p.param_type_name == "option" and not p.hidden and p.name != "help")
        missing += [f"{path} {p.opts[0]}" for p in shown if f"| `{path}` | `{', '.join(p.opts)}" not in page]
    assert missing == []


def test_everything_in_the_catalogue_is_documented_in_both_languages():
    page, found = (DOCS / "catalogue.md").read_text("utf-8"), Plugins((SHIPPED,)).catalogue
    shelves = (found.event_types, found.facts, found.states, found.metrics, found.actions, found.channels)
    for one in (item for shelf in shelves for item in shelf.values()):
        assert one.name in page
        assert one.title["zh"] in page
        assert one.title["en"] in page


def test_every_hook_is_called_somewhere():
    """A hook that nobody calls is a promise that is not kept."""
    called = set()
    for path in modules().values():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                asks = node.func.attr in ("call", "call_named", "first")
                if asks and isinstance(node.args[0], ast.Constant):
                    called.add(node.args[0].value)
                elif node.func.attr == "call_one" and isinstance(node.args[1], ast.Constant):
                    called.add(node.args[1].value)
            elif isinstance(node, ast.Attribute) and node.attr == "declare" and isinstance(node.value, ast.Attribute):
                called.add("declare")  # asked of one plugin at a time, while it is loaded
    assert {name for name in vars(Hooks) if not name.startswith("_")} - called == set()


# -- links -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_link_and_picture_in_the_repository_is_there(page):
    dead = []
    for target in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = unquote(target).partition("#")
        path = (page.parent / file) if file else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            dead.append(target)
    assert dead == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text("utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_of_the_documentation_can_be_found_from_its_index():
    index = (DOCS / "README.md").read_text("utf-8")
    assert [page.name for page in DOCS.glob("*.md") if page.name != "README.md" and f"({page.name})" not in index] == []


def test_every_module_and_file_that_is_named_is_there():
    """``tideng.outbox.delivery``, ``tests/reliability``: names grow old faster than sentences."""
    known, gone = set(modules()), []
    for page in [*(ROOT / name for name in READMES), *DOCS.rglob("*.md")]:
        whole = page.read_text("utf-8")
        text = FENCE.sub("", whole)
        made_here = set(re.findall(r"<!-- plugin file: (\S+) -->", whole))
        for name in re.findall(r"`((?:tideng|tideng_(?!NAME)\w+)(?:\.\w+)*)`", text):
            parts = name.split(".")
            if "_" not in parts[0] and len(parts) == 1:
                continue
            here = ".".join(parts[:2]) in known or (len(parts) == 1 and name in known)
            not_a_module = name in ENTRY_POINT_GROUPS or name in ("tideng.toml", "tideng.db")
            gone += [] if here or not_a_module else [(page.name, name)]
        for name in re.findall(r"`((?:tests|rules|clients|platform|plugins|bench)/[\w./-]+)`", text):
            is_pattern = "NAME" in name or name in made_here
            gone += [] if is_pattern or (ROOT / name).exists() else [(page.name, name)]
    assert gone == []


@pytest.mark.parametrize("package", sorted({name.partition(".")[0] for name in package_folders()}))
def test_every_page_file_and_name_that_a_docstring_or_comment_mentions_is_there(package):
    """Names in `backticks`, dotted names, files and pages: write the new name, or leave the sentence out."""
    gone = [
        f"{path.relative_to(ROOT)}:{found}"
        for module, path in modules().items()
        if module.partition(".")[0] == package
        for found in gone_in(path)
    ]
    assert gone == []


def test_a_name_that_is_gone_is_noticed(tmp_path):
    module = tmp_path / "module.py"
    module.write_text(
        '"""See docs: tone of voice, docs/architecture and `modules`, asked as `documents.read_rules`."""\n'
        "# judged by comparing.py and tideng_rules.documents\n"
        '"""See docs/tour.md, `read_rules`, `Rule.trigger` and tideng_rules.document.parser."""\n'
        "# a value in `double_backticks_are_text` is a name, ``in_these`` it is text\n",
        "utf-8",
    )
    names = [found.partition(": ")[2] for found in gone_in(module)]
    assert sorted(names) == sorted(
        ["docs: tone of voice", "docs/architecture", "documents.read_rules", "comparing.py", "tideng_rules.documents",
         "double_backticks_are_text"]
    )  # fmt: skip


def places() -> dict[str, list[str]]:
    """Each question of the tour's table → the dotted names and folders it leads to."""
    page = (DOCS / "tour.md").read_text("utf-8").partition("## Where is it?")[2]
    rows = re.findall(r"^\| ([^|]+\?) \| (.+) \|$", page, re.M)
    return {question: re.findall(r"`([\w./]+)`", answer) for question, answer in rows}


def defined(name: str) -> bool:
    """Whether a dotted name is a module, or a name that a module defines at its top."""
    known = modules()
    module, _, attribute = name.rpartition(".")
    if name in known:
        return True
    if module not in known:
        return False
    body = ast.parse(known[module].read_text("utf-8")).body
    named = {node.name for node in body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
    return attribute in named


def test_a_newcomer_finds_every_place_that_the_tour_names():
    asked = places()
    assert len(asked) >= 25
    lost = {
        question: [place for place in answers if not (defined(place) or (ROOT / place).exists())]
        for question, answers in asked.items()
    }
    assert {question: gone for question, gone in lost.items() if gone} == {}, "the module has moved: name its new place"


# -- what is shown runs ------------------------------------------------------------------------------------------------
def runnable() -> list[Path]:
    return [page for page in pages() if blocks(page, "run", "run and compare")]


def spoken_in(page: Path) -> dict[str, str]:
    """The environment of a reader of that page: the commands beside this Python, and the page's language."""
    language = "zh_CN.UTF-8" if ".zh" in page.name else "en_US.UTF-8"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TIDENG_", "LC_", "LANG"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, "PATH": path, "LANG": language, "COLUMNS": "160", "PYTHONWARNINGS": "ignore"}


def run(page: Path, script: str, folder: Path) -> str:
    """Run a block in `folder`, beside which the clients stand as in the repository; return what it says."""
    if not (folder / "clients").exists():
        (folder / "clients").symlink_to(ROOT / "clients")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder, env=spoken_in(page), capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_there_are_blocks_that_run_and_blocks_that_are_compared():
    assert {"README.md", "README.zh-CN.md", "docs/deployment.md"} <= set(map(name_of, runnable()))
    assert all(blocks(ROOT / name, "run and compare") for name in READMES)


@pytest.mark.parametrize("page", runnable(), ids=name_of)
def test_what_a_page_shows_as_runnable_runs(page, tmp_path):
    for script in blocks(page, "run"):
        run(page, script, tmp_path)


@pytest.mark.parametrize("name", READMES)
def test_the_examples_of_the_readme_print_what_it_shows(name, tmp_path):
    plain = lambda text: [" ".join(line.split()) for line in text.splitlines() if line.strip()]  # noqa: E731
    for block in blocks(ROOT / name, "run and compare"):
        command, _, shown = block.partition("\n")
        assert command.startswith("$ tideng ")
        assert plain(run(ROOT / name, command[2:], tmp_path)) == plain(shown)


def test_every_command_line_that_is_shown_exists():
    """Also in blocks that are not run: the command and its options are there."""
    known = {path: {name for p in command.params for name in p.opts} for path, command in commands("en")}
    wrong = []
    for page in pages():
        text = page.read_text("utf-8")
        shown = re.findall(r"(?:^|`|\$ )(tideng(?: --lang \w+)? [a-z][^\n`#|]*)", text, re.M)
        for line in shown:
            words = line.replace("--lang zh ", "").replace("--lang en ", "").split()
            path = next((" ".join(words[:n]) for n in (3, 2) if " ".join(words[:n]) in known), None)
            if path is None:
                wrong += [(page.name, line)] if words[1] != "rules" else []
            else:
                wrong += [(page.name, line) for w in words if re.fullmatch(r"--[a-z-]+", w) and w not in known[path]]
    assert wrong == []


def test_make_knows_every_target_that_is_named():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    named = {(p.name, t) for p in pages() for t in re.findall(r"(?:^|`)make ([a-z-]+)", p.read_text("utf-8"), re.M)}
    assert {one for one in named if one[1] not in targets} == set()


# -- two languages -----------------------------------------------------------------------------------------------------
def outline(name: str) -> list[tuple]:
    """Headings by level, tables by their rows, links to elsewhere, and blocks: what two languages have in common."""
    text = (ROOT / name).read_text("utf-8")
    body = FENCE.sub(lambda found: f"\nBLOCK {found['kind']} {found['mark']}\n", text)
    marks = (("heading", r"#+ "), ("row", r"\|"), ("block", r"BLOCK .*"), ("item", r"- "))
    return [
        (kind, found.group() if kind in ("heading", "block") else "")
        for line in body.splitlines()
        for kind, shape in marks
        if (found := re.match(shape, line))
    ]


def test_both_readmes_have_the_same_shape():
    assert outline("README.md") == outline("README.zh-CN.md")


def test_both_readmes_show_the_same_commands_and_rules():
    def said(name: str) -> list[str]:
        shown = [found["text"] for found in FENCE.finditer((ROOT / name).read_text("utf-8"))]
        return [block.partition("\n")[0] if block.startswith("$ ") else block for block in shown]

    assert said("README.md") == said("README.zh-CN.md")


def test_both_readmes_lead_to_the_same_places():
    def targets(name: str) -> list[str]:
        own = {*READMES, "docs/glossary.md"}  # the Chinese one says where to find the words
        found = LINK.findall((ROOT / name).read_text("utf-8"))
        return sorted(t.replace("-en-", "-") for t in found if t not in own)  # each shows pictures in its language

    assert targets("README.md") == targets("README.zh-CN.md")


def test_the_pages_keep_the_tone_they_ask_for():
    loud = re.compile(r"—|[!！](?!\[)|[\U0001F300-\U0001FAFF]")
    wrong = {
        name_of(p): loud.findall(prose(p))
        for p in [*(ROOT / n for n in READMES), *DOCS.rglob("*.md")]
        if p.name not in ("catalogue.md",) and loud.search(LINK.sub("", prose(p)))
    }
    assert wrong == {}


# -- examples ----------------------------------------------------------------------------------------------------------
def test_the_rule_in_the_rule_language_says_the_same_as_the_pack():
    from tideng_rules.document.parser import parse_rule
    from tideng_rules.packaging.reader import fill_pack, read_pack

    page = DOCS / "rule-language.md"
    shown = yaml.load(blocks(page, "rule: daily-report-missing")[0], Loader=yaml.BaseLoader)
    shipped = next(d for d in fill_pack(read_pack("travel-sales"), {}) if d["id"] == "daily-report-missing")
    # BaseLoader gives texts only, so that 19:00 stays as written
    plain = lambda value: json.loads(json.dumps(value, default=str), parse_int=str)  # noqa: E731
    same = [
        key for key in ("kind", "title", "why", "when", "then", "later", "limit") if plain(shipped[key]) != shown[key]
    ]
    assert same == []
    assert parse_rule(shipped).id == "daily-report-missing"


def test_every_rule_that_is_shown_passes_the_check(tmp_path):
    from tideng_rules.check.run import check
    from tideng_rules.document.parser import parse_rule
    from tideng_rules.packaging.rule_files import read_rules

    catalogue = Plugins((SHIPPED,)).catalogue
    seen = 0
    for page in [*(ROOT / name for name in READMES), DOCS / "rule-language.md"]:
        for found in FENCE.finditer(page.read_text("utf-8")):
            if found["kind"] == "yaml" and found["text"].startswith("id: "):
                file = tmp_path / "shown.yaml"
                file.write_text(found["text"], "utf-8")
                rules = [parse_rule(document, catalogue) for document in read_rules(file)]
                assert [p for p in check(rules, catalogue) if p.severity == "error"] == []
                seen += 1
    assert seen >= 3


def test_the_bundle_page_names_every_key_and_every_column(tmp_path):
    from tideng.base.errors import InvalidBundle
    from tideng.client.bundle import read_bundle

    page = (DOCS / "client-bundle.md").read_text("utf-8")
    (tmp_path / "client.yaml").write_text("client: x\nnonsense: 1\n", "utf-8")
    for table in ("units", "positions", "people"):
        (tmp_path / f"{table}.csv").write_text("id,name,nonsense\n", "utf-8")
    with pytest.raises(InvalidBundle) as refused:
        read_bundle(tmp_path)
    hints = {
        p.at.split()[0]: p.hint.removeprefix("known: ").split(", ")
        for p in refused.value.problems
        if "known: " in p.hint
    }
    assert set(hints) == {"client.yaml", "units.csv", "positions.csv", "people.csv"}
    assert [key for key in hints["client.yaml"] if f"| `{key}` |" not in page] == []
    for table in ("units.csv", "positions.csv", "people.csv"):
        columns = re.search(rf"^{re.escape(table)} +(\S+)$", page, re.M).group(1)
        assert sorted(columns.split(",")) == sorted(hints[table])


def test_the_bundle_that_is_shown_can_be_read(tmp_path):
    from tideng.client.bundle import read_bundle

    shown = next(
        f["text"] for f in FENCE.finditer((DOCS / "client-bundle.md").read_text("utf-8")) if f["kind"] == "yaml"
    )
    (tmp_path / "client.yaml").write_text(f"client: Shown\n{shown}", "utf-8")
    bundle = read_bundle(tmp_path)
    assert bundle.plugins["connectors"]["smtp_password"] == "${ENV:SMTP_PASSWORD}"
    assert bundle.event_types["permit.approved"].field("permit").key


def test_the_event_that_is_shown_is_accepted():
    from tideng.intake.reader import read_event

    shown = next(f["text"] for f in FENCE.finditer((DOCS / "events.md").read_text("utf-8")) if f["kind"] == "json")
    event = read_event(json.loads(shown), Plugins((SHIPPED,)).catalogue, received=None)
    assert (event.type, event.subject) == ("report.submitted", "p031")


# -- the plugin --------------------------------------------------------------------------------------------------------
PLUGIN_PAGE = DOCS / "writing-a-plugin.md"


def plugin_files() -> dict[str, str]:
    """The files that the page on plugins shows: path → text."""
    found = FENCE.finditer(PLUGIN_PAGE.read_text("utf-8"))
    return {b["mark"].removeprefix("plugin file: "): b["text"] for b in found if (b["mark"] or "").startswith("plugin file: ")}  # fmt: skip


def install(folder: Path) -> None:
    """Leave beside the package what an installer leaves: its name, its version and its entry points."""
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", "utf-8"
    )
    groups = [f"[{group}]\n" + "".join(f"{n} = {v}\n" for n, v in named.items()) for group, named in project["entry-points"].items()]  # fmt: skip
    (info / "entry_points.txt").write_text("\n".join(groups), "utf-8")


def test_the_plugin_of_the_page_can_be_made_from_nothing_and_its_own_tests_pass(tmp_path, monkeypatch):
    """Run the page from top to bottom: the commands as they come, each file as it is shown."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    said = []
    for block in FENCE.finditer(PLUGIN_PAGE.read_text("utf-8")):
        mark = block["mark"] or ""
        if mark == "plugin run":
            said.append(run(PLUGIN_PAGE, block["text"], tmp_path))
        elif mark.startswith("plugin file: "):
            (tmp_path / mark.removeprefix("plugin file: ")).write_text(block["text"], "utf-8")
            if mark.endswith("pyproject.toml"):
                install(tmp_path)
    assert re.search(r"\b4 passed", said[-1])
    assert (tmp_path / "tideng_training" / "versions" / "0001_keep_completed_courses.py").is_file()


def test_the_plugin_of_the_page_imports_tideng_through_its_doors_alone():
    past = {}
    for name, text in plugin_files().items():
        if name.endswith(".py"):
            tree = ast.parse(text)
            named = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
            doors = {"tideng.plugin", "tideng_admin.screens"}
            past[name] = {n for n in named if n.startswith("tideng") and "training" not in n} - doors
    assert len(past) > 5
    assert {name: modules for name, modules in past.items() if modules} == {}


def test_every_block_of_the_page_on_plugins_is_a_file_or_a_command_of_the_plugin():
    """But for the setting that only shows how to allow it."""
    plain = [block["text"] for block in FENCE.finditer(PLUGIN_PAGE.read_text("utf-8")) if not block["mark"]]
    assert plain == ['plugins_allowed = ["shipped", "training>=1,<2"]\n']


# -- what an installation needs ----------------------------------------------------------------------------------------
def test_every_package_can_be_imported_by_itself():
    """In a fresh process each, so that none leans on what another one happened to import first."""
    for package in package_folders():
        if package.endswith((".packs", "versions", "migrations")):
            continue
        done = subprocess.run([sys.executable, "-c", f"import {package}"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{package}: {done.stderr}"


def test_the_worker_needs_no_web():
    """What judges and speaks runs where no Flask is installed."""
    code = (
        "import sys\n"
        "class No:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('flask', 'flask_appbuilder', 'werkzeug', 'wtforms'): raise ImportError(name)\n"
        "sys.meta_path.insert(0, No())\n"
        "import tideng.runtime.worker, tideng.replay.run, tideng.cli\n"
        "from tideng.plugins.manager import Plugins\n"
        "failed = [s for s in Plugins().states if s.state != 'on' and s.module.startswith('tideng')]\n"
        "assert not failed, failed\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_page_knows_where_it_was_written():
    texts = {name_of(p): p.read_text("utf-8") for p in pages()}
    assert [name for name, text in texts.items() if re.search(r"/(?:root|home|Users)/\w", text)] == []
    assert tracked()
