"""A small process for tests: leave, with a condition, a joint step, a step that waits, and an end called `end`."""

from __future__ import annotations

from typing import Any

import yaml

from tideng_processes.document.model import Definition
from tideng_processes.document.parser import parse_process

LEAVE = """
id: leave
title: {zh: 请假, en: Leave}
start: {by: [anyone, "role:front_desk"], event: leave.wished}
fields:
  from: {type: date, title: {zh: 从, en: From}}
  days: {type: number, title: {zh: 天数, en: Days}}
nodes:
  request:
    title: {zh: 申请, en: Request}
    owner: person
    form: [from, days]
    outcomes:
      submit: {title: {zh: 提交, en: Submit}, to: [{if: {field: days, gt: 5}, to: together}, {to: approve}]}
  approve:
    title: {zh: 主管同意, en: Approval}
    owner: supervisor
    deadline: {within: 24 hours}
    outcomes:
      approve: {title: {zh: 同意, en: Agree}, to: waiting}
      return: {title: {zh: 请补充, en: Ask for more}, to: request, good: false}
      reject: {title: {zh: 这次不行, en: Not this time}, to: end, good: false}
  together:
    title: {zh: 一起看, en: Look together}
    owners:
      sales: {owner: starter, title: {zh: 销售, en: Sales}}
      product: {owner: "position:product_engineer", title: {zh: 产品, en: Product}}
    outcomes:
      approve: {title: {zh: 同意, en: Agree}, to: waiting}
  waiting:
    title: {zh: 等假期开始, en: Waiting}
    owner: person
    deadline: {"on": from}
    at_due: start
    outcomes:
      start: {title: {zh: 假期开始, en: Leave begins}, to: taken}
      skip: {title: {zh: 不等了, en: Go on}, to: taken}
ends:
  taken: {title: {zh: 已休完, en: Taken}}
  end: {title: {zh: 没有同意, en: Not agreed}, good: false}
"""


def a_document() -> dict[str, Any]:
    """A fresh copy of the document, to be changed."""
    return yaml.safe_load(LEAVE)


def a_leave() -> Definition:
    return parse_process(a_document())
