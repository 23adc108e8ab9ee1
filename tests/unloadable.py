"""An environment in which the engine cannot be loaded, as on a Python that dropped what its C module calls."""

from __future__ import annotations

import subprocess
from pathlib import Path

SOURCE = """
extern void PyEval_DroppedLongAgo(void);
void PyInit_durable_rules_engine(void) { PyEval_DroppedLongAgo(); }
"""
SAID = "undefined symbol: PyEval_DroppedLongAgo"
"""The dynamic linker's words about it."""


def unloadable_engine(folder: Path) -> str:
    """Build a C module that stands before durable-rules' own and that no Python can load; returns a ``PYTHONPATH`` for it."""
    folder.mkdir(exist_ok=True)
    library = folder / "durable_rules_engine.so"
    command = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(library)]
    subprocess.run(command, input=SOURCE, text=True, check=True)
    return str(folder)
