"""The spec itself: inputs, layers, outputs and training settings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from .base import (
    Call,
    Callback,
    Choice,
    Fault,
    Item,
    Name,
    NodeSpec,
    Optimizer,
    Registry,
    registry,
)
from .blocks import BLOCKS, VARIABLES
from .data import Data

CONFIG = ConfigDict(allow_inf_nan=False, defer_build=True, extra="forbid", frozen=True, strict=True)

Dtype = Literal["float32", "int32", "int64", "uint8", "bool", "string"]
Size = Annotated[int, Field(ge=1)]


class InputSpec(BaseModel):
    """A model input: the shape and dtype of one example."""

    model_config = CONFIG

    shape: Annotated[
        tuple[Size | None, ...],
        Field(min_length=1, description="Sizes of the axes, without the batch; `null` varies."),
    ]
    dtype: Annotated[Dtype, Field(description="Dtype of the values.")] = "float32"


class ShapeOrInput:
    """Lets ``image: [28, 28, 1]`` stand for ``image: {shape: [28, 28, 1]}``."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Wrap a bare list before the class sees it."""
        return core_schema.no_info_before_validator_function(
            lambda data: {"shape": data} if isinstance(data, tuple) else data, handler(source)
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Offer both forms."""
        full = handler(schema)
        shape = InputSpec.model_json_schema()["properties"]["shape"]
        return {"anyOf": [shape, full]}


class PerOutput:
    """Lets a setting be one choice, or a mapping from the outputs' names to one choice each.

    ``Name: {arguments}`` and ``output: Name`` are told apart by whether the only key is a known name.
    """

    def __init__(self, kind: str, *, listed: bool = False) -> None:
        self.kind = kind
        self.listed = listed

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Validate through the registry, whichever form it is."""
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Offer both forms."""
        one: dict[str, Any] = {"$ref": f"#/$defs/{self.kind}"}
        if self.listed:
            one = {"type": "array", "items": one}
        return {"anyOf": [one, {"type": "object", "additionalProperties": one}]}

    def read(self, data: object) -> Any:
        """Return a choice (or a tuple of them), or a dict of them by output."""
        from .choices import read_choice
        from .faults import nested, prefix

        found = registry(self.kind)
        faults: list[Fault] = []

        def one(value: object, path: tuple[str | int, ...]) -> object:
            if self.listed and isinstance(value, tuple):
                return tuple(one_choice(item, (*path, index)) for index, item in enumerate(value))
            if self.listed:
                return (one_choice(value, path),)
            return one_choice(value, path)

        def one_choice(value: object, path: tuple[str | int, ...]) -> object:
            result = read_choice(found, value)
            if isinstance(result, tuple):
                faults.extend(prefix(fault, path) for fault in result)
            return result

        if isinstance(data, dict) and data and not self._names_one(found, data):
            value: Any = {key: one(part, (key,)) for key, part in data.items()}
        else:
            value = one(data, ())
        if faults:
            raise nested(tuple(faults))
        return value

    def _names_one(self, found: Registry, data: dict[str, object]) -> bool:
        if len(data) != 1:
            return False
        ((key, value),) = data.items()
        if key in found:
            return True
        inner = value if isinstance(value, dict) else {}
        return isinstance(value, dict) and not any(name in found for name in inner)


MOST_THREADS = 1024


class ThreadsSpec(BaseModel):
    """The threads of TensorFlow; those that are left out are as many as there are processors."""

    model_config = CONFIG

    intra_op: Annotated[
        int | None, Field(ge=1, le=MOST_THREADS, description="Threads that share one operation.")
    ] = None
    inter_op: Annotated[
        int | None,
        Field(ge=1, le=MOST_THREADS, description="Operations that run beside each other."),
    ] = None


class TrainSpec(BaseModel):
    """How the model is trained."""

    model_config = CONFIG

    data: Annotated[Data | None, Field(description="The data set: a known name, or files.")] = None
    optimizer: Annotated[Optimizer, Field(description="The optimizer.")] = "adam"
    loss: Annotated[
        str | Item | dict[str, str | Item],
        PerOutput("loss"),
        Field(description="The loss; with several outputs, one for each by name."),
    ]
    metrics: Annotated[
        tuple[str | Item, ...] | dict[str, tuple[str | Item, ...]],
        PerOutput("metric", listed=True),
        Field(description="What is reported besides the loss; with several outputs, by name."),
    ] = ()
    loss_weights: Annotated[
        dict[str, Annotated[float, Field(ge=0)]] | None,
        Field(description="With several outputs: the factor of each output's loss."),
    ] = None
    epochs: Annotated[int, Field(ge=1, description="Passes over the training data.")] = 1
    batch_size: Annotated[int, Field(ge=1, description="Examples in one step.")] = 32
    validation: Annotated[
        Annotated[float, Field(gt=0, lt=1)] | Literal["test"] | None,
        Field(
            description="Measured after each epoch: a fraction held out of the training data, or `test`."
        ),
    ] = None
    loop: Annotated[
        Literal["fit", "tape"],
        Field(description="Keras's `fit`, or an explicit GradientTape loop."),
    ] = "fit"
    seed: Annotated[
        int,
        Field(
            ge=0,
            lt=2**31,
            description="Decides initial weights, dropout and the order of examples.",
        ),
    ] = 0
    precision: Annotated[
        Literal["float32", "mixed_bfloat16", "mixed_float16"],
        Field(
            description="Keras's dtype policy: in a mixed one layers compute in half precision, with weights and "
            "outputs in float32."
        ),
    ] = "float32"
    jit_compile: Annotated[
        bool | Literal["optimizer", "auto"],
        Field(
            description="Whether XLA compiles the steps, or of each the optimizer's update alone; `auto`: what was "
            "measured to help. It changes bits."
        ),
    ] = False
    threads: Annotated[
        ThreadsSpec | Literal["auto"] | None,
        Field(
            description="The threads of TensorFlow; `auto`: what was measured to help, where the command line trains; "
            "`null`, and `auto` elsewhere: TensorFlow's own choice. It changes bits."
        ),
    ] = "auto"
    onednn: Annotated[
        bool | Literal["auto"] | None,
        Field(
            description="Whether TensorFlow computes by oneDNN; `auto` and `null` as for `threads`. It changes bits."
        ),
    ] = "auto"
    callbacks: Annotated[
        tuple[Callback, ...], Field(description="What watches the training, such as EarlyStopping.")
    ] = ()


class ModelSpec(BaseModel):
    """A model, and optionally how it is trained."""

    model_config = CONFIG

    name: Annotated[Name, Field(description="Name of the model.")]
    inputs: Annotated[
        dict[Name, Annotated[InputSpec, ShapeOrInput()]],
        Field(
            min_length=1, description="The model's inputs by name: a shape, or a shape and a dtype."
        ),
    ]
    variables: VARIABLES = {}
    blocks: BLOCKS = {}
    layers: Annotated[
        tuple[Annotated[NodeSpec | Call, Choice("entry")], ...],
        Field(
            min_length=1,
            description="The layers, each fed by the one above unless `inputs:` says otherwise.",
        ),
    ]
    outputs: Annotated[
        str | tuple[str, ...] | None,
        Field(description="Names of the layers that the model returns. Default: the last item."),
    ] = None
    train: Annotated[TrainSpec | None, Field(description="How the model is trained.")] = None
