"""Weights of one model, from a file, into the model of another spec, layer by layer.

Keras files weights by classes and attributes, in an order that depends on the style. So the model that the
file is said to be of is built, each of its weights is filled with a number of its own, and where the numbers
turn up in what Keras saves says which array is which weight.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, final

import h5py
import keras
import numpy as np

from ..compiler.diff import Difference
from ..compiler.driver import analyse, styles_of
from ..compiler.graph import TypedGraph
from ..compiler.importing import import_config, read_model
from ..compiler.importing.stored import describes_layers, groups
from ..compiler.importing.values import shown
from ..compiler.matching import match
from ..specs.load import Spec, load
from ..specs.write import write_spec
from ..specs.yaml import read_text
from .build import build_typed, seed_of
from .weights import Stored, listed, opened, read, refuse

BESIDE: Final = "optimizer/"
"""Arrays that a file may hold besides the weights."""

ARCHIVE: Final = ".keras"
MOST_NOTES: Final = 12
DEPTH: Final = 2
"""Groups on the way to a layer of a Functional model that is not nested: `layers`, and the layer's."""


@final
@dataclass(frozen=True, slots=True)
class Place:
    """One array of a file: which weight of which layer it is."""

    layer: str
    index: int
    shape: tuple[int, ...]
    dtype: str


@final
@dataclass(frozen=True, slots=True)
class Layout:
    """The arrays of a file by their paths, and the names that the groups of layers bear."""

    places: Mapping[str, Place]
    names: Mapping[str, str]


def transfer(
    found: Difference,
    before: TypedGraph,
    spec: Spec,
    after: TypedGraph,
    weights: Path,
    target: Path,
    *,
    style: str = "functional",
    seed: int | None = None,
) -> None:
    """Write the model of ``spec`` to ``target``, with the weights of another model that carry over.

    Args:
        found: how the two models differ.
        before: the graph of the model that ``weights`` is of.
        spec: the spec of the new model.
        after: the graph of the new model.
        weights: a ``.keras`` or ``.weights.h5`` file that Keras has saved, in whichever style.
        target: a ``.keras`` or ``.weights.h5`` file; what is there is overwritten.
        style: the style of the new model.
        seed: decides the weights that do not carry over; by default the spec's.

    Raises:
        SpecError: HB803 where the file does not hold the weights of the first model, HB801 and HB802 where
            its config cannot be read, HB308 where the style cannot express the new model.
    """
    wanted = {one.before for one in found.carried}
    values = stored_weights(before, weights, wanted)
    built = build_typed(after, style, seed=seed_of(spec) if seed is None else seed)
    for one in found.carried:
        variables = built.layers[one.after].weights
        for variable, value in zip(variables, values[one.before], strict=True):
            variable.assign(value)
    save(built.model, target)


def stored_weights(
    typed: TypedGraph, path: Path, wanted: Iterable[str]
) -> dict[str, list[np.ndarray]]:
    """Return the weights of some layers of a model, from a file that holds those of the whole model.

    Raises:
        SpecError: HB803 where the file does not fit; HB801 and HB802 for its config.
    """
    size = sum(weight.size for one in typed.nodes for weight in one.weights)
    chosen = set(wanted)
    with opened(path, 4 * size) as stored:
        layout = fitting(typed, expected(typed, path), stored, path)
        found: dict[str, dict[int, np.ndarray]] = {name: {} for name in chosen}
        for where, place in layout.places.items():
            if place.layer in chosen:
                array = read(stored.arrays[where], place.shape, place.dtype, where, path)
                found[place.layer][place.index] = array
    return {name: [arrays[k] for k in sorted(arrays)] for name, arrays in found.items()}


# Which array is which weight


def expected(typed: TypedGraph, path: Path) -> Iterable[Layout]:
    """Yield the layouts that a file of a model can have."""
    possible = styles_of(typed)
    flat = layout_of(typed, "functional") if "functional" in possible else None
    if flat is not None and path.name.endswith(ARCHIVE):
        config = read_model(path)
        if describes_layers(config):
            yield by_config(typed, flat, config, path)
            return
    if flat is not None:
        yield flat
    if "subclassed" in possible:
        yield layout_of(typed, "subclassed")


def layout_of(typed: TypedGraph, style: str) -> Layout:
    """Find out where Keras saves each weight of a model of ours.

    Raises:
        RuntimeError: where a weight is not found again.
    """
    built = build_typed(typed, style, seed=0)
    places: list[Place] = []
    for name, layer in built.layers.items():
        for index, weight in enumerate(layer.weights):
            shape, dtype = tuple(weight.shape), keras.backend.standardize_dtype(weight.dtype)
            weight.assign(np.full(shape, len(places), dtype))
            places.append(Place(name, index, shape, dtype))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all.weights.h5"
        built.model.save_weights(path)
        with h5py.File(path, "r") as file:
            stored = listed(file, path)
            tags = {
                where: int(stored.arrays[where][(0,) * len(shape)])
                for where, shape in stored.shapes.items()
                if not where.startswith(BESIDE)
            }
    found = {
        where: places[tag] for where, tag in sorted(tags.items(), key=lambda one: (one[1], one[0]))
    }
    # Of some layers, such as SpectralNormalization, Keras saves a weight twice.
    if set(found.values()) != set(places):
        raise RuntimeError(f"not all weights of `{typed.graph.name}` are saved")
    return Layout(found, stored.names)


