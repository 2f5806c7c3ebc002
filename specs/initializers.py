"""Initializers: what the weights are before training."""

from __future__ import annotations

from typing import Annotated, Literal, Protocol, TypeVar, final

from pydantic import Field, model_validator

from .base import Item, conflict

Seed = Annotated[
    int | None, Field(ge=0, lt=2**31, description="Fixes the numbers drawn; `null` draws afresh.")
]
InputAxes = Annotated[
    tuple[int, ...] | None,
    Field(
        min_length=1, description="Axes of the weight that count as inputs; needs `output_axes`."
    ),
]
OutputAxes = Annotated[
    tuple[int, ...] | None,
    Field(
        min_length=1, description="Axes of the weight that count as outputs; needs `input_axes`."
    ),
]
Mean = Annotated[float, Field(description="Mean of the distribution.")]
Deviation = Annotated[float, Field(ge=0, description="Standard deviation of the distribution.")]
Gain = Annotated[float, Field(description="Factor applied to the matrix.")]


class _Fans(Protocol):
    """An initializer that is fitted to the size of the weight."""

    @property
    def input_axes(self) -> tuple[int, ...] | None:
        """Axes that count as inputs."""

    @property
    def output_axes(self) -> tuple[int, ...] | None:
        """Axes that count as outputs."""


_Fitted = TypeVar("_Fitted", bound=_Fans)


def _both_axes(item: _Fitted) -> _Fitted:
    """Refuse one kind of axes without the other: Keras would ignore it."""
    if (item.input_axes is None) != (item.output_axes is None):
        given = "output_axes" if item.input_axes is None else "input_axes"
        raise conflict(given, "`input_axes` and `output_axes` work together: give both or neither")
    return item


@final
class Zeros(Item):
    """All zeros."""


@final
class Ones(Item):
    """All ones."""


@final
class Constant(Item):
    """One value everywhere."""

    value: Annotated[float, Field(description="The value.")] = 0.0


@final
class Identity(Item):
    """The identity matrix, for weights with two axes."""

    gain: Gain = 1.0


@final
class Orthogonal(Item):
    """An orthogonal matrix, for weights with two axes or more."""

    gain: Gain = 1.0
    seed: Seed = None


@final
class RandomNormal(Item):
    """Numbers from a normal distribution."""

    mean: Mean = 0.0
    stddev: Deviation = 0.05
    seed: Seed = None


@final
class TruncatedNormal(Item):
    """Numbers from a normal distribution, those beyond two deviations drawn again."""

    mean: Mean = 0.0
    stddev: Deviation = 0.05
    seed: Seed = None


@final
class RandomUniform(Item):
    """Numbers from a uniform distribution."""

    minval: Annotated[float, Field(description="Lower end.")] = -0.05
    maxval: Annotated[float, Field(description="Upper end.")] = 0.05
    seed: Seed = None

    @model_validator(mode="after")
    def _ordered(self) -> RandomUniform:
        if self.minval > self.maxval:
            raise conflict("minval", f"`minval` {self.minval} is above `maxval` {self.maxval}")
        return self


@final
class VarianceScaling(Item):
    """Numbers whose variance is fitted to the size of the weight."""

    scale: Annotated[float, Field(gt=0, description="Factor of the variance.")] = 1.0
    mode: Annotated[
        Literal["fan_in", "fan_out", "fan_avg"],
        Field(description="Which number of units divides the variance."),
    ] = "fan_in"
    distribution: Annotated[
        Literal["truncated_normal", "untruncated_normal", "uniform"],
        Field(description="Distribution to draw from."),
    ] = "truncated_normal"
    seed: Seed = None
    input_axes: InputAxes = None
    output_axes: OutputAxes = None

    _paired = model_validator(mode="after")(_both_axes)


@final
class GlorotNormal(Item):
    """Normal, its variance fitted to inputs and outputs alike."""

    seed: Seed = None
    input_axes: InputAxes = None
    output_axes: OutputAxes = None

    _paired = model_validator(mode="after")(_both_axes)


@final
class GlorotUniform(Item):
    """Uniform, its variance fitted to inputs and outputs alike."""

    seed: Seed = None
    input_axes: InputAxes = None
    output_axes: OutputAxes = None

    _paired = model_validator(mode="after")(_both_axes)


@final
class HeNormal(Item):
    """Normal, its variance fitted to the inputs; suits ReLU."""

    seed: Seed = None
    input_axes: InputAxes = None
    output_axes: OutputAxes = None

    _paired = model_validator(mode="after")(_both_axes)


@final
class HeUniform(Item):
    """Uniform, its variance fitted to the inputs; suits ReLU."""

    seed: Seed = None
    input_axes: InputAxes = None
    output_axes: OutputAxes = None

    _paired = model_validator(mode="after")(_both_axes)


@final
class LecunNormal(Item):
    """Normal, its variance fitted to the inputs; suits SELU."""

    seed: Seed = None
    input_axes: InputAxes = None
    output_axes: OutputAxes = None

    _paired = model_validator(mode="after")(_both_axes)


@final
class LecunUniform(Item):
    """Uniform, its variance fitted to the inputs; suits SELU."""

    seed: Seed = None
    input_axes: InputAxes = None
    output_axes: OutputAxes = None

    _paired = model_validator(mode="after")(_both_axes)
