"""Arguments that layers of several families share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..base import Constraint, Initializer, Regularizer

Seed = Annotated[
    int | None, Field(ge=0, lt=2**31, description="Fixes the numbers drawn; `null` draws afresh.")
]
UseBias = Annotated[bool, Field(description="Whether to add a learned offset.")]
DataFormat = Annotated[
    Literal["channels_last", "channels_first"] | None,
    Field(description="Where the channels stand; `null` means last."),
]
KernelInitializer = Annotated[Initializer, Field(description="Initializer of the kernel.")]
BiasInitializer = Annotated[Initializer, Field(description="Initializer of the bias.")]
KernelRegularizer = Annotated[Regularizer | None, Field(description="Regularizer of the kernel.")]
BiasRegularizer = Annotated[Regularizer | None, Field(description="Regularizer of the bias.")]
ActivityRegularizer = Annotated[Regularizer | None, Field(description="Regularizer of the output.")]
KernelConstraint = Annotated[Constraint | None, Field(description="Constraint of the kernel.")]
BiasConstraint = Annotated[Constraint | None, Field(description="Constraint of the bias.")]
