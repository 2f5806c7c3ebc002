"""Attention layers."""

from __future__ import annotations

from typing import Annotated, ClassVar, final

from pydantic import Field, model_validator

from ..base import Constraint, Initializer, LayerSpec, Regularizer, conflict
from .fields import Seed, UseBias

Size = Annotated[int, Field(ge=1)]


@final
class MultiHeadAttention(LayerSpec):
    """Attention of a query to values; its inputs are the query, the values and the keys.

    The keys are the values where they are not given, and a single input attends to itself.
    """

    calls: ClassVar[tuple[str, ...]] = (
        "query_mask",
        "value_mask",
        "key_mask",
        "attention_mask",
        "return_attention_scores",
        "training",
        "use_causal_mask",
    )

    arity: ClassVar[tuple[int, int | None]] = (1, 3)
    positional: ClassVar[int | None] = 0

    num_heads: Annotated[Size, Field(description="Number of heads.")]
    key_dim: Annotated[Size, Field(description="Size of each head for queries and keys.")]
    value_dim: Annotated[
        Size | None, Field(description="Size of each head for values; `null` means `key_dim`.")
    ] = None
    dropout: Annotated[
        float, Field(ge=0, lt=1, description="Fraction of the attention dropped while training.")
    ] = 0.0
    use_bias: UseBias = True
    output_shape: Annotated[
        Size | Annotated[tuple[Size, ...], Field(min_length=1)] | None,
        Field(description="Size of the output's last axis, or axes; `null` keeps the query's."),
    ] = None
    attention_axes: Annotated[
        int | Annotated[tuple[int, ...], Field(min_length=1)] | None,
        Field(description="Axes to attend over; `null` takes all between batch and features."),
    ] = None
    sliding_window: Annotated[
        Size | None, Field(description="Only positions nearer than this attend to each other.")
    ] = None
    kernel_initializer: Annotated[Initializer, Field(description="Initializer of the kernels.")] = (
        "glorot_uniform"
    )
    bias_initializer: Annotated[Initializer, Field(description="Initializer of the biases.")] = (
        "zeros"
    )
    kernel_regularizer: Annotated[
        Regularizer | None, Field(description="Regularizer of the kernels.")
    ] = None
    bias_regularizer: Annotated[
        Regularizer | None, Field(description="Regularizer of the biases.")
    ] = None
    activity_regularizer: Annotated[
        Regularizer | None, Field(description="Regularizer of the projections' outputs.")
    ] = None
    kernel_constraint: Annotated[
        Constraint | None, Field(description="Constraint of the kernels.")
    ] = None
    bias_constraint: Annotated[
        Constraint | None, Field(description="Constraint of the biases.")
    ] = None
    use_gate: Annotated[
        bool, Field(description="Whether a learned gate of the query scales what each head gives.")
    ] = False
    seed: Seed = None

    @model_validator(mode="after")
    def _moves(self) -> MultiHeadAttention:
        if not self.trainable:
            message = "`trainable: false` on `MultiHeadAttention` does not freeze its projections"
            raise conflict("trainable", message, "Keras 3.15 has no argument that does")
        return self


LAYERS: tuple[type[LayerSpec], ...] = (MultiHeadAttention,)

ALIASES: dict[str, str] = {}

OMITTED: dict[str, dict[str, str]] = {
    "MultiHeadAttention": {
        "flash_attention": "TensorFlow, which runs the models, does not have it",
    }
}
