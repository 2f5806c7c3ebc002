"""How far a window that moves along the axes of its input gets."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph import Shape, TensorType
from .checks import count
from .rule import RuleError

AXES = {
    1: ("steps",),
    2: ("height", "width"),
    3: ("depth", "height", "width"),
}
"""What the axes that a window moves along are called, by their number."""


def spread(value: int | tuple[int, ...], rank: int) -> tuple[int, ...]:
    """Give a number for each of the axes that a window moves along."""
    return value if isinstance(value, tuple) else (value,) * rank


def split(
    name: str, given: TensorType, rank: int, data_format: str | None
) -> tuple[Shape, int | None]:
    """Return the sizes that a window moves along, and the number of channels.

    Raises:
        RuleError: HB401 for another number of axes.
    """
    first = data_format == "channels_first"
    if given.rank != rank + 2:
        inner = ("channels", *AXES[rank]) if first else (*AXES[rank], "channels")
        raise RuleError(
            "HB401",
            f"`{name}` takes {rank + 2} axes (batch, {', '.join(inner)}), "
            f"but receives {count('axis', given.rank)}: {given}",
            help=_other_rank(name, given, rank),
        )
    return (given.shape[2:], given.shape[1]) if first else (given.shape[1:-1], given.shape[-1])


def _other_rank(name: str, given: TensorType, rank: int) -> str | None:
    """Say what would fit the number of axes."""
    if given.rank == rank + 1:
        return "add the axis of channels to the input, of size 1 if there is one channel"
    other = given.rank - 2
    if name.startswith(("Depthwise", "Separable")) and other > 2:
        return None
    return f"use `{name.replace(f'{rank}D', f'{other}D')}`" if other in AXES else None


def join(sizes: Shape, channels: int | None, data_format: str | None) -> Shape:
    """Put the batch and the channels to the sizes that a window moves along."""
    if data_format == "channels_first":
        return (None, channels, *sizes)
    return (None, *sizes, channels)


def places(
    name: str,
    given: TensorType,
    sizes: Shape,
    *,
    window: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    padding: str,
    field: str,
) -> Shape:
    """Count the places at which a window can stand, along each axis.

    Raises:
        RuleError: HB402 where the window is larger than its input.
    """
    if padding != "valid":
        return tuple(
            None if size is None else -(-size // step)
            for size, step in zip(sizes, strides, strict=True)
        )
    extents = tuple((k - 1) * d + 1 for k, d in zip(window, dilation, strict=True))
    for axis, (size, extent) in enumerate(zip(sizes, extents, strict=True)):
        if size is not None and extent > size:
            what = AXES[len(sizes)][axis]
            reach = f"{extent} ({window[axis]} dilated by {dilation[axis]})"
            raise RuleError(
                "HB402",
                f"the window of `{name}` spans {reach if dilation[axis] > 1 else extent} "
                f"along the {what}, but its input has only {size}: {given}",
                field=field,
                help=_that_fits(sizes, dilation),
            )
    return tuple(
        None if size is None else (size - extent) // step + 1
        for size, extent, step in zip(sizes, extents, strides, strict=True)
    )


def _that_fits(sizes: Shape, dilation: Sequence[int]) -> str:
    """Name the largest window, or the padding that takes any."""
    if 0 in sizes:
        return "the layers before it leave nothing to move a window over"
    largest = [
        "any" if size is None else str((size - 1) // d + 1)
        for size, d in zip(sizes, dilation, strict=True)
    ]
    one = largest[0] if len(set(largest)) == 1 else f"[{', '.join(largest)}]"
    return f"use `padding: same`, or a window of at most {one}"
