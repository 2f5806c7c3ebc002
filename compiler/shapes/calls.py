"""What a call takes besides its inputs: masks and first states, held against the inputs.

Where a mask is too small, Keras stretches it, reads past its end or leaves it out; where a state is
missing, it leaves out the layers that would begin with it. So sizes must be those that are due.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...specs.base import LayerSpec
from ...specs.layers.activation import Softmax
from ...specs.layers.attention import (
    AdditiveAttention,
    Attention,
    GroupQueryAttention,
    MultiHeadAttention,
)
from ...specs.layers.cells import ONE_STATE, SINGLE
from ...specs.layers.conv_recurrent import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from ...specs.layers.normalization import BatchNormalization
from ...specs.layers.pooling import GlobalAveragePooling1D
from ...specs.layers.recurrent import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    SimpleRNN,
    TimeDistributed,
    cells_of,
)
from ..graph import Shape, TensorType
from . import infer
from .attention import axes_of, roles
from .checks import count, fits
from .rule import RuleError

Given = tuple[TensorType | None, ...]
Inputs = tuple[TensorType, ...]
Check = Callable[[Any, Inputs, Mapping[str, Given]], None]


def check_call(layer: LayerSpec, inputs: Inputs, arguments: Mapping[str, Given]) -> None:
    """Hold the values that one call names against the layer and its inputs.

    ``arguments`` gives the types of the values that ``layer.call`` names, by argument: one, or one
    for each entry of a list, ``None`` where the entry is. The layer must take its inputs.

    Raises:
        RuleError: of the field ``call``, where Keras would refuse, or stretch a value that does
            not fit, or not look at it.
    """
    for name, given in arguments.items():
        for one in given:
            if one is not None and name != "initial_state" and one.dtype != "bool":
                raise _refusal(
                    layer,
                    "HB405",
                    f"holds truths, but receives {one.dtype} {one}",
                    name,
                    "compare numbers first, or declare the input with `dtype: bool`",
                )
    for name in arguments:
        CHECKS[type(layer), name](layer, inputs, arguments)


def _refusal(
    layer: LayerSpec, code: str, problem: str, name: str, help: str | None = None
) -> RuleError:
    message = f"`{name}` of the call of `{type(layer).__name__}` {problem}"
    return RuleError(code, message, field="call", help=help)


def _one(layer: LayerSpec, arguments: Mapping[str, Given], name: str) -> TensorType | None:
    """Return the one value of an argument."""
    given = arguments.get(name, (None,))
    if len(given) != 1:
        raise _refusal(layer, "HB404", f"is one value, but receives {len(given)}", name)
    return given[0]


def _hold(layer: LayerSpec, name: str, given: TensorType | None, due: Shape, axes: str) -> None:
    """Raise HB401 or HB403 unless a value has the sizes that are due."""
    if given is None:
        return
    wanted = TensorType(due)
    if given.rank != wanted.rank:
        problem = f"has {count('axis', wanted.rank)} {axes}, but receives {given.rank}: {given}"
        raise _refusal(layer, "HB401", problem, name)
    if not all(map(fits, given.shape, due)):
        problem = f"has the sizes {wanted} {axes}, but receives {given}"
        raise _refusal(layer, "HB403", problem, name)


# Masks of one input


def _steps(layer: LayerSpec, inputs: Inputs, arguments: Mapping[str, Given]) -> None:
    mask = _one(layer, arguments, "mask")
    _hold(layer, "mask", mask, inputs[0].shape[:2], "(batch, steps)")


def _pooled(layer: GlobalAveragePooling1D, inputs: Inputs, arguments: Mapping[str, Given]) -> None:
    steps = inputs[0].shape[2 if layer.data_format == "channels_first" else 1]
    _hold(layer, "mask", _one(layer, arguments, "mask"), (None, steps), "(batch, steps)")


def _but_last(layer: LayerSpec, inputs: Inputs, arguments: Mapping[str, Given]) -> None:
    mask = _one(layer, arguments, "mask")
    _hold(layer, "mask", mask, inputs[0].shape[:-1], "(those of the input but the last)")


def _stretched(layer: LayerSpec, inputs: Inputs, arguments: Mapping[str, Given]) -> None:
    """Check the one mask that Keras stretches on purpose: where it has the size 1."""
    mask, (given,) = _one(layer, arguments, "mask"), inputs
    if mask is None:
        return
    due = given.shape
    if mask.rank == given.rank:
        due = tuple(1 if one == 1 else size for one, size in zip(mask.shape, due, strict=True))
    _hold(layer, "mask", mask, due, "(those of the input)")


def _distributed(layer: TimeDistributed, inputs: Inputs, arguments: Mapping[str, Given]) -> None:
    """Check the steps, and what is left of a step's mask by the wrapped layer."""
    mask, (given,) = _one(layer, arguments, "mask"), inputs
    if mask is None:
        return
    inner = CHECKS.get((type(layer.layer), "mask"))
    if inner is None:
        _hold(layer, "mask", mask, given.shape[:2], "(batch, steps)")
        return
    if mask.rank < 2:
        problem = f"has 2 axes or more (batch, steps, ...), but receives {mask.rank}: {mask}"
        raise _refusal(layer, "HB401", problem, "mask")
    _hold(layer, "mask", TensorType(mask.shape[:2]), given.shape[:2], "(batch, steps)")
    step, rest = (TensorType((one.shape[0], *one.shape[2:]), one.dtype) for one in (given, mask))
    inner(layer.layer, (step,), {"mask": (rest,)})


