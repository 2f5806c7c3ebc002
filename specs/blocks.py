"""Blocks and variables: how they are written, and what is known of them once they are expanded.

:mod:`hornbook.specs.expand` puts the items of blocks in place of their uses. :class:`Expansion` keeps which item came
from where, so that emitters can write the blocks as functions and the repetitions as loops.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from .arithmetic import Formula
from .base import Name, Path
from .diagnostics import Span

INDEX = "index"
"""The name of the count of a repetition, from 1."""

USE = ("name", "inputs", "repeat")
"""What a use of a block takes besides the block's parameters."""

CONFIG = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

SCALAR = {"type": ["boolean", "integer", "number", "string", "null"]}
Plain = Annotated[
    Any,
    WithJsonSchema({"anyOf": [SCALAR, {"type": "array"}]}),
    Field(description="A number, a word, or a list of them."),
]


class BlockSpec(BaseModel):
    """A part of a model with parameters, to be used several times."""

    model_config = CONFIG

    parameters: Annotated[
        tuple[Name | dict[Name, Plain], ...],
        Field(description="Names of the parameters: `filters`, or `stride: 1` with a default."),
    ] = ()
    inputs: Annotated[
        Name | Annotated[tuple[Name, ...], Field(min_length=1)],
        Field(description="Names of what the block takes. Default: one value, `input`."),
    ] = "input"
    layers: Annotated[
        tuple[Annotated[Any, WithJsonSchema({"$ref": "#/$defs/entry"})], ...],
        Field(min_length=1, description="The block's items; `$filters` reads a parameter."),
    ]
    outputs: Annotated[
        str | tuple[str, ...] | None,
        Field(description="Names of the items that the block returns. Default: the last item."),
    ] = None


VARIABLES = Annotated[
    dict[Name, Plain],
    Field(description="Values by name: `width: 64` is read as `$width`."),
]
BLOCKS = Annotated[
    dict[Name, BlockSpec],
    Field(description="Parts of the model that are used by name, with parameters."),
]


class Head(BaseModel):
    """The part of a document that says what its names stand for."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, defer_build=True)

    variables: VARIABLES = {}
    blocks: BLOCKS = {}


@dataclass(frozen=True, slots=True)
class Block:
    """A block as its users see it: parameters with their defaults (None: must be given), inputs."""

    name: str
    parameters: Mapping[str, Formula | None]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    size: int
    span: Span


@dataclass(slots=True)
class Use:
    """One instance of a block: one turn of one item that names the block.

    ``parent`` and ``item`` say where the item stands (the use that holds it, None for the model; its
    position there). ``formulas`` holds the arguments, and ``turns_formula`` the number of repetitions,
    in terms of the parent's parameters.
    """

    block: str
    name: str
    local: str | None
    parent: int | None
    item: int
    turn: int
    turns: int
    turns_formula: Formula
    formulas: Mapping[str, Formula]
    span: Span
    number: int
    operands: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a flat item came from: the use that holds it, its position there, its name there.

    ``local`` is None for an item that the spec does not name.
    """

    use: int | None
    item: int
    local: str | None


@dataclass(frozen=True)
class Expansion:
    """How the flat items of a document came of its blocks.

    ``formulas`` holds, by path in the flat document, the values that a block computes of its parameters.
    """

    blocks: Mapping[str, Block] = field(default_factory=dict)
    uses: tuple[Use, ...] = ()
    origins: tuple[Origin, ...] = ()
    formulas: Mapping[Path, Formula] = field(default_factory=dict)
