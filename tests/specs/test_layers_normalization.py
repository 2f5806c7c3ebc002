"""The layer classes that normalize, regularize, activate, merge, recur and attend."""

from __future__ import annotations

from typing import Any

import pytest

from families import layers_of
from hornbook.compiler.graph import TensorType, Weight
from hornbook.compiler.shapes import infer
from hornbook.compiler.shapes.rule import RuleError
from hornbook.specs.base import Fault, LayerSpec, registry
from hornbook.specs.choices import read_choice
from hornbook.specs.layers import (
    activation,
    attention,
    merging,
    normalization,
    recurrent,
    regularization,
)

FAMILIES = (activation, attention, merging, normalization, recurrent, regularization)


def read(name: str, **arguments: Any) -> Any:
    return read_choice(registry("layer"), {name: arguments} if arguments else name)


def layer(name: str, **arguments: Any) -> LayerSpec:
    made = read(name, **arguments)
    assert isinstance(made, LayerSpec), made
    return made


def refused(name: str, **arguments: Any) -> Fault:
    found = read(name, **arguments)
    assert isinstance(found, tuple), f"{name} {arguments} is accepted"
    assert len(found) == 1, found
    return found[0]


def floats(*sizes: int | None) -> TensorType:
    return TensorType((None, *sizes))


def error(made: LayerSpec, *inputs: TensorType) -> RuleError:
    with pytest.raises(RuleError) as caught:
        infer(made, inputs)
    return caught.value


@pytest.mark.parametrize(
    ("name", "arity"),
    [
        ("Add", (2, None)),
        ("Subtract", (2, 2)),
        ("Multiply", (2, None)),
        ("Average", (2, None)),
        ("Maximum", (2, None)),
        ("Minimum", (2, None)),
        ("Concatenate", (2, None)),
        ("Dot", (2, 2)),
        ("MultiHeadAttention", (1, 3)),
        ("LSTM", (1, 1)),
    ],
)
def test_arity(name: str, arity: tuple[int, int | None]) -> None:
    cls = registry("layer").items[name]
    assert issubclass(cls, LayerSpec)
    assert cls.arity == arity
    assert cls.takes_list is (cls in layers_of(merging))


LSTM = {"LSTM": {"units": 2}}


@pytest.mark.parametrize(
    ("name", "arguments", "code", "path", "part"),
    [
        ("Dropout", {"rate": 1}, "HB203", ("rate",), "below 1"),
        ("Dropout", {"rate": -0.5}, "HB203", ("rate",), "at least 0"),
        ("Dropout", {"rate": "half"}, "HB204", ("rate",), "the word `half`"),
        ("Dropout", {"rates": 0.5}, "HB201", ("rates",), "has no argument `rates`"),
        ("SpatialDropout2D", {"rate": 0.5, "trainable": False}, "HB203", ("trainable",), "true"),
        ("GaussianNoise", {"stddev": 2}, "HB203", ("stddev",), "at most 1"),
        ("GroupNormalization", {"groups": 0}, "HB203", ("groups",), "`-1`"),
        ("LayerNormalization", {"axis": ()}, "HB203", ("axis",), "axis"),
        ("BatchNormalization", {"axis": (1, 2)}, "HB204", ("axis",), "an integer"),
        ("PReLU", {"shared_axes": 0}, "HB203", ("shared_axes",), "at least 1"),
        ("ReLU", {"max_value": -1}, "HB203", ("max_value",), "at least 0"),
        ("Dot", {}, "HB202", (), "needs the argument `axes`"),
        ("Dot", {"axes": (1, 2, 3)}, "HB203", ("axes",), "a list of 2"),
        ("LSTM", {"units": 0}, "HB203", ("units",), "at least 1"),
        ("LSTM", {"units": 2.5}, "HB204", ("units",), "an integer"),
        ("LSTM", {"units": 2, "stateful": True}, "HB201", ("stateful",), "has no argument"),
        ("LSTM", {"units": 2, "use_cudnn": True}, "HB203", ("use_cudnn",), "`auto` or `false`"),
        ("GRU", {"units": 2, "dropout": 1}, "HB203", ("dropout",), "below 1"),
        ("MultiHeadAttention", {"num_heads": 2}, "HB202", (), "needs the argument `key_dim`"),
        (
            "MultiHeadAttention",
            {"num_heads": 2, "key_dim": 2, "trainable": False},
            "HB207",
            ("trainable",),
            "does not freeze",
        ),
        ("Bidirectional", {"layer": "Flatten"}, "HB207", ("layer",), "not `Flatten`"),
        ("Bidirectional", {"layer": LSTM, "trainable": False}, "HB207", ("trainable",), "freeze"),
        ("Bidirectional", {"layer": LSTM, "merge_mode": None}, "HB203", ("merge_mode",), "concat"),
        (
            "Bidirectional",
            {"layer": {"LSTM": {"units": 2, "go_backwards": True}}},
            "HB207",
            ("layer",),
            "none to read forwards",
        ),
        (
            "Bidirectional",
            {"layer": LSTM, "backward_layer": LSTM},
            "HB207",
            ("backward_layer",),
            "same direction",
        ),
        (
            "Bidirectional",
            {"layer": LSTM, "backward_layer": {"GRU": {"units": 3, "go_backwards": True}}},
            "HB207",
            ("backward_layer",),
            "`units` is 2 for `layer`, but 3 for `backward_layer`",
        ),
        (
            "Bidirectional",
            {
                "layer": LSTM,
                "backward_layer": {
                    "LSTM": {"units": 2, "go_backwards": True, "return_sequences": True}
                },
            },
            "HB207",
            ("backward_layer",),
            "`return_sequences` is false for `layer`, but true for `backward_layer`",
        ),
        (
            "Bidirectional",
            {"layer": {"LSTM": {"units": 2, "inputs": "image"}}},
            "HB207",
            ("layer",),
            "takes its input from the wrapper",
        ),
        ("TimeDistributed", {"layer": "Add"}, "HB207", ("layer",), "takes several"),
        ("TimeDistributed", {"layer": "Flaten"}, "HB205", ("layer",), "unknown layer"),
        (
            "TimeDistributed",
            {"layer": {"Dropout": {"rate": 2}}},
            "HB203",
            ("layer", "Dropout", "rate"),
            "below 1",
        ),
        (
            "TimeDistributed",
            {"layer": "Flatten", "trainable": False},
            "HB207",
            ("trainable",),
            "does not freeze",
        ),
    ],
)
def test_mistakes(
    name: str, arguments: dict[str, Any], code: str, path: tuple[str, ...], part: str
) -> None:
    found = refused(name, **arguments)
    assert found.code == code, found
    assert found.path == ((name, *path) if arguments else path), found
    assert part in found.message, found


