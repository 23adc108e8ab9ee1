"""The document that a new process starts from: somebody asks, the supervisor answers."""

from __future__ import annotations

from typing import Any


def blank_document() -> dict[str, Any]:
    """A fresh document, complete except for its id and its title, which its author writes."""
    return {
        "id": "",
        "title": {"zh": "", "en": ""},
        "icon": "flow",
        "start": {"by": ["anyone"]},
        "fields": {"what": {"type": "text", "title": {"zh": "什么事", "en": "What it is about"}, "lines": 3}},
        "nodes": {
            "request": {
                "title": {"zh": "申请", "en": "Request"},
                "owner": "person",
                "form": ["what"],
                "outcomes": {"submit": {"title": {"zh": "提交", "en": "Submit"}, "to": "answer"}},
            },
            "answer": {
                "title": {"zh": "答复", "en": "Answer"},
                "owner": "supervisor",
                "deadline": {"within": "24 hours"},
                "remind": "4 hours",
                "outcomes": {
                    "agree": {"title": {"zh": "同意", "en": "Agree"}, "to": "done"},
                    "more": {
                        "title": {"zh": "请补充", "en": "Ask for more"},
                        "to": "request",
                        "note": True,
                        "form": False,
                        "good": False,
                    },
                },
            },
        },
        "ends": {"done": {"title": {"zh": "办好了", "en": "Done"}}},
    }
