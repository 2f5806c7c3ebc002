"""Fills the marked blocks of docs/reference.md from the classes that validate a spec.

    python docs/generate.py            writes docs/reference.md
    python docs/generate.py --check    exits with 1 where it would change

A block begins with a comment such as ``<!-- family conv -->`` and ends with ``<!-- end -->``. What
stands between two blocks is written by hand.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hornbook.specs import yaml
from hornbook.specs.base import WIRING, Call, CallArguments, Item, LayerSpec, Registry
from hornbook.specs.blocks import BlockSpec
from hornbook.specs.data import FACTS, FORMS
from hornbook.specs.layers import ALIASES, FAMILIES, OPS
from hornbook.specs.load import zoo_text
from hornbook.specs.model import InputSpec, ModelSpec, TrainSpec
from hornbook.specs.registries import ENTRY, LAYER, REGISTRIES
from hornbook.specs.wording import any_of, arms, expected, flow, kind_of, one_of

REFERENCE = Path(__file__).resolve().parent / "reference.md"
COVERAGE = REFERENCE.parent / "coverage.md"
BLOCK = re.compile(r"<!-- (\w+)(?: (\w+))? -->\n(?:.*?\n)??<!-- end -->\n", re.DOTALL)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)

ANCHORS = {
    "activation": "activations",
    "callback": "callbacks",
    "cell": "cells",
    "constraint": "constraints",
    "initializer": "initializers",
    "layer": "layers",
    "loss": "losses",
    "metric": "metrics",
    "optimizer": "optimizers",
    "regularizer": "regularizers",
    "schedule": "schedules",
}
CLASSES: dict[str, type[BaseModel]] = {
    "spec": ModelSpec,
    "input": InputSpec,
    "layer": LayerSpec,
    "call": Call,
    "callarguments": CallArguments,
    "block": BlockSpec,
    "train": TrainSpec,
    **FORMS,
}
LAYER_FIELDS = tuple(LayerSpec.model_fields)
ELSEWHERE = {
    "The layers": "a list of [items](#items-and-wiring)",
    "The model's inputs": "a mapping from names to [inputs](#inputs)",
    "How the model is trained": "[training settings](#training)",
    "The data set": "a [data set](#data)",
    "With several outputs": "a mapping from outputs to numbers",
}
"""What the page describes in a section of its own, by how the description of the field begins."""

MOST_DEFAULTS = 4
FEW = 3

Row = tuple[str, ...]


# Words


def code(text: object) -> str:
    """Set a text as code."""
    return f"`{text}`"


def codes(words: Iterable[object]) -> str:
    """Set words as code, with commas between."""
    return ", ".join(map(code, words))


def plain(name: str) -> str:
    """Return a name without case and underlines."""
    return name.replace("_", "").lower()


def first_line(documented: Any) -> str:
    """Return the first line of a docstring, with single ticks."""
    return str(documented.__doc__).split("\n")[0].replace("``", "`")


def takes(field: FieldInfo) -> str:
    """Say what a field takes, with a link where that is an entry of a registry."""
    said = field.description or ""
    words = next((there for begins, there in ELSEWHERE.items() if said.startswith(begins)), None)
    words = words or expected(field)
    for kind, anchor in ANCHORS.items():
        article = kind_of(kind).split()[0]
        words = words.replace(one_of(kind), f"{article} [{kind}](#{anchor})")
    if type(None) in arms(field.annotation):
        words += ", or `null`"
    return words


def default(field: FieldInfo) -> str:
    """Show a default; a list of equal numbers as one of them, which means the same."""
    if field.is_required():
        return "required"
    value = field.default
    if isinstance(value, tuple) and value and len(set(value)) == 1:
        value = value[0]
    return code(flow(value))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def row(name: str, field: FieldInfo) -> Row:
    """Return what a table says of a field."""
    return code(name), takes(field), default(field), field.description or ""


# Blocks


def fields(name: str) -> str:
    """Write the table of a class's fields."""
    cls = CLASSES[name]
    head = "argument" if issubclass(cls, Item) else "key"
    rows = [row(field, info) for field, info in cls.model_fields.items()]
    return table((head, "takes", "default", "meaning"), rows)


def zoo(name: str) -> str:
    """Show a shipped spec."""
    return f"```yaml\n{zoo_text(name)}```\n"


