"""A table that is uploaded: read safely, looked at field by field, applied whole or not at all."""

import io
import zipfile
from datetime import date, datetime

import pytest
import xlsxwriter
from orgstory import FILES, NOW, an_event, apply, directory, store
from sqlalchemy import event as listen

from tideng.access.viewer import Viewer
from tideng.base.errors import NotAllowed, NotFound, Refused
from tideng.org.directory import Directory
from tideng_orgchart.edit import table_files, table_import

HR = Viewer("p001", "p001", frozenset({"hr"}))
LEAD = Viewer("p002", "p002", frozenset({"supervisor"}))
TODAY = date(2026, 3, 2)


def upload(deployment, text, name="people.csv", whole=False, viewer=HR):
    content = text if isinstance(text, bytes) else text.encode()
    return table_import.upload(deployment, viewer, directory(deployment), name, content, whole)


def lines(deployment, number):
    shown = table_import.preview(deployment, HR, number)
    return [(one.what, one.kind, one.id, dict(one.fields)) for one in shown.lines]


def workbook(sheet="people", rows=(("id", "name"), ("p003", "张三")), **options) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                page.write(number, column, cell)
    return out.getvalue()


def refusal(deployment, content, name="people.xlsx") -> list[str]:
    with pytest.raises(Refused) as refused:
        upload(deployment, content, name)
    return [str(one) for one in refused.value.problems]


# -- what it does ------------------------------------------------------------------------------------------------------
def test_a_preview_says_every_change_and_makes_none(deployment, bundle):
    apply(deployment, bundle())
    number = upload(deployment, "id,name,unit,supervisor\np003,张三,south,p002\np004,钱四,south,p002\n")
    assert lines(deployment, number) == [
        ("changed", "person", "p003", {"unit": ("north", "south")}),
        (
            "new",
            "person",
            "p004",
            {
                "unit": ("", "south"),
                "supervisor": ("", "p002"),
                "timezone": ("", "Asia/Shanghai"),
                "locale": ("", "zh"),
            },
        ),
    ]
    assert directory(deployment).on("p003", TODAY).unit == "north"
    assert not directory(deployment).knows("p004")


def test_applying_makes_all_of_them_and_the_file_waits_no_more(deployment, bundle):
    apply(deployment, bundle())
    number = upload(deployment, "id,name,unit\np003,张三,south\np004,钱四,south\n")
    assert table_import.apply(deployment, HR, number) == 2
    now = directory(deployment)
    assert (now.on("p003", TODAY).unit, now.on("p004", TODAY).since) == ("south", TODAY)
    with pytest.raises(NotFound):
        table_import.preview(deployment, HR, number)


def test_what_the_table_does_not_say_stays(deployment, bundle):
    apply(deployment, bundle())
    table_import.apply(deployment, HR, upload(deployment, "id,phone\np003,13800138000\n"))
    own = directory(deployment).on("p003", TODAY)
    assert (own.phone, own.unit, own.position, own.supervisor) == ("13800138000", "north", "rep", "p002")


def test_a_day_begins_a_period_and_ends_the_one_before(deployment, bundle):
    apply(deployment, bundle())
    table_import.apply(deployment, HR, upload(deployment, "id,unit,from\np003,south,2026-04-01\n"))
    assert [(one.unit, one.since, one.until) for one in directory(deployment).periods("p003")] == [
        ("north", date(2025, 1, 1), date(2026, 3, 31)),
        ("south", date(2026, 4, 1), None),
    ]


def test_those_missing_have_left_only_where_it_is_ticked(deployment, bundle):
    apply(deployment, bundle())
    table = "id,name\np001,李人事\np002,王主管\n"
    assert lines(deployment, upload(deployment, table)) == []
    number = upload(deployment, table, whole=True)
    assert lines(deployment, number) == [("left", "person", "p003", {"until": ("", "2026-03-02")})]
    table_import.apply(deployment, HR, number)
    assert directory(deployment).on("p003", date(2026, 3, 3)) is None


def test_changed_targets_count_from_today_and_what_was_before_stays(deployment, bundle):
    apply(deployment, bundle())
    table_import.apply(deployment, HR, upload(deployment, "id,duties\nrep,visits_this_month>=20\n", "positions.csv"))
    rep = directory(deployment).positions["rep"]
    assert rep.targets_on(date(2026, 3, 1)) == {"visits_this_month": (">=", 15)}
    assert rep.targets_on(TODAY) == {"visits_this_month": (">=", 20)}
    assert rep.name == "销售"


