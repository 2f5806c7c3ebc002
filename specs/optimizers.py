"""Optimizers, and the schedules that a learning rate can follow."""

from __future__ import annotations

from typing import Annotated, ClassVar, Protocol, TypeVar, final

from pydantic import Discriminator, Field, Tag, model_validator

from .base import Item, Schedule, conflict

Rate = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Steps = Annotated[int, Field(ge=1)]


def _arm(value: object) -> str:
    return "number" if isinstance(value, int | float) else "schedule"


LearningRate = Annotated[
    Annotated[Rate, Tag("number")] | Annotated[Schedule, Tag("schedule")],
    Discriminator(_arm),
    Field(description="Size of the steps: a number, or a schedule over the steps of training."),
]
WeightDecay = Annotated[
    Rate | None, Field(description="Fraction by which weights shrink in each step.")
]
OwnWeightDecay = Annotated[
    Rate, Field(description="Fraction by which weights shrink in each step.")
]
ClipNorm = Annotated[
    Annotated[float, Field(gt=0)] | None,
    Field(description="Largest norm of each weight's gradient."),
]
ClipValue = Annotated[
    Annotated[float, Field(gt=0)] | None, Field(description="Largest size of a gradient's entries.")
]
GlobalClipNorm = Annotated[
    Annotated[float, Field(gt=0)] | None,
    Field(description="Largest norm of the gradients of all weights together."),
]
UseEma = Annotated[bool, Field(description="Whether to keep a moving average of the weights.")]
EmaMomentum = Annotated[Fraction, Field(description="How slowly the moving average follows.")]
EmaOverwrite = Annotated[
    Steps | None,
    Field(
        description="Steps after which the average replaces the weights; `null` waits for the end."
    ),
]
LossScale = Annotated[
    Annotated[float, Field(gt=0)] | None,
    Field(description="Factor on the loss that the gradients are divided by again."),
]
Accumulation = Annotated[
    Annotated[int, Field(ge=2)] | None,
    Field(description="Steps whose gradients are averaged into one update."),
]
Beta1 = Annotated[
    Annotated[float, Field(ge=0, lt=1)], Field(description="Decay of the average of gradients.")
]
Beta2 = Annotated[
    Annotated[float, Field(ge=0, lt=1)],
    Field(description="Decay of the average of squared gradients."),
]
Epsilon = Annotated[float, Field(gt=0, description="Keeps divisions away from zero.")]
Amsgrad = Annotated[bool, Field(description="Whether to use the AMSGrad variant.")]
Rho = Annotated[
    Annotated[float, Field(ge=0, lt=1)],
    Field(description="Decay of the average of squared gradients."),
]
Momentum = Annotated[Fraction, Field(description="How much of the last step is kept.")]
Nesterov = Annotated[bool, Field(description="Whether to use Nesterov's momentum.")]
Accumulator = Annotated[Rate, Field(description="What the sums of squared gradients begin with.")]


class _Clipped(Protocol):
    """An optimizer with the arguments that all of them share."""

    @property
    def clipnorm(self) -> float | None:
        """Largest norm of one gradient."""

    @property
    def clipvalue(self) -> float | None:
        """Largest size of an entry."""

    @property
    def global_clipnorm(self) -> float | None:
        """Largest norm of all gradients."""


_Optimizer = TypeVar("_Optimizer", bound=_Clipped)


def _one_clip(item: _Optimizer) -> _Optimizer:
    """Refuse two ways of clipping at once, as Keras does."""
    sizes = {
        "clipnorm": item.clipnorm,
        "clipvalue": item.clipvalue,
        "global_clipnorm": item.global_clipnorm,
    }
    given = [name for name, size in sizes.items() if size is not None]
    if len(given) > 1:
        raise conflict(
            given[1], f"`{given[1]}` cannot stand beside `{given[0]}`", "keep one of them"
        )
    return item


