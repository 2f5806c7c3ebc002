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

MAX_LABEL = 2**53


def fit_to(data: DataSet, shapes: Mapping[str, Shape], span: Span | None = None) -> DataSet:
    """Return the data as a model with these inputs takes it (shapes of one example, by input).

    One array feeds one input whatever its name. Pictures without an axis of channels gain one where the
    input has one channel.

    Raises:
        SpecError: HB504 where an input finds no array of its shape.
    """
    if _names(data.x_train) != _names(data.x_test):
        message = f"`{data.name}` names its inputs otherwise to train than to test"
        raise SpecError([Diagnostic("HB602", message, span)])
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


def _names(part: Arrays) -> frozenset[str] | None:
    return frozenset(part) if isinstance(part, Mapping) else None


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
    wanted = _sizes(shape)
    message = f"the input `{name}` is {wanted}, but an example of `{data.name}` is {found}"
    declared = [*found, 1] if len(shape) == len(found) + 1 else found
    help = f"write `{name}: {declared}` under `inputs:`"
    raise SpecError([Diagnostic("HB504", message, span, help=help)])


def _matches(found: tuple[int, ...], wanted: Shape) -> bool:
    return len(found) == len(wanted) and all(
        w in (None, f) for f, w in zip(found, wanted, strict=True)
    )


def scan_labels(
    y: Arrays,
    *,
    form: str,
    width: int | None,
    output: str,
    name: str,
    span: Span | None = None,
    shape: Shape | None = None,
) -> np.ndarray:
    """Hold the targets of one output against its loss and its head, and return them as the loss takes them.

    Args:
        y: the targets, (N,) or (N, ...).
        form: what the loss takes: ``integer``, ``one_hot``, ``binary`` or ``values``.
        width: units of the head, where known.
        output: name of the output.
        name: name of the data, for the message.
        span: the place in the spec that names the data.
        shape: what the head returns for one example, where known; its last size is ``width``.

    Raises:
        SpecError: HB603 for labels that no unit stands for, HB502 for labels of another form.
    """
    array = np.asarray(y)
    _numbers(array, name, span)
    if form == "integer":
        labels = _integers(array, width, output, name, span)
        return _shaped(labels, shape and shape[:-1], output, name, span)
    if form == "one_hot":
        _one_hot(array, width, output, name, span)
        return _shaped(array, shape, output, name, span).astype(np.float32)
    if array.ndim == 1 and width == 1:
        array = array[:, np.newaxis]
    if form == "binary" and not np.isin(array, (-1, 0, 1)).all():
        outside = ~np.isin(array, (-1, 0, 1))
        raise _bad(_where(array, outside, f"`{output}` tells 0 from 1", name), span)
    if width is not None and array.shape[-1] != width:
        message = f"`{output}` has {width} units, but a target of `{name}` has the shape {list(array.shape[1:])}"
        raise SpecError([Diagnostic("HB603", message, span)])
    return _shaped(array, shape, output, name, span).astype(np.float32)


def _numbers(array: np.ndarray, name: str, span: Span | None) -> None:
    """Refuse targets that are no numbers, or none that float32 holds."""
    if array.dtype.kind not in "buif" or array.ndim == 0 or array.size == 0:
        message = f"the targets of `{name}` are {array.dtype} of shape {array.shape}, expected numbers for each example"
        raise _bad(message, span)
    if array.dtype.kind != "f":
        return
    rows = np.abs(array.reshape(len(array), -1))
    wrong = ~(rows <= np.finfo(np.float32).max).all(axis=1)
    if wrong.any():
        first = int(np.argmax(wrong))
        what = "too large" if np.isfinite(rows[first]).all() else "not a finite number"
        raise _bad(f"the target of example {first} of `{name}` is {what}", span)


def _shaped(
    array: np.ndarray, shape: Shape | None, output: str, name: str, span: Span | None
) -> np.ndarray:
    """Refuse targets of another shape than the head's; one number may stand in an axis of its own."""
    if shape is None or _matches(array.shape[1:], shape):
        return array
    if array.shape[-1:] == (1,) and _matches(array.shape[1:-1], shape):
        return array[..., 0]
    wanted = _sizes(shape) if shape else "one number"
    found = list(array.shape[1:])
    message = f"`{output}` takes {wanted} for each example, but a target of `{name}` has the shape {found}"
    raise _bad(message, span)


def _sizes(shape: Shape) -> str:
    return "[" + ", ".join("null" if size is None else str(size) for size in shape) + "]"


def _bad(message: str, span: Span | None, *notes: Note) -> SpecError:
    return SpecError([Diagnostic("HB603", message, span, notes)])


def _where(array: np.ndarray, outside: np.ndarray, claim: str, name: str) -> str:
    flat = outside.reshape(len(array), -1).any(axis=1)
    first = int(np.argmax(flat))
    low, high, value = map(_plain, (array.min(), array.max(), array[first][outside[first]].flat[0]))
    return (
        f"{claim}, but {int(flat.sum()):,} of {len(array):,} labels of `{name}` lie outside: "
        f"they run from {low} to {high}, and the first is {value}, of example {first}"
    )


def _plain(value: Any) -> str:
    """Write a number as a person would: whole floats without their point."""
    number = value.item()
    return str(int(number)) if number == int(number) and abs(number) < 2**53 else str(number)


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
    # Held against the head as they are: a cast would wrap what lies far outside.
    outside = (array < 0) | (array >= (MAX_LABEL if width is None else width))
    if outside.any():
        claim = f"the labels of `{output}` count from 0"
        if width is not None:
            claim = f"`{output}` has {width} units, for labels from 0 to {width - 1}"
        raise _bad(_where(array, outside, claim, name), span)
    return array.astype(np.int64)


def _one_hot(
    array: np.ndarray, width: int | None, output: str, name: str, span: Span | None
) -> None:
    if array.ndim == 1 or (array.shape[-1] == 1 and width not in (None, 1)):
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
    outside = (array < 0) | (array > 1)
    if outside.any():
        claim = f"the loss of `{output}` takes shares of each class, from 0 to 1"
        raise _bad(_where(array, outside, claim, name), span)
    marks = array.reshape(-1, array.shape[-1]).sum(axis=1, dtype=np.float64)
    if np.isin(array, (0, 1)).all() and (marks != 1).any():
        first = int(np.argmax(marks != 1))
        marked = f"row {first} of the labels of `{name}` marks {int(marks[first])} classes"
        message = f"{marked}, but the loss of `{output}` takes one"
        help = "for any number of classes at once use `binary_crossentropy` with a `sigmoid`"
        raise SpecError([Diagnostic("HB502", message, span, help=help)])