def test_what_events_said_since_is_not_undone(deployment, bundle):
    apply(deployment, bundle())
    store(deployment, an_event("person.moved", "2026-03-01T12:00", unit="south"))
    table_import.apply(deployment, HR, upload(deployment, "id,phone\np003,13800138000\n"))
    own = directory(deployment).on("p003", TODAY)
    assert (own.unit, own.phone, own.since) == ("south", "13800138000", date(2026, 3, 1))


def test_a_preview_of_an_organisation_that_changed_meanwhile_is_refused_in_words(deployment, bundle):
    apply(deployment, bundle())
    number = upload(deployment, "id,unit\np003,south\n")
    store(deployment, an_event("person.left", "2026-03-01T12:00", "p002"))
    assert table_import.preview(deployment, HR, number).stale
    with pytest.raises(Refused) as refused:
        table_import.apply(deployment, HR, number)
    assert "changed since this preview" in str(refused.value)
    assert directory(deployment).on("p003", TODAY).unit == "north"


def test_an_import_stands_when_the_files_are_applied_again(deployment, bundle):
    apply(deployment, bundle())
    table_import.apply(deployment, HR, upload(deployment, "id,unit\np003,south\n"))
    apply(deployment, bundle(units_csv=FILES["units.csv"].replace("华北", "北方")))
    assert directory(deployment).on("p003", TODAY).unit == "south"


def test_an_import_costs_the_same_statements_for_two_people_as_for_three_hundred(deployment, bundle):
    apply(deployment, bundle())
    counts = []
    for size in (2, 300):
        rows = "".join(f"x{size}-{number},N{number},south\n" for number in range(size))
        number = upload(deployment, "id,name,unit\n" + rows)
        asked: list[str] = []
        hear = lambda *arguments, asked=asked: asked.append(arguments[2])  # noqa: E731
        listen.listen(deployment.engine, "before_cursor_execute", hear)
        table_import.apply(deployment, HR, number)
        listen.remove(deployment.engine, "before_cursor_execute", hear)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_only_hr_imports_and_nobody_sees_the_file_of_another(deployment, bundle):
    apply(deployment, bundle())
    with pytest.raises(NotAllowed):
        upload(deployment, "id\np003\n", viewer=LEAD)
    number = upload(deployment, "id,unit\np003,south\n")
    with pytest.raises(NotFound):
        table_import.preview(deployment, Viewer("other", "", frozenset({"hr"})), number)


# -- what is wrong with it ---------------------------------------------------------------------------------------------
def test_every_problem_is_said_at_once_with_its_place_and_the_way_out(deployment, bundle):
    apply(deployment, bundle())
    table = "id,unit,supervisor,from\np003,nroth,p001,\np004,south,p009,1.3.2026\n"
    assert refusal(deployment, table.encode(), "people.csv") == [
        "people.csv line 3, name: is empty",
        "people.csv line 2, unit: there is no unit 'nroth' (did you mean 'north'?)",
        "people.csv line 3, supervisor: there is no person 'p009' (did you mean 'p004'?)",
        "people.csv line 3, from: '1.3.2026' is not a date (year-month-day, such as 2026-03-01)",
    ]


def test_nobody_loses_their_name_by_an_empty_cell(deployment, bundle):
    apply(deployment, bundle())
    assert refusal(deployment, b"id,name,unit\np003,,south\n", "people.csv") == ["people.csv line 2, name: is empty"]
    assert refusal(deployment, b"id,name,parent\nnorth,,sales\n", "units.csv") == ["units.csv line 2, name: is empty"]


def test_a_circle_of_supervisors_is_said(deployment, bundle):
    apply(deployment, bundle())
    (problem,) = refusal(deployment, b"id,supervisor\np001,p003\n", "people.csv")
    assert "goes round in a circle" in problem


def test_a_workbook_with_chinese_sheets_and_heads_is_read(deployment, bundle):
    apply(deployment, bundle())
    rows = (("编号", "姓名", "部门", "电话", "开始日期"), ("p003", "张三", "south", 13800138000, "2026-04-01"))
    number = upload(deployment, workbook("人员", rows), "组织.xlsx")
    found = lines(deployment, number)
    assert ("new", "p003") in [(what, id) for what, _, id, _ in found]


