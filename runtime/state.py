"""All that decides how a training goes on: captured between two steps, and put back.

Weights, optimizer, random generators, metrics, callbacks, history and the place in the order of the
examples. That order is a function of the seed and the epoch, so the place is two numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, final

import keras
import numpy as np

from .archive import copied, packed, restore, unpacked, weights_of
from .build import Built

FORMAT: Final = 1
WEIGHTS: Final = "weights.safetensors"
STATE: Final = "state.safetensors"
ABOUT: Final = "state.json"

KEPT: Final[Mapping[type, tuple[str, ...]]] = {
    keras.callbacks.EarlyStopping: ("wait", "stopped_epoch", "best", "best_epoch"),
    keras.callbacks.ReduceLROnPlateau: ("wait", "cooldown_counter", "best"),
}
"""The numbers that the callbacks of the language keep from one epoch to the next."""
BEST: Final = "best_weights"


@final
@dataclass(frozen=True)
class About:
    """What a state holds besides arrays.

    ``epoch`` and ``step`` are where training goes on, counted from 0; ``steps`` counts all that were done.
    ``lines`` is the length of the file of metrics in bytes; ``spec`` is the text of the spec.
    """

    epoch: int
    step: int
    steps: int
    stopped: bool
    style: str
    loop: str
    spec: str
    lines: int
    history: dict[str, list[float]] = field(default_factory=dict)
    epochs: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    callbacks: list[dict[str, Any]] = field(default_factory=list)
    format: int = FORMAT


@final
@dataclass(frozen=True)
class State:
    """A state of a training; its arrays are copies."""

    about: About
    weights: dict[str, np.ndarray]
    arrays: dict[str, np.ndarray]

    @property
    def size(self) -> int:
        """Bytes that its arrays take."""
        return sum(array.nbytes for part in (self.weights, self.arrays) for array in part.values())

    def files(self) -> dict[str, bytes]:
        """Return the files of a checkpoint."""
        return {
            WEIGHTS: packed(self.weights),
            STATE: packed(self.arrays),
            ABOUT: json.dumps(asdict(self.about), indent=1).encode(),
        }

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> State:
        """Read the files of a checkpoint.

        Raises:
            ValueError: where they are not those of a state.
        """
        try:
            about = About(**json.loads(files[ABOUT]))
            arrays = unpacked(files[STATE])
            weights = unpacked(files[WEIGHTS])
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a state of a training: {error}") from None
        if about.format != FORMAT:
            raise ValueError(f"its format is {about.format!r}, expected {FORMAT}")
        return cls(about, weights, arrays)


def capture(built: Built, callbacks: Sequence[keras.callbacks.Callback], about: About) -> State:
    """Copy the state of a training between two steps."""
    arrays = {
        key: copied(variable)
        for key, variable in (*_optimizer(built.model), *_metrics(built.model), *_generators(built))
    }
    for place, callback in enumerate(_stateful(callbacks)):
        for number, array in enumerate(getattr(callback, BEST, None) or ()):
            arrays[f"callbacks/{place}/{number}"] = np.asarray(array)
    return State(about, weights_of(built), arrays)


def callbacks_of(callbacks: Sequence[keras.callbacks.Callback]) -> list[dict[str, Any]]:
    """Return the numbers that callbacks keep, as JSON can hold them."""
    return [
        {name: _plain(getattr(one, name)) for name in KEPT[type(one)]}
        for one in _stateful(callbacks)
    ]


def put_back(
    built: Built, callbacks: Sequence[keras.callbacks.Callback], state: State, batch: Any
) -> None:
    """Put a state back, all but the metrics, which an epoch begins by setting to zero.

    ``batch`` shows the shapes of examples and targets, by which Keras builds what it has not built yet.

    Raises:
        ValueError: where the state is not one of this model.
    """
    built.model._symbolic_build(data_batch=batch)
    match = restore(built, state.weights)
    if not match.whole:
        raise ValueError("its weights are not those of the model")
    _assign(_optimizer(built.model), state.arrays)
    _assign(_generators(built), state.arrays)
    for place, (callback, numbers) in enumerate(
        zip(_stateful(callbacks), state.about.callbacks, strict=True)
    ):
        for name, value in numbers.items():
            setattr(callback, name, value)
        best = [key for key in state.arrays if key.startswith(f"callbacks/{place}/")]
        if best:
            setattr(
                callback, BEST, [state.arrays[f"callbacks/{place}/{n}"] for n in range(len(best))]
            )


def put_back_metrics(model: keras.Model, state: State) -> None:
    """Put the metrics back, in the middle of an epoch."""
    _assign(_metrics(model), state.arrays)


def _assign(variables: Sequence[tuple[str, Any]], arrays: Mapping[str, np.ndarray]) -> None:
    for key, variable in variables:
        if key not in arrays or tuple(arrays[key].shape) != tuple(variable.shape):
            raise ValueError(f"`{key}` is missing or has another shape")
        variable.assign(arrays[key])


def _optimizer(model: keras.Model) -> list[tuple[str, Any]]:
    return [(f"optimizer/{n}", one) for n, one in enumerate(model.optimizer.variables)]


def _metrics(model: keras.Model) -> list[tuple[str, Any]]:
    return [(f"metrics/{n}", one) for n, one in enumerate(model.metrics_variables)]


def _generators(built: Built) -> list[tuple[str, Any]]:
    """Return what layers hold besides weights: the states of their random generators."""
    found: list[tuple[str, Any]] = []
    for name, layer in built.layers.items():
        weights = {id(one) for one in layer.weights}
        rest = [one for one in layer.variables if id(one) not in weights]
        found += [(f"generators/{name}/{n}", one) for n, one in enumerate(rest)]
    return found


def _stateful(callbacks: Sequence[keras.callbacks.Callback]) -> list[keras.callbacks.Callback]:
    return [one for one in callbacks if type(one) in KEPT]


def _plain(value: Any) -> Any:
    return value if value is None else value.item() if hasattr(value, "item") else value