@final
class SGD(Item):
    """Plain gradient descent, with momentum if asked."""

    learning_rate: LearningRate = 0.01
    momentum: Momentum = 0.0
    nesterov: Nesterov = False
    weight_decay: WeightDecay = None
    clipnorm: ClipNorm = None
    clipvalue: ClipValue = None
    global_clipnorm: GlobalClipNorm = None
    use_ema: UseEma = False
    ema_momentum: EmaMomentum = 0.99
    ema_overwrite_frequency: EmaOverwrite = None
    loss_scale_factor: LossScale = None
    gradient_accumulation_steps: Accumulation = None

    _clipping = model_validator(mode="after")(_one_clip)


@final
class RMSprop(Item):
    """Divides gradients by a moving average of their size."""

    learning_rate: LearningRate = 0.001
    rho: Rho = 0.9
    momentum: Momentum = 0.0
    epsilon: Epsilon = 1e-07
    centered: Annotated[bool, Field(description="Whether to divide by the variance.")] = False
    weight_decay: WeightDecay = None
    clipnorm: ClipNorm = None
    clipvalue: ClipValue = None
    global_clipnorm: GlobalClipNorm = None
    use_ema: UseEma = False
    ema_momentum: EmaMomentum = 0.99
    ema_overwrite_frequency: EmaOverwrite = None
    loss_scale_factor: LossScale = None
    gradient_accumulation_steps: Accumulation = None

    _clipping = model_validator(mode="after")(_one_clip)


@final
class Adam(Item):
    """Moving averages of gradients and of their squares."""

    learning_rate: LearningRate = 0.001
    beta_1: Beta1 = 0.9
    beta_2: Beta2 = 0.999
    epsilon: Epsilon = 1e-07
    amsgrad: Amsgrad = False
    weight_decay: WeightDecay = None
    clipnorm: ClipNorm = None
    clipvalue: ClipValue = None
    global_clipnorm: GlobalClipNorm = None
    use_ema: UseEma = False
    ema_momentum: EmaMomentum = 0.99
    ema_overwrite_frequency: EmaOverwrite = None
    loss_scale_factor: LossScale = None
    gradient_accumulation_steps: Accumulation = None

    _clipping = model_validator(mode="after")(_one_clip)


@final
class AdamW(Item):
    """Adam with decoupled weight decay."""

    learning_rate: LearningRate = 0.001
    weight_decay: OwnWeightDecay = 0.004
    beta_1: Beta1 = 0.9
    beta_2: Beta2 = 0.999
    epsilon: Epsilon = 1e-07
    amsgrad: Amsgrad = False
    clipnorm: ClipNorm = None
    clipvalue: ClipValue = None
    global_clipnorm: GlobalClipNorm = None
    use_ema: UseEma = False
    ema_momentum: EmaMomentum = 0.99
    ema_overwrite_frequency: EmaOverwrite = None
    loss_scale_factor: LossScale = None
    gradient_accumulation_steps: Accumulation = None

    _clipping = model_validator(mode="after")(_one_clip)


@final
class Adadelta(Item):
    """Adapts the steps to a window of past gradients."""

    learning_rate: LearningRate = 0.001
    rho: Rho = 0.95
    epsilon: Epsilon = 1e-07
    weight_decay: WeightDecay = None
    clipnorm: ClipNorm = None
    clipvalue: ClipValue = None
    global_clipnorm: GlobalClipNorm = None
    use_ema: UseEma = False
    ema_momentum: EmaMomentum = 0.99
    ema_overwrite_frequency: EmaOverwrite = None
    loss_scale_factor: LossScale = None
    gradient_accumulation_steps: Accumulation = None

    _clipping = model_validator(mode="after")(_one_clip)