def limits(_: str) -> str:
    """Write what a spec may hold at most."""
    rows = [
        ("bytes", f"{yaml.MAX_BYTES:,}"),
        ("values", f"{yaml.MAX_NODES:,}"),
        ("levels", f"{yaml.MAX_DEPTH}"),
        ("aliases", f"{yaml.MAX_ALIASES}"),
        ("characters of a number", f"{yaml.MAX_DIGITS}"),
    ]
    return table(("of", "at most"), rows)


def data(_: str) -> str:
    """Write the table of the known data sets."""
    rows = [
        (
            code(name),
            code(flow(one.shape)),
            "numbers" if one.regression else f"{one.classes} classes",
            "with scikit-learn" if one.source == "bundled" else "by download",
            f"{one.description}.",
        )
        for name, one in FACTS.items()
    ]
    return table(("name", "an example", "targets", "comes", "what it is"), rows)


def functions(_: str) -> str:
    """Write the functions of keras.ops with their arguments."""
    rows = []
    for cls in (ENTRY.items[name] for name in OPS):
        own = [name for name in cls.model_fields if name not in WIRING]
        takes = ", ".join(row(name, cls.model_fields[name])[0] for name in own)
        rows.append((code(cls.__name__), count(cls.arity), takes, first_line(cls)))
    return table(("item", "operands", "arguments", "what it makes"), rows)


def count(arity: tuple[int, int | None]) -> str:
    """Write how many operands a function takes."""
    least, most = arity
    return str(least) if least == most else f"{least} or more"


def family(name: str) -> str:
    """Write the layers of a family, then their arguments."""
    classes = {layer: LAYER.items[layer] for layer in FAMILIES[name]}
    said = []
    for layer, cls in classes.items():
        others = [alias for alias, real in ALIASES.items() if real == layer]
        also = f" Also called {codes(others)}." if others else ""
        said.append(f"- **{layer}**: {first_line(cls)}{also}\n")
    return "".join(said) + "\n" + arguments(classes)


def registry(kind: str) -> str:
    """Write the names of a kind, then the arguments of those that take some."""
    found = REGISTRIES[kind]
    words = {name: words_for(found, name) for name in found.items}
    alone = [word for word in found.names if not any(word in of for of in words.values())]
    heads = ("name", "also written", "meaning") if any(words.values()) else ("name", "meaning")
    rows = [
        (code(name), codes(words[name]), first_line(cls))
        if len(heads) == 3
        else (code(name), first_line(cls))
        for name, cls in found.items.items()
    ]
    parts = [table(heads, rows)]
    if alone:
        parts.insert(0, f"Words without arguments: {codes(alone)}.\n")
    parts.append(arguments(found.items))
    return "\n".join(part for part in parts if part)


def words_for(found: Registry, name: str) -> list[str]:
    """List the other names of a class: words that mean its defaults, and aliases."""
    words = [
        word
        for word in found.names
        if name in (found.aliases.get(word), found.aliases.get(word.lower()))
        or (plain(word) == plain(name) and found.module != "layers")
    ]
    return words + [
        alias for alias, real in found.aliases.items() if real == name and alias not in words
    ]


def arguments(items: Mapping[str, type[Item]]) -> str:
    """Write the arguments of some classes in one table, with the classes that each belongs to.

    Classes that differ in the number of axes alone have the same arguments.
    """
    owners: dict[Row, dict[str, str]] = {}
    for name, cls in items.items():
        for argument, field in cls.model_fields.items():
            if not (issubclass(cls, LayerSpec) and argument in LAYER_FIELDS):
                shown, what, value, meaning = row(argument, field)
                what = re.sub(r"a list of [123] of them", "a list of one for each axis", what)
                owners.setdefault((shown, what, meaning), {})[name] = value
    heads: Row = ("argument", "takes", "default", "of", "meaning")
    rows: list[Row] = [
        (shown, what, defaults(of), belongs(of, items), meaning)
        for (shown, what, meaning), of in owners.items()
    ]
    if all(of == "all" for _, _, _, of, _ in rows):
        heads, *rows = [(*cells[:3], cells[4]) for cells in (heads, *rows)]
    return table(heads, rows) if rows else ""


