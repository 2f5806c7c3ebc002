"""Losses: what training makes small."""

from __future__ import annotations

from typing import Annotated, Literal, final

from pydantic import Field

from .base import Item

Fraction = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]

FromLogits = Annotated[
    bool, Field(description="Whether predictions are logits, not probabilities.")
]
LabelSmoothing = Annotated[
    Fraction, Field(description="How much of each label is spread over all classes.")
]
Axis = Annotated[int, Field(description="Axis of the classes, or of the features.")]
Axes = Annotated[
    Annotated[tuple[int, ...], Field(min_length=1)] | None,
    Field(description="Axes to sum over; `null` takes all."),
]
Gamma = Annotated[Factor, Field(description="How strongly easy examples are weighed down.")]
Reduction = Annotated[
    Literal["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight"],
    Field(description="How the losses of a batch become one number."),
]


@final
class SparseCategoricalCrossentropy(Item):
    """Cross-entropy of class probabilities against labels that are integers."""

    from_logits: FromLogits = False
    ignore_class: Annotated[
        int | None, Field(description="A label whose examples do not count.")
    ] = None
    reduction: Reduction = "sum_over_batch_size"
    axis: Axis = -1


@final
class CategoricalCrossentropy(Item):
    """Cross-entropy of class probabilities against one-hot labels."""

    from_logits: FromLogits = False
    label_smoothing: LabelSmoothing = 0.0
    axis: Axis = -1
    reduction: Reduction = "sum_over_batch_size"


@final
class BinaryCrossentropy(Item):
    """Cross-entropy of probabilities against labels 0 and 1."""

    from_logits: FromLogits = False
    label_smoothing: LabelSmoothing = 0.0
    axis: Axis = -1
    reduction: Reduction = "sum_over_batch_size"


@final
class CategoricalFocalCrossentropy(Item):
    """Cross-entropy against one-hot labels that weighs easy examples down."""

    alpha: Annotated[Positive, Field(description="Weight of the loss.")] = 0.25
    gamma: Gamma = 2.0
    from_logits: FromLogits = False
    label_smoothing: LabelSmoothing = 0.0
    axis: Axis = -1
    reduction: Reduction = "sum_over_batch_size"


@final
class BinaryFocalCrossentropy(Item):
    """Cross-entropy against 0 and 1 that weighs easy examples down."""

    apply_class_balancing: Annotated[
        bool, Field(description="Whether to weigh the classes by `alpha`.")
    ] = False
    alpha: Annotated[Fraction, Field(description="Weight of class 1; class 0 has the rest.")] = 0.25
    gamma: Gamma = 2.0
    from_logits: FromLogits = False
    label_smoothing: LabelSmoothing = 0.0
    axis: Axis = -1
    reduction: Reduction = "sum_over_batch_size"


@final
class CategoricalGeneralizedCrossEntropy(Item):
    """Cross-entropy that bears wrong labels; against one-hot labels."""

    q: Annotated[
        float, Field(gt=0, lt=1, description="0 is cross-entropy, 1 is absolute error.")
    ] = 0.5
    reduction: Reduction = "sum_over_batch_size"


@final
class KLDivergence(Item):
    """Kullback-Leibler divergence of two distributions."""

    reduction: Reduction = "sum_over_batch_size"


@final
class Poisson(Item):
    """Negative log-likelihood of counts."""

    reduction: Reduction = "sum_over_batch_size"


@final
class MeanSquaredError(Item):
    """Mean of squared differences."""

    reduction: Reduction = "sum_over_batch_size"


@final
class MeanAbsoluteError(Item):
    """Mean of absolute differences."""

    reduction: Reduction = "sum_over_batch_size"


@final
class MeanAbsolutePercentageError(Item):
    """Mean of absolute differences, as a percentage of the label."""

    reduction: Reduction = "sum_over_batch_size"


@final
class MeanSquaredLogarithmicError(Item):
    """Mean of squared differences of logarithms."""

    reduction: Reduction = "sum_over_batch_size"


@final
class Huber(Item):
    """Squared for small differences, absolute for large ones."""

    delta: Annotated[
        Positive, Field(description="Difference at which squared turns to absolute.")
    ] = 1.0
    reduction: Reduction = "sum_over_batch_size"


@final
class LogCosh(Item):
    """Logarithm of the hyperbolic cosine of the differences."""

    reduction: Reduction = "sum_over_batch_size"


@final
class CosineSimilarity(Item):
    """Negative cosine of the angle between label and prediction."""

    axis: Axis = -1
    reduction: Reduction = "sum_over_batch_size"


@final
class Hinge(Item):
    """Hinge loss, for labels -1 and 1."""

    reduction: Reduction = "sum_over_batch_size"


@final
class SquaredHinge(Item):
    """Square of the hinge loss, for labels -1 and 1."""

    reduction: Reduction = "sum_over_batch_size"


@final
class CategoricalHinge(Item):
    """Hinge loss over classes, for one-hot labels."""

    reduction: Reduction = "sum_over_batch_size"


@final
class Dice(Item):
    """One minus the Dice coefficient, for masks."""

    reduction: Reduction = "sum_over_batch_size"
    axis: Axes = None


@final
class Tversky(Item):
    """Dice with weights for false positives and false negatives."""

    alpha: Annotated[Factor, Field(description="Weight of false positives.")] = 0.5
    beta: Annotated[Factor, Field(description="Weight of false negatives.")] = 0.5
    reduction: Reduction = "sum_over_batch_size"
    axis: Axes = None


@final
class Circle(Item):
    """Circle loss of embeddings against integer labels."""

    gamma: Annotated[Positive, Field(description="Scale of the similarities.")] = 80.0
    margin: Annotated[Fraction, Field(description="Margin between similar and dissimilar.")] = 0.4
    remove_diagonal: Annotated[
        bool, Field(description="Whether to leave out each example against itself.")
    ] = True
    reduction: Reduction = "sum_over_batch_size"


@final
class CTC(Item):
    """Connectionist temporal classification, for sequences of integer labels."""

    reduction: Reduction = "sum_over_batch_size"
