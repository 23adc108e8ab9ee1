"""Processes: their definitions, and what is handed in at a step."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {}
