"""A finished run, tested once more: on its own data or on other data, in any style."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias, final

import numpy as np

from ..compiler.driver import analyse
from ..compiler.graph import TypedGraph
from ..compiler.needs import training_of
from ..specs.data import CsvData, DataSpec, ImagesData, data_from_option
from ..specs.diagnostics import Diagnostic, SpecError
from ..specs.load import Spec
from ..specs.wording import did_you_mean
from .batches import Arrays, Batches
from .data import DataSet, fit_to, load_data
from .data.dataset import BYTES, arrays
from .data.pictures import Pictures
from .objects import compile_model
from .process import settle
from .runs import Info, Run
from .scaling import Scales, scales, told
from .train import (
    dtype_of,
    measured,
    place_of_data,
    scaling_of,
    scan_integers,
    scan_words,
    targets,
)

Part: TypeAlias = Literal["test", "train", "all"]

MOST_CLASSES: Final = 20


@final
@dataclass(frozen=True, slots=True)
class Evaluation:
    """The loss and the metrics of a run's model on some examples.

    ``recorded`` are those that the run ended with, where these are its own test examples.
    """

    data: str
    part: Part
    examples: int
    style: str
    found: dict[str, float]
    recorded: dict[str, float] | None
    notes: tuple[str, ...]

    @property
    def equal(self) -> bool | None:
        """Whether the numbers are those that were recorded, bit for bit; None where there are none."""
        return None if self.recorded is None else self.recorded == self.found


def evaluate_run(
    run: Run,
    *,
    style: str | None = None,
    data: str | None = None,
    target: str | None = None,
    part: Part = "test",
) -> Evaluation:
    """Measure the model of a run on a part of some data.

    Args:
        run: a run that has ended.
        style: the style of the model; by default the one that was trained.
        data: what `--data` names; by default the run's own data.
        target: the column to predict, of a table; by default that of the run's own table.
        part: the test examples, the training examples, or both.

    Raises:
        SpecError: HB901 and HB905 for the run, HB2xx and HB6xx for the data, HB504 and HB603 where the two do not fit.
    """
    spec = run.spec()
    settle(spec)
    typed = analyse(spec)
    own = data is None
    chosen = (
        training_of(spec).data if data is None else other_data(spec, typed, run.info, data, target)
    )
    assert chosen is not None
    loaded = load_data(chosen, span=place_of_data(spec) if own else None)
    changed = own and loaded.fingerprint != run.info.fingerprint
    scaling = scales(typed, run.info.scaling)
    notes = (*loaded.notes, *_notes(loaded, scaling, own=own, changed=changed))
    fitted = as_in_training(loaded, scaling)
    batches = examples_of(spec, typed, run.info, picked(fitted, part), own=own)
    built = run.built(style)
    compile_model(built.model, training_of(spec), typed)
    with built.explained():
        found = measured(built.model, batches)
    result = run.result() if own and part == "test" and not changed else None
    recorded = None if result is None else result.get("test")
    return Evaluation(
        loaded.name, part, batches.examples, built.source.style, found, recorded, notes
    )


def other_data(
    spec: Spec, typed: TypedGraph, info: Info, text: str, target: str | None
) -> DataSpec:
    """Return the data that a command line names, to be read as the data of the training was.

    Raises:
        SpecError: HB205, HB202, HB207, HB601.
    """
    trained = training_of(spec).data
    if target is None and isinstance(trained, CsvData) and text.lower().endswith(".csv"):
        target = trained.target
    named = data_from_option(text, target)
    match named, trained:
        case CsvData(), CsvData():
            named = named.model_copy(update={"features": trained.features})
        case ImagesData(), ImagesData():
            named = named.model_copy(update={"size": trained.size, "color": trained.color})
        case ImagesData(), _:
            if [one.type.shape[-1:] for one in typed.graph.inputs] == [(1,)]:
                named = named.model_copy(update={"color": "grayscale"})
    if isinstance(named, CsvData):
        task = "regression" if info.classes is None else "classification"
        named = named.model_copy(update={"task": task})
    return named


def as_in_training(data: DataSet, scaling: Scales) -> DataSet:
    """Return data with the scaling that training had."""
    several = isinstance(data.x_train, Mapping)
    return replace(data, scaling=dict(scaling) if several else next(iter(scaling.values())))


def relabelled(y: Arrays, data: DataSet, info: Info) -> Arrays:
    """Return labels by the numbers that their classes had in training: other data counts its own.

    Raises:
        SpecError: HB603.
    """
    names = info.class_names or tuple(map(str, range(info.classes or 0)))
    if not names or data.class_names in ((), names):
        return y
    unknown = [name for name in data.class_names if name not in names]
    if unknown:
        more = len(names) - MOST_CLASSES
        listed = ", ".join(f"`{name}`" for name in names[:MOST_CLASSES])
        known = f"it knows {listed}" + (f" and {more:,} more" if more > 0 else "")
        message = f"`{data.name}` has the class `{unknown[0]}`, which the training did not know"
        help = did_you_mean(unknown[0], names) or known
        raise SpecError([Diagnostic("HB603", message, help=help)])
    places = np.array([names.index(name) for name in data.class_names], np.int64)
    if y.ndim == 1:
        return places[y]
    found = np.zeros((*y.shape[:-1], len(names)), y.dtype)
    found[..., places] = y
    return found


def picked(data: DataSet, part: Part) -> tuple[DataSet, Arrays, Arrays]:
    """Return the data, and the inputs and targets of the part that is asked for."""
    match part:
        case "test":
            return data, data.x_test, data.y_test
        case "train":
            return data, data.x_train, data.y_train
        case "all":
            return data, _both(data.x_train, data.x_test), _both(data.y_train, data.y_test)


def _both(one: Arrays, other: Arrays) -> Arrays:
    if isinstance(one, Mapping):
        return {name: np.concatenate([array, other[name]]) for name, array in one.items()}
    return one.joined(other) if isinstance(one, Pictures) else np.concatenate([one, other])


def examples_of(
    spec: Spec, typed: TypedGraph, info: Info, chosen: tuple[DataSet, Arrays, Arrays], *, own: bool
) -> Batches:
    """Hold examples against the model, and cut them into the batches that training would test on.

    Raises:
        SpecError: HB502, HB504, HB602, HB603.
    """
    span = place_of_data(spec) if own else None
    data, x, y = chosen
    alone = replace(data, x_train=x, y_train=y, x_test=x, y_test=y)
    fitted = fit_to(alone, {one.name: one.type.shape[1:] for one in typed.graph.inputs}, span)
    scan_words(typed, fitted.x_test, data.name, span)
    scan_integers(typed, fitted.x_test, data.name, span)
    labels = relabelled(fitted.y_test, data, info)
    wanted = targets(spec, typed, labels, data.name, span)
    scaling, dtype = scaling_of(typed, fitted.scaling), dtype_of(typed, fitted.x_test)
    size = training_of(spec).batch_size
    return Batches(fitted.x_test, wanted, size, scaling=scaling, shuffle=False, dtype=dtype)


def _notes(data: DataSet, scaling: Scales, *, own: bool, changed: bool) -> tuple[str, ...]:
    """Say what is not as it was in training."""
    found = []
    if changed:
        found.append(f"`{data.name}` is not what the run was trained on: its fingerprint differs")
    bytes_found = any(array.dtype == np.uint8 for array in arrays(data.x_test))
    by_bytes = any(_is_bytes(one) for one in scaling.values())
    if not own and bytes_found != by_bytes:
        kinds = ", ".join(sorted({str(array.dtype) for array in arrays(data.x_test)}))
        how = ", ".join(dict.fromkeys(told(one) for one in scaling.values()))
        found.append(f"raw values are {kinds}, and scaled as in training: {how}")
    return tuple(found)


def _is_bytes(scaling: Any) -> bool:
    return scaling is not None and bool(
        np.all(np.asarray(scaling.offset) == BYTES.offset)
        and np.all(np.asarray(scaling.scale) == BYTES.scale)
    )
