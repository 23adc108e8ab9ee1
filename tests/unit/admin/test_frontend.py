"""The scripts' own tests, run by Node where there is one; and that both languages say everything."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

FRONTEND = Path(__file__).parents[3] / "admin" / "frontend"


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node on PATH, which runs the scripts' own tests")
def test_the_scripts_own_tests_pass():
    folders = [FRONTEND / "src", *(FRONTEND.parents[1] / "plugins").glob("*/frontend")]
    files = sorted(str(file) for folder in folders for file in folder.rglob("*.test.mjs"))
    assert files
    done = subprocess.run(["node", "--test", *files], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_both_languages_have_the_same_words_and_none_is_empty():
    zh, en = (json.loads((FRONTEND / "src" / "words" / f"{name}.json").read_text("utf-8")) for name in ("zh", "en"))
    assert set(zh) == set(en)
    assert [key for book in (zh, en) for key, word in book.items() if not word.strip()] == []