# Masks of attention


def _listed(
    layer: Attention | AdditiveAttention, inputs: Inputs, arguments: Mapping[str, Given]
) -> None:
    masks = arguments["mask"]
    if len(masks) not in (2, 3):
        raise _refusal(
            layer,
            "HB404",
            f"is a list of two, of the query and of the values, but receives {len(masks)}",
            "mask",
            "write `mask: [null, values_mask]` to mask the values alone",
        )
    if masks[2:] not in ((), (None,)):
        problem = "is not looked at for the keys: the mask of the values counts"
        raise _refusal(layer, "HB404", problem, "mask", "write two masks")
    query, value, _ = roles(inputs)
    _hold(layer, "mask", masks[0], query.shape[:-1], "of the query (those before its features)")
    causal = layer.call is not None and layer.call.use_causal_mask
    if masks[1] is not None and value.rank > 3 and not causal:
        problem = f"of the values works where they have 3 axes, but they are {value}"
        raise _refusal(layer, "HB401", problem, "mask")
    _hold(layer, "mask", masks[1], value.shape[:-1], "of the values (those before their features)")


def _unread(layer: LayerSpec, _: Inputs, __: Mapping[str, Given]) -> None:
    problem = "is not looked at by Keras 3.15"
    help = "mask what is made of the output, or write an `attention_mask`"
    raise _refusal(layer, "HB404", problem, "query_mask", help)


def _positions(role: int) -> Check:
    """Make the check of a mask with one truth for each position of a query, value or key."""
    name = ("query_mask", "value_mask", "key_mask")[role]

    def check(
        layer: MultiHeadAttention | GroupQueryAttention,
        inputs: Inputs,
        arguments: Mapping[str, Given],
    ) -> None:
        one = roles(inputs)[role]
        whole = axes_of(layer, inputs[0])
        if one.rank > 3 and (whole != (one.rank - 2,) or "attention_mask" in arguments):
            problem = f"does not meet the scores, as the inputs have {one.rank} axes: {one}"
            raise _refusal(layer, "HB401", problem, name, "write one `attention_mask` alone")
        axes = "(those before the features)"
        _hold(layer, name, _one(layer, arguments, name), one.shape[:-1], axes)

    return check