def test_a_wrapped_layer_is_read_with_its_parts() -> None:
    made = layer("Bidirectional", layer={"GRU": {"units": 3, "activation": {"ELU": {"alpha": 2}}}})
    inner = made.layer  # type: ignore[attr-defined]
    assert isinstance(inner, recurrent.GRU)
    assert type(inner.activation).__name__ == "ELU"


def test_lstm_by_hand() -> None:
    found = infer(layer("LSTM", units=3), (floats(5, 2),))
    assert found.output == floats(3)
    assert found.weights == (
        Weight("kernel", (2, 12)),
        Weight("recurrent_kernel", (3, 12)),
        Weight("bias", (12,)),
    )
    products, biases, sums, gates, state = 2 * 12 * (2 + 3), 12, 12, 12, 3 * 5
    assert found.flops == 5 * (products + biases + sums + gates + state)


def test_attention_by_hand() -> None:
    made = layer("MultiHeadAttention", num_heads=2, key_dim=3, use_bias=False)
    found = infer(made, (floats(5, 4), floats(6, 7)))
    assert found.output == floats(5, 4)
    assert [weight.shape for weight in found.weights] == [
        (4, 2, 3),
        (7, 2, 3),
        (7, 2, 3),
        (2, 3, 4),
    ]
    query, key, value, out = 2 * 5 * 24, 2 * 6 * 42, 2 * 6 * 42, 2 * 5 * 24
    scores = 2 * 5 * 6
    assert found.flops == query + key + value + out + scores * (2 * 3 + 3 + 2 * 3)


def test_attention_of_one_input_is_to_itself() -> None:
    made = layer("MultiHeadAttention", num_heads=2, key_dim=3)
    assert infer(made, (floats(5, 4),)) == infer(made, (floats(5, 4),) * 3)


def test_work_is_unknown_where_a_size_is() -> None:
    assert infer(layer("GRU", units=3), (floats(None, 2),)).flops is None
    assert infer(layer("ELU"), (floats(None, 2),)).flops is None
    assert infer(layer("ELU"), (floats(3, 2),)).flops == 6


def test_merges_by_hand() -> None:
    one = floats(4, 3)
    assert infer(layer("Add"), (one, floats(3), floats(1, 3))).output == one
    assert infer(layer("Add"), (one, one, one)).flops == 24
    assert infer(layer("Concatenate"), (one, floats(4, 5))).output == floats(4, 8)
    assert infer(layer("Concatenate", axis=1), (one, floats(2, 3))).output == floats(6, 3)
    assert infer(layer("Dot", axes=(2, 1)), (one, floats(3, 5))).output == floats(4, 5)
    assert infer(layer("Dot", axes=1), (floats(3), floats(3))).output == floats(1)


def test_batch_normalization_moves_no_statistics_when_frozen() -> None:
    free = infer(layer("BatchNormalization"), (floats(3),)).weights
    frozen = infer(layer("BatchNormalization", trainable=False), (floats(3),)).weights
    assert [weight.trainable for weight in free] == [True, True, False, False]
    assert [weight.trainable for weight in frozen] == [False] * 4


def test_time_distributed_points_at_the_wrapped_layer() -> None:
    made = layer("TimeDistributed", layer={"GroupNormalization": {"groups": 2}})
    found = error(made, floats(5, 3))
    assert (found.code, found.field) == ("HB404", "layer")
    assert "`GroupNormalization`" in found.message


