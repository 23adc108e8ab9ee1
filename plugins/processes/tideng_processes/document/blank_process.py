"""The document that a new process starts from: somebody asks, the supervisor answers."""

from __future__ import annotations

from typing import Any

from tideng.plugin import languages, phrase
from tideng.plugin import plain_text as plain


def blank_document() -> dict[str, Any]:
    """A fresh document, complete except for its id and its title, which its author writes."""
    return {
        "id": "",
        "title": dict.fromkeys(languages(), ""),
        "icon": "flow",
        "start": {"by": ["anyone"]},
        "fields": {
            "what": {"type": "text", "title": plain(phrase("What it is about", context="blank_process")), "lines": 3}
        },
        "nodes": {
            "request": {
                "title": plain(phrase("Request")),
                "owner": "person",
                "form": ["what"],
                "outcomes": {"submit": {"title": plain(phrase("Submit")), "to": "answer"}},
            },
            "answer": {
                "title": plain(phrase("Answer", context="blank_process")),
                "owner": "supervisor",
                "deadline": {"within": "24 hours"},
                "remind": "4 hours",
                "outcomes": {
                    "agree": {"title": plain(phrase("Agree")), "to": "done"},
                    "more": {
                        "title": plain(phrase("Ask for more")),
                        "to": "request",
                        "note": True,
                        "form": False,
                        "good": False,
                    },
                },
            },
        },
        "ends": {"done": {"title": plain(phrase("Done", context="blank_process"))}},
    }