def by_config(typed: TypedGraph, layout: Layout, config: Mapping[str, Any], path: Path) -> Layout:
    """Move a layout to where a saved model, whose layers may be nested and named otherwise, has it.

    Raises:
        SpecError: HB803 where the saved model is another; HB802 where it cannot be a spec.
    """
    imported = import_config(config)
    saved = analyse(load(read_text(write_spec(imported.data), f"{path} (as a spec)")))
    pairs = match(typed, saved).names
    theirs = {one.layer.name: one.weights for one in saved.nodes}
    ours = {one.layer.name: one.weights for one in typed.nodes}
    problems = []
    for name, weights in ours.items():
        other = theirs.get(pairs.get(name, ""), ())
        shapes = [weight.shape for weight in other]
        if weights and not other:
            problems.append(f"`{name}` is not in it")
        elif shapes != [weight.shape for weight in weights]:
            was = [weight.shape for weight in weights]
            problems.append(f"`{name}` has weights {_shown(was)}, and there {_shown(shapes)}")
    known = {pairs.get(name) for name in ours}
    problems += [
        f"its layer `{shown(name)}` is not in `{typed.graph.name}`"
        for name, weights in theirs.items()
        if weights and name not in known
    ]
    if problems:
        _misfit(typed, problems, path)
    where = groups(config)
    own = {name: where[at] for at, name in imported.names.items() if at in where}
    return Layout(
        {
            "/".join((own[pairs[place.layer]], *at.split("/")[DEPTH:])): place
            for at, place in layout.places.items()
        },
        {},
    )


def _group(layout: Layout, where: str, layer: str) -> str | None:
    """Return the group around an array that bears the name of its layer."""
    parts = where.split("/")
    around = ("/".join(parts[:end]) for end in range(1, len(parts)))
    return next((group for group in around if layout.names.get(group) == layer), None)


# Whether a file is of a model


def fitting(typed: TypedGraph, layouts: Iterable[Layout], stored: Stored, path: Path) -> Layout:
    """Return the layout that a file has.

    Raises:
        SpecError: HB803, with what is wrong by the layout that comes closest.
    """
    told: list[list[str]] = []
    for layout in layouts:
        problems = misfits(typed, layout, stored)
        if not problems:
            return layout
        told.append(problems)
    return _misfit(typed, min(told, key=len), path)


def misfits(typed: TypedGraph, layout: Layout, stored: Stored) -> list[str]:
    """Say what keeps a file from being of a model."""
    problems = []
    for where, place in layout.places.items():
        shape = stored.shapes.get(where)
        if shape is None:
            problems.append(f"`{where}` is missing, a weight of `{place.layer}`")
        elif shape != place.shape:
            problems.append(
                f"`{where}`, a weight of `{place.layer}`, is {shape} and not {place.shape}"
            )
    problems += [
        f"`{shown(where)}` is no weight of `{typed.graph.name}`"
        for where in stored.shapes
        if where not in layout.places and not where.startswith(BESIDE)
    ]
    chosen = {layer.name for layer in typed.graph.layers if layer.named}
    for where, place in layout.places.items():
        group = _group(layout, where, place.layer) if place.index == 0 else None
        name = None if group is None else stored.names.get(group)
        if place.layer in chosen and name not in (None, place.layer):
            problems.append(
                f"`{group}` is said to be of `{shown(name)}`, and not of `{place.layer}`"
            )
    return problems


def _misfit(typed: TypedGraph, problems: list[str], path: Path) -> NoReturn:
    more = len(problems) - MOST_NOTES
    notes = (*problems[:MOST_NOTES], *([f"and {more:,} more"] if more > 0 else []))
    refuse(path, f"they are not those of `{typed.graph.name}`", notes)


def _shown(shapes: list[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes))


# Writing


def save(model: keras.Model, target: Path) -> None:
    """Save a model, or its weights, so that the file is there whole or not at all."""
    suffix = ARCHIVE if target.name.endswith(ARCHIVE) else ".weights.h5"
    with tempfile.TemporaryDirectory(prefix=".hornbook-", dir=target.parent) as folder:
        path = Path(folder) / f"new{suffix}"
        if suffix == ARCHIVE:
            model.save(path)
        else:
            model.save_weights(path)
        os.replace(path, target)