@final
class Adafactor(Item):
    """Adam's adaptation with factored, smaller state."""

    learning_rate: LearningRate = 0.001
    beta_2_decay: Annotated[
        float, Field(le=0, description="Power by which the average of squares slows.")
    ] = -0.8
    epsilon_1: Annotated[
        float, Field(gt=0, description="Keeps divisions by squares away from zero.")
    ] = 1e-30
    epsilon_2: Annotated[float, Field(gt=0, description="Smallest scale of a step.")] = 0.001
    clip_threshold: Annotated[
        float, Field(gt=0, description="Largest root mean square of an update.")
    ] = 1.0
    relative_step: Annotated[
        bool, Field(description="Whether steps shrink as training goes on.")
    ] = True
    weight_decay: WeightDecay = None
    clipnorm: ClipNorm = None
    clipvalue: ClipValue = None
    global_clipnorm: GlobalClipNorm = None
    use_ema: UseEma = False
    ema_momentum: EmaMomentum = 0.99
    ema_overwrite_frequency: EmaOverwrite = None
    loss_scale_factor: LossScale = None
    gradient_accumulation_steps: Accumulation = None

    _clipping = model_validator(mode="after")(_one_clip)


@final
class Adagrad(Item):
    """Divides gradients by the size of all past ones."""

    learning_rate: LearningRate = 0.001
    initial_accumulator_value: Accumulator = 0.1
    epsilon: Epsilon = 1e-07
    weight_decay: WeightDecay = None
    clipnorm: ClipNorm = None
    clipvalue: ClipValue = None
    global_clipnorm: GlobalClipNorm = None
    use_ema: UseEma = False
    ema_momentum: EmaMomentum = 0.99
    ema_overwrite_frequency: EmaOverwrite = None
    loss_scale_factor: LossScale = None
    gradient_accumulation_steps: Accumulation = None

    _clipping = model_validator(mode="after")(_one_clip)


@final
class Adamax(Item):
    """Adam by the largest gradient rather than the mean square."""

    learning_rate: LearningRate = 0.001
    beta_1: Beta1 = 0.9
    beta_2: Beta2 = 0.999
    epsilon: Epsilon = 1e-07
    weight_decay: WeightDecay = None
    clipnorm: ClipNorm = None
    clipvalue: ClipValue = None
    global_clipnorm: GlobalClipNorm = None
    use_ema: UseEma = False
    ema_momentum: EmaMomentum = 0.99
    ema_overwrite_frequency: EmaOverwrite = None
    loss_scale_factor: LossScale = None
    gradient_accumulation_steps: Accumulation = None

    _clipping = model_validator(mode="after")(_one_clip)


@final
class Ftrl(Item):
    """Follow the regularized leader; for large sparse models."""

    learning_rate: LearningRate = 0.001
    learning_rate_power: Annotated[
        float, Field(le=0, description="Power by which steps shrink; 0 keeps them.")
    ] = -0.5
    initial_accumulator_value: Accumulator = 0.1
    l1_regularization_strength: Annotated[
        Rate, Field(description="Strength of the penalty on absolute values.")
    ] = 0.0
    l2_regularization_strength: Annotated[
        Rate, Field(description="Strength of the penalty on squares.")
    ] = 0.0
    l2_shrinkage_regularization_strength: Annotated[
        Rate, Field(description="Strength of the penalty on the size of steps.")
    ] = 0.0
    beta: Annotated[Rate, Field(description="Added to the sums that steps are divided by.")] = 0.0
    weight_decay: WeightDecay = None
    clipnorm: ClipNorm = None
    clipvalue: ClipValue = None
    global_clipnorm: GlobalClipNorm = None
    use_ema: UseEma = False
    ema_momentum: EmaMomentum = 0.99
    ema_overwrite_frequency: EmaOverwrite = None
    loss_scale_factor: LossScale = None
    gradient_accumulation_steps: Accumulation = None

    _clipping = model_validator(mode="after")(_one_clip)


@final
class Lamb(Item):
    """Adam with steps fitted to each layer, for large batches."""

    learning_rate: LearningRate = 0.001
    beta_1: Beta1 = 0.9
    beta_2: Beta2 = 0.999
    epsilon: Epsilon = 1e-07
    weight_decay: WeightDecay = None
    clipnorm: ClipNorm = None
    clipvalue: ClipValue = None
    global_clipnorm: GlobalClipNorm = None
    use_ema: UseEma = False
    ema_momentum: EmaMomentum = 0.99
    ema_overwrite_frequency: EmaOverwrite = None
    loss_scale_factor: LossScale = None
    gradient_accumulation_steps: Accumulation = None

    _clipping = model_validator(mode="after")(_one_clip)


