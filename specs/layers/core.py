"""Layers that every kind of network uses."""

from __future__ import annotations

from typing import Annotated, ClassVar, final

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

VectorCount = Annotated[
    Size, Field(description="Number of vectors; the integers go from 0 to one less.")
]
VectorSize = Annotated[Size, Field(description="Size of each vector.")]
VectorInitializer = Annotated[base.Initializer, Field(description="Initializer of the vectors.")]
VectorRegularizer = Annotated[
    base.Regularizer | None, Field(description="Regularizer of the vectors.")
]
VectorConstraint = Annotated[
    base.Constraint | None, Field(description="Constraint of the vectors.")
]
MaskZero = Annotated[
    bool, Field(description="Whether 0 means that nothing is there, which later layers skip.")
]


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

    input_dim: VectorCount
    output_dim: VectorSize
    embeddings_initializer: VectorInitializer = "uniform"
    embeddings_regularizer: VectorRegularizer = None
    embeddings_constraint: VectorConstraint = None
    mask_zero: MaskZero = False


@final
class Activation(LayerSpec):
    """Applies an activation to every entry."""

    activation: Annotated[base.Activation, Field(description="Activation to apply.")]


@final
class ReversibleEmbedding(LayerSpec):
    """Gives each integer a vector, and called in reverse, each vector a score for every integer."""

    calls: ClassVar[tuple[str, ...]] = ("reverse",)

    input_dim: VectorCount
    output_dim: VectorSize
    tie_weights: Annotated[
        bool, Field(description="Whether the scores are made with the vectors themselves.")
    ] = True
    embeddings_initializer: VectorInitializer = "uniform"
    embeddings_regularizer: VectorRegularizer = None
    embeddings_constraint: VectorConstraint = None
    mask_zero: MaskZero = False
    logit_soft_cap: Annotated[
        Annotated[float, Field(gt=0)] | None,
        Field(description="Bound that scores are bent to stay within; `null` sets none."),
    ] = None


@final
class Identity(LayerSpec):
    """Hands its input on: a name for a place in the model."""


@final
class Masking(LayerSpec):
    """Marks the steps of a sequence whose entries are all one value, for later layers to skip."""

    mask_value: Annotated[
        float, Field(description="The value that says that nothing is there.")
    ] = 0.0


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
    "ReversibleEmbedding": {
        "reverse_dtype": "a model computes in one precision",
    },
}
