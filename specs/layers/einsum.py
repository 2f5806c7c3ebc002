"""The dense layer whose product is written as an equation over named axes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, final

from pydantic import Field, model_validator

from ..base import LayerSpec, conflict
from .fields import (
    BiasConstraint,
    BiasInitializer,
    BiasRegularizer,
    KernelConstraint,
    KernelInitializer,
    KernelRegularizer,
    OutputActivation,
    Size,
)

Place = Literal["none", "left", "right"]

FORMS: tuple[tuple[re.Pattern[str], Place], ...] = (
    (re.compile(r"([A-Za-z]+),([A-Za-z]+)->([A-Za-z]+)"), "none"),
    (re.compile(r"\.{3}([A-Za-z]+),([A-Za-z]+)->\.{3}([A-Za-z]+)"), "left"),
    (re.compile(r"([A-Za-z]{2,})\.{3},([A-Za-z]+)->([A-Za-z]+)\.{3}"), "right"),
)


@dataclass(frozen=True, slots=True)
class Equation:
    """The axes of the input, the kernel and the output, a letter each.

    ``ellipsis`` says on which side of the letters `...` stands for further axes, which the layer
    hands on. On the left the batch is one of them; otherwise the first letter is the batch.
    """

    given: str
    kernel: str
    output: str
    ellipsis: Place

    @property
    def batch(self) -> str:
        """The letter of the batch; none where the ellipsis stands for it."""
        return "" if self.ellipsis == "left" else self.given[0]

    @property
    def sized(self) -> str:
        """The letters that `output_shape` gives sizes for."""
        return self.output if self.ellipsis == "left" else self.output[1:]


def parse(equation: str) -> Equation | None:
    """Read an equation; return None where it has none of the forms that Keras takes."""
    for form, ellipsis in FORMS:
        if found := form.fullmatch(equation):
            return Equation(found[1], found[2], found[3], ellipsis)
    return None


@final
class EinsumDense(LayerSpec):
    """Sums products of the input and a kernel along the axes that an equation says."""

    equation: Annotated[
        str,
        Field(
            description="Letters of the axes of the input, the kernel and the output: `abc,cd->abd`."
        ),
    ]
    output_shape: Annotated[
        Size | tuple[Size | None, ...],
        Field(
            description="Sizes of the output's axes without the batch and `...`; `null` leaves one open."
        ),
    ]
    activation: OutputActivation = None
    bias_axes: Annotated[
        Annotated[str, Field(pattern=r"^[A-Za-z]+$")] | None,
        Field(description="Letters of the output's axes that the bias has; `null` adds none."),
    ] = None
    kernel_initializer: KernelInitializer = "glorot_uniform"
    bias_initializer: BiasInitializer = "zeros"
    kernel_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    kernel_constraint: KernelConstraint = None
    bias_constraint: BiasConstraint = None

    @model_validator(mode="after")
    def _consistent(self) -> EinsumDense:
        found = parse(self.equation)
        if found is None:
            raise conflict(
                "equation",
                f"`{self.equation}` is no equation of an input, a kernel and an output",
                "write it like `abc,cd->abd`, `...x,xy->...y` or `ab...,bc->ac...`, without spaces",
            )
        if problem := _letters(found):
            raise conflict("equation", problem)
        self._sizes(found)
        self._bias(found)
        return self

    def _sizes(self, found: Equation) -> None:
        sizes = (self.output_shape,) if isinstance(self.output_shape, int) else self.output_shape
        if len(sizes) != len(found.sized):
            letters = ", ".join(f"`{letter}`" for letter in found.sized) or "none"
            raise conflict(
                "output_shape",
                f"`output_shape` has {len(sizes)} of the {len(found.sized)} sizes that "
                f"`{self.equation}` asks for",
                f"it needs a size for each of {letters}; the batch and `...` have none",
            )
        for letter, size in zip(found.sized, sizes, strict=True):
            if size is None and letter in found.kernel:
                raise conflict(
                    "output_shape",
                    f"`output_shape` leaves open the size of `{letter}`, which the kernel needs",
                    "write a number in place of `null`",
                )
            if size is None and self.bias_axes and letter in self.bias_axes:
                raise conflict(
                    "output_shape",
                    f"`output_shape` leaves open the size of `{letter}`, which the bias needs",
                    f"write a number in place of `null`, or take `{letter}` out of `bias_axes`",
                )

    def _bias(self, found: Equation) -> None:
        for letter in self.bias_axes or "":
            if letter not in found.output:
                raise conflict(
                    "bias_axes", f"the bias has the axis `{letter}`, which the output has not"
                )
            if letter == found.batch:
                raise conflict(
                    "bias_axes", f"the bias has the axis `{letter}`, which is the batch's"
                )


def _letters(found: Equation) -> str | None:
    """Say what is wrong with the letters of an equation, if anything is."""
    if found.batch and found.output[0] != found.batch:
        return (
            f"the output begins with `{found.output[0]}`, "
            f"but its first axis is the batch's, `{found.batch}`"
        )
    if found.batch and found.batch in found.kernel:
        return f"the kernel has the axis `{found.batch}`, which is the batch's"
    for letter in found.output:
        if found.output.count(letter) > 1:
            return f"the output has the axis `{letter}` twice"
        if letter not in found.given and letter not in found.kernel:
            return f"the output has the axis `{letter}`, which neither input nor kernel has"
    for letter in found.kernel:
        if letter not in found.given and letter not in found.output:
            return f"the kernel has the axis `{letter}`, which neither input nor output has"
    return None


_FINE_TUNING = "it freezes weights that were trained before, and a spec makes new ones"
_QUANTIZED = "it belongs to a model that is trained already"

OMITTED: dict[str, dict[str, str]] = {
    "EinsumDense": {
        "lora_rank": _FINE_TUNING,
        "lora_alpha": _FINE_TUNING,
        "gptq_unpacked_column_size": _QUANTIZED,
        "quantization_config": _QUANTIZED,
    },
}
