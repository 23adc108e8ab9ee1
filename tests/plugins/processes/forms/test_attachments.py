"""Files that come with forms: kept once they are looked at and read, shown to whom they concern, gone when nothing comes of them."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from tests.plugins.processes.engine_story import EngineStory
from tests.unit.core.plugins.attachment_files import (
    BILLION_LAUGHS,
    DIGITAL_CODE,
    INVOICE_LINES,
    NUMBER,
    a_pdf,
    a_picture,
    an_ofd,
)
from tideng.base.errors import NotAllowed, NotFound, Refused
from tideng.store.database import reading, writing
from tideng_processes.forms import attachments
from tideng_processes.forms.attachments import FileField
from tideng_processes.tables import PaperRow

ORDER = """\
id: order
title: {zh: 订货, en: Order}
start: {by: [supervisor, anyone]}
fields:
  what: {type: text, title: {zh: 订什么, en: What}}
  bills: {type: files, kind: invoice, title: {zh: 单据, en: Papers}, most: 5}
  private: {type: files, title: {zh: 私人文件, en: Private}, sensitive: true, accept: [pdf]}
  receipt: {type: files, title: {zh: 收据, en: Receipt}}
nodes:
  write:
    title: {zh: 填, en: Write}
    owner: person
    form: [what, "bills?", "private?"]
    outcomes: {submit: {title: {zh: 提交, en: Hand in}, to: check}}
  check:
    title: {zh: 看, en: Look}
    owner: role:finance
    form: ["receipt?"]
    outcomes: {ok: {title: {zh: 好, en: Fine}, to: done}}
