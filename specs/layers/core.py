"""Layers that every kind of network uses."""

from __future__ import annotations

from typing import Annotated, final

from pydantic import Field

from .. import base
from ..base import LayerSpec
from .fields import (
    ActivityRegularizer,
    BiasConstraint,
    BiasInitializer,
    BiasRegularizer,
    KernelConstraint,
    KernelInitializer,
    KernelRegularizer,
    OutputActivation,
    Size,
    Units,
    UseBias,
)


@final
class Dense(LayerSpec):
    """Mixes all entries of the last axis: a matrix product and an offset."""

    units: Units
    activation: OutputActivation = None
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = "glorot_uniform"
    bias_initializer: BiasInitializer = "zeros"
    kernel_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: KernelConstraint = None
    bias_constraint: BiasConstraint = None


@final
class Embedding(LayerSpec):
    """Gives each integer a vector of its own, which is learned."""

    input_dim: Annotated[
        Size, Field(description="Number of vectors; the integers go from 0 to one less.")
    ]
    output_dim: Annotated[Size, Field(description="Size of each vector.")]
    embeddings_initializer: Annotated[
        base.Initializer, Field(description="Initializer of the vectors.")
    ] = "uniform"
    embeddings_regularizer: Annotated[
        base.Regularizer | None, Field(description="Regularizer of the vectors.")
    ] = None
    embeddings_constraint: Annotated[
        base.Constraint | None, Field(description="Constraint of the vectors.")
    ] = None
    mask_zero: Annotated[
        bool, Field(description="Whether 0 means that nothing is there, which later layers skip.")
    ] = False


@final
class Activation(LayerSpec):
    """Applies an activation to every entry."""

    activation: Annotated[base.Activation, Field(description="Activation to apply.")]


LAYERS: tuple[type[LayerSpec], ...] = (Dense, Embedding, Activation)

ALIASES: dict[str, str] = {}

_FINE_TUNING = "it freezes weights that were trained before, and a spec makes new ones"
_QUANTIZED = "it takes an object, and belongs to a model that is trained already"

OMITTED: dict[str, dict[str, str]] = {
    "Dense": {
        "lora_rank": _FINE_TUNING,
        "lora_alpha": _FINE_TUNING,
        "quantization_config": _QUANTIZED,
    },
    "Embedding": {
        "weights": "it holds arrays of numbers",
        "lora_rank": _FINE_TUNING,
        "lora_alpha": _FINE_TUNING,
        "quantization_config": _QUANTIZED,
    },
}
