"""Rule of the dense layer that is written as an equation."""

from __future__ import annotations

from ...specs.base import LayerSpec
from ...specs.layers.einsum import EinsumDense, Equation, parse
from ..graph import Inference, Shape, TensorType, Weight
from .checks import count, plus, times
from .rule import Rule, RuleError
from .work import activation_work

Sizes = dict[str, int | None]


def _einsum(layer: EinsumDense, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    equation = parse(layer.equation)
    assert equation is not None, "the class refuses what is no equation"
    _rank(layer, equation, given)
    lettered, handed_on = _split(equation, given)
    sizes = _input_sizes(equation, lettered, given)
    declared = _declared(layer, equation, sizes, given)
    _order(layer, equation, handed_on, given)
    kernel = tuple(
        _weight_size(letter, declared if letter in declared else sizes, given)
        for letter in equation.kernel
    )
    weights = [Weight("kernel", kernel)]
    if layer.bias_axes is not None:
        weights.append(Weight("bias", _bias(layer.bias_axes, equation, declared, handed_on)))
    # A size that `output_shape` leaves open stays open, even where the input says it.
    inner: Shape = tuple(declared[letter] for letter in equation.sized)
    tail = (*handed_on, *inner) if equation.ellipsis == "left" else (*inner, *handed_on)
    work = _work(layer, equation, declared | sizes, handed_on)
    return Inference(TensorType((None, *tail)), tuple(weights), work)


def _rank(layer: EinsumDense, equation: Equation, given: TensorType) -> None:
    letters = len(equation.given)
    least = letters + (equation.ellipsis == "left")
    exact = equation.ellipsis == "none"
    if given.rank < least or (exact and given.rank > least):
        wanted = count("axis", least) + ("" if exact else " or more")
        raise RuleError(
            "HB401",
            f"`{layer.equation}` takes {wanted}, but `EinsumDense` receives {given.rank}: {given}",
            field="equation",
            help="write `...` for axes that the layer hands on"
            if exact and given.rank > least
            else None,
        )


def _split(equation: Equation, given: TensorType) -> tuple[Shape, Shape]:
    """Part the sizes of the axes that have letters from those, the batch aside, that `...` is."""
    letters = len(equation.given)
    if equation.ellipsis == "left":
        return given.shape[-letters:], given.shape[1:-letters]
    return given.shape[:letters], given.shape[letters:]


def _input_sizes(equation: Equation, shape: Shape, given: TensorType) -> Sizes:
    """Return the size of each axis of the input, the batch aside; one letter has one size."""
    sizes: Sizes = {}
    for letter, size in zip(equation.given, shape, strict=True):
        if letter in sizes and (size is None or sizes[letter] != size):
            raise RuleError(
                "HB404",
                f"`{letter}` names two axes of equal size, but `EinsumDense` receives {given}",
                field="equation",
            )
        sizes[letter] = size
    sizes.pop(equation.batch, None)
    return sizes


def _declared(layer: EinsumDense, equation: Equation, sizes: Sizes, given: TensorType) -> Sizes:
    """Return what `output_shape` says of each letter; it may not contradict the input."""
    shape = layer.output_shape
    listed = (shape,) if isinstance(shape, int) else shape
    for letter, size in zip(equation.sized, listed, strict=True):
        if letter in sizes and size not in (None, sizes[letter]):
            received = sizes[letter]
            raise RuleError(
                "HB406" if received is None else "HB404",
                f"`output_shape` gives `{letter}` the size {size}, but its size in the input is "
                f"{'not known' if received is None else received}: {given}",
                field="output_shape",
                help=None if letter in equation.kernel else "write `null` to take the input's size",
            )
    return dict(zip(equation.sized, listed, strict=True))


def _order(layer: EinsumDense, equation: Equation, handed_on: Shape, given: TensorType) -> None:
    """Refuse axes before the letters whose order Keras turns round in the shape it announces."""
    if equation.ellipsis == "left" and handed_on != handed_on[::-1]:
        raise RuleError(
            "HB404",
            f"Keras mistakes the order of the axes that `...` stands for in `{layer.equation}` "
            f"when their sizes differ, as in {given}",
            field="equation",
            help="write a letter for each axis in place of `...`, the batch included",
        )


def _weight_size(letter: str, sizes: Sizes, given: TensorType) -> int:
    size = sizes[letter]
    if size is None:
        raise RuleError(
            "HB406",
            f"`EinsumDense` has weights along `{letter}`, whose size must be known, "
            f"but receives {given}",
            field="equation",
        )
    return size


def _bias(axes: str, equation: Equation, declared: Sizes, handed_on: Shape) -> tuple[int, ...]:
    """Return the bias's shape: from its first axis to the output's last, 1 where it has none."""
    first = min(equation.output.index(letter) for letter in axes)
    sizes = tuple(
        (declared[letter] or 1) if letter in axes else 1 for letter in equation.output[first:]
    )
    return sizes if equation.ellipsis == "left" else sizes + (1,) * len(handed_on)


def _work(layer: EinsumDense, equation: Equation, sizes: Sizes, handed_on: Shape) -> int | None:
    outputs = times(*(sizes[letter] for letter in equation.sized), *handed_on)
    return plus(
        times(2, *sizes.values(), *handed_on),
        times(layer.bias_axes is not None, outputs),
        activation_work(layer.activation, outputs),
    )


RULES: dict[type[LayerSpec], Rule] = {EinsumDense: _einsum}
