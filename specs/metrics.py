"""Metrics: what is reported besides the loss."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, final

from pydantic import Field, model_validator

from .base import Item, Name, conflict

Fraction = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(ge=0)]

Label = Annotated[Name, Field(description="Name in the history and in logs.")]
AnyLabel = Annotated[Name | None, Field(description="Name in the history and in logs.")]
FromLogits = Annotated[
    bool, Field(description="Whether predictions are logits, not probabilities.")
]
LabelSmoothing = Annotated[
    Fraction, Field(description="How much of each label is spread over all classes.")
]
Axis = Annotated[int, Field(description="Axis of the classes, or of the features.")]
K = Annotated[int, Field(ge=1, description="How many of the highest outputs count.")]
TopK = Annotated[
    Annotated[int, Field(ge=1)] | None,
    Field(description="How many of the highest outputs count as positive; `null` uses thresholds."),
]
Threshold = Annotated[Fraction, Field(description="Predictions above it count as 1.")]
Thresholds = Annotated[
    Fraction | None, Field(description="Predictions above it count as positive; `null` means 0.5.")
]
ScoreThreshold = Annotated[
    Annotated[float, Field(gt=0, le=1)] | None,
    Field(description="Predictions above it count as 1; `null` takes the highest output."),
]
NumThresholds = Annotated[int, Field(ge=1, description="Number of thresholds to try.")]
ClassId = Annotated[
    Annotated[int, Field(ge=0)] | None, Field(description="The only class to look at; `null`: all.")
]
Bound = Annotated[Fraction, Field(description="Value that must be reached.")]
NumClasses = Annotated[int, Field(ge=2, description="Number of classes.")]
ClassIds = Annotated[
    tuple[Annotated[int, Field(ge=0)], ...],
    Field(min_length=1, description="Classes to measure."),
]
IgnoreClass = Annotated[int | None, Field(description="A label whose entries do not count.")]
SparseTrue = Annotated[bool, Field(description="Whether labels are integers, not one-hot.")]
SparsePred = Annotated[bool, Field(description="Whether predictions are integers, not scores.")]
Average = Annotated[
    Literal["micro", "macro", "weighted"] | None,
    Field(description="How the scores of classes become one; `null` reports each class."),
]


def _ids_exist(name: str, ids: tuple[int, ...], classes: int) -> None:
    """Refuse ids of classes that do not exist."""
    if max(ids) >= classes:
        raise conflict(
            "target_class_ids",
            f"`{name}` counts {classes} classes, 0 to {classes - 1}, but `target_class_ids` "
            f"names {max(ids)}",
        )


@final
class BinaryAccuracy(Item):
    """Share of predictions on the right side of a threshold."""

    name: Label = "binary_accuracy"
    threshold: Threshold = 0.5


@final
class CategoricalAccuracy(Item):
    """Share of examples whose highest output is the one-hot label's class."""

    name: Label = "categorical_accuracy"


@final
class SparseCategoricalAccuracy(Item):
    """Share of examples whose highest output is the label's class."""

    name: Label = "sparse_categorical_accuracy"


@final
class TopKCategoricalAccuracy(Item):
    """Share of examples whose one-hot label is among the `k` highest outputs."""

    k: K = 5
    name: Label = "top_k_categorical_accuracy"


@final
class SparseTopKCategoricalAccuracy(Item):
    """Share of examples whose label is among the `k` highest outputs."""

    k: K = 5
    name: Label = "sparse_top_k_categorical_accuracy"
    from_sorted_ids: Annotated[
        bool, Field(description="Whether predictions are class ids, best first.")
    ] = False


@final
class BinaryCrossentropy(Item):
    """Cross-entropy against labels 0 and 1."""

    name: Label = "binary_crossentropy"
    from_logits: FromLogits = False
    label_smoothing: LabelSmoothing = 0.0


@final
class CategoricalCrossentropy(Item):
    """Cross-entropy against one-hot labels."""

    name: Label = "categorical_crossentropy"
    from_logits: FromLogits = False
    label_smoothing: LabelSmoothing = 0.0
    axis: Axis = -1


@final
class SparseCategoricalCrossentropy(Item):
    """Cross-entropy against labels that are integers."""

    name: Label = "sparse_categorical_crossentropy"
    from_logits: FromLogits = False
    ignore_class: IgnoreClass = None
    axis: Axis = -1


