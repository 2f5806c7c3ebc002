"""The weights that a training begins with, where they come from a file: by the names of their layers.

An archive and a run hold names. A `.keras` file says what its layers are, so it is read as a spec, whose
names these are. A `.weights.h5` file says neither, so it has to be of the very model that is trained.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np

from ..compiler.driver import analyse, styles_of
from ..compiler.graph import TypedGraph
from ..compiler.importing import import_config, read_model
from ..compiler.importing.stored import describes_layers
from ..specs.diagnostics import Diagnostic, Note, SpecError
from ..specs.load import load
from ..specs.write import write_spec
from ..specs.yaml import read_text
from .archive import Match, read_weights, restore, weights_by_key
from .build import Built, build_typed
from .runs import WEIGHTS, open_run
from .transfer import stored_weights

MOST_NAMES: Final = 8


@final
@dataclass(frozen=True)
class Initial:
    """Weights to begin with, and what becomes of them in the model that is trained."""

    source: str
    arrays: Mapping[str, np.ndarray]
    match: Match
    shapes: Mapping[str, tuple[int, ...]]

    def give(self, built: Built) -> None:
        """Put them into a model."""
        restore(built, self.arrays)

    def told(self) -> list[str]:
        """Say which weights they are, and which are not."""
        match = self.match
        total = len(match.loaded) + len(match.missing) + len(match.misfit)
        begins = f"{len(match.loaded):,} of {total:,} weights from `{self.source}`"
        return [begins, *(f"{what} {which}" for what, which in self.odd() if which)]

    def odd(self) -> tuple[tuple[str, str], ...]:
        """Return what found no match, each with how to say it."""
        match = self.match
        return (
            ("only in this model:", names(match.missing)),
            ("of another shape:", self._shapes()),
            ("only there:", names(match.unexpected)),
        )

    def _shapes(self) -> str:
        found = [
            f"`{key}` {_shape(self.shapes[key])} and there {_shape(self.arrays[key].shape)}"
            for key in self.match.misfit
        ]
        return _some(found)


def first_weights(source: Path, typed: TypedGraph, style: str, *, seed: int) -> Initial:
    """Read weights from a run or a file, and see which of them have a place in a model.

    Args:
        source: the folder of a run, or a ``.safetensors``, ``.keras`` or ``.weights.h5`` file.
        typed: the graph of the model.
        style: the style that it is trained in.
        seed: decides the weights that are not there.

    Raises:
        SpecError: HB901 for a run or an archive that cannot be read, HB803 and HB801 to HB802 for a file of
            Keras, HB925 where no weight has a place.
    """
    arrays = dict(sorted(arrays_of(source, typed).items()))  # an archive has no order
    built = build_typed(typed, style, seed=seed)
    match = restore(built, arrays)
    shapes = {key: tuple(variable.shape) for key, variable in weights_by_key(built).items()}
    found = Initial(str(source), arrays, match, shapes)
    if not match.loaded:
        message = f"no weight of `{source}` has a place in `{typed.graph.name}`"
        notes = tuple(Note(f"{what} {which}") for what, which in found.odd() if which)
        raise SpecError([Diagnostic("HB925", message, notes=notes)])
    return found


def arrays_of(source: Path, typed: TypedGraph) -> Mapping[str, np.ndarray]:
    """Return weights by key."""
    if source.is_dir():
        open_run(source)
        if not (source / WEIGHTS).is_file():
            help = f"`hornbook resume {source}` goes on with it"
            raise SpecError([Diagnostic("HB901", f"`{source}` has not ended yet", help=help)])
        return read_weights(source / WEIGHTS)
    if source.name.endswith(".safetensors"):
        return read_weights(source)
    return keyed(stored_model(source, typed), source)


def stored_model(path: Path, typed: TypedGraph) -> TypedGraph:
    """Return the graph of the model that a file of Keras is of; where it does not say, it is the one given."""
    if not path.name.endswith(".keras"):
        return typed
    config = read_model(path)
    if not describes_layers(config):
        return typed
    text = write_spec(import_config(config, flat=True).data)
    return analyse(load(read_text(text, f"{path} (as a spec)")))


def keyed(typed: TypedGraph, path: Path) -> dict[str, np.ndarray]:
    """Return the weights of a model, by key, from a file that Keras has saved."""
    style, *_ = styles_of(typed)
    built = build_typed(typed, style, seed=0)
    keys = iter(weights_by_key(built))
    stored = stored_weights(typed, path, built.layers)
    return {
        next(keys): array
        for name, layer in built.layers.items()
        for array, _ in zip(stored[name], layer.weights, strict=True)
    }


def names(keys: Iterable[str]) -> str:
    """List keys, as many as can be read at a glance."""
    return _some([f"`{key}`" for key in keys])


def _some(found: list[str]) -> str:
    more = len(found) - MOST_NAMES
    shown = ", ".join(found[:MOST_NAMES])
    return f"{shown} and {more:,} more" if more > 0 else shown


def _shape(shape: Iterable[int]) -> str:
    return str(list(shape))
