"""Data from an ``.npz`` file."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping

import numpy as np

from ...specs.data import NpzData
from ...specs.diagnostics import Diagnostic, Span, SpecError
from .dataset import BYTES, SPLIT_SEED, Arrays, DataSet, Scaling, arrays, pick, split

MAX_BYTES = 16 * 2**30
PARTS = ("x_train", "y_train", "x_test", "y_test")
HELD_OUT_OF_TRAINING = 0.1


def load_npz(data: NpzData, span: Span | None) -> DataSet:
    """Load the arrays ``x_train``, ``y_train``, ``x_test``, ``y_test``, or one of each for every input and output.

    Without a test part, a tenth of the training examples is held out.

    Raises:
        SpecError: HB601 where the file cannot be read, HB602 where its arrays do not fit together.
    """
    found = _read(data.npz, span)
    parts = {part: _part(found, part) for part in PARTS}
    for part in ("x_train", "y_train"):
        if parts[part] is None:
            _refuse(
                "HB602", f"`{data.npz}` has no `{part}`; it holds {_list(found)}", span, _form()
            )
    if (parts["x_test"] is None) != (parts["y_test"] is None):
        _refuse(
            "HB602",
            f"`{data.npz}` has one of `x_test` and `y_test`, but not the other",
            span,
            _form(),
        )
    notes: tuple[str, ...] = ()
    x, y = parts["x_train"], parts["y_train"]
    _fit_together(data.npz, "x_train", x, "y_train", y, span)
    if parts["x_test"] is None:
        train, test = split(len(next(arrays(x))), HELD_OUT_OF_TRAINING, SPLIT_SEED)
        if len(train) == 0:
            _refuse("HB602", f"`{data.npz}` holds one example: too few to train and to test", span)
        parts = {
            "x_train": pick(x, train),
            "y_train": pick(y, train),
            "x_test": pick(x, test),
            "y_test": pick(y, test),
        }
        notes = (f"the file has no test part: a tenth of its examples, {len(test):,}, is held out",)
    else:
        _fit_together(data.npz, "x_test", parts["x_test"], "y_test", parts["y_test"], span)
    for part, value in parts.items():
        _sound(data.npz, part, value, span)
    targets = {part: _targets(parts[part]) for part in ("y_train", "y_test")}
    classes = _classes(targets["y_train"], targets["y_test"])
    return DataSet(
        data.npz, parts["x_train"], targets["y_train"], parts["x_test"], targets["y_test"],
        classes, _names(found), _scaling(data, parts["x_train"]), notes,
    )  # fmt: skip


def _refuse(code: str, message: str, span: Span | None, help: str | None = None) -> None:
    raise SpecError([Diagnostic(code, message, span, help=help)])


def _form() -> str:
    return "name the arrays `x_train`, `y_train`, `x_test`, `y_test`; with several inputs `x_train_<input>`"


def _list(found: Mapping[str, np.ndarray]) -> str:
    return ", ".join(f"`{name}`" for name in found) or "nothing"


def _read(path: str, span: Span | None) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(member.file_size for member in archive.infolist())
        if total > MAX_BYTES:
            _refuse(
                "HB601",
                f"`{path}` unpacks to {total:,} bytes; at most {MAX_BYTES:,} are read",
                span,
            )
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
        strange = next((n for n, array in found.items() if not isinstance(array, np.ndarray)), None)
        if strange is not None:  # NumPy hands a member that is no array out as bytes
            _refuse(
                "HB601", f"`{strange}` of `{path}` is no array", span, "write it with `numpy.savez`"
            )
        return found
    except FileNotFoundError:
        _refuse(
            "HB601",
            f"`{path}` does not exist",
            span,
            "a path in a spec starts at the spec's folder",
        )
    except (zipfile.BadZipFile, EOFError, KeyError):
        _refuse(
            "HB601",
            f"`{path}` is no .npz archive, or a damaged one",
            span,
            "write it with `numpy.savez`",
        )
    except OSError as error:
        _refuse("HB601", f"`{path}` cannot be read: {(error.strerror or str(error)).lower()}", span)
    except ValueError as error:
        if "allow_pickle" in str(error):
            _refuse(
                "HB601",
                f"`{path}` holds Python objects, which are never unpickled",
                span,
                "save arrays of numbers",
            )
        _refuse("HB601", f"`{path}` cannot be read: {error}", span)
    except Exception as error:  # zlib, struct and the header parser raise errors of their own
        _refuse("HB601", f"`{path}` is damaged: {error}", span)
    raise AssertionError("unreachable")


def _part(found: Mapping[str, np.ndarray], part: str) -> Arrays | None:
    if part in found:
        return found[part]
    several = {
        name[len(part) + 1 :]: array for name, array in found.items() if name.startswith(f"{part}_")
    }
    return several or None


def _fit_together(
    path: str, x_name: str, x: Arrays, y_name: str, y: Arrays, span: Span | None
) -> None:
    lengths = {array.shape[0] if array.ndim else -1 for part in (x, y) for array in arrays(part)}
    if len(lengths) > 1 or -1 in lengths:
        shapes = ", ".join(str(array.shape) for part in (x, y) for array in arrays(part))
        _refuse("HB602", f"`{x_name}` and `{y_name}` of `{path}` differ in length: {shapes}", span)
    if 0 in lengths:
        _refuse("HB602", f"`{x_name}` of `{path}` is empty", span)


def _sound(path: str, part: str, value: Arrays, span: Span | None) -> None:
    """Refuse what is no number, and numbers that are not finite."""
    for array in arrays(value):
        if array.dtype.kind not in "buif":
            _refuse("HB602", f"`{part}` of `{path}` holds {array.dtype}, expected numbers", span)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            count = int(np.size(array) - np.isfinite(array).sum())
            _refuse(
                "HB602", f"`{part}` of `{path}` holds {count:,} values that are not finite", span
            )


def _targets(value: Arrays) -> Arrays:
    if isinstance(value, Mapping):
        return {name: _targets(array) for name, array in value.items()}
    if value.ndim == 2 and value.shape[1] == 1:
        value = value[:, 0]
    return value.astype(np.int64) if value.dtype.kind in "bui" and value.ndim == 1 else value


def _classes(*targets: Arrays) -> int | None:
    """Count the classes of integer or one-hot labels."""
    if any(isinstance(part, Mapping) for part in targets):
        return None
    first = targets[0]
    if first.dtype.kind in "ui" and first.ndim == 1:
        return max(int(max(part.max() for part in targets)) + 1, 2)
    if (
        first.ndim == 2
        and first.shape[1] > 1
        and np.isin(first, (0, 1)).all()
        and (first.sum(axis=1) == 1).all()
    ):
        return int(first.shape[1])
    return None


def _names(found: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    names = found.get("class_names")
    return tuple(map(str, names)) if names is not None and names.ndim == 1 else ()


def _scaling(data: NpzData, x: Arrays) -> Scaling | dict[str, Scaling | None] | None:
    if isinstance(x, Mapping):
        return {name: _one_scaling(data, array) for name, array in x.items()}
    return _one_scaling(data, x)


def _one_scaling(data: NpzData, x: np.ndarray) -> Scaling | None:
    if data.scale == "none":
        return None
    if isinstance(data.scale, (int, float)):
        return Scaling(0.0, float(data.scale))
    return BYTES if x.dtype == np.uint8 else None