def _pairs(
    layer: MultiHeadAttention | GroupQueryAttention,
    inputs: Inputs,
    arguments: Mapping[str, Given],
) -> None:
    """Check the mask of pairs: for all heads at once, or for each of them."""
    name, mask = "attention_mask", _one(layer, arguments, "attention_mask")
    if mask is None:
        return
    query, value, _ = roles(inputs)
    axes = axes_of(layer, query)
    queries = tuple(query.shape[axis] for axis in axes)
    values = tuple(value.shape[axis] for axis in axes)
    heads = layer.num_heads if isinstance(layer, MultiHeadAttention) else layer.num_query_heads
    apart = tuple(query.shape[axis] for axis in range(1, query.rank - 1) if axis not in axes)
    leading: tuple[Shape, ...] = ((None,), (None, *apart, heads))
    due = next((one for one in leading if len(one) + 2 * len(axes) == mask.rank), leading[0])
    if len(due) > 1 and any(one in arguments for one in ("query_mask", "value_mask", "key_mask")):
        problem = "for each head does not go with a mask of positions"
        raise _refusal(layer, "HB404", problem, name, f"give `{name}` no axis of heads")
    wide = (*due, *queries, *values)
    if mask.rank == len(wide):
        # What is the same for all heads, or all queries, may be given once.
        free = len(wide) - len(values)
        wide = tuple(
            1 if at < free and size == 1 else wanted
            for at, (size, wanted) in enumerate(zip(mask.shape, wide, strict=True))
        )
    words = "queries, values" if len(due) == 1 else "heads, queries, values"
    _hold(layer, name, mask, wide, f"(batch, {words})")


# States


def _states(layer: LayerSpec, inputs: Inputs) -> tuple[TensorType, ...]:
    """Return the types of what a layer begins with."""
    if isinstance(layer, Bidirectional):
        forward = _states(layer.layer, inputs)
        backward = _states(layer.backward_layer or layer.layer, inputs)
        if len(forward) != len(backward):
            problem = "is dealt to both directions in halves, but they have unequally many states"
            raise _refusal(layer, "HB404", problem, "initial_state")
        return forward + backward
    if isinstance(layer, RNN) and not isinstance(layer.cell, SINGLE):
        wide = next((one for one in cells_of(layer) if not isinstance(one, ONE_STATE)), None)
        if wide is not None:
            name = type(wide).__name__
            problem = f"is a list of values, but `{name}` of a stack takes a list of its own"
            help = "put layers with `initial_state` one after the other, in place of the stack"
            raise _refusal(layer, "HB404", problem, "initial_state", help)
    return infer(layer.model_copy(update={"return_state": True}), inputs).states


def _begun(layer: LayerSpec, inputs: Inputs, arguments: Mapping[str, Given]) -> None:
    given, due = arguments["initial_state"], _states(layer, inputs)
    if len(given) != len(due) or None in given:
        wanted = ", ".join(map(str, due))
        problem = f"is {count('value', len(due))}: {wanted}, but receives {len(given)}"
        raise _refusal(layer, "HB404", problem, "initial_state")
    for one, type in zip(given, due, strict=True):
        _hold(layer, "initial_state", one, type.shape, "(those of the state)")


READERS = (SimpleRNN, LSTM, GRU, RNN, Bidirectional, ConvLSTM1D, ConvLSTM2D, ConvLSTM3D)

CHECKS: Mapping[tuple[type[LayerSpec], str], Check] = {
    **{(cls, "mask"): _steps for cls in READERS},
    **{(cls, "initial_state"): _begun for cls in READERS},
    **{(cls, "mask"): _listed for cls in (Attention, AdditiveAttention)},
    **{
        (cls, name): check
        for cls in (MultiHeadAttention, GroupQueryAttention)
        for name, check in {
            "query_mask": _positions(0),
            "value_mask": _positions(1),
            "key_mask": _positions(2),
            "attention_mask": _pairs,
        }.items()
    },
    (MultiHeadAttention, "query_mask"): _unread,
    (BatchNormalization, "mask"): _but_last,
    (GlobalAveragePooling1D, "mask"): _pooled,
    (Softmax, "mask"): _stretched,
    (TimeDistributed, "mask"): _distributed,
}
"""How each value of a call is checked, by the layer's class and the argument."""