@final
class Lion(Item):
    """Steps by the sign of a momentum."""

    learning_rate: LearningRate = 0.001
    beta_1: Annotated[
        float, Field(gt=0, le=1, description="Mix of momentum and gradient in a step.")
    ] = 0.9
    beta_2: Annotated[Fraction, Field(description="Decay of the momentum.")] = 0.99
    weight_decay: WeightDecay = None
    clipnorm: ClipNorm = None
    clipvalue: ClipValue = None
    global_clipnorm: GlobalClipNorm = None
    use_ema: UseEma = False
    ema_momentum: EmaMomentum = 0.99
    ema_overwrite_frequency: EmaOverwrite = None
    loss_scale_factor: LossScale = None
    gradient_accumulation_steps: Accumulation = None

    _clipping = model_validator(mode="after")(_one_clip)


@final
class Muon(Item):
    """Orthogonalized momentum for matrices, Adam for the rest."""

    learning_rate: LearningRate = 0.001
    adam_beta_1: Beta1 = 0.9
    adam_beta_2: Beta2 = 0.999
    adam_weight_decay: Annotated[Rate, Field(description="Weight decay of what Adam updates.")] = (
        0.004
    )
    epsilon: Epsilon = 1e-07
    weight_decay: Annotated[
        Rate | None, Field(description="Weight decay of what Muon updates.")
    ] = 0.004
    clipnorm: ClipNorm = None
    clipvalue: ClipValue = None
    global_clipnorm: GlobalClipNorm = None
    use_ema: UseEma = False
    ema_momentum: EmaMomentum = 0.99
    ema_overwrite_frequency: EmaOverwrite = None
    loss_scale_factor: LossScale = None
    gradient_accumulation_steps: Accumulation = None
    exclude_embeddings: Annotated[bool, Field(description="Whether Adam updates embeddings.")] = (
        True
    )
    muon_a: Annotated[float, Field(description="First coefficient of the iteration.")] = 3.4445
    muon_b: Annotated[float, Field(description="Second coefficient of the iteration.")] = -4.775
    muon_c: Annotated[float, Field(description="Third coefficient of the iteration.")] = 2.0315
    adam_lr_ratio: Annotated[
        float, Field(gt=0, description="Adam's learning rate over Muon's.")
    ] = 1.0
    momentum: Momentum = 0.95
    ns_steps: Annotated[int, Field(ge=1, description="Iterations of the orthogonalization.")] = 5
    nesterov: Nesterov = True
    rms_rate: Annotated[
        Annotated[float, Field(gt=0)] | None,
        Field(description="Scale of the steps, relative to Adam's."),
    ] = 0.2

    _clipping = model_validator(mode="after")(_one_clip)


@final
class Nadam(Item):
    """Adam with Nesterov's momentum."""

    learning_rate: LearningRate = 0.001
    beta_1: Beta1 = 0.9
    beta_2: Beta2 = 0.999
    epsilon: Epsilon = 1e-07
    weight_decay: WeightDecay = None
    clipnorm: ClipNorm = None
    clipvalue: ClipValue = None
    global_clipnorm: GlobalClipNorm = None
    use_ema: UseEma = False
    ema_momentum: EmaMomentum = 0.99
    ema_overwrite_frequency: EmaOverwrite = None
    loss_scale_factor: LossScale = None
    gradient_accumulation_steps: Accumulation = None

    _clipping = model_validator(mode="after")(_one_clip)


@final
class ScheduleFreeAdamW(Item):
    """AdamW that needs no schedule."""

    learning_rate: LearningRate = 0.0025
    beta_1: Beta1 = 0.9
    beta_2: Beta2 = 0.999
    epsilon: Epsilon = 1e-08
    warmup_steps: Annotated[
        int, Field(ge=0, description="Steps over which the learning rate rises.")
    ] = 0
    weight_decay: WeightDecay = None
    clipnorm: ClipNorm = None
    clipvalue: ClipValue = None
    global_clipnorm: GlobalClipNorm = None
    use_ema: UseEma = False
    ema_momentum: EmaMomentum = 0.99
    ema_overwrite_frequency: EmaOverwrite = None
    loss_scale_factor: LossScale = None
    gradient_accumulation_steps: Accumulation = None

    _clipping = model_validator(mode="after")(_one_clip)


