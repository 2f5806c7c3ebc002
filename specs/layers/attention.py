"""Attention layers."""

from __future__ import annotations

from math import gcd
from typing import Annotated, ClassVar, Literal, final

from pydantic import Field, model_validator

from ..base import Constraint, Initializer, LayerSpec, Regularizer, conflict
from .fields import Seed, UseBias

Size = Annotated[int, Field(ge=1)]
Dropout = Annotated[
    float, Field(ge=0, lt=1, description="Fraction of the attention dropped while training.")
]
Window = Annotated[
    Size | None, Field(description="Only positions nearer than this attend to each other.")
]
ProjectionsInitializer = Annotated[Initializer, Field(description="Initializer of the kernels.")]
OffsetsInitializer = Annotated[Initializer, Field(description="Initializer of the biases.")]
ProjectionsRegularizer = Annotated[
    Regularizer | None, Field(description="Regularizer of the kernels.")
]
OffsetsRegularizer = Annotated[Regularizer | None, Field(description="Regularizer of the biases.")]
OutputsRegularizer = Annotated[
    Regularizer | None, Field(description="Regularizer of the projections' outputs.")
]
ProjectionsConstraint = Annotated[
    Constraint | None, Field(description="Constraint of the kernels.")
]
OffsetsConstraint = Annotated[Constraint | None, Field(description="Constraint of the biases.")]
UseGate = Annotated[
    bool, Field(description="Whether a learned gate of the query scales what each head gives.")
]

PROJECTED = (
    "query_mask",
    "value_mask",
    "key_mask",
    "attention_mask",
    "return_attention_scores",
    "training",
    "use_causal_mask",
)
LISTED = ("mask", "return_attention_scores", "training", "use_causal_mask")


def _moves(layer: LayerSpec) -> None:
    """Refuse a switch that does not reach the projections: Keras would train them all the same."""
    if not layer.trainable:
        message = f"`trainable: false` on `{type(layer).__name__}` does not freeze its projections"
        raise conflict("trainable", message, "Keras 3.15 has no argument that does")


@final
class MultiHeadAttention(LayerSpec):
    """Attention of a query to values; its inputs are the query, the values and the keys.

    The keys are the values where they are not given, and a single input attends to itself.
    """

    calls: ClassVar[tuple[str, ...]] = PROJECTED
    arity: ClassVar[tuple[int, int | None]] = (1, 3)
    positional: ClassVar[int | None] = 0

    num_heads: Annotated[Size, Field(description="Number of heads.")]
    key_dim: Annotated[Size, Field(description="Size of each head for queries and keys.")]
    value_dim: Annotated[
        Size | None, Field(description="Size of each head for values; `null` means `key_dim`.")
    ] = None
    dropout: Dropout = 0.0
    use_bias: UseBias = True
    output_shape: Annotated[
        Size | Annotated[tuple[Size, ...], Field(min_length=1)] | None,
        Field(description="Size of the output's last axis, or axes; `null` keeps the query's."),
    ] = None
    attention_axes: Annotated[
        int | Annotated[tuple[int, ...], Field(min_length=1)] | None,
        Field(description="Axes to attend over; `null` takes all between batch and features."),
    ] = None
    sliding_window: Window = None
    kernel_initializer: ProjectionsInitializer = "glorot_uniform"
    bias_initializer: OffsetsInitializer = "zeros"
    kernel_regularizer: ProjectionsRegularizer = None
    bias_regularizer: OffsetsRegularizer = None
    activity_regularizer: OutputsRegularizer = None
    kernel_constraint: ProjectionsConstraint = None
    bias_constraint: OffsetsConstraint = None
    use_gate: UseGate = False
    seed: Seed = None

    @model_validator(mode="after")
    def _trained(self) -> MultiHeadAttention:
        _moves(self)
        return self


@final
class GroupQueryAttention(LayerSpec):
    """Attention whose heads share keys and values in groups; it takes query, values and keys.

    The keys are the values where they are not given, and a single input attends to itself.
    """

    calls: ClassVar[tuple[str, ...]] = PROJECTED

    arity: ClassVar[tuple[int, int | None]] = (1, 3)
    positional: ClassVar[int | None] = 0

    head_dim: Annotated[Size, Field(description="Size of each head.")]
    num_query_heads: Annotated[Size, Field(description="Number of heads of the query.")]
    num_key_value_heads: Annotated[
        Size,
        Field(description="Number of heads of keys and values, which heads of the query share."),
    ]
    dropout: Dropout = 0.0
    use_bias: UseBias = True
    sliding_window: Window = None
    kernel_initializer: ProjectionsInitializer = "glorot_uniform"
    bias_initializer: OffsetsInitializer = "zeros"
    kernel_regularizer: ProjectionsRegularizer = None
    bias_regularizer: OffsetsRegularizer = None
    activity_regularizer: OutputsRegularizer = None
    kernel_constraint: ProjectionsConstraint = None
    bias_constraint: OffsetsConstraint = None
    use_gate: UseGate = False
    seed: Seed = None

    @model_validator(mode="after")
    def _groups(self) -> GroupQueryAttention:
        _moves(self)
        heads, groups = self.num_query_heads, self.num_key_value_heads
        if heads % groups:
            message = f"{heads} `num_query_heads` do not split into {groups} groups of equal size"
            help = f"use `num_key_value_heads: {gcd(heads, groups)}`"
            raise conflict("num_key_value_heads", message, help)
        return self


@final
class Attention(LayerSpec):
    """Attention by products; its inputs are the query, the values and perhaps the keys."""

    calls: ClassVar[tuple[str, ...]] = LISTED

    arity: ClassVar[tuple[int, int | None]] = (2, 3)
    takes_list: ClassVar[bool] = True

    use_scale: Annotated[bool, Field(description="Whether a learned number scales the scores.")] = (
        False
    )
    score_mode: Annotated[
        Literal["dot", "concat"],
        Field(description="How a query meets a key: by their product, or the tanh of their sum."),
    ] = "dot"
    dropout: Dropout = 0.0
    seed: Seed = None


@final
class AdditiveAttention(LayerSpec):
    """Attention by sums; its inputs are the query, the values and perhaps the keys."""

    calls: ClassVar[tuple[str, ...]] = LISTED

    arity: ClassVar[tuple[int, int | None]] = (2, 3)
    takes_list: ClassVar[bool] = True

    use_scale: Annotated[
        bool, Field(description="Whether learned numbers scale the features of the sums.")
    ] = True
    dropout: Dropout = 0.0


_FLASH = {"flash_attention": "TensorFlow, which runs the models, does not have it"}

OMITTED: dict[str, dict[str, str]] = {
    "MultiHeadAttention": _FLASH,
    "GroupQueryAttention": _FLASH,
}
