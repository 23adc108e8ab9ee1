"""The picture of a process: complete, the same each time, and deaf to what its titles say."""

from __future__ import annotations

import re

import pytest
from leaving import a_document, a_leave

from tideng.org.directory import Directory, Position
from tideng_processes.document.diagram import (
    begun_by,
    escaped,
    mermaid,
    ways,
)
from tideng_processes.document.parser import parse_process

DIRECTORY = Directory(positions=[Position("product_engineer", "产品工程师")])


def test_every_step_end_and_way_is_in_the_picture():
    assert (
        mermaid(a_leave(), "zh", DIRECTORY)
        == """\
flowchart TD
  begin(["任何人、front desk、其他系统的事件"]):::begin
  n_request["申请<br/>本人"]
  n_approve["主管同意<br/>直属主管<br/>24 小时"]
  n_together[["一起看<br/>发起人、产品工程师"]]
  n_waiting{{"等假期开始<br/>本人<br/>“从”当天"}}
  e_taken(["已休完"]):::good
  e_end(["没有同意"]):::other
  begin --> n_request
  n_request -->|"提交（天数多于 5）"| n_together
  n_request -->|"提交"| n_approve
  n_approve -->|"同意"| n_waiting
  n_approve -.->|"请补充"| n_request
  n_approve -.->|"这次不行"| e_end
  n_together -->|"同意"| n_waiting
  n_waiting -->|"假期开始（到时自动）<br/>不等了"| e_taken
"""
    )


def test_it_is_drawn_in_the_reader_s_language():
    drawn = mermaid(a_leave(), "en", DIRECTORY)
    assert 'n_approve["Approval<br/>Direct supervisor<br/>24 hours"]' in drawn
    assert '|"Leave begins #40;at the deadline#41;<br/>Go on"|' in drawn
    assert begun_by(a_leave(), "en") == "Anyone, front desk, An event from another system"


def test_where_a_case_stands_and_what_to_look_at_first_are_marked():
    drawn = mermaid(a_leave(), "zh", DIRECTORY, here="approve", first="waiting")
    assert drawn.endswith("  class n_approve here\n  class n_waiting first\n")
    assert mermaid(a_leave(), "zh", DIRECTORY, here="end").endswith("  class e_end here\n")
    assert "class" not in mermaid(a_leave(), "zh", DIRECTORY, here="gone")


@pytest.mark.parametrize(
    "title",
    [
        '"] --> n_evil["x',
        "<script>alert(1)</script>",
        "%%{init: {'securityLevel': 'loose'}}%%",
        'click n_request href "javascript:alert(1)"',
        "one\n  n_evil --> n_request",
        "#quot;`]",
        "ﬂ°°60¶ß",
    ],
)
def test_a_title_stays_a_title(title):
    document = a_document()
    document["nodes"]["request"]["title"] = {"zh": title, "en": title}
    drawn = mermaid(parse_process(document), "zh", DIRECTORY)
    usual = mermaid(a_leave(), "zh", DIRECTORY)
    label = re.fullmatch(r'  n_request\["(.*)<br/>本人"\]', drawn.splitlines()[2])
    assert label
    assert not re.search(r"[\"<>`%{}\[\]&°\n]", label[1])
    assert drawn.splitlines()[3:] == usual.splitlines()[3:]


def test_what_is_escaped_is_read_back_as_it_was():
    title = 'A & B <"%`> #35; 100%'
    assert re.sub(r"#(\d+);", lambda one: chr(int(one[1])), escaped(title)) == title


def test_the_same_in_sentences():
    definition = a_leave()
    told = [(one.words, one.place, one.back) for one in ways(definition.nodes["approve"], definition, "zh")]
    assert told == [("同意", "等假期开始", False), ("请补充", "申请", True), ("这次不行", "没有同意", True)]
