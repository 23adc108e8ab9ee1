"""The C function that Python 3.13 dropped: our extension gives it back, and only for as long as the engine is loaded."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from tideng_rules.engine.abi import _calls
from tideng_rules.engine.abi.loader import DROPPED_IN


@pytest.fixture
def call():
    """The exported function, as C code finds it in the built file: (callable, tuple or None) → what the callable returns."""
    function = ctypes.PyDLL(_calls.__file__).PyEval_CallObject
    function.restype, function.argtypes = ctypes.py_object, (ctypes.py_object, ctypes.c_void_p)
    return lambda callable, arguments: function(callable, None if arguments is None else id(arguments))


def test_it_calls_with_a_tuple_of_arguments_and_without(call):
    assert call(divmod, (7, 2)) == (3, 1)
    assert call(dict, None) == {}


def test_what_the_callable_raises_comes_through(call):
    with pytest.raises(ZeroDivisionError):
        call(divmod, (1, 0))


def test_one_built_file_serves_every_version():
    assert _calls.__file__.endswith(".abi3.so")


def test_the_engine_is_loaded_and_libraries_are_opened_as_before():
    code = """
import sys
before = sys.getdlopenflags()
from tideng_rules.engine.abi.loader import load_engine
assert load_engine().create_ruleset
assert sys.getdlopenflags() == before
"""
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.version_info < DROPPED_IN, reason="this Python exports the function itself")
def test_from_then_on_every_library_finds_the_function():
    code = """
import ctypes
from tideng_rules.engine.abi.loader import load_engine
everywhere = ctypes.CDLL(None)
assert not hasattr(everywhere, "PyEval_CallObject")
load_engine()
assert everywhere.PyEval_CallObject
"""
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
