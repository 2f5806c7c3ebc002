"""Spec data to text: YAML as a person would write it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from math import isinf, isnan
from typing import Any, Final

from .yaml import BOOL, FLOAT, HEX, INFINITE, NOT_A_NUMBER, NULL, OCTAL

WIDTH: Final = 110
ORDER: Final = ("name", "variables", "inputs", "blocks", "layers", "outputs", "train")
OPENED: Final = frozenset({"variables", "inputs", "blocks", "layers", "train"})
"""Keys of the document whose entries stand on lines of their own."""

RESOLVED: Final = (NULL, BOOL, FLOAT, HEX, OCTAL)
"""What a text without quotes would be read as if it were written so."""

PLAIN: Final = re.compile(r"[^\W\d]|[$./\\^(~;+=<\d-]")
INSIDE: Final = re.compile(r"(?:[\w$./\\^()~;+=<>*|&!%@'\"# -]|:(?=\w))*")
ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
STEP: Final = 2


def write_spec(data: Mapping[str, Any]) -> str:
    """Return spec data as YAML text; :func:`hornbook.specs.yaml.read_text` gives the data back.

    An item stands on one line while it fits; lists may be lists or tuples.
    """
    keys = [*(key for key in ORDER if key in data), *(key for key in data if key not in ORDER)]
    if not keys:
        return "{}\n"
    lines: list[str] = []
    for key in keys:
        lines += _entry(key, data[key], 0, key in OPENED)
    return "\n".join(lines) + "\n"


# Block style


def _entry(key: str, value: Any, indent: int, opened: bool = False) -> list[str]:
    """Return the lines of one key of a mapping."""
    head = f"{' ' * indent}{_text(key)}:"
    line = f"{head} {flow(value)}"
    if not _full(value) or (len(line) <= WIDTH and not opened and not _has_layers(value)):
        return [line]
    if isinstance(value, Mapping):
        return [head, *_mapping(value, indent + STEP)]
    if not opened and _scalars(value):
        return _filled(f"{head} ", value, indent + STEP)
    return [head, *_sequence(value, indent + STEP)]


def _mapping(value: Mapping[str, Any], indent: int) -> list[str]:
    """Return the lines of a mapping's keys; a list of layers is always one a line."""
    lines: list[str] = []
    for key, part in value.items():
        lines += _entry(key, part, indent, key == "layers" and isinstance(part, list | tuple))
    return lines


def _sequence(value: Iterable[Any], indent: int) -> list[str]:
    """Return the lines of a list, each entry behind a dash."""
    dash = " " * indent + "- "
    lines: list[str] = []
    for part in value:
        if isinstance(part, Mapping) and part:
            inner = _mapping(part, indent + STEP)
            lines += [dash + inner[0].lstrip(" "), *inner[1:]]
        elif not _full(part) or len(dash) + len(flow(part)) <= WIDTH:
            lines.append(dash + flow(part))
        elif _scalars(part):
            lines += _filled(dash, part, indent + STEP)
        else:
            inner = _sequence(part, indent + STEP)
            lines += [dash + inner[0].lstrip(" "), *inner[1:]]
    return lines


def _filled(head: str, value: Iterable[Any], indent: int) -> list[str]:
    """Return a list of scalars in brackets, as many on a line as fit."""
    lines, line = [], f"{head}["
    parts = [flow(part) for part in value]
    for part, follower in pairwise([*parts, ""]):
        piece = part + ("," if follower else "]")
        if len(line) + len(piece) + 1 > WIDTH and not line.endswith("["):
            lines.append(line)
            line = " " * indent + piece
        else:
            line += piece if line.endswith("[") else f" {piece}"
    return [*lines, line]


def _full(value: Any) -> bool:
    """Tell whether a value is a collection that is not empty."""
    return isinstance(value, Mapping | list | tuple) and len(value) > 0


def _has_layers(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("layers"), list | tuple)


def _scalars(value: Any) -> bool:
    return isinstance(value, list | tuple) and not any(
        isinstance(part, Mapping | list | tuple) for part in value
    )


# Flow style


def flow(value: Any) -> str:
    """Return a value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(key)}: {flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(part) for part in value) + "]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return _number(value)
    return {None: "null", True: "true", False: "false"}[value] if _word(value) else str(value)


def _word(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def _number(value: float) -> str:
    """Return a float so that it is read back as the same float: `1e-5`, `0.5`, `.inf`."""
    if isinf(value) or isnan(value):
        return ".nan" if isnan(value) else ".inf" if value > 0 else "-.inf"
    return re.sub(r"e([+-])0*(\d)", lambda m: f"e{m[1].strip('+')}{m[2]}", repr(value))


def _text(value: str) -> str:
    """Return a text, in quotes where it would be read as something else without them."""
    return value if _bare(value) else '"' + "".join(_escaped(one) for one in value) + '"'


def _bare(value: str) -> bool:
    """Tell whether a text can stand without quotes, in braces too."""
    return (
        PLAIN.match(value) is not None
        and INSIDE.fullmatch(value) is not None
        and not value.endswith(" ")
        and not value.startswith(("- ", "...", "---"))
        and value != "-"
        and " #" not in value
        and value not in INFINITE
        and value not in NOT_A_NUMBER
        and not any(pattern.fullmatch(value) for pattern in RESOLVED)
    )


def _escaped(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    code = ord(character)
    if character.isprintable():
        return character
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )
