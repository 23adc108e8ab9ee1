"""The organisation: its import, its photos, its positions."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {}
