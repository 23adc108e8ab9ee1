"""A rule as YAML, such as a person would write it, that reads back as exactly the same document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from tideng_rules.document.reader import RuleLoader


class _Dumper(yaml.SafeDumper):
    """SafeDumper that puts in quotes whatever either meaning of YAML would take for something else than a text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True  # rule files have none


def _text(dumper: _Dumper, value: str) -> yaml.Node:
    breaks = not {"\x85", "\u2028", "\u2029"}.isdisjoint(value)  # YAML folds these line ends unless they are escaped
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if breaks else None)


_Dumper.add_representer(str, _text)
_Dumper.yaml_implicit_resolvers = {  # the reader's YAML 1.2 after PyYAML's own 1.1: ``1e3`` is a number to it
    first: [*yaml.SafeDumper.yaml_implicit_resolvers.get(first, []), *RuleLoader.yaml_implicit_resolvers.get(first, [])]
    for first in {*yaml.SafeDumper.yaml_implicit_resolvers, *RuleLoader.yaml_implicit_resolvers}
}


def to_yaml(document: Mapping[str, Any]) -> str:
    """The document in the order in which it was written; `read_documents` gives it back unchanged."""
    return yaml.dump(dict(document), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