@pytest.mark.parametrize(
    ("made", "inputs", "code", "field", "index", "message"),
    [
        (
            layer("Add"),
            (floats(4), floats(5)),
            "HB403",
            None,
            1,
            "`Add` merges entry by entry, but (None, 4) and (None, 5) differ on axis -1: 4 and 5",
        ),
        (
            layer("Add"),
            (floats(4), floats(1), floats(5)),
            "HB403",
            None,
            2,
            "`Add` merges entry by entry, but (None, 4) and (None, 5) differ on axis -1: 4 and 5",
        ),
        (
            layer("Concatenate"),
            (floats(4, 2), floats(5, 2)),
            "HB403",
            None,
            1,
            "`Concatenate` joins along axis 2, so all other sizes must be equal, "
            "but (None, 4, 2) and (None, 5, 2) differ on axis 1: 4 and 5",
        ),
        (
            layer("Concatenate"),
            (floats(4, 2), floats(8)),
            "HB403",
            None,
            1,
            "`Concatenate` joins tensors of equally many axes, "
            "but (None, 4, 2) has 3 and (None, 8) has 2",
        ),
        (
            layer("Dot", axes=1),
            (floats(4), floats(5)),
            "HB403",
            "axes",
            1,
            "`Dot` sums over axes of equal size, but axis 1 of (None, 4) has 4 "
            "and axis 1 of (None, 5) has 5",
        ),
        (
            layer("Dot", axes=0),
            (floats(4), floats(4)),
            "HB404",
            "axes",
            0,
            "`Dot` multiplies within each example, so it cannot sum over axis 0, the batch",
        ),
        (
            layer("LSTM", units=2),
            (floats(4),),
            "HB401",
            None,
            0,
            "`LSTM` takes 3 axes (batch, steps, features), but receives 2: (None, 4)",
        ),
        (
            layer("LSTM", units=2),
            (floats(4, None),),
            "HB406",
            None,
            0,
            "`LSTM` needs a known size of features, but receives (None, 4, None)",
        ),
        (
            layer("GRU", units=2, unroll=True),
            (floats(None, 4),),
            "HB406",
            "unroll",
            0,
            "`unroll` of `GRU` needs a known number of steps, but receives (None, None, 4)",
        ),
        (
            layer("GroupNormalization", groups=3),
            (floats(4),),
            "HB404",
            "groups",
            0,
            "`GroupNormalization` splits channels into 3 groups of equal size, "
            "but receives 4 channels: (None, 4)",
        ),
        (
            layer("BatchNormalization", axis=3),
            (floats(4),),
            "HB401",
            "axis",
            0,
            "`BatchNormalization` works on axis 3, but receives 2 axes: (None, 4)",
        ),
        (
            layer("BatchNormalization", gamma_initializer="orthogonal"),
            (floats(4),),
            "HB404",
            "gamma_initializer",
            0,
            "`gamma_initializer` of `BatchNormalization` makes a matrix, "
            "but `gamma` has the shape (4,)",
        ),
        (
            layer("LSTM", units=2, recurrent_constraint={"MaxNorm": {"axis": 2}}),
            (floats(5, 4),),
            "HB404",
            "recurrent_constraint",
            0,
            "`recurrent_constraint` of `LSTM` works on axis 2, "
            "but `recurrent_kernel` has the shape (2, 8)",
        ),
        (
            layer("LSTM", units=2, activation={"Softmax": {"axis": 2}}),
            (floats(5, 4),),
            "HB404",
            "activation",
            0,
            "`activation` of `LSTM` works on axis 2, but receives 2 axes",
        ),
        (
            layer("Dropout", rate=0.5),
            (TensorType((None, 4), "int32"),),
            "HB405",
            None,
            0,
            "`Dropout` scales what it does not drop, so it takes floating-point numbers, "
            "but receives int32 (None, 4)",
        ),
        (
            layer("PReLU"),
            (floats(None, 4),),
            "HB406",
            "shared_axes",
            0,
            "`PReLU` has a slope for each entry of axis 1, whose size must be known, "
            "but receives (None, None, 4)",
        ),
        (
            layer("MultiHeadAttention", num_heads=1, key_dim=2),
            (floats(4),),
            "HB401",
            None,
            0,
            "`MultiHeadAttention` takes 3 axes or more (batch, positions, features), "
            "but its query has 2 axes: (None, 4)",
        ),
        (
            layer("TimeDistributed", layer={"Dense": {"units": 2}}),
            (floats(4),),
            "HB401",
            None,
            0,
            "`TimeDistributed` takes 3 axes or more (batch, steps, ...), "
            "but receives 2 axes: (None, 4)",
        ),
    ],
)
def test_refusals(
    made: LayerSpec,
    inputs: tuple[TensorType, ...],
    code: str,
    field: str | None,
    index: int,
    message: str,
) -> None:
    found = error(made, *inputs)
    assert (found.code, found.field, found.input) == (code, field, index)
    assert found.message == message