InitialRate = Annotated[Rate, Field(description="Learning rate at the first step.")]
DecaySteps = Annotated[Steps, Field(description="Steps that the decay takes.")]
DecayRate = Annotated[float, Field(gt=0, description="Factor of the decay.")]
Staircase = Annotated[
    bool, Field(description="Whether to decay in jumps, once every `decay_steps`.")
]
FloorFraction = Annotated[
    Rate, Field(description="Least learning rate, as a fraction of the first.")
]


@final
class ExponentialDecay(Item):
    """Falls by the same factor over equal numbers of steps."""

    positional: ClassVar[int | None] = 0

    initial_learning_rate: InitialRate
    decay_steps: DecaySteps
    decay_rate: DecayRate
    staircase: Staircase = False


@final
class InverseTimeDecay(Item):
    """Falls as one over the steps."""

    positional: ClassVar[int | None] = 0

    initial_learning_rate: InitialRate
    decay_steps: DecaySteps
    decay_rate: DecayRate
    staircase: Staircase = False


@final
class PolynomialDecay(Item):
    """Falls to an end value along a power of the steps; a straight line by default."""

    positional: ClassVar[int | None] = 0

    initial_learning_rate: InitialRate
    decay_steps: DecaySteps
    end_learning_rate: Annotated[Rate, Field(description="Learning rate at the end.")] = 0.0001
    power: Annotated[float, Field(gt=0, description="Power of the curve; 1 is a line.")] = 1.0
    cycle: Annotated[bool, Field(description="Whether to begin again past the end.")] = False


@final
class CosineDecay(Item):
    """Falls along half a cosine, after a linear rise if asked."""

    positional: ClassVar[int | None] = 0

    initial_learning_rate: InitialRate
    decay_steps: DecaySteps
    alpha: FloorFraction = 0.0
    warmup_target: Annotated[
        Rate | None,
        Field(description="Learning rate that the rise ends at; `null` skips the rise."),
    ] = None
    warmup_steps: Annotated[int, Field(ge=0, description="Steps that the rise takes.")] = 0

    @model_validator(mode="after")
    def _warmup(self) -> CosineDecay:
        if self.warmup_steps > 0 and self.warmup_target is None:
            message = "`warmup_steps` has no effect while `warmup_target` is `null`"
            raise conflict("warmup_steps", message, "add `warmup_target: ...`")
        return self


@final
class CosineDecayRestarts(Item):
    """Falls along half a cosine again and again."""

    positional: ClassVar[int | None] = 0

    initial_learning_rate: InitialRate
    first_decay_steps: Annotated[Steps, Field(description="Steps of the first fall.")]
    t_mul: Annotated[float, Field(gt=0, description="Factor of the steps of each next fall.")] = 2.0
    m_mul: Annotated[
        Rate, Field(description="Factor of the rate that each next fall begins at.")
    ] = 1.0
    alpha: FloorFraction = 0.0


@final
class PiecewiseConstantDecay(Item):
    """Takes one value after another."""

    positional: ClassVar[int | None] = 0

    boundaries: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...],
        Field(min_length=1, description="Last step of each value but the last one."),
    ]
    values: Annotated[
        tuple[Rate, ...],
        Field(min_length=2, description="Learning rates, one more than boundaries."),
    ]

    @model_validator(mode="after")
    def _fits(self) -> PiecewiseConstantDecay:
        if len(self.values) != len(self.boundaries) + 1:
            message = (
                f"{len(self.boundaries)} boundaries need {len(self.boundaries) + 1} values, "
                f"but here stand {len(self.values)}"
            )
            raise conflict("values", message)
        if list(self.boundaries) != sorted(set(self.boundaries)):
            raise conflict("boundaries", "the boundaries must rise from each to the next")
        return self
