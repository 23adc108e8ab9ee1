"""A customer is found again however its name is written, and no name stands for everybody."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests.plugins.processes.engine_story import EngineStory
from tideng.runtime.migrate import migrate, run
from tideng.store.database import reading, writing
from tideng_processes import tables
from tideng_processes.customer_keys import LONGEST_KEY, customer_key, spelled
from tideng_processes.tables import CaseRow, ProcessBase

HAN = st.text("恒亮照明华彩酒店灯饰", min_size=1, max_size=8)
LATIN = st.lists(st.sampled_from(["bright", "zinc", "Moroco", "Éco", "lamp3"]), min_size=1, max_size=3).map(" ".join)
NAME = HAN | LATIN
ENDING = st.sampled_from(
    ["有限公司", " 有限责任公司", "股份有限公司", "公司", " Ltd", ", Inc.", " Co., Ltd.", " GmbH", " G.m.b.H."]
)
WRITTEN_OTHERWISE = st.lists(
    st.sampled_from(
        [
            str.upper,
            lambda name: f"  {name}。",
            lambda name: name.replace(" ", "   "),
            lambda name: "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in name),  # full width
            lambda name: f"“{name}”",
        ]
    ),
    max_size=4,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("恒亮照明", "恒亮照明有限公司"),
        ("恒亮照明有限责任公司", "恒亮照明股份有限公司"),
        ("恒亮照明", "恒 亮 照明（有限）公司"),
        ("Hengliang Lighting Co., Ltd.", "HENGLIANG lighting"),
        ("Ｈengliang CO.LTD", "hengliang"),
        ("Müller G.m.b.H.", "müller gmbh"),
        ("恒亮照明有限公司 Hengliang Co., Ltd", "恒亮照明有限公司·Hengliang"),
    ],
)
def test_these_are_taken_for_the_same_customer(one, other):
    assert customer_key(one) == customer_key(other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("恒亮照明", "恒亮灯饰"),
        ("太原恒亮照明", "恒亮照明"),
        ("恒亮集团有限公司", "恒亮有限公司"),
        ("Zinc", "Z Inc"),
        ("Moroco", "Moro Co"),
        ("Éco", "É Co"),
    ],
)
def test_and_these_are_not(one, other):
    assert customer_key(one) != customer_key(other)


@pytest.mark.parametrize("name", ["", "  ", "——", "公司", "有限公司", "Co., Ltd.", None, 7, ["恒亮"]])
def test_what_names_nobody_has_no_key(name):
    assert customer_key(name) is None


def test_two_spellings_differ_by_more_than_their_writing():
    assert spelled("恒亮 照明") == spelled("恒亮照明。") != spelled("恒亮照明有限公司")


@given(st.text(max_size=60) | st.builds(str.__add__, NAME, ENDING))
def test_the_key_of_a_key_is_the_key(name):
    key = customer_key(name)
    assert key is None or (customer_key(key) == key and 0 < len(key) <= LONGEST_KEY)


@given(st.text(min_size=200, max_size=400))
def test_a_key_is_never_longer_than_its_column(name):
    assert len(customer_key(name) or "") <= LONGEST_KEY


@given(NAME, WRITTEN_OTHERWISE, st.lists(ENDING, max_size=2))
def test_neither_how_it_is_written_nor_which_company_it_is_makes_another_customer(name, ways, endings):
    """In whatever order: the ending may be written otherwise, or put to a name that is."""
    before = name
    for way in ways:
        before = way(before)
    before, after = before + "".join(endings), name + "".join(endings)
    for way in ways:
        after = way(after)
    assert customer_key(before) == customer_key(after) == customer_key(name)


# -- in the table ------------------------------------------------------------------------------------------------------


def keys(story: EngineStory) -> list[tuple[str, str | None]]:
    with reading(story.deployment.engine) as connection:
        return [tuple(one) for one in connection.execute(select(CaseRow.id, CaseRow.customer_key).order_by(CaseRow.id))]


def test_a_case_keeps_the_key_of_its_customer_and_one_without_a_customer_none(on_both: EngineStory):
    on_both.begin(
        "zhang", "customer_followup", customer="恒亮照明有限公司", needs="大堂 120 盏射灯，三月底装。", owner="lead"
    )
    on_both.begin("zhang")
    assert keys(on_both) == [("customer-followup-000001", "恒亮照明"), ("purchase-000001", None)]


def go_back(story: EngineStory, revision: str) -> None:
    """The plugin's tables as an older version made them."""
    folder = Path(tables.__file__).parent / "versions"
    older = ScriptDirectory(str(folder), version_locations=[str(folder)])
    with writing(story.deployment.engine) as connection:
        run(connection, "processes", folder, lambda now, _context: older._downgrade_revs(revision, now))


def test_a_migration_gives_it_to_the_cases_that_were_there(on_both: EngineStory):
    deployment, needs = on_both.deployment, {"needs": "大堂 120 盏射灯，三月底装。", "owner": "lead"}
    for name in ("恒亮照明有限公司", "公司"):
        on_both.begin("zhang", "customer_followup", customer=name, **needs)
    before = keys(on_both)
    go_back(on_both, "0001")
    assert migrate(deployment)[0] == "processes: 0002 Find cases by their customer"
    assert keys(on_both) == before == [("customer-followup-000001", "恒亮照明"), ("customer-followup-000002", None)]
    with reading(deployment.engine) as connection:
        options = {"include_name": lambda name, kind, _: kind != "table" or name.startswith("process_")}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), ProcessBase.metadata) == []