@final
class KLDivergence(Item):
    """Kullback-Leibler divergence of two distributions."""

    name: Label = "kl_divergence"


@final
class Poisson(Item):
    """Negative log-likelihood of counts."""

    name: Label = "poisson"


@final
class MeanSquaredError(Item):
    """Mean of squared differences."""

    name: Label = "mean_squared_error"


@final
class RootMeanSquaredError(Item):
    """Square root of the mean of squared differences."""

    name: Label = "root_mean_squared_error"


@final
class MeanAbsoluteError(Item):
    """Mean of absolute differences."""

    name: Label = "mean_absolute_error"


@final
class MeanAbsolutePercentageError(Item):
    """Mean of absolute differences, as a percentage of the label."""

    name: Label = "mean_absolute_percentage_error"


@final
class MeanSquaredLogarithmicError(Item):
    """Mean of squared differences of logarithms."""

    name: Label = "mean_squared_logarithmic_error"


@final
class LogCoshError(Item):
    """Logarithm of the hyperbolic cosine of the differences."""

    name: Label = "logcosh"


@final
class CosineSimilarity(Item):
    """Cosine of the angle between label and prediction."""

    name: Label = "cosine_similarity"
    axis: Axis = -1


@final
class R2Score(Item):
    """Share of the labels' variance that the predictions explain."""

    class_aggregation: Annotated[
        Literal["uniform_average", "variance_weighted_average"] | None,
        Field(description="How the scores of several outputs become one."),
    ] = "uniform_average"
    num_regressors: Annotated[
        int, Field(ge=0, description="Number of regressors, for the adjusted score.")
    ] = 0
    name: Label = "r2_score"


@final
class PearsonCorrelation(Item):
    """Linear correlation of labels and predictions."""

    name: Label = "pearson_correlation"
    axis: Axis = -1


@final
class ConcordanceCorrelation(Item):
    """Correlation that counts bias and scale too."""

    name: Label = "concordance_correlation"
    axis: Axis = -1


@final
class Hinge(Item):
    """Hinge loss, for labels -1 and 1."""

    name: Label = "hinge"


@final
class SquaredHinge(Item):
    """Square of the hinge loss, for labels -1 and 1."""

    name: Label = "squared_hinge"


@final
class CategoricalHinge(Item):
    """Hinge loss over classes, for one-hot labels."""

    name: Label = "categorical_hinge"


@final
class AUC(Item):
    """Area under the ROC or the precision-recall curve."""

    num_thresholds: Annotated[int, Field(ge=2, description="Number of thresholds to try.")] = 200
    curve: Annotated[Literal["ROC", "PR", "PRGAIN"], Field(description="Which curve.")] = "ROC"
    summation_method: Annotated[
        Literal["interpolation", "minoring", "majoring"],
        Field(description="How the area is summed."),
    ] = "interpolation"
    name: AnyLabel = None
    thresholds: Annotated[
        tuple[Fraction, ...] | None,
        Field(description="Thresholds to use; `null` spaces them evenly."),
    ] = None
    multi_label: Annotated[bool, Field(description="Whether to take each label apart.")] = False
    num_labels: Annotated[
        Annotated[int, Field(ge=1)] | None,
        Field(description="Number of labels, with `multi_label`."),
    ] = None
    label_weights: Annotated[
        tuple[Factor, ...] | None, Field(description="Weight of each label, with `multi_label`.")
    ] = None
    from_logits: FromLogits = False

    @model_validator(mode="after")
    def _labels(self) -> AUC:
        if self.num_labels is not None and not self.multi_label:
            raise conflict("num_labels", "`num_labels` is only for `multi_label: true`")
        if self.label_weights is not None and not self.multi_label:
            raise conflict("label_weights", "`label_weights` is only for `multi_label: true`")
        return self


@final
class Precision(Item):
    """Share of the predicted positives that are positive."""

    thresholds: Thresholds = None
    top_k: TopK = None
    class_id: ClassId = None
    name: AnyLabel = None


@final
class Recall(Item):
    """Share of the positives that are predicted."""

    thresholds: Thresholds = None
    top_k: TopK = None
    class_id: ClassId = None
    name: AnyLabel = None


