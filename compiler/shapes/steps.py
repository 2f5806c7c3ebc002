"""What all layers share that read a sequence step by step."""

from __future__ import annotations

from ...specs.layers.recurrent import Reader
from ..graph import Inference, Shape, TensorType, Weight
from .checks import times


def read_steps(
    layer: Reader,
    steps: int | None,
    sizes: Shape,
    states: tuple[TensorType, ...],
    weights: tuple[Weight, ...],
    work: int | None,
) -> Inference:
    """Put together what a layer makes that reads steps: each gives ``sizes``, for ``work``."""
    shape = (None, steps, *sizes) if layer.return_sequences else (None, *sizes)
    further = states if layer.return_state else ()
    return Inference(TensorType(shape), weights, times(steps, work), further)
