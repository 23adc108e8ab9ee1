"""Reports: drafts, comments, and what is asked back."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {}
