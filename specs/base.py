"""What every named thing of the language is made of: a name and typed arguments.

A layer, an initializer, an optimizer, a loss: each is one frozen Pydantic class whose name is
Keras's own and whose fields are Keras's arguments. A :class:`Registry` is the closed list of
the classes of one kind; :class:`Choice` makes a field take one of them, as ``Name`` or as
``Name: {arguments}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from .catalogue import Catalogue

Path = tuple[str | int, ...]
"""Keys and indices that lead from the root of a document to a value in it."""


class Item(BaseModel):
    """Something that a spec names, with arguments.

    ``positional`` says how many leading fields read best without their names in source;
    by default the required ones do.
    """

    model_config = ConfigDict(
        allow_inf_nan=False,
        defer_build=True,
        extra="forbid",
        frozen=True,
        strict=True,
    )
    positional: ClassVar[int | None] = None


def parts(item: Item) -> Iterator[Item]:
    """Yield the items that an item's arguments hold, in lists too."""
    for value in item.__dict__.values():
        yield from (
            one
            for one in (value if isinstance(value, tuple) else (value,))
            if isinstance(one, Item)
        )


NAME = r"^[A-Za-z][A-Za-z0-9_]{0,127}$"
Name = Annotated[str, Field(pattern=NAME)]
LayerName = Annotated[
    Name | None,
    # In a block, where it follows the block's own name, a name may begin with a digit.
    WithJsonSchema({"type": ["string", "null"], "pattern": r"^[A-Za-z0-9{][^ ]*$"}),
    Field(description="Name of the layer, unique in the spec."),
]
InputNames = Annotated[
    str | tuple[str, ...] | None,
    Field(
        description="What the layer takes: names of layers or model inputs. Default: the layer above."
    ),
]
Trainable = Annotated[bool, Field(description="Whether training moves the weights.")]


Reference = Annotated[str, Field(description="Name of a layer, or of a model input.")]


class CallArguments(Item):
    """What one call of a layer takes besides its inputs."""

    training: Annotated[
        bool | None,
        Field(description="Whether to act as in training; `null` follows the loop."),
    ] = None
    mask: Annotated[
        Reference | tuple[Reference | None, ...] | None,
        Field(description="Which positions count: a value of truths, or one for each input."),
    ] = None
    query_mask: Annotated[Reference | None, Field(description="Which queries count.")] = None
    value_mask: Annotated[Reference | None, Field(description="Which values count.")] = None
    key_mask: Annotated[Reference | None, Field(description="Which keys count.")] = None
    attention_mask: Annotated[
        Reference | None, Field(description="Which query may attend to which key.")
    ] = None
    use_causal_mask: Annotated[
        bool, Field(description="Whether a position attends only to itself and those before it.")
    ] = False
    return_attention_scores: Annotated[
        bool, Field(description="Whether to return the scores too, as a second output.")
    ] = False
    reverse: Annotated[
        bool, Field(description="Whether to go from vectors back to scores of the integers.")
    ] = False
    initial_state: Annotated[
        Reference | tuple[Reference, ...] | None,
        Field(description="What a recurrent layer begins with: one value for each state."),
    ] = None


Number = bool | int | float
Constant = Number | tuple[Number | tuple[Number | tuple[Number, ...], ...], ...]
"""A number, or a nested list of numbers."""


class NodeSpec(Item):
    """What can be applied to values of the graph: a layer, or a function of ``keras.ops``.

    ``arity`` is the number of inputs of one call: (least, most), ``None`` for no upper bound.
    With ``takes_list`` they are one list.
    """

    arity: ClassVar[tuple[int, int | None]] = (1, 1)
    takes_list: ClassVar[bool] = False

    name: LayerName = None
    inputs: Annotated[
        str | tuple[str | Constant, ...] | None,
        Field(
            description="What the function takes: names of layers or inputs, numbers, "
            "or lists of numbers. Default: the layer above."
        ),
    ] = None


class LayerSpec(NodeSpec):
    """An item under ``layers:``: a Keras layer by name, with its arguments and its wiring.

    ``calls`` names the call arguments that the layer takes.
    """

    calls: ClassVar[tuple[str, ...]] = ()

    inputs: InputNames = None
    trainable: Trainable = True
    call: Annotated[
        CallArguments | None,
        Field(description="Arguments of the call, such as `training` or `mask`."),
    ] = None

    @model_validator(mode="after")
    def _calls(self) -> LayerSpec:
        for name in self.call.model_fields_set if self.call else ():
            if name not in self.calls:
                kind = type(self).__name__
                known = ", ".join(f"`{one}`" for one in self.calls)
                raise conflict(
                    "call",
                    f"the call of `{kind}` takes no `{name}`",
                    f"it takes {known}" if known else "remove `call`",
                )
        return self


