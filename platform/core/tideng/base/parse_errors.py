"""What the parsers of JSON, YAML, TOML, CSV and XML say went wrong, as messages.

They give no codes, only English; this is the one place where English sentences of others are recognised. A sentence
that is not known here is passed on as it is.
"""

from __future__ import annotations

import csv
import errno
import json
import re
import tomllib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tideng.base.problems import Sentence

if TYPE_CHECKING:
    import yaml

_KNOWN: tuple[tuple[str, str], ...] = (
    # PyYAML
    (r"mapping values are not allowed here", "colon-not-allowed"),
    (r"could not find expected ':'", "colon-missing"),
    (r"expected <block end>, but found '?(?P<found>.+?)'?", "block-not-aligned"),
    (r"expected ',' or '\]', but got '?(?P<found>.+?)'?", "comma-or-bracket-missing"),
    (r"expected ',' or '\}', but got '?(?P<found>.+?)'?", "comma-or-brace-missing"),
    (r"expected the node content, but found '?(?P<found>.+?)'?", "node-missing"),
    (r"found character (?P<mark>'.*') that cannot start any token", "character-cannot-start"),
    (r"found unexpected end of stream", "quote-not-closed"),
    (r"found undefined alias (?P<name>'.*')", "alias-undefined"),
    (r"while scanning a simple key", "key-not-finished"),
    # json
    (r"Expecting value", "json-value-missing"),
    (r"Expecting property name enclosed in double quotes", "json-name-missing"),
    (r"Illegal trailing comma before end of object", "json-trailing-comma-in-object"),
    (r"Illegal trailing comma before end of array", "json-trailing-comma-in-array"),
    (r"Expecting ',' delimiter", "json-comma-missing"),
    (r"Expecting ':' delimiter", "json-colon-missing"),
    (r"Unterminated string starting at", "json-quote-not-closed"),
    (r"Extra data", "json-extra-data"),
    (r"Invalid control character at", "json-control-character"),
    (r"Invalid \\escape.*|Invalid \\uXXXX escape", "json-escape-unknown"),
    # expat
    (r"not well-formed \(invalid token\)", "xml-not-well-formed"),
    (r"no element found", "xml-ends-early"),
    (r"mismatched tag", "xml-tag-mismatched"),
    (r"unclosed token", "xml-tag-not-finished"),
    (r"duplicate attribute", "xml-attribute-twice"),
    (r"undefined entity", "xml-entity-undefined"),
    (r"junk after document element", "xml-extra-data"),
    # zlib
    (r"Error -3 while decompressing data: (?P<why>.+)", "packed-data-damaged"),
    # csv
    (r"unexpected end of data", "csv-quote-not-closed"),
    (r"field larger than field limit \((?P<limit>\d+)\)", "csv-cell-too-long"),
    # tomllib
    (r"Invalid value", "toml-value-invalid"),
    (r"Invalid statement", "toml-statement-invalid"),
    (r"Expected '=' after a key in a key/value pair", "toml-equals-missing"),
    (r"Expected newline or end of document after a statement", "toml-newline-missing"),
    (r"Unterminated string", "toml-quote-not-closed"),
    (r"Unclosed array", "toml-bracket-missing"),
    (r"Cannot overwrite a value", "toml-key-twice"),
)
_OF_NUMBER = {errno.ENOENT: "no-such-file", errno.EACCES: "permission-denied", errno.EISDIR: "is-a-folder"}
_AT = re.compile(r"(?P<why>.+) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)")


def of_yaml(error: yaml.YAMLError) -> Sentence:
    """Why a text is not YAML."""
    import yaml  # the help of a command imports this module, and must answer at once

    if isinstance(error, yaml.MarkedYAMLError):
        return _message(str(error.problem or error.context or "")[:200])
    return _message(str(error)[:200])


def of_json(error: ValueError) -> Sentence:
    """Why a text is not JSON, without the place."""
    return _message(error.msg if isinstance(error, json.JSONDecodeError) else str(error)[:200])


def of_csv(error: csv.Error) -> Sentence:
    """Why a line is not CSV."""
    return _message(str(error))


def of_text(said: object) -> Sentence:
    """The same for a parser that gives a sentence alone: expat, zlib."""
    return _message(str(said))


def of_os(error: OSError) -> Sentence:
    """Why a file cannot be read, by its error number."""
    code = _OF_NUMBER.get(error.errno or 0)
    return Sentence(code) if code else Sentence("verbatim", {"words": error.strerror or str(error)})


def of_toml(error: tomllib.TOMLDecodeError | UnicodeDecodeError) -> Sentence:
    """Why a text is not TOML, with the line and column."""
    found = _AT.fullmatch(str(error))
    if found is None:
        return _message(str(error))
    why = _message(found["why"])
    if found["line"] is None:
        return Sentence("toml-at-end", {"why": why})
    return Sentence("toml-at-line", {"why": why, "line": int(found["line"]), "column": int(found["column"])})


def codes() -> Iterable[str]:
    """Every code that the parsers' sentences become, for the test of the catalogues."""
    return [*(code for _, code in _KNOWN), *_OF_NUMBER.values()]


def _message(said: str) -> Sentence:
    for shape, code in _KNOWN:
        found = re.fullmatch(shape, said, re.DOTALL)
        if found:
            return Sentence(code, found.groupdict())
    return Sentence("verbatim", {"words": said})
