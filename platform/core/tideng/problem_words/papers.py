"""Papers that come with a form: invoices, itineraries, pictures, spreadsheets."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {}
