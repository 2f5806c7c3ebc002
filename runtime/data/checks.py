"""Data held against the model before the first step: inputs and labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ...specs.diagnostics import Diagnostic, Note, Span, SpecError
from ...specs.wording import did_you_mean
from .dataset import Arrays, DataSet

Shape = tuple[int | None, ...]


def fit_to(data: DataSet, shapes: Mapping[str, Shape], span: Span | None = None) -> DataSet:
    """Return the data as a model with these inputs takes it (shapes of one example, by input).

    One array feeds one input whatever its name. Pictures without an axis of channels gain one where the
    input has one channel.

    Raises:
        SpecError: HB504 where an input finds no array of its shape.
    """
    if len(shapes) == 1:
        ((name, shape),) = shapes.items()
        if isinstance(data.x_train, Mapping):
            if set(data.x_train) != {name}:
                raise _inputs(data, shapes, span)
            only = data.scaling[name] if isinstance(data.scaling, Mapping) else data.scaling
            data = replace(data, x_train=data.x_train[name], x_test=data.x_test[name], scaling=only)
        return replace(
            data,
            x_train=_fitted(data, name, data.x_train, shape, span),
            x_test=_fitted(data, name, data.x_test, shape, span),
        )
    if not isinstance(data.x_train, Mapping) or set(data.x_train) != set(shapes):
        raise _inputs(data, shapes, span)
    parts = [
        {name: _fitted(data, name, part[name], shape, span) for name, shape in shapes.items()}
        for part in (data.x_train, data.x_test)
    ]
    return replace(data, x_train=parts[0], x_test=parts[1])


def _inputs(data: DataSet, shapes: Mapping[str, Shape], span: Span | None) -> SpecError:
    known = list(data.x_train) if isinstance(data.x_train, Mapping) else []
    wanted = ", ".join(f"`x_train_{name}`" for name in shapes)
    missing = next((name for name in shapes if name not in known), next(iter(shapes)))
    found = ", ".join(f"`x_train_{name}`" for name in known) or "one array, `x_train`"
    message = f"the model has the inputs {', '.join(f'`{name}`' for name in shapes)}; `{data.name}` holds {found}"
    help = did_you_mean(missing, known) or f"the arrays are named {wanted}"
    return SpecError([Diagnostic("HB504", message, span, help=help)])


def _fitted(
    data: DataSet, name: str, array: np.ndarray, shape: Shape, span: Span | None
) -> np.ndarray:
    if _matches(array.shape[1:], shape):
        return array
    if shape[-1:] == (1,) and _matches(array.shape[1:], shape[:-1]):
        return array[..., np.newaxis]
    found = list(array.shape[1:])
    wanted = "[" + ", ".join("null" if size is None else str(size) for size in shape) + "]"
    message = f"the input `{name}` is {wanted}, but an example of `{data.name}` is {found}"
    declared = [*found, 1] if len(shape) == len(found) + 1 else found
    help = f"write `{name}: {declared}` under `inputs:`"
    raise SpecError([Diagnostic("HB504", message, span, help=help)])


def _matches(found: tuple[int, ...], wanted: Shape) -> bool:
    return len(found) == len(wanted) and all(
        w in (None, f) for f, w in zip(found, wanted, strict=True)
    )


def scan_labels(
    y: Arrays, *, form: str, width: int | None, output: str, name: str, span: Span | None = None
) -> np.ndarray:
    """Hold the targets of one output against its loss and its head, and return them as the loss takes them.

    Args:
        y: the targets, (N,) or (N, ...).
        form: what the loss takes: ``integer``, ``one_hot``, ``binary`` or ``values``.
        width: units of the head, where known.
        output: name of the output.
        name: name of the data, for the message.
        span: the place in the spec that names the data.

    Raises:
        SpecError: HB603 for labels that no unit stands for, HB502 for labels of another form.
    """
    array = np.asarray(y)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        first = int(np.argmax(~np.isfinite(array.reshape(len(array), -1)).all(axis=1)))
        raise _bad(f"the target of example {first} of `{name}` is not a finite number", span)
    if form == "integer":
        return _integers(array, width, output, name, span)
    if form == "one_hot":
        _one_hot(array, width, output, name, span)
        return array.astype(np.float32)
    if array.ndim == 1 and width == 1:
        array = array[:, np.newaxis]
    if form == "binary" and not np.isin(array, (-1, 0, 1)).all():
        outside = ~np.isin(array, (-1, 0, 1))
        raise _bad(_where(array, outside, f"`{output}` tells 0 from 1", name), span)
    if width is not None and array.shape[-1] != width:
        message = f"`{output}` has {width} units, but a target of `{name}` has the shape {list(array.shape[1:])}"
        raise SpecError([Diagnostic("HB603", message, span)])
    return array.astype(np.float32)


def _bad(message: str, span: Span | None, *notes: Note) -> SpecError:
    return SpecError([Diagnostic("HB603", message, span, notes)])


def _where(array: np.ndarray, outside: np.ndarray, claim: str, name: str) -> str:
    flat = outside.reshape(len(array), -1).any(axis=1)
    first = int(np.argmax(flat))
    value: Any = array[first].tolist()
    return (
        f"{claim}, but {int(flat.sum()):,} of {len(array):,} labels of `{name}` lie outside: "
        f"they run from {array.min()} to {array.max()}, and the first is {value}, of example {first}"
    )


def _integers(
    array: np.ndarray, width: int | None, output: str, name: str, span: Span | None
) -> np.ndarray:
    if (
        array.ndim == 2
        and array.shape[1] == width
        and width is not None
        and width > 1
        and np.isin(array, (0, 1)).all()
    ):
        message = f"the labels of `{name}` are one-hot, but the loss of `{output}` takes integers"
        help = "use `categorical_crossentropy`"
        raise SpecError([Diagnostic("HB502", message, span, help=help)])
    if array.dtype.kind == "f":
        parts = array != np.round(array)
        if parts.any():
            raise _bad(
                _where(array, parts, f"the loss of `{output}` takes whole numbers", name), span
            )
    labels = array.astype(np.int64)
    if width is not None and (labels.min() < 0 or labels.max() >= width):
        outside = (labels < 0) | (labels >= width)
        claim = f"`{output}` has {width} units, for labels from 0 to {width - 1}"
        raise _bad(_where(labels, outside, claim, name), span)
    return labels


def _one_hot(
    array: np.ndarray, width: int | None, output: str, name: str, span: Span | None
) -> None:
    if array.ndim == 1:
        message = (
            f"the labels of `{name}` are integers, but the loss of `{output}` takes them one-hot"
        )
        help = "use `sparse_categorical_crossentropy`"
        raise SpecError([Diagnostic("HB502", message, span, help=help)])
    if width is not None and array.shape[-1] != width:
        raise _bad(
            f"`{output}` has {width} units, but the labels of `{name}` have {array.shape[-1]} classes",
            span,
        )
