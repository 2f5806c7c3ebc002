"""The layers that most models begin or end with."""

from __future__ import annotations

from typing import Annotated, final

from pydantic import Field

from ..base import Activation as ActivationChoice
from ..base import Constraint, Initializer, LayerSpec, Regularizer
from .fields import (
    ActivityRegularizer,
    BiasConstraint,
    BiasInitializer,
    BiasRegularizer,
    KernelConstraint,
    KernelInitializer,
    KernelRegularizer,
    UseBias,
)

_TUNING = "a later tuning or quantization of trained weights, not a part of the architecture"

OMITTED: dict[str, dict[str, str]] = {
    "Dense": {"lora_rank": _TUNING, "lora_alpha": _TUNING, "quantization_config": _TUNING},
    "Embedding": {
        "weights": "it holds an array, and a spec holds no weights",
        "lora_rank": _TUNING,
        "lora_alpha": _TUNING,
        "quantization_config": _TUNING,
    },
}


@final
class Dense(LayerSpec):
    """Multiplies the last axis by a matrix of weights: every output sees every input."""

    units: Annotated[int, Field(ge=1, description="Size of the output's last axis.")]
    activation: Annotated[
        ActivationChoice | None, Field(description="Function applied to the output.")
    ] = None
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
    """Turns each whole number into a learned vector."""

    input_dim: Annotated[
        int, Field(ge=1, description="Size of the vocabulary: numbers run from 0 to one less.")
    ]
    output_dim: Annotated[int, Field(ge=1, description="Length of the vectors.")]
    embeddings_initializer: Annotated[
        Initializer, Field(description="Initializer of the vectors.")
    ] = "uniform"
    embeddings_regularizer: Annotated[
        Regularizer | None, Field(description="Regularizer of the vectors.")
    ] = None
    embeddings_constraint: Annotated[
        Constraint | None, Field(description="Constraint of the vectors.")
    ] = None
    mask_zero: Annotated[
        bool, Field(description="Whether 0 is padding, which later layers skip.")
    ] = False


@final
class Activation(LayerSpec):
    """Applies a function to every entry."""

    activation: Annotated[ActivationChoice, Field(description="The function.")]


LAYERS: tuple[type[LayerSpec], ...] = (Dense, Embedding, Activation)

ALIASES: dict[str, str] = {}

__all__ = ["ALIASES", "LAYERS", "OMITTED", "Activation", "Dense", "Embedding"]