ends: {done: {title: {zh: 完, en: Done}}}
"""


@pytest.fixture
def story(a_deployment, tmp_path, database_url):
    return EngineStory(a_deployment, tmp_path, database_url, **{"processes/order.yaml": ORDER})


@pytest.fixture
def sqlite(a_deployment, tmp_path):
    return EngineStory(a_deployment, tmp_path, **{"processes/order.yaml": ORDER})


def keep(story, field="bills", content=b"", name="a.pdf", who="zhang", case=""):
    content = content or a_pdf(INVOICE_LINES, DIGITAL_CODE)
    target = FileField("order", field, case)
    return attachments.keep(story.deployment, story.viewer(who), story.directory, target, name, content)


def opened(story, id, who="zhang"):
    with reading(story.deployment.engine) as connection:
        return attachments.open_paper(
            connection, story.viewer(who), story.directory, story.clock.now(), story.registry, id
        )


def count(story) -> int:
    with reading(story.deployment.engine) as connection:
        return connection.scalar(select(func.count()).select_from(PaperRow))


def order(story, **papers_by_field) -> str:
    return story.begin("zhang", "order", what="灯", papers=papers_by_field)


def test_a_file_is_kept_with_what_was_read_from_it_and_is_its_authors_alone(story):
    content = a_pdf(INVOICE_LINES, DIGITAL_CODE)
    kept = keep(story, content=content, name="../住宿 发票.pdf")
    assert (kept.name, kept.kind, kept.media_type, kept.size) == (
        "住宿 发票.pdf",
        "invoice",
        "application/pdf",
        len(content),
    )
    assert kept.reading.fields["number"] == NUMBER
    assert kept.reading.fields["amount"] == "128.00"
    found, bytes_ = opened(story, kept.id)
    assert (found, bytes_) == (kept, content)
    for who in ("lead", "hr", "money", "look"):
        with pytest.raises(NotFound):
            opened(story, kept.id, who)


def test_once_it_is_handed_in_whom_the_case_concerns_sees_it_and_nobody_else(story):
    kept = keep(story)
    order(story, bills=[kept.id])
    for who in ("zhang", "lead", "boss", "money", "hr", "look"):
        assert opened(story, kept.id, who)[0].name == "a.pdf"
    for who in ("li", "wu"):
        with pytest.raises(NotFound):
            opened(story, kept.id, who)


def test_a_file_of_a_sensitive_field_is_not_for_those_who_only_lead_the_person(story):
    kept = keep(story, "private")
    order(story, private=[kept.id])
    for who in ("zhang", "money", "hr"):
        assert opened(story, kept.id, who)
    for who in ("lead", "boss", "look", "li"):
        with pytest.raises(NotFound):
            opened(story, kept.id, who)


def test_nothing_is_kept_of_a_bad_file(story):
    for name, content in (
        ("a.ofd", an_ofd(x=BILLION_LAUGHS)),
        ("a.pdf", a_pdf(encrypt=b"x")),
        ("a.pdf", a_picture()),
        ("a.pdf", b""),
    ):
        with pytest.raises(Refused) as refused:
            keep(story, content=content or b"%PDF-1.4", name=name)
        assert [one.at for one in refused.value.problems] == ["bills"]
    assert count(story) == 0


def test_a_field_takes_only_its_own_kinds(sqlite):
    with pytest.raises(Refused, match="which is not taken here"):
        keep(sqlite, "private", a_picture(), "a.jpg")


def test_the_same_file_once_more_is_the_one_that_is_there(story):
    assert keep(story).id == keep(story, name="again.pdf").id
    assert keep(story, who="li").id != keep(story).id
    assert count(story) == 2


def test_a_file_is_kept_only_for_a_form_that_one_may_fill_in(sqlite):
    case = order(sqlite)
    with pytest.raises(NotAllowed):
        keep(sqlite, "receipt", case=case)
    with pytest.raises(NotFound):
        keep(sqlite, "receipt", case=case, who="li")
    with pytest.raises(NotFound):
        keep(sqlite, "bills", case=case, who="money")
    assert keep(sqlite, "receipt", case=case, who="money").field == "receipt"
    for field in ("receipt", "what", "nothing"):
        with pytest.raises(NotFound):
            keep(sqlite, field)
    target = FileField("nothing", "bills")
    with pytest.raises(NotFound):
        attachments.keep(sqlite.deployment, sqlite.viewer("zhang"), sqlite.directory, target, "a.pdf", a_pdf())
    with pytest.raises(NotAllowed):
        keep(sqlite, who="look")


def test_somebody_elses_file_goes_with_no_form(sqlite):
    kept = keep(sqlite, who="li")
    with pytest.raises(Refused, match="a file is not there any more"):
        order(sqlite, bills=[kept.id])


def test_a_file_is_taken_out_of_a_form_until_that_is_handed_in(story):
    kept, other = keep(story), keep(story, content=a_pdf(("x",)))
    with pytest.raises(NotFound):
        attachments.discard(story.deployment, story.viewer("lead"), kept.id)
    assert attachments.discard(story.deployment, story.viewer("zhang"), kept.id)
    assert not attachments.discard(story.deployment, story.viewer("zhang"), kept.id)
    order(story, bills=[other.id])
    with pytest.raises(NotFound):
        attachments.discard(story.deployment, story.viewer("zhang"), other.id)
    for none in (0, -1, 2**63, 2**70):
        assert not attachments.discard(story.deployment, story.viewer("zhang"), none)
        with pytest.raises(NotFound):
            opened(story, none)


def test_files_whose_forms_never_came_go_after_a_month_and_the_others_stay(story):
    loose, bound = keep(story), keep(story, content=a_pdf(("x",)))
    order(story, bills=[bound.id])
    story.clock.advance(days=29)
    with writing(story.deployment.engine) as connection:
        assert attachments.forget_loose(connection, story.clock.now()) == 0
    story.clock.advance(days=2)
    with writing(story.deployment.engine) as connection:
        assert attachments.forget_loose(connection, story.clock.now()) == 1
    with pytest.raises(NotFound):
        opened(story, loose.id)
    assert opened(story, bound.id)


def test_nobody_fills_the_disk_with_files_that_wait(sqlite, monkeypatch):
    monkeypatch.setattr(attachments, "MOST_LOOSE", 2)
    keep(sqlite)
    keep(sqlite, content=a_pdf(("x",)))
    with pytest.raises(Refused, match="2 of your files wait for their forms already"):
        keep(sqlite, content=a_pdf(("y",)))
    assert keep(sqlite).id, "the same one once more is none more"
    monkeypatch.setattr(attachments, "MOST_LOOSE", 100)
    monkeypatch.setattr(attachments, "LARGEST_LOOSE", 3000)
    with pytest.raises(Refused):
        keep(sqlite, content=a_pdf(("y",)))


def test_files_are_looked_up_with_one_statement_however_many(sqlite):
    ids = [keep(sqlite, content=a_pdf((f"{n}",))).id for n in range(5)]

    def look() -> None:
        with reading(sqlite.deployment.engine) as connection:
            assert len(attachments.stored_files(connection, [*ids, 999, -1, 2**70])) == 5
            assert attachments.stored_files(connection, []) == {}

    assert sqlite.statements(look) == 1


def test_a_reader_that_fails_is_switched_off_and_the_file_is_kept_all_the_same(sqlite, monkeypatch):
    from tideng_travel import paper_reading as travel

    def fails(_paper):
        raise RuntimeError("no")

    monkeypatch.setattr(travel, "reading_of", fails)
    kept = keep(sqlite)
    assert kept.reading.fields == {}
    assert opened(sqlite, kept.id)
