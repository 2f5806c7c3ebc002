"""Data from an ``.npz`` file."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import NoReturn

import numpy as np

from ...specs.data import NpzData
from ...specs.diagnostics import Span
from .dataset import SPLIT_SEED, Arrays, DataSet, Scaling, arrays, scaling_of, split
from .files import MAX_BYTES, failure, reason, regular_file, unlocked
from .memory import narrowed, parted, read_array

PARTS = ("x_train", "y_train", "x_test", "y_test")
NAMES = "class_names"
HELD_OUT_OF_TRAINING = 0.1
HELP = "name the arrays `x_train`, `y_train`, `x_test`, `y_test`; with several inputs `x_train_<input>`"


def load_npz(data: NpzData, span: Span | None) -> DataSet:
    """Load the arrays ``x_train``, ``y_train``, ``x_test``, ``y_test``, or one of each for every input and output.

    Without a test part, a tenth of the training examples is held out. An array ``class_names``
    names the classes.

    Raises:
        SpecError: HB601 where the file cannot be read, HB602 where its arrays do not fit together.
    """
    found = _Archive(data.npz, span)
    parts, notes = found.parts(data.scale is None)
    classes = _classes(parts["y_train"], parts["y_test"])
    names = found.names(classes, exact=_named(parts["y_train"]).get("", np.empty(0)).ndim > 1)
    return DataSet(
        data.npz, parts["x_train"], parts["y_train"], parts["x_test"], parts["y_test"],
        len(names) or classes, names, _scaling(data.scale, parts["x_train"]), notes,
    )  # fmt: skip


class _Archive:
    """The arrays of a file that data sets are made of; others are not even unpacked."""

    def __init__(self, path: str, span: Span | None) -> None:
        self.path, self.span = path, span
        self.held: tuple[str, ...] = ()
        self.found: dict[str, np.ndarray] = {}
        regular_file(path, span)
        try:
            with zipfile.ZipFile(path) as archive:
                self.read(archive)
        except OSError as error:
            self.refuse("HB601", f"`{path}` cannot be read: {reason(error)}")
        except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError):
            help = "write it with `numpy.savez`"
            self.refuse("HB601", f"`{path}` is no .npz archive, or a damaged one", help)

    def refuse(self, code: str, message: str, help: str | None = None) -> NoReturn:
        raise failure(code, message, self.span, help) from None

    def read(self, archive: zipfile.ZipFile) -> None:
        members = {one.filename.removesuffix(".npy"): one for one in archive.infolist()}
        wanted = {
            name: member
            for name, member in members.items()
            if name in (*PARTS, NAMES) or any(name.startswith(f"{part}_") for part in PARTS)
        }
        self.held = tuple(members)
        total = sum(member.file_size for member in wanted.values())
        if total > MAX_BYTES:
            message = f"`{self.path}` unpacks to {total:,} bytes; at most {MAX_BYTES:,} are read"
            self.refuse("HB601", message)
        for name, member in wanted.items():
            self.found[name] = self.array(archive, name, member)

    def array(self, archive: zipfile.ZipFile, name: str, member: zipfile.ZipInfo) -> np.ndarray:
        unlocked(member, f"`{name}` of `{self.path}`", self.span)
        try:
            with archive.open(member) as file:
                return read_array(file, member.file_size)
        # zlib, struct, the parser of headers and others raise errors of their own.
        except Exception as error:
            where, said = f"`{name}` of `{self.path}`", str(error)
            if "allow_pickle" in said:
                message = f"{where} holds Python objects, which are never unpickled"
                self.refuse("HB601", message, "save arrays of numbers")
            if "magic string" in said:
                self.refuse("HB601", f"{where} is no array", "write it with `numpy.savez`")
            self.refuse("HB601", f"{where} is damaged: {reason(error)}")

    def parts(self, bytes_are_scaled: bool) -> tuple[dict[str, Arrays], tuple[str, ...]]:
        """Return the four parts, and a note where the test part was cut from the training part."""
        for part in ("x_train", "y_train"):
            if self.part(part) is None:
                self.refuse("HB602", f"`{self.path}` has no `{part}`; it holds {self.list()}", HELP)
        if (self.part("x_test") is None) != (self.part("y_test") is None):
            message = f"`{self.path}` has one of `x_test` and `y_test`, but not the other"
            self.refuse("HB602", message, HELP)
        for name in self.found:
            if name != NAMES:
                self.found[name] = self.sound(name)
        x, y = self.part("x_train"), _targets(self.part("y_train"))
        examples = self.length("train")
        if self.part("x_test") is None:
            return self.held_out(x, y, examples)
        self.length("test")
        for part in ("x", "y"):
            self.alike(part, bytes_are_scaled)
        x_test, y_test = self.part("x_test"), _targets(self.part("y_test"))
        return {"x_train": x, "y_train": y, "x_test": x_test, "y_test": y_test}, ()

    def held_out(
        self, x: Arrays, y: Arrays, examples: int
    ) -> tuple[dict[str, Arrays], tuple[str, ...]]:
        if examples < 2:
            message = f"`{self.path}` holds one example: too few to train and to test"
            self.refuse("HB602", message)
        train, test = split(examples, HELD_OUT_OF_TRAINING, SPLIT_SEED)
        note = f"the file has no test part: a tenth of its examples, {len(test):,}, is held out"
        parts = {}
        for name, part in (("x", x), ("y", y)):
            parts[f"{name}_train"], parts[f"{name}_test"] = _parted(part, train, test)
        return parts, (note,)

    def list(self) -> str:
        return ", ".join(f"`{name}`" for name in self.held) or "nothing"

    def part(self, part: str) -> Arrays | None:
        if part in self.found:
            return self.found[part]
        start = f"{part}_"
        several = {
            name[len(start) :]: array
            for name, array in self.found.items()
            if name.startswith(start) and name != start
        }
        return several or None

    def sound(self, name: str) -> np.ndarray:
        """Return an array as the framework takes it; refuse what is no number, or not finite as float32."""
        array, where = self.found[name], f"`{name}` of `{self.path}`"
        if array.dtype.kind not in "buif":
            self.refuse("HB602", f"{where} holds {array.dtype}, expected numbers")
        if array.ndim == 0:
            message = f"{where} is one number; the first axis of an array counts the examples"
            self.refuse("HB602", message)
        if array.size == 0:
            self.refuse("HB602", f"{where} is empty: its shape is {array.shape}")
        limit = _limit(array.dtype)
        # Two numbers tell: each of them is NaN where any value is, and no copy is made.
        if limit and not all(abs(end.item()) <= limit for end in (array.min(), array.max())):
            self.out_of_range(array, where, limit)
        if array.dtype.kind == "f" and array.dtype.itemsize > 8:
            array = array.astype(np.float64)
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
        # What a model takes is float32, and both at once would be more than the data.
        return narrowed(array) if name[0] == "x" and array.dtype == np.float64 else array

    def out_of_range(self, array: np.ndarray, where: str, limit: float) -> NoReturn:
        unknown = int(array.size - np.isfinite(array).sum())
        if unknown:
            self.refuse("HB602", f"{where} holds {unknown:,} values that are not finite")
        low, high = array.min(), array.max()
        message = f"{where} runs from {low} to {high}; at most {limit:g} can be computed with"
        self.refuse("HB602", message)

    def length(self, kind: str) -> int:
        """Return how many examples the arrays of a part count, all the same."""
        names = (f"x_{kind}", f"y_{kind}")
        found = [array for name in names for array in arrays(self.part(name))]
        if len({len(array) for array in found}) > 1:
            shapes = ", ".join(str(array.shape) for array in found)
            message = f"`{names[0]}` and `{names[1]}` of `{self.path}` differ in length: {shapes}"
            self.refuse("HB602", message)
        return len(found[0])

    def alike(self, part: str, bytes_are_scaled: bool) -> None:
        """Refuse a test part that is not made as the training part is."""
        train, test = _named(self.part(f"{part}_train")), _named(self.part(f"{part}_test"))
        if set(train) != set(test):
            one, other = (
                ", ".join(_title(part, kind, name) for name in named)
                for kind, named in (("train", train), ("test", test))
            )
            message = f"`{self.path}` holds {one} to train, but {other} to test"
            self.refuse("HB602", message, "name the arrays of both parts alike")
        for name, array in train.items():
            tested = test[name]
            names = [_title(part, kind, name) for kind in ("train", "test")]
            if _targets(array).ndim != _targets(tested).ndim:
                message = f"{names[0]} and {names[1]} of `{self.path}` differ in form: {array.shape}, {tested.shape}"
                self.refuse("HB602", message)
            mixed = (array.dtype == np.uint8) != (tested.dtype == np.uint8)
            if part == "x" and bytes_are_scaled and mixed:
                dtypes = f"{names[0]} of `{self.path}` holds {array.dtype}, but {names[1]} {tested.dtype}"
                message = f"{dtypes}: bytes are divided by 255, and others are not"
                self.refuse("HB602", message, "save both in one dtype")

    def names(self, classes: int | None, exact: bool) -> tuple[str, ...]:
        """Return the names of the classes where the file holds them.

        There may be more of them than classes that occur, unless ``exact``.
        """
        held = self.found.get(NAMES)
        if held is None or classes is None:
            return ()
        if held.dtype.kind not in "US" or held.ndim != 1:
            message = f"`{NAMES}` of `{self.path}` holds {held.dtype} of shape {held.shape}"
            self.refuse("HB602", f"{message}, expected one text for each class")
        if len(held) < classes or (exact and len(held) > classes):
            message = f"`{NAMES}` of `{self.path}` names {len(held)} classes, but the labels tell {classes} apart"
            self.refuse("HB602", message)
        texts = np.char.decode(held, "utf-8", "replace") if held.dtype.kind == "S" else held
        return tuple(map(str, texts))


def _parted(part: Arrays, train: np.ndarray, test: np.ndarray) -> tuple[Arrays, Arrays]:
    if not isinstance(part, Mapping):
        return parted(part, train, test)
    pairs = {name: parted(array, train, test) for name, array in part.items()}
    return {name: pair[0] for name, pair in pairs.items()}, {
        name: pair[1] for name, pair in pairs.items()
    }


def _limit(dtype: np.dtype[np.generic]) -> float | None:
    """Return the largest magnitude that survives the casts to come, where a dtype has larger ones."""
    if dtype.kind == "f":
        return float(np.finfo(np.float32).max)
    return int(np.iinfo(np.int64).max) if dtype == np.uint64 else None


def _named(part: Arrays) -> dict[str, np.ndarray]:
    return dict(part) if isinstance(part, Mapping) else {"": part}


def _title(part: str, kind: str, name: str) -> str:
    return f"`{part}_{kind}_{name}`" if name else f"`{part}_{kind}`"


def _targets(value: Arrays) -> Arrays:
    """Return labels of one axis, and integers among them as int64."""
    if isinstance(value, Mapping):
        return {name: _targets(array) for name, array in value.items()}
    if value.ndim == 2 and value.shape[1] == 1:
        value = value[:, 0]
    return value.astype(np.int64) if value.dtype.kind in "bui" and value.ndim == 1 else value


def _classes(*targets: Arrays) -> int | None:
    """Count the classes of labels that are whole numbers, in whatever dtype, or one-hot."""
    if any(isinstance(part, Mapping) for part in targets):
        return None
    first = targets[0]
    if all(part.ndim == 1 for part in targets):
        labels = np.concatenate(targets)
        return max(int(labels.max()) + 1, 2) if _whole(labels) else None
    if (
        first.ndim == 2
        and first.shape[1] > 1
        and np.isin(first, (0, 1)).all()
        and (first.sum(axis=1) == 1).all()
    ):
        return int(first.shape[1])
    return None


def _whole(labels: np.ndarray) -> bool:
    """Tell whether labels could be classes: integers, or floats that count from 0.

    Floats that outnumber the examples are amounts.
    """
    if labels.dtype.kind in "ui":
        return True
    return bool(0 <= labels.min() <= labels.max() < len(labels) and (labels % 1 == 0).all())


def _scaling(scale: float | str | None, x: Arrays) -> Scaling | dict[str, Scaling | None] | None:
    if isinstance(x, Mapping):
        return {name: scaling_of(scale, array.dtype) for name, array in x.items()}
    return scaling_of(scale, x.dtype)
