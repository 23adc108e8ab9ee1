"""Reports: drafts, comments, and what is asked back."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "the form has changed meanwhile": "这张表单改过了",
    "open it again; what was written stands in it": "再打开一次，写的内容都还在",
    "is no moment": "不是一个时刻",
}
