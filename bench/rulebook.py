"""ansible-rulebook on the same hundred conditions and the same facts, in memory, in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import yaml

from bench.engines import make_rules, make_situations
from bench.load import PLAIN_RULES
from tideng_rules.document.model import Condition, Leaf

PACKAGES = ("ansible-rulebook==1.3.2", "ansible-core>=2.16,<3")
WARM = 200
_OPERATORS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "is_not": "!=", "is": "=="}
_SOURCE = """\
import asyncio, json, time

async def main(queue, args):
    events = [json.loads(line) for line in open(args["file"])]
    for event in events[:{warm}]:
        await queue.put(event)
    began = time.perf_counter()
    for event in events[{warm}:]:
        await queue.put(event)
    with open(args["out"], "w") as out:
        out.write(str((len(events) - {warm}) / (time.perf_counter() - began)))
    await queue.put({{"type": "the end"}})
    await asyncio.sleep(600)
"""


class Rulebook:
    """Installs ansible-rulebook under `folder`; raises RuntimeError with the reason where that cannot be."""

    def __init__(self, folder: Path):
        self._folder = folder
        folder.mkdir(parents=True)
        environment = Path(os.environ.get("TIDENG_BENCH_RULEBOOK", folder / "env"))
        self._bin = environment / "bin"
        if not (self._bin / "ansible-rulebook").exists():
            venv.create(environment, with_pip=True)
            self._run([str(self._bin / "pip"), "install", "--quiet", *PACKAGES], 600)
        rules = [
            {"name": rule_id, "condition": f'event.type == "{name}" and {_written(condition)}', "action": {"none": {}}}
            for rule_id, name, condition in make_rules(PLAIN_RULES)
        ]
        end = {"shutdown": {"delay": 0.1, "kind": "now"}}
        rules.append({"name": "end", "condition": 'event.type == "the end"', "action": end})
        source = {"source": {"file": str(folder / "events.jsonl"), "out": str(folder / "speed")}}
        book = [{"name": "bench", "hosts": "all", "sources": [source], "rules": rules}]
        (folder / "rules.yml").write_text(yaml.safe_dump(book, allow_unicode=True), "utf-8")
        (folder / "source.py").write_text(_SOURCE.format(warm=WARM), "utf-8")
        (folder / "inventory.yml").write_text("all: {hosts: {localhost: {ansible_connection: local}}}\n", "utf-8")

    def speed(self, count: int, seed: int) -> float:
        """Events a second through the rulebook, in memory, after a start that is not counted."""
        with open(self._folder / "events.jsonl", "w", encoding="utf-8") as file:
            for name, facts in make_situations(count + WARM, seed):
                file.write(json.dumps({"type": name, **facts}, ensure_ascii=False) + "\n")
        out = self._folder / "speed"
        out.unlink(missing_ok=True)
        command = [str(self._bin / "ansible-rulebook"), "--rulebook", "rules.yml", "-S", ".", "-i", "inventory.yml"]
        self._run(command, 300)
        return float(out.read_text())

    def _run(self, command: list[str], seconds: float) -> None:
        path = f"{self._bin}{os.pathsep}{os.environ.get('PATH', '')}"
        done = subprocess.run(
            command, cwd=self._folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=seconds
        )
        if done.returncode not in (0, 101) and not (self._folder / "speed").exists():
            print(done.stderr[-2000:], file=sys.stderr)
            lines = (done.stderr or done.stdout).strip().splitlines()
            raise RuntimeError(f"{command[0].rsplit('/', 1)[-1]} failed: {lines[-1] if lines else done.returncode}")


def _written(condition: Condition) -> str:
    if isinstance(condition, Leaf):
        return f"event.{condition.fact} {_OPERATORS[condition.op]} {json.dumps(condition.operand, ensure_ascii=False)}"
    word = " or " if condition.kind == "any" else " and "
    return f"({word.join(map(_written, condition.items))})"
