"""Functions of ``keras.ops``, held against Keras: announced by symbols, then run in a graph."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from keras_ops import Function, agree_op, read_op, refused  # noqa: E402

from drawn import examples  # noqa: E402
from families import OPS  # noqa: E402
from hornbook.compiler.graph import Literal, TensorType  # noqa: E402
from hornbook.specs.base import OpSpec  # noqa: E402
from strategies.ops import DTYPES, grids, valid_applications, valid_items  # noqa: E402


def item(name: str, arguments: dict[str, Any]) -> OpSpec:
    made = read_op(name, arguments)
    assert isinstance(made, OpSpec), f"{name} refuses {arguments}: {made}"
    return made


SIZES = st.sampled_from([None, 1, 1, 2, 2, 3, 4, 6])
KINDS = st.sampled_from(["float32"] * 4 + list(DTYPES))


def types(least: int, most: int) -> Any:
    shapes = st.lists(SIZES, min_size=least, max_size=most).map(lambda found: (None, *found))
    return st.builds(TensorType, shapes, KINDS)


@examples(250)
@given(st.data(), types(0, 3))
def test_valid_functions_of_one_value(data: Any, shape: TensorType) -> None:
    name, arguments = data.draw(st.sampled_from(valid_items(shape.shape, shape.dtype)))
    assert agree_op(item(name, data.draw(arguments)), (shape,))


@examples(300)
@given(st.data(), types(0, 3))
def test_valid_functions_of_several(data: Any, shape: TensorType) -> None:
    name, arguments, operands = data.draw(valid_applications(shape))
    assert agree_op(item(name, arguments), operands)


AXIS = st.integers(-5, 4)
AXES = AXIS | st.lists(AXIS, min_size=1, max_size=3).map(tuple)
PARTS = st.sampled_from([":", ":", "...", "None", "0", "-1", "2", "-3", "1:", ":2", "::-1", "3:1"])
WILD: dict[str, dict[str, Any]] = {
    "gelu": {"approximate": st.booleans()},
    "softmax": {"axis": AXIS},
    "concatenate": {"axis": AXIS},
    "stack": {"axis": AXIS},
    "split": {
        "indices_or_sections": st.integers(0, 7)
        | st.lists(st.integers(-1, 7), min_size=1, max_size=3).map(tuple),
        "axis": AXIS,
    },
    "reshape": {
        "newshape": st.lists(st.sampled_from([-1, 0, 1, 2, 3, 6]), min_size=1, max_size=3).map(
            lambda found: (-1, *found)
        )
    },
    "transpose": {"axes": st.lists(st.integers(-1, 3), min_size=1, max_size=4).map(tuple)},
    "expand_dims": {"axis": AXIS},
    "squeeze": {"axis": AXIS},
    **{name: {"axis": AXES, "keepdims": st.booleans()} for name in ("mean", "sum", "max", "min")},
    "cumsum": {"axis": AXIS},
    "ones_like": {"dtype": st.none() | st.sampled_from(DTYPES)},
    "zeros_like": {"dtype": st.none() | st.sampled_from(DTYPES)},
    "cast": {"dtype": st.sampled_from(DTYPES)},
    "getitem": {"key": st.lists(PARTS, min_size=1, max_size=4).map(", ".join)},
}
"""Arguments of which many are wrong; those of the other functions are none."""

NUMBERS = st.sampled_from(
    [0, 1, 2, -1, 255, 256, 2**31 - 1, 2**31, -(2**40), 2**63, 0.5, -2.0, 1e39, 0.0]
)
GRIDS = st.lists(st.integers(1, 4), max_size=3).flatmap(
    lambda sizes: grids(tuple(sizes), NUMBERS) | grids(tuple(sizes), st.booleans())
)

OWN = (
    # The first axis is the batch, whose examples stay apart and in their place.
    "across axis 0, the batch",
    "would move axis 0",
    "would stand before the batch",
    "the first axis is the batch",
    "would cut axis 0",
    "puts an axis before the batch",
    "its batch would meet another axis",
    "multiplies matrices, the last two axes of each example",
    # The language has no uint32.
    "makes uint32",
    # Of truths some functions make truths, others numbers.
    "receives truth values",
    # Keras makes other numbers of them, or infinity.
    "whose numbers go from",
)
"""What we refuse though Keras lets it pass."""


def operands(name: str) -> Any:
    """Draw as many operands as a function takes, most of them alike."""
    if name in ("concatenate", "stack"):
        least, most = 2, 3
    else:
        least = most = 2 if name in BINARY else 1
    literal = st.builds(Literal, GRIDS)

    @st.composite
    def several(draw: st.DrawFn) -> tuple[Any, ...]:
        first = draw(types(0, 3))
        found: list[Any] = [first]
        for _ in range(draw(st.integers(least, most)) - 1):
            sizes = [draw(st.sampled_from([size] * 6 + [1, 2])) for size in first.shape[1:]]
            cut = draw(st.sampled_from([0] * 6 + [1, 2]))
            kind = draw(st.sampled_from([first.dtype, draw(KINDS)]))
            other = st.just(TensorType((None, *sizes[cut:]), kind))
            found.append(draw(other | literal | types(0, 3)))
        return tuple(draw(st.permutations(found)))

    return several()


NAMES = [cls.__name__.removeprefix("ops.") for cls in OPS]
BINARY = [cls.__name__.removeprefix("ops.") for cls in OPS if cls.arity == (2, 2)]


@pytest.mark.parametrize("name", NAMES)
def test_wild(name: str) -> None:
    wild = WILD.get(name, {})

    @examples(60 if wild or name in BINARY else 10)
    @given(st.fixed_dictionaries(wild), operands(name))
    def check(arguments: dict[str, Any], drawn: tuple[Any, ...]) -> None:
        made = read_op(f"ops.{name}", arguments)
        if isinstance(made, OpSpec):
            agree_op(made, drawn, own=OWN)
        else:
            raw = arguments | ({"key": raw_key(arguments["key"])} if name == "getitem" else {})
            refused(Function(f"ops.{name}", raw, name in LISTED), drawn, made, OWN_ARGUMENTS)

    check()


LISTED = ("concatenate", "stack")
OWN_ARGUMENTS = (
    "the first axis is the batch",
    # One piece is the value itself, and a node of one output has no numbered ones.
    "must be an integer of at least 2",
)
"""Arguments that we refuse though Keras takes them."""


def raw_key(key: str) -> Any:
    """Return what Python makes of a text in brackets."""
    return eval(f"Brackets()[{key}]", {"Brackets": Brackets})


class Brackets:
    """Gives back what stands in brackets behind it."""

    def __getitem__(self, key: Any) -> Any:
        return key
