"""Broken specs by the thousand: each is accepted, or refused with diagnostics that can be read.

The mutants are drawn from a fixed seed. `HORNBOOK_MUTATIONS=50000 pytest tests/specs/test_mutations.py`
draws more of them, `HORNBOOK_SEED=7` others.
"""

from __future__ import annotations

import json
import linecache
import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from hornbook.compiler.driver import advise, analyse, emit, styles_of
from hornbook.specs.codes import CODES
from hornbook.specs.diagnostics import Diagnostic, Span, SpecError
from hornbook.specs.load import load, zoo, zoo_text
from hornbook.specs.overrides import Override
from hornbook.specs.render import RENDERERS
from hornbook.specs.yaml import read_text

COUNT = int(os.environ.get("HORNBOOK_MUTATIONS", "2000"))
SEED = int(os.environ.get("HORNBOOK_SEED", "0"))
NOWHERE = frozenset({"HB104", "HB107"})
"""Codes that may have no place: the file as a whole is too large, or cannot be read."""
LONGEST = 1_000
"""No line is longer, however long the names and values are that it shows."""

RICH = """
name: rich
inputs:
  picture: [16, 16, 3]
  words: {shape: [12], dtype: int32}
layers:
  - Rescaling: {scale: 0.00392, inputs: picture}
  - Conv2D: {name: stem, filters: 4, kernel_size: [3, 3], padding: same, kernel_initializer: he_normal}
  - SeparableConv2D: {filters: 4, kernel_size: 3, padding: same, activation: {LeakyReLU: {negative_slope: 0.1}}}
  - BatchNormalization: {momentum: 0.9}
  - Add: {name: sum, inputs: [batch_normalization, stem]}
  - AveragePooling2D: {pool_size: [2, 2], strides: 2}
  - Flatten: {name: seen}
  - Embedding: {input_dim: 50, output_dim: 8, inputs: words}
  - Bidirectional: {layer: {LSTM: {units: 3, return_sequences: true}}, merge_mode: sum}
  - MultiHeadAttention: {num_heads: 2, key_dim: 2, name: mixed}
  - GlobalMaxPooling1D: {name: read}
  - Concatenate: {name: both, inputs: [seen, read]}
  - Dense: {name: shared, units: 8, kernel_regularizer: {L2: {l2: 1e-3}}, kernel_constraint: max_norm}
  - Reshape: {target_shape: [2, -1]}
  - TimeDistributed: {layer: {Dense: {units: 3}}}
  - Flatten: {name: flat}
  - Dense: {name: kind, units: 5, activation: softmax}
  - Dense: {name: price, units: 1, inputs: flat}
outputs: [kind, price]
train:
  data: {npz: data.npz, classes: 5}
  optimizer:
    AdamW:
      learning_rate: {ExponentialDecay: {initial_learning_rate: 0.1, decay_steps: 100, decay_rate: 0.9}}
      clipnorm: 1.0
  loss:
    kind: sparse_categorical_crossentropy
    price: {Huber: {delta: 2.0}}
  loss_weights: {kind: 1.0, price: 0.5}
  metrics: {kind: [accuracy, {SparseTopKCategoricalAccuracy: {k: 2}}], price: [mae]}
  epochs: 3
  validation: 0.2
  callbacks:
    - EarlyStopping: {monitor: val_loss, patience: 2}
    - ReduceLROnPlateau
"""
TEXTS = [RICH, *(zoo_text(name) for name in zoo())]

WORDS = [
    "__class__", "__import__('os').system('true')", "../../secret", "a\nb", "\u202eevil", "x" * 5_000, "🐍", "图像",
    "$classes", "$", "${x}", "$classes.real", "!!python/object/apply:os.system", "*a", "&a", "<<", "null", "~",
    "True", "None", ".nan", "1e400", "0x7fffffffffffffffffff", "9" * 290, "layers", "call", "self", "model",
    "inputs", "class", "Dense", "Conv2D", "Lambda", "relu", "softmax", "adam", "mse", "", " ", "-", "{", "0", "1.5",
    "`", "%s %d {0}", "\x1b[31m", "e\u0301", "\ufeff",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2, 3, 7, 10**6, 10**12, 10**80, -(10**80), 0.0, 0.5, -0.5, 1e-30, 1e300, [], {},
    [0], [1, 2], [1, 2, 3, 4, 5], [None], [[1]], {"a": 1}, {"Dense": {"units": 3}}, ["relu"], {"relu": None},
    {"Dense": None, "Flatten": None}, {"L2": {"l2": -1}}, {"": ""}, [{}], {"call": {"layer": "stem"}},
]  # fmt: skip
PIECES = [
    *"[]{}:,-#&*!|>'\"%@`?$ \t\n\\=~.01aZ_",
    "\r",
    "\r\n",
    "é",
    "🐍",
    "\x00",
    "\x07",
    "\u2028",
    "\x85",
    "\ufeff",
]