@final
class PrecisionAtRecall(Item):
    """Best precision where recall is at least a value."""

    positional: ClassVar[int | None] = 0

    recall: Bound
    num_thresholds: NumThresholds = 200
    class_id: ClassId = None
    name: AnyLabel = None


@final
class RecallAtPrecision(Item):
    """Best recall where precision is at least a value."""

    positional: ClassVar[int | None] = 0

    precision: Bound
    num_thresholds: NumThresholds = 200
    class_id: ClassId = None
    name: AnyLabel = None


@final
class SensitivityAtSpecificity(Item):
    """Best sensitivity where specificity is at least a value."""

    positional: ClassVar[int | None] = 0

    specificity: Bound
    num_thresholds: NumThresholds = 200
    class_id: ClassId = None
    name: AnyLabel = None


@final
class SpecificityAtSensitivity(Item):
    """Best specificity where sensitivity is at least a value."""

    positional: ClassVar[int | None] = 0

    sensitivity: Bound
    num_thresholds: NumThresholds = 200
    class_id: ClassId = None
    name: AnyLabel = None


@final
class TruePositives(Item):
    """Number of positives that are predicted."""

    thresholds: Thresholds = None
    name: AnyLabel = None


@final
class TrueNegatives(Item):
    """Number of negatives that are predicted."""

    thresholds: Thresholds = None
    name: AnyLabel = None


@final
class FalsePositives(Item):
    """Number of negatives predicted as positives."""

    thresholds: Thresholds = None
    name: AnyLabel = None


@final
class FalseNegatives(Item):
    """Number of positives predicted as negatives."""

    thresholds: Thresholds = None
    name: AnyLabel = None


@final
class F1Score(Item):
    """Harmonic mean of precision and recall, for one-hot labels."""

    average: Average = None
    threshold: ScoreThreshold = None
    name: Label = "f1_score"


@final
class FBetaScore(Item):
    """Weighted harmonic mean of precision and recall, for one-hot labels."""

    average: Average = None
    beta: Annotated[
        float, Field(gt=0, description="How much more recall counts than precision.")
    ] = 1.0
    threshold: ScoreThreshold = None
    name: Label = "fbeta_score"


@final
class IoU(Item):
    """Intersection over union of chosen classes."""

    positional: ClassVar[int | None] = 0

    num_classes: NumClasses
    target_class_ids: ClassIds
    name: AnyLabel = None
    ignore_class: IgnoreClass = None
    sparse_y_true: SparseTrue = True
    sparse_y_pred: SparsePred = True
    axis: Axis = -1

    @model_validator(mode="after")
    def _known_classes(self) -> IoU:
        _ids_exist("IoU", self.target_class_ids, self.num_classes)
        return self


@final
class BinaryIoU(Item):
    """Intersection over union of two classes split by a threshold."""

    target_class_ids: ClassIds = (0, 1)
    threshold: Threshold = 0.5
    name: AnyLabel = None

    @model_validator(mode="after")
    def _known_classes(self) -> BinaryIoU:
        _ids_exist("BinaryIoU", self.target_class_ids, 2)
        return self


@final
class MeanIoU(Item):
    """Mean intersection over union of all classes."""

    positional: ClassVar[int | None] = 0

    num_classes: NumClasses
    name: AnyLabel = None
    ignore_class: IgnoreClass = None
    sparse_y_true: SparseTrue = True
    sparse_y_pred: SparsePred = True
    axis: Axis = -1


@final
class OneHotIoU(Item):
    """Intersection over union of chosen classes, for one-hot labels."""

    positional: ClassVar[int | None] = 0

    num_classes: NumClasses
    target_class_ids: ClassIds
    name: AnyLabel = None
    ignore_class: IgnoreClass = None
    sparse_y_pred: SparsePred = False
    axis: Axis = -1

    @model_validator(mode="after")
    def _known_classes(self) -> OneHotIoU:
        _ids_exist("OneHotIoU", self.target_class_ids, self.num_classes)
        return self


@final
class OneHotMeanIoU(Item):
    """Mean intersection over union of all classes, for one-hot labels."""

    positional: ClassVar[int | None] = 0

    num_classes: NumClasses
    name: AnyLabel = None
    ignore_class: IgnoreClass = None
    sparse_y_pred: SparsePred = False
    axis: Axis = -1
