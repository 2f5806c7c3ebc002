"""The closed lists of everything that a spec can name, by kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .base import Registry
from .catalogue import Catalogue, Place, listed
from .layers import ALIASES, CELLS, FAMILIES, OPS, REFUSED


def _themselves(words: Iterable[str]) -> Mapping[str, str]:
    return {word: word for word in words}


LAYER = Registry(
    kind="layer",
    module="layers",
    items=Catalogue(
        {
            name: Place(f"layers.{family}", name)
            for family, names in FAMILIES.items()
            for name in names
        }
    ),
    aliases=ALIASES,
    refused=REFUSED,
)
CELL = Registry(kind="cell", module="layers", items=listed("layers.cells", CELLS))
ACTIVATION = Registry(
    kind="activation",
    module="layers",
    # Keras has no activation classes: the items are the layers that serve as one.
    items=listed("activations", ("ReLU", "LeakyReLU", "ELU", "Softmax")),
    names=_themselves(
        (
            "celu",
            "elu",
            "exponential",
            "gelu",
            "hard_shrink",
            "hard_sigmoid",
            "hard_silu",
            "hard_swish",
            "hard_tanh",
            "leaky_relu",
            "linear",
            "log_sigmoid",
            "log_softmax",
            "mish",
            "relu",
            "relu6",
            "selu",
            "sigmoid",
            "silu",
            "soft_shrink",
            "softmax",
            "softplus",
            "softsign",
            "sparse_plus",
            "sparse_sigmoid",
            "sparsemax",
            "squareplus",
            "swish",
            "tanh",
            "tanh_shrink",
        )
    ),
    refused={
        "PReLU": "it has weights of its own: give it an item of its own after the layer",
        "glu": "it halves the last axis, which no layer that takes an activation announces",
        "threshold": "it needs two arguments, and Keras has no layer that carries them: "
        "`ReLU: {threshold: ...}` is the nearest",
    },
)
INITIALIZER = Registry(
    kind="initializer",
    module="initializers",
    items=listed(
        "initializers",
        (
            "Zeros",
            "Ones",
            "Constant",
            "Identity",
            "Orthogonal",
            "RandomNormal",
            "TruncatedNormal",
            "RandomUniform",
            "VarianceScaling",
            "GlorotNormal",
            "GlorotUniform",
            "HeNormal",
            "HeUniform",
            "LecunNormal",
            "LecunUniform",
        ),
    ),
    names=_themselves(
        (
            "glorot_normal",
            "glorot_uniform",
            "he_normal",
            "he_uniform",
            "identity",
            "lecun_normal",
            "lecun_uniform",
            "normal",
            "one",
            "ones",
            "orthogonal",
            "random_normal",
            "random_uniform",
            "truncated_normal",
            "uniform",
            "variance_scaling",
            "zero",
            "zeros",
        )
    ),
    aliases={
        "IdentityInitializer": "Identity",
        "OrthogonalInitializer": "Orthogonal",
        "constant": "Constant",
        "normal": "RandomNormal",
        "uniform": "RandomUniform",
    },
    refused={
        "Initializer": "it is the base class, which makes no weights",
        "STFT": "it makes the fixed kernel of a spectrogram layer, which the language does not have",
        "STFTInitializer": "it makes the fixed kernel of a spectrogram layer, "
        "which the language does not have",
        "stft": "it makes the fixed kernel of a spectrogram layer, which the language does not have",
    },
)
REGULARIZER = Registry(
    kind="regularizer",
    module="regularizers",
    items=listed("regularizers", ("L1", "L2", "L1L2", "OrthogonalRegularizer")),
    names=_themselves(("l1", "l2", "orthogonal_regularizer")),
    aliases={"l1_l2": "L1L2", "l1l2": "L1L2"},
    refused={"Regularizer": "it is the base class, which penalizes nothing"},
)
CONSTRAINT = Registry(
    kind="constraint",
    module="constraints",
    items=listed("constraints", ("MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm")),
    names=_themselves(("max_norm", "min_max_norm", "non_neg", "unit_norm")),
    refused={"Constraint": "it is the base class, which constrains nothing"},
)

_BY_PATH = "it chooses optimizers by patterns of weight paths, which differ between the styles"
OPTIMIZER = Registry(
    kind="optimizer",
    module="optimizers",
    items=listed(
        "optimizers",
        (
            "SGD",
            "RMSprop",
            "Adam",
            "AdamW",
            "Adadelta",
            "Adafactor",
            "Adagrad",
            "Adamax",
            "Ftrl",
            "Lamb",
            "Lion",
            "Muon",
            "Nadam",
            "ScheduleFreeAdamW",
        ),
    ),
    names=_themselves(
        (
            "adadelta",
            "adafactor",
            "adagrad",
            "adam",
            "adamax",
            "adamw",
            "ftrl",
            "lion",
            "muon",
            "nadam",
            "rmsprop",
            "schedulefreeadamw",
            "sgd",
        )
    ),
    refused={
        "LossScaleOptimizer": "it wraps another optimizer: write that one, with `loss_scale_factor`",
        "MultiOptimizer": _BY_PATH,
        "Optimizer": "it is the base class, which takes no steps",
        "OptimizerMap": _BY_PATH,
    },
)
SCHEDULE = Registry(
    kind="schedule",
    module="optimizers.schedules",
    items=listed(
        "optimizers",
        (
            "ExponentialDecay",
            "InverseTimeDecay",
            "PolynomialDecay",
            "CosineDecay",
            "CosineDecayRestarts",
            "PiecewiseConstantDecay",
        ),
    ),
    refused={"LearningRateSchedule": "it is the base class, which gives no rate"},
)

_VAGUE = (
    "Keras chooses what it means by the labels: write `sparse_categorical_crossentropy` for "
    "integers, `categorical_crossentropy` for one-hot labels, `binary_crossentropy` for 0 and 1"
)
LOSS = Registry(
    kind="loss",
    module="losses",
    items=listed(
        "losses",
        (
            "SparseCategoricalCrossentropy",
            "CategoricalCrossentropy",
            "BinaryCrossentropy",
            "CategoricalFocalCrossentropy",
            "BinaryFocalCrossentropy",
            "CategoricalGeneralizedCrossEntropy",
            "KLDivergence",
            "Poisson",
            "MeanSquaredError",
            "MeanAbsoluteError",
            "MeanAbsolutePercentageError",
            "MeanSquaredLogarithmicError",
            "Huber",
            "LogCosh",
            "CosineSimilarity",
            "Hinge",
            "SquaredHinge",
            "CategoricalHinge",
            "Dice",
            "Tversky",
            "Circle",
            "CTC",
        ),
    ),
    names=_themselves(
        (
            "BCE",
            "KLD",
            "MAE",
            "MAPE",
            "MSE",
            "MSLE",
            "bce",
            "binary_crossentropy",
            "binary_focal_crossentropy",
            "categorical_crossentropy",
            "categorical_focal_crossentropy",
            "categorical_hinge",
            "circle",
            "cosine_similarity",
            "ctc",
            "dice",
            "hinge",
            "huber",
            "kl_divergence",
            "kld",
            "log_cosh",
            "mae",
            "mape",
            "mean_absolute_error",
            "mean_absolute_percentage_error",
            "mean_squared_error",
            "mean_squared_logarithmic_error",
            "mse",
            "msle",
            "poisson",
            "sparse_categorical_crossentropy",
            "squared_hinge",
            "tversky",
        )
    ),
    aliases={
        "bce": "BinaryCrossentropy",
        "kld": "KLDivergence",
        "mae": "MeanAbsoluteError",
        "mape": "MeanAbsolutePercentageError",
        "mse": "MeanSquaredError",
        "msle": "MeanSquaredLogarithmicError",
    },
    refused={
        "Loss": "it is the base class, which measures nothing",
        "ce": _VAGUE,
        "crossentropy": _VAGUE,
    },
)

_OWN_VALUE = "it summarizes a value of your own, but a metric compares labels with predictions"
METRIC = Registry(
    kind="metric",
    module="metrics",
    items=listed(
        "metrics",
        (
            "BinaryAccuracy",
            "CategoricalAccuracy",
            "SparseCategoricalAccuracy",
            "TopKCategoricalAccuracy",
            "SparseTopKCategoricalAccuracy",
            "BinaryCrossentropy",
            "CategoricalCrossentropy",
            "SparseCategoricalCrossentropy",
            "KLDivergence",
            "Poisson",
            "MeanSquaredError",
            "RootMeanSquaredError",
            "MeanAbsoluteError",
            "MeanAbsolutePercentageError",
            "MeanSquaredLogarithmicError",
            "LogCoshError",
            "CosineSimilarity",
            "R2Score",
            "PearsonCorrelation",
            "ConcordanceCorrelation",
            "Hinge",
            "SquaredHinge",
            "CategoricalHinge",
            "AUC",
            "Precision",
            "Recall",
            "PrecisionAtRecall",
            "RecallAtPrecision",
            "SensitivityAtSpecificity",
            "SpecificityAtSensitivity",
            "TruePositives",
            "TrueNegatives",
            "FalsePositives",
            "FalseNegatives",
            "F1Score",
            "FBetaScore",
            "IoU",
            "BinaryIoU",
            "MeanIoU",
            "OneHotIoU",
            "OneHotMeanIoU",
        ),
    ),
    names=_themselves(
        (
            "BCE",
            "MAE",
            "MAPE",
            "MSE",
            "MSLE",
            "acc",
            "accuracy",
            "auc",
            "bce",
            "binary_accuracy",
            "binary_crossentropy",
            "binary_io_u",
            "categorical_accuracy",
            "categorical_crossentropy",
            "categorical_hinge",
            "concordance_correlation",
            "cosine_similarity",
            "f1_score",
            "f_beta_score",
            "false_negatives",
            "false_positives",
            "hinge",
            "kl_divergence",
            "log_cosh_error",
            "mae",
            "mape",
            "mean_absolute_error",
            "mean_absolute_percentage_error",
            "mean_squared_error",
            "mean_squared_logarithmic_error",
            "mse",
            "msle",
            "pearson_correlation",
            "poisson",
            "precision",
            "r2_score",
            "recall",
            "root_mean_squared_error",
            "sparse_categorical_accuracy",
            "sparse_categorical_crossentropy",
            "sparse_top_k_categorical_accuracy",
            "squared_hinge",
            "top_k_categorical_accuracy",
            "true_negatives",
            "true_positives",
        )
    ),
    aliases={
        "bce": "BinaryCrossentropy",
        "f_beta_score": "FBetaScore",
        "mae": "MeanAbsoluteError",
        "mape": "MeanAbsolutePercentageError",
        "mse": "MeanSquaredError",
        "msle": "MeanSquaredLogarithmicError",
    },
    refused={
        "Accuracy": "it counts predictions that equal the label exactly: write `accuracy`, "
        "which compares classes",
        "Mean": _OWN_VALUE,
        "MeanMetricWrapper": "it wraps a Python function",
        "Metric": "it is the base class, which measures nothing",
        "Sum": _OWN_VALUE,
    },
)

_CODE = "it holds Python functions, and a spec holds data"

_FILES = "it writes files of its own: a run already keeps its history and its checkpoints"
CALLBACK = Registry(
    kind="callback",
    module="callbacks",
    items=listed("callbacks", ("EarlyStopping", "ReduceLROnPlateau")),
    refused={
        "BackupAndRestore": _FILES,
        "CSVLogger": _FILES,
        "Callback": "it is the base class, which does nothing",
        "CallbackList": "it holds other callbacks: list them under `callbacks:`",
        "History": "every run keeps its history",
        "LambdaCallback": _CODE,
        "LearningRateScheduler": _CODE
        + ": give the optimizer a schedule, `learning_rate: {Name: ...}`",
        "ModelCheckpoint": _FILES,
        "ProgbarLogger": "every run shows its progress",
        "TerminateOnNaN": "every run stops where the loss is not finite",
    },
)
ENTRY = Registry(
    kind="layer",
    module="layers",
    items=LAYER.items
    | Catalogue({name: Place("layers.ops", cls) for name, cls in OPS.items()})
    | Catalogue({"call": Place("base", "Call")}),
    aliases=LAYER.aliases,
    refused=LAYER.refused,
)
"""What stands under ``layers:``: a layer, a function, or one more call of a layer."""

REGISTRIES: Mapping[str, Registry] = {
    one.kind: one
    for one in (
        LAYER,
        CELL,
        ACTIVATION,
        INITIALIZER,
        REGULARIZER,
        CONSTRAINT,
        OPTIMIZER,
        SCHEDULE,
        LOSS,
        METRIC,
        CALLBACK,
    )
} | {"entry": ENTRY}
