"""Imports the C module of durable-rules, with what CPython's C interface has dropped since it was written.

durable-rules 2.0.28 calls ``PyEval_CallObject``, which CPython 3.13 removed: the module builds there and cannot be
imported (`undefined symbol`). `_calls`, our own extension, exports that function. It is opened with RTLD_GLOBAL, so that
the dynamic linker finds it for libraries opened afterwards; the order of the two imports is all that matters.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType

DROPPED_IN = (3, 13)
"""The first Python without ``PyEval_CallObject``; earlier ones export it themselves."""


def load_engine() -> ModuleType:
    """Return the module `durable_rules_engine`. Raises ImportError, in the dynamic linker's words, when it or our extension
    was not built for this Python. Call it before other threads import: it changes how this process opens libraries."""
    if sys.version_info >= DROPPED_IN:
        flags = sys.getdlopenflags()
        sys.setdlopenflags(flags | os.RTLD_GLOBAL)
        try:
            importlib.import_module("tideng_rules.engine.abi._calls")
        finally:
            sys.setdlopenflags(flags)
    import durable_rules_engine

    return durable_rules_engine