Edit = Callable[[random.Random, str], str]


# Edits of the text


def one_character(draw: random.Random, text: str) -> str:
    at = draw.randrange(len(text))
    return text[:at] + draw.choice([draw.choice(PIECES), ""]) + text[at + draw.randint(0, 1) :]


def one_line(draw: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    at = draw.randrange(len(lines))
    line = lines[at]
    indented = " " * draw.randint(0, 9) + line.lstrip(" ")
    shorter = line[draw.randint(1, 2) :]
    lines[at] = draw.choice(
        [
            "",
            line * 2,
            indented,
            shorter,
            "\t" + line,
            line.replace(":", ""),
            line.replace(": ", ":"),
            f"# {line}",
        ]
    )
    return "".join(lines)


def two_lines(draw: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "".join(lines)


def truncated(draw: random.Random, text: str) -> str:
    return text[: draw.randrange(len(text))]


def another_word(draw: random.Random, text: str) -> str:
    words = text.replace(",", " ").replace("{", " ").replace("}", " ").split()
    return text.replace(draw.choice(words), draw.choice([*WORDS, *words]), 1)


# Edits of the data


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the paths to all values below the root."""
    keys = data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    found = []
    for key in keys:
        found += [(*path, key), *places(data[key], (*path, key))]
    return found


def at(data: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        data = data[key]
    return data


def misspelt(draw: random.Random, word: str) -> str:
    if not word:
        return "x"
    at = draw.randrange(len(word))
    return draw.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + word[at] * 2 + word[at + 1 :],
            word.swapcase(),
            word + "s",
            f"keras.{word}",
        ]
    )


def one_value(draw: random.Random, data: Any) -> None:
    path = draw.choice(places(data))
    holder, old = at(data, path[:-1]), at(data, path)
    nudged = (
        old + draw.choice([-1, 1, 100]) if isinstance(old, int | float) else draw.choice(VALUES)
    )
    spelt = misspelt(draw, old) if isinstance(old, str) else draw.choice(WORDS)
    other = at(data, draw.choice(places(data)))
    holder[path[-1]] = draw.choice(
        [
            draw.choice(VALUES),
            draw.choice(WORDS),
            nudged,
            spelt,
            [old],
            {"x": old},
            str(old),
            json.loads(json.dumps(other)),
        ]
    )


def one_key(draw: random.Random, data: Any) -> None:
    keyed = [path for path in places(data) if isinstance(path[-1], str)]
    *above, key = draw.choice(keyed)
    holder = at(data, tuple(above))
    kept = dict(holder)
    holder.clear()
    for name, value in kept.items():
        if name != key:
            holder[name] = value
        elif draw.random() < 0.7:
            holder[draw.choice([misspelt(draw, key), draw.choice(WORDS), key])] = value
    if draw.random() < 0.3:
        holder[draw.choice(WORDS)] = draw.choice(VALUES)


def one_item(draw: random.Random, data: Any) -> None:
    lists = [path for path in places(data) if isinstance(at(data, path), list) and at(data, path)]
    items = at(data, draw.choice(lists))
    index = draw.randrange(len(items))
    match draw.randrange(4):
        case 0:
            del items[index]
        case 1:
            items.insert(index, json.loads(json.dumps(draw.choice(items))))
        case 2:
            draw.shuffle(items)
        case _:
            items.append(draw.choice(VALUES))


def of_data(edit: Callable[[random.Random, Any], None]) -> Edit:
    """Make an edit of the text of an edit of what it holds."""

    def edited(draw: random.Random, text: str) -> str:
        data = thawed(read_text(text).data)
        edit(draw, data)
        if draw.random() < 0.3:
            return json.dumps(data)
        return str(
            yaml.safe_dump(
                data,
                sort_keys=False,
                allow_unicode=True,
                default_flow_style=draw.choice([None, True, False]),
            )
        )

    return edited


def thawed(data: Any) -> Any:
    if isinstance(data, tuple):
        return [thawed(part) for part in data]
    return {key: thawed(part) for key, part in data.items()} if isinstance(data, dict) else data


ON_TEXT: list[Edit] = [one_character, one_line, two_lines, truncated, another_word]
ON_DATA: list[Edit] = [of_data(one_value), of_data(one_value), of_data(one_key), of_data(one_item)]


def mutant(draw: random.Random) -> str:
    """Draw a spec with one to three mistakes."""
    text = draw.choice(TEXTS)
    if draw.random() < 0.25:
        for _ in range(draw.randint(1, 2)):
            text = draw.choice(ON_TEXT)(draw, text or "a")
        return text
    text = draw.choice(ON_DATA)(draw, text)
    return draw.choice(ON_TEXT)(draw, text) if draw.random() < 0.2 else text


# What must hold of each


def outcome(text: str, path: str) -> tuple[bool, list[Diagnostic]]:
    """Tell whether a spec is accepted, with what is said of it; an accepted one is emitted too."""
    try:
        spec = load(read_text(text, path))
        typed = analyse(spec)
        for style in styles_of(typed):
            emit(typed, style)
    except SpecError as error:
        return False, list(error.diagnostics)
    return True, advise(spec, typed)


def check_place(span: Span) -> None:
    lines = [line.rstrip("\r\n\x85\u2028\u2029") for line in linecache.cache[span.path][2]]  # type: ignore[misc]
    lines.append("")  # what is missing at the end is pointed at behind the last line

    assert 1 <= span.line <= span.end_line <= len(lines), span
    assert 1 <= span.column <= len(lines[span.line - 1]) + 1, span
    assert 1 <= span.end_column <= len(lines[span.end_line - 1]) + 2, span
    assert (span.line, span.column) <= (span.end_line, span.end_column), span


def check_diagnostic(one: Diagnostic) -> None:
    assert one.code in CODES
    assert one.span is not None or one.code in NOWHERE, one
    assert one.message
    for span in (one.span, *(note.span for note in one.notes)):
        if span is not None:
            check_place(span)
    for render in RENDERERS.values():
        assert one.code in render([one])
    shown = RENDERERS["text"]([one])
    assert all(c == "\n" or c.isprintable() for c in shown), one
    assert max(map(len, shown.splitlines())) <= LONGEST, one


def test_broken_specs() -> None:
    draw = random.Random(SEED)
    codes: Counter[str] = Counter()
    accepted = 0
    for number in range(COUNT):
        text = mutant(draw)
        try:
            passed, found = outcome(text, "<mutant>")
            assert passed or found, "refused without a word"
            for one in found:
                check_diagnostic(one)
        except Exception as error:
            pytest.fail(
                f"mutant {number} of seed {SEED}: {type(error).__name__}: {error}\n\n{text[:4_000]}"
            )
        accepted += passed
        codes.update(one.code for one in found)
    # Mutants that are all refused by the YAML parser, or all accepted, would show nothing.
    assert 0.05 < accepted / COUNT < 0.6, accepted
    assert len(codes) >= 25, codes
    assert codes["HB101"] < 0.4 * codes.total(), codes


def setting(draw: random.Random) -> str:
    """Draw a `key=value` as it may stand behind `--set`."""
    keys = [
        "train.epochs",
        "epochs",
        "train.loss",
        "layers.0.Dense.units",
        "layers.1",
        "name",
        "train",
        "inputs.x",
        "layers.head.units",
        "",
        ".",
    ]
    key = draw.choice([*keys, *WORDS])
    return draw.choice(
        [f"{key}={draw.choice(WORDS)}", f"{key}={json.dumps(draw.choice(VALUES))}", key, f"{key}="]
    )


def test_broken_overrides() -> None:
    draw = random.Random(SEED)
    codes = set()
    for _ in range(COUNT // 10):
        text = setting(draw)
        try:
            analyse(load(draw.choice(zoo()), overrides=[Override(text)]))
        except SpecError as error:
            codes.update(one.code for one in error.diagnostics)
            for one in error.diagnostics:
                assert RENDERERS["text"]([one]), text
                assert one.span is None or one.span.line >= 1
        except Exception as error:
            pytest.fail(f"--set {text!r}: {type(error).__name__}: {error}")
    assert len(codes) >= 6, codes