def belongs(of: Collection[str], items: Collection[str]) -> str:
    """Say which classes have an argument."""
    others = [name for name in items if name not in of]
    if not others:
        return "all"
    if len(others) <= FEW < len(of):
        return f"all but {codes(others)}"
    return codes(of)


def defaults(of: dict[str, str]) -> str:
    """Show the default of an argument that several classes have."""
    values = list(dict.fromkeys(of.values()))
    if len(values) == 1:
        return values[0]
    if len(values) > MOST_DEFAULTS:
        return "each its own"
    common = max(values, key=list(of.values()).count)
    others = [
        f"{value} of {any_of(name for name in of if of[name] == value)}"
        for value in values
        if value != common
    ]
    return f"{common}; {'; '.join(others)}"


def refused(_: str) -> str:
    """Write the names that Keras has and the language leaves out."""
    rows = [
        (code(name), kind, f"{reason[0].upper()}{reason[1:]}.")
        for kind, found in REGISTRIES.items()
        for name, reason in found.refused.items()
        if kind != "entry"
    ]
    return table(("name", "kind", "why"), rows)


BLOCKS: dict[str, Callable[[str], str]] = {
    "data": data,
    "family": family,
    "functions": functions,
    "fields": fields,
    "limits": limits,
    "refused": refused,
    "registry": registry,
    "zoo": zoo,
}


# The page


def contents(text: str) -> str:
    """Write the table of contents of a page."""
    found = re.findall(r"^(##|###) (.+)$", FENCE.sub("", text), re.MULTILINE)
    lines = []
    for mark, title in found:
        anchor = re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
        lines.append(f"{'  ' if mark == '###' else ''}- [{title}](#{anchor})\n")
    return "".join(lines)


def filled(text: str) -> str:
    """Return a page with its blocks made anew."""

    def block(found: re.Match[str]) -> str:
        name, of = found[1], found[2] or ""
        made = contents(text) if name == "contents" else BLOCKS[name](of)
        return f"<!-- {name}{' ' * bool(of)}{of} -->\n\n{made}\n<!-- end -->\n"

    return BLOCK.sub(block, text)


def coverage() -> str:
    """Write the page that says of every name in keras.layers whether a spec can hold it."""
    layers, cells = REGISTRIES["layer"], REGISTRIES["cell"]
    family = {
        layer: name.replace("_", " ") for name, layers in FAMILIES.items() for layer in layers
    }
    states = {name: ("supported", family[name]) for name in layers.items}
    states |= dict.fromkeys(cells.items, ("supported", "in an `RNN`"))
    states |= {name: ("alias", f"of `{real}`") for name, real in layers.aliases.items()}
    states |= {name: ("refused", f"{why}") for name, why in layers.refused.items()}
    counts = Counter(state for state, _ in states.values())
    rows = [(code(name), *states[name]) for name in sorted(states, key=str.lower)]
    left_out = [
        (code(name), code(argument), why)
        for module in (*FAMILIES, "cells")
        for name, arguments in sorted(
            import_module(f"hornbook.specs.layers.{module}").OMITTED.items()
        )
        for argument, why in arguments.items()
    ]
    totals = [(state, str(counts[state])) for state in ("supported", "alias", "refused")]
    totals.append(("all of keras.layers", str(len(states))))
    return COVERAGE_TEXT.format(
        totals=table(("", "names"), totals),
        rows=table(("name", "", "family, or why not"), rows),
        left_out=table(("layer", "argument", "why it is left out"), left_out),
    )


COVERAGE_TEXT = """# Every layer of Keras

What each name in `keras.layers` of Keras 3.15 is to a spec. The page is written by
`python docs/generate.py`; a test holds that its names are those of the installed Keras, no more and no
fewer, that each supported layer has a rule for shapes and weights, and that each rule is compared with
Keras over arguments drawn at random.

{totals}
## Names

{rows}
## Arguments that are left out

{left_out}"""


def pages() -> dict[Path, str]:
    """Return what the generated pages hold now."""
    return {REFERENCE: filled(REFERENCE.read_text(encoding="utf-8")), COVERAGE: coverage()}


def main(options: Sequence[str]) -> int:
    """Write the pages, or with ``--check`` tell whether one would change."""
    found = pages()
    if "--check" in options:
        return int(any(p.read_text(encoding="utf-8") != text for p, text in found.items()))
    for page, text in found.items():
        page.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