class OpSpec(NodeSpec):
    """An item under ``layers:`` that is a function of ``keras.ops``; it has no weights."""

    @field_validator("inputs", mode="before")
    @classmethod
    def _operands(cls, value: Any) -> Any:
        from .faults import nested
        from .operands import operand_faults

        if faults := operand_faults(value):
            raise nested(faults)
        return value


WIRING = frozenset({"name", "inputs", "trainable", "call"})
"""Fields of a layer that say how it is used, beside Keras's own arguments."""


class Call(Item):
    """Applies a layer that already exists once more, with the same weights."""

    layer: Annotated[str, Field(description="Name of the layer to apply.")]
    name: Annotated[
        Name | None, Field(description="Name of this call's output, to wire it by.")
    ] = None
    inputs: Annotated[
        str | tuple[str, ...] | None,
        Field(description="What the layer takes this time. Default: the layer above."),
    ] = None
    call: Annotated[
        CallArguments | None,
        Field(description="Arguments of the call, such as `training` or `mask`."),
    ] = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake in data, before it is known where the data stands in a text.

    ``path`` leads to the value that is wrong; ``at`` tells whether to point at it or at its key.
    """

    code: str
    path: Path
    message: str
    help: str | None = None
    at: Literal["key", "value"] = "value"


def conflict(field: str, message: str, help: str | None = None) -> PydanticCustomError:
    """Make the error that a ``model_validator`` raises for arguments that cannot go together.

    ``field`` is the argument to point at. The code is HB207.
    """
    return PydanticCustomError(
        "hornbook", "{message}", {"message": message, "field": field, "help": help, "code": "HB207"}
    )


@dataclass(frozen=True)
class Registry:
    """The closed list of one kind of thing that a spec can name.

    ``module`` is the attribute of ``keras`` that holds the classes (``layers``, ``optimizers``).
    ``names`` maps every bare word that is accepted to the word written into source;
    ``aliases`` maps other spellings of a class to its name; ``refused`` gives, for
    names that Keras has and the language leaves out, the reason.
    """

    kind: str
    module: str
    items: Catalogue
    names: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    def read(self, data: object, *, listed: bool = False) -> str | Item | tuple[str | Item, ...]:
        """Return the word, or the validated class, that ``data`` asks for.

        With ``listed`` a list asks for one entry after the other.

        Raises:
            PydanticCustomError: of type ``nested``, its context holding the faults found.
        """
        from .choices import read_choice, read_list
        from .faults import nested

        if listed and isinstance(data, tuple) and data:
            entries, faults = read_list(self, data)
            if faults:
                raise nested(faults)
            return entries
        found = read_choice(self, data)
        if isinstance(found, tuple):
            raise nested(found)
        return found

    def __contains__(self, name: str) -> bool:
        """Tell whether a name is accepted."""
        return name in self.items or name in self.names or name in self.aliases

    def spellings(self) -> tuple[str, ...]:
        """Every name that is accepted, for did-you-mean."""
        return (*self.items, *self.names, *self.aliases)


def registry(kind: str) -> Registry:
    """Return the registry of a kind: layer, activation, initializer, regularizer ..."""
    from .registries import REGISTRIES

    return REGISTRIES[kind]


@dataclass(frozen=True)
class Choice:
    """Marks a field that takes one entry of a registry, by the registry's kind.

    With ``listed`` the field takes a list of entries too.
    """

    kind: str
    listed: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """Validate through the registry, which reports every mistake inside at once."""
        return core_schema.no_info_plain_validator_function(
            lambda data: registry(self.kind).read(data, listed=self.listed)
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Refer to the kind's definition, which :mod:`hornbook.specs.schema` writes once."""
        one = {"$ref": f"#/$defs/{self.kind}"}
        if not self.listed:
            return one
        return {"anyOf": [one, {"type": "array", "items": one, "minItems": 2}]}


Activation = Annotated[str | Item, Choice("activation")]
Initializer = Annotated[str | Item, Choice("initializer")]
Regularizer = Annotated[str | Item, Choice("regularizer")]
Constraint = Annotated[str | Item, Choice("constraint")]
NestedLayer = Annotated[LayerSpec, Choice("layer")]
Optimizer = Annotated[str | Item, Choice("optimizer")]
Schedule = Annotated[Item, Choice("schedule")]
Loss = Annotated[str | Item, Choice("loss")]
Metric = Annotated[str | Item, Choice("metric")]
Callback = Annotated[str | Item, Choice("callback")]

__all__ = [
    "WIRING",
    "Activation",
    "Call",
    "CallArguments",
    "Callback",
    "Choice",
    "Constraint",
    "Fault",
    "Initializer",
    "Item",
    "LayerSpec",
    "Loss",
    "Metric",
    "Name",
    "NestedLayer",
    "NodeSpec",
    "OpSpec",
    "Optimizer",
    "Path",
    "Registry",
    "Regularizer",
    "Schedule",
    "ValidationError",
    "conflict",
    "parts",
    "registry",
]
