"""What every named thing of the language is made of: a name and typed arguments.

A layer, an initializer, an optimizer, a loss: each is one frozen Pydantic class whose name is
Keras's own and whose fields are Keras's arguments. A :class:`Registry` is the closed list of
the classes of one kind; :class:`Choice` makes a field take one of them, as ``Name`` or as
``Name: {arguments}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

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


Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
LayerName = Annotated[Name | None, Field(description="Name of the layer, unique in the spec.")]
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


class LayerSpec(Item):
    """An item under ``layers:``: a Keras layer by name, with its arguments and its wiring.

    ``arity`` is the number of inputs of one call: (least, most), ``None`` for no upper bound.
    A merge layer takes its inputs as one list. ``calls`` names the call arguments that it takes.
    """

    arity: ClassVar[tuple[int, int | None]] = (1, 1)
    takes_list: ClassVar[bool] = False
    calls: ClassVar[tuple[str, ...]] = ()

    name: LayerName = None
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
    items: Mapping[str, type[Item]]
    names: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    def read(self, data: object) -> str | Item:
        """Return the word, or the validated class, that ``data`` asks for.

        Raises:
            PydanticCustomError: of type ``nested``, its context holding the faults found.
        """
        from .choices import read_choice
        from .faults import nested

        found = read_choice(self, data)
        if isinstance(found, tuple):
            raise nested(found)
        return found

    def spellings(self) -> tuple[str, ...]:
        """Every name that is accepted, for did-you-mean."""
        return (*self.items, *self.names, *self.aliases)


def registry(kind: str) -> Registry:
    """Return the registry of a kind: layer, activation, initializer, regularizer ..."""
    from .registries import REGISTRIES

    return REGISTRIES[kind]


@dataclass(frozen=True)
class Choice:
    """Marks a field that takes one entry of a registry, by the registry's kind."""

    kind: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """Validate through the registry, which reports every mistake inside at once."""
        return core_schema.no_info_plain_validator_function(
            lambda data: registry(self.kind).read(data)
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Refer to the kind's definition, which :mod:`hornbook.specs.schema` writes once."""
        return {"$ref": f"#/$defs/{self.kind}"}


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
    "Optimizer",
    "Path",
    "Registry",
    "Regularizer",
    "Schedule",
    "ValidationError",
    "conflict",
    "registry",
]