def test_gbk_is_read_as_excel_saves_it(deployment, bundle):
    apply(deployment, bundle())
    number = upload(deployment, "编号,姓名,部门\np003,张三丰,south\n".encode("gb18030"), "人员.csv")
    assert lines(deployment, number) == [
        ("changed", "person", "p003", {"name": ("张三", "张三丰"), "unit": ("north", "south")})
    ]


def test_computed_cells_are_refused_by_name(deployment, bundle):
    apply(deployment, bundle())
    rows = (("id", "name"), ("p003", "=A1&B1"), ("p004", "李"), ("p005", "=1+1"))
    assert refusal(deployment, workbook(rows=rows)) == [
        "people.xlsx, sheet1, B2: is computed by a formula (in Excel: copy, and paste as values)",
        "people.xlsx, sheet1, B4: is computed by a formula (in Excel: copy, and paste as values)",
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("people.pdf", b"%PDF-1.4", "neither CSV nor XLSX"),
        ("people.xlsx", b"id,name\n", "is not an Excel table"),
        ("people.csv", workbook(), "is an Excel table"),
        ("people.xlsx", workbook()[:-400], "stops in the middle"),
        ("people.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "locked with a password"),
        ("people.csv", b"", "is empty"),
        ("people.csv", b"id,name\np1,\xff\xfe\xfd\x80\n", "is not UTF-8"),
        ("people.csv", b"x" * (table_files.LARGEST + 1), "larger than 4 MB"),
        ("notes.csv", b"a,b\n1,2\n", "no table of people"),
        ("people.csv", b"id,shoe size\np1,43\n", "is not a column of this file"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(deployment, bundle, name, content, said):
    apply(deployment, bundle())
    assert said in "; ".join(refusal(deployment, content, name))


def packed(**members: bytes) -> bytes:
    """An archive that looks like a workbook."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        for name, content in members.items():
            archive.writestr(name.replace("__", "/") + ".xml", content)
    return out.getvalue()


def test_an_archive_that_swells_is_refused_before_it_is_unpacked(deployment, bundle):
    apply(deployment, bundle())
    bomb = packed(xl__worksheets__sheet1=b" " * (40 * 1024 * 1024))
    assert len(bomb) < 100_000
    assert "unpacks to far more" in refusal(deployment, bomb)[0]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (b'<row><c r="A1"/><c r="XFD1048576"/></row>', "reaches to the cell XFD1048576"),
        (b"<row/>" * (2 * table_files.MOST_ROWS + 1), "has more than 20000 rows"),
        (b"<row>" + b"<c/>" * 70 + b"</row>", "at most 20000 rows and 60 columns"),
    ],
)
def test_a_sheet_that_reaches_too_far_is_refused_before_it_is_laid_out(deployment, bundle, cells, said):
    apply(deployment, bundle())
    sheet = b"<worksheet><sheetData>" + cells + b"</sheetData></worksheet>"
    assert said in "; ".join(refusal(deployment, packed(xl__worksheets__sheet1=sheet)))


def test_entities_are_refused(deployment, bundle):
    apply(deployment, bundle())
    sheet = b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet><sheetData/></worksheet>'
    assert "instructions that no table needs" in refusal(deployment, packed(xl__worksheets__sheet1=sheet))[0]


def test_a_hundred_thousand_rows_are_refused_within_seconds(deployment, bundle):
    apply(deployment, bundle())
    table = b"id,name\n" + b"".join(b"x%d,N\n" % number for number in range(100_000))
    began = datetime.now()
    assert "has more than 20000 rows" in refusal(deployment, table, "people.csv")[0]
    assert (datetime.now() - began).total_seconds() < 10


def test_the_filled_template_changes_nothing_when_it_comes_back(deployment, bundle):
    apply(deployment, bundle())
    for chinese in (True, False):
        content = table_import.template(directory(deployment), chinese, True, TODAY)
        assert lines(deployment, upload(deployment, content, "organisation.xlsx", whole=True)) == []


def test_a_text_that_begins_as_a_formula_is_written_as_one_that_is_none():
    from tideng.org.directory import Assignment, Unit

    evil = Directory([Assignment("p1", "=cmd|' /C calc'!A0", phone="+8613800138000")], [Unit("u", "@SUM(A1)")])
    content = table_import.template(evil, False, True, NOW.date())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<f>" not in b"".join(archive.read(name) for name in archive.namelist())
        words = archive.read("xl/sharedStrings.xml")
    assert b"'=cmd" in words
    assert b"'@SUM" in words
    assert b">+8613800138000<" in words
