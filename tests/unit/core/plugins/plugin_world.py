"""Entry points that hand over an object instead of importing one, for tests of how plugins are loaded."""

from __future__ import annotations

from typing import Any

from tideng.plugins.hookspecs import hookimpl

__all__ = ["FakeDistribution", "FakeEntryPoint", "entry", "hookimpl"]


class FakeDistribution:
    """The part of a distribution that the allow-list looks at, with real files under `root`."""

    def __init__(self, name: str, version: str, record: str | None = None, files: tuple = ()):
        self.name, self.version, self._record, self.files = name, version, record, files

    def read_text(self, filename: str) -> str | None:
        return self._record if filename == "RECORD" else None


class FakeEntryPoint:
    def __init__(self, name: str, value: Any, distribution: FakeDistribution | None = None):
        self.name, self._value, self.dist = name, value, distribution
        self.value = f"made.in.tests:{name}"
        self.module = "made.in.tests"

    def load(self) -> Any:
        if isinstance(self._value, BaseException):
            raise self._value
        return self._value


def entry(name: str, value: Any, distribution: FakeDistribution | None = None) -> FakeEntryPoint:
    """An entry point that gives `value`: a plugin, its class, or an exception that importing it raises."""
    return FakeEntryPoint(name, value, distribution)
