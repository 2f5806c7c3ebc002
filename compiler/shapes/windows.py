"""What layers that look at images, sequences and volumes share: their axes, and sliding windows."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from ...specs.layers import FAMILIES
from ..graph import Shape, TensorType
from .rule import RuleError

AXES = {1: ("steps",), 2: ("height", "width"), 3: ("depth", "height", "width")}

CLASSES = frozenset(
    name for family in ("adaptive", "conv", "pooling", "reshaping") for name in FAMILIES[family]
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the channels and the axes to slide along stand; ``rank`` is the number of the latter."""

    rank: int
    first: bool

    @property
    def spatial(self) -> tuple[int, ...]:
        """The axes to slide along."""
        return tuple(range(2, self.rank + 2) if self.first else range(1, self.rank + 1))

    @property
    def channels(self) -> int:
        """The axis of the channels."""
        return 1 if self.first else self.rank + 1

    def shape(self, sizes: Shape, channels: int | None) -> Shape:
        """Put a shape together."""
        return (None, channels, *sizes) if self.first else (None, *sizes, channels)

    def __str__(self) -> str:
        names = AXES[self.rank]
        ordered = ("channels", *names) if self.first else (*names, "channels")
        return f"(batch, {', '.join(ordered)})"


def layout_of(data_format: str | None, rank: int) -> Layout:
    """Return the layout that a ``data_format`` names; ``None`` means that the channels stand last."""
    return Layout(rank, data_format == "channels_first")


def need_axes(name: str, given: TensorType, layout: Layout) -> None:
    """Raise HB401 unless the input has a batch, channels and the axes between."""
    if given.rank != layout.rank + 2:
        raise RuleError(
            "HB401",
            f"`{name}` takes {layout.rank + 2} axes {layout}, but receives {given.rank}: {given}",
            help=_remedy(name, given, layout),
        )


def _remedy(name: str, given: TensorType, layout: Layout) -> str | None:
    remedies = []
    sizes = given.shape[1:]
    if len(sizes) == layout.rank and None not in sizes:
        target = [1, *sizes] if layout.first else [*sizes, 1]
        remedies.append(f"add an axis for the channels with `Reshape: {{target_shape: {target}}}`")
    sibling = name.replace(f"{layout.rank}D", f"{given.rank - 2}D")
    if sibling != name and sibling in CLASSES:
        remedies.append(f"use `{sibling}`")
    if given.rank == 2 and layout.rank > 1:
        remedies.append("place it before the layer that flattens")
    return ", or ".join(remedies) or None


@dataclass(frozen=True, slots=True)
class Window:
    """A window that slides: its numbers by axis, and the argument that says its size."""

    field: str
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str
    gaps: tuple[int, ...]

    @property
    def area(self) -> int:
        """Number of entries that it looks at."""
        return prod(self.sizes)


def slide(name: str, given: TensorType, layout: Layout, window: Window) -> Shape:
    """Return the number of places of a window along each axis; raise HB402 where there is none."""
    sizes = tuple(given.shape[axis] for axis in layout.spatial)
    if window.padding == "valid":
        for place, size in enumerate(sizes):
            if size is not None and size < _span(window, place):
                raise _too_large(name, given, layout, window, place)
    return tuple(_places(size, window, place) for place, size in enumerate(sizes))


def _span(window: Window, place: int) -> int:
    """Return the distance from the first entry that a window looks at to its last, both counted."""
    return (window.sizes[place] - 1) * window.gaps[place] + 1


def _places(size: int | None, window: Window, place: int) -> int | None:
    if size is None:
        return None
    room = size - _span(window, place) if window.padding == "valid" else size - 1
    return room // window.strides[place] + 1


def _too_large(
    name: str, given: TensorType, layout: Layout, window: Window, place: int
) -> RuleError:
    axis, gap = layout.spatial[place], window.gaps[place]
    spread = f", as `dilation_rate` {gap} spreads its {window.sizes[place]}," if gap > 1 else ""
    return RuleError(
        "HB402",
        f"the window of `{name}` spans {_span(window, place)} entries of "
        f"the {AXES[layout.rank][place]} (axis {axis}){spread or ','} "
        f"but its input has {given.shape[axis]}: {given}",
        field=window.field,
        help=_smaller(window, tuple(given.shape[axis] for axis in layout.spatial)),
    )


def _smaller(window: Window, lengths: Shape) -> str:
    """Name the largest window that fits, and the padding with which each one does."""
    most = [
        size if length is None else min(size, (length - 1) // gap + 1)
        for size, gap, length in zip(window.sizes, window.gaps, lengths, strict=True)
    ]
    if window.field == "pool_size" and max(most) == 1:
        return "leave the layer out: there is nothing left to pool"
    smaller = most[0] if len(set(most)) == 1 else most
    return f"use `padding: same`, or a `{window.field}` of at most {smaller}"
