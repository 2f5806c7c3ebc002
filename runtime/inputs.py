"""Examples from files that may come from anywhere: pictures, arrays, tables and lines of JSON.

Each becomes what the inputs of a model take, as raw values; nothing is resized, filled in or guessed.
"""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal, NoReturn, TypeAlias, final

import numpy as np
from numpy.lib import format as npy

from ..specs.data import ImagesData
from ..specs.diagnostics import Diagnostic, Span, SpecError
from ..specs.wording import did_you_mean
from .data.files import MAX_BYTES, failure, reason, regular_file, unlocked
from .data.images import SUFFIXES as PICTURES
from .data.pictures import Reader, strict

STDIN: Final = "-"
LARGEST: Final = float(np.finfo(np.float32).max)
SHOWN: Final = 40
LISTED: Final = 20
COLORS: Final[Mapping[int | None, Literal["grayscale", "rgb"]]] = {1: "grayscale", 3: "rgb"}

Arrays = dict[str, np.ndarray]
Shape = tuple[int | None, ...]


@final
@dataclass(frozen=True, slots=True)
class Field:
    """An input of the model: its name, the shape of one example, and its dtype."""

    name: str
    shape: Shape
    dtype: str

    def __str__(self) -> str:
        sizes = ", ".join("any" if size is None else str(size) for size in self.shape)
        return f"`{self.name}` takes [{sizes}]"


@final
@dataclass(frozen=True, slots=True)
class Fields:
    """The inputs of a model, and the columns of the table that it was trained on, where that is known."""

    all: tuple[Field, ...]
    columns: tuple[str, ...] | None = None

    def named(self) -> str:
        """List the names."""
        return ", ".join(f"`{one.name}`" for one in self.all)


@final
@dataclass(frozen=True, slots=True)
class Example:
    """One example: where it is from, which one it is there (from 0), and its arrays by input."""

    source: str
    index: int
    arrays: Arrays


@final
@dataclass(frozen=True, slots=True)
class Place:
    """Where an example stands, for people."""

    source: str
    line: int | None = None
    what: str = ""

    def __str__(self) -> str:
        return f"`{self.source}`{self.what}"

    @property
    def span(self) -> Span | None:
        """The line in the file."""
        if self.line is None:
            return None
        path = "<stdin>" if self.source == STDIN else self.source
        return Span(path, self.line, 1, self.line, 1)

    def refuse(self, message: str, help: str | None = None) -> NoReturn:
        """Raise HB924."""
        raise SpecError([Diagnostic("HB924", message, self.span, (), help)]) from None


Opener: TypeAlias = Callable[[str, Fields], Iterator[Example]]


def examples(source: str, fields: Fields, stdin: IO[str] | None = None) -> Iterator[Example]:
    """Yield the examples of a file, or of what stdin holds where the source is ``-``.

    Raises:
        SpecError: HB601 where it cannot be read, HB924 where an example is not what the model takes.
    """
    if source == STDIN:
        assert stdin is not None
        yield from _lines(source, stdin, fields)
        return
    if Path(source).is_dir():
        help = "name the files in it, as in `folder/*.png`"
        raise failure("HB601", f"`{source}` is a folder, not a file", None, help)
    suffix = Path(source).suffix.lower()
    if suffix not in READERS:
        known = ", ".join(f"`{one}`" for one in sorted(READERS))
        message = f"`{source}` is of no kind that can be read as examples"
        raise failure("HB601", message, None, f"known are {known}")
    if not Path(source).exists():
        raise failure("HB601", f"`{source}` does not exist", None)
    regular_file(source, None)
    yield from READERS[suffix](source, fields)


# Pictures


def _picture(source: str, fields: Fields) -> Iterator[Example]:
    place = Place(source)
    if len(fields.all) > 1:
        message = f"{place} is one picture, but the model has the inputs {fields.named()}"
        place.refuse(message, "give an .npz file with an array for each, or lines of JSON")
    (field,) = fields.all
    channels = field.shape[2] if len(field.shape) == 3 else 1 if len(field.shape) == 2 else None
    if channels not in COLORS:
        place.refuse(f"{place} is a picture, but {field}, which no picture has")
    with strict():
        reader = Reader.of(ImagesData(images=source, color=COLORS[channels]), Path(source), None)
        array = reader.picture(Path(source))
    height, width = field.shape[:2]
    if height not in (None, reader.size[0]) or width not in (None, reader.size[1]):
        wanted = f"{height or 'any'} x {width or 'any'}"
        found = f"{reader.size[0]} x {reader.size[1]}"
        message = f"{place} is {found}, but the input `{field.name}` takes pictures of {wanted}"
        place.refuse(message, "resize it as the pictures of the training were")
    array = array if len(field.shape) == 3 else array[..., 0]
    yield Example(source, 0, {field.name: fitted(array, field, place)})


# Arrays


def _npy(source: str, fields: Fields) -> Iterator[Example]:
    place = Place(source)
    with _read(place), open(source, "rb") as file:
        array = _array(file, place)
    if len(fields.all) > 1:
        message = f"{place} holds one array, but the model has the inputs {fields.named()}"
        place.refuse(message, "give an .npz file with an array for each")
    (field,) = fields.all
    yield from _several(source, {field.name: _batch(array, field, place)}, place)


def _npz(source: str, fields: Fields) -> Iterator[Example]:
    place = Place(source)
    found: Arrays = {}
    with _read(place), zipfile.ZipFile(source) as archive:
        members = {one.filename.removesuffix(".npy"): one for one in archive.infolist()}
        chosen = _chosen(list(members), fields, place)
        total = sum(members[name].file_size for name in chosen.values())
        if total > MAX_BYTES:
            message = f"{place} unpacks to {total:,} bytes; at most {MAX_BYTES:,} are read"
            raise failure("HB601", message, None)
        for field in fields.all:
            where = Place(source, None, f", array `{chosen[field.name]}`,")
            member = members[chosen[field.name]]
            unlocked(member, str(where))
            with archive.open(member) as file:
                found[field.name] = _batch(_array(file, where), field, where)
    lengths = {name: len(array) for name, array in found.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{count:,} of `{name}`" for name, count in lengths.items())
        place.refuse(f"{place} holds unequal numbers of examples: {listed}")
    yield from _several(source, found, place)


def _chosen(held: list[str], fields: Fields, place: Place) -> dict[str, str]:
    """Say which array of a file each input takes: that of its name, or the only one there is."""
    names = [field.name for field in fields.all]
    if all(name in held for name in names):
        return {name: name for name in names}
    if len(names) == len(held) == 1:
        return {names[0]: held[0]}
    missing = next(name for name in names if name not in held)
    listed = ", ".join(f"`{name}`" for name in held[:LISTED]) or "nothing"
    help = did_you_mean(missing, held) or f"the arrays are named {fields.named()}"
    return place.refuse(f"{place} has no array `{missing}`; it holds {listed}", help)


def _array(file: IO[bytes], place: Place) -> np.ndarray:
    try:
        return np.asarray(npy.read_array(file, allow_pickle=False))
    # zlib, struct, the parser of headers and others raise errors of their own.
    except Exception as error:
        said = str(error)
        if "allow_pickle" in said:
            message, help = (
                f"{place} holds Python objects, which are never unpickled",
                "save arrays of numbers",
            )
        elif "magic string" in said:
            message, help = f"{place} is no array", "write it with `numpy.save` or `numpy.savez`"
        else:
            message, help = f"{place} is damaged: {reason(error)}", None
        raise failure("HB601", message, None, help) from None


def _batch(array: np.ndarray, field: Field, place: Place) -> np.ndarray:
    """Return an array of examples, where it holds several or is one."""
    several = array.shape[1:] if array.ndim else ()
    for shape in (field.shape, *([field.shape[:-1]] if field.shape[-1:] == (1,) else [])):
        if array.ndim and matches(several, shape):
            return fitted(array.reshape(len(array), *_grown(several, field)), field, place, 1)
        if matches(array.shape, shape):
            return fitted(array.reshape(1, *_grown(array.shape, field)), field, place, 1)
    message = f"{place} has the shape {list(array.shape)}, but an example of {field}"
    return place.refuse(message, "the first axis counts the examples")


def _grown(shape: tuple[int, ...], field: Field) -> tuple[int, ...]:
    """Return a shape with the axis of one channel that it may lack."""
    return (*shape, 1) if len(shape) < len(field.shape) else shape


def _several(source: str, arrays: Arrays, place: Place) -> Iterator[Example]:
    count = len(next(iter(arrays.values())))
    if count == 0:
        place.refuse(f"{place} holds no example")
    for index in range(count):
        yield Example(source, index, {name: array[index] for name, array in arrays.items()})


# Tables and lines of JSON


def _text(read: Callable[[str, Iterable[str], Fields], Iterator[Example]]) -> Opener:
    def from_file(source: str, fields: Fields) -> Iterator[Example]:
        with _read(Place(source)), open(source, newline="", encoding="utf-8-sig") as file:
            yield from read(source, file, fields)

    return from_file


def _lines(source: str, file: Iterable[str], fields: Fields) -> Iterator[Example]:
    """Read a stream: JSON where its first character says so, and a table otherwise."""
    lines = iter(file)
    with _read(Place(source)):
        first = next((line for line in lines if line.strip()), "")

        def whole() -> Iterator[str]:
            yield first
            yield from lines

        read = _json if first.lstrip()[:1] in ("{", "[") else _csv
        yield from read(source, whole(), fields)


def _csv(source: str, file: Iterable[str], fields: Fields) -> Iterator[Example]:
    place = Place(source)
    wide = fields.all[0].shape
    if len(fields.all) > 1 or len(wide) != 1:
        message = f"{place} is a table, but {', and '.join(map(str, fields.all))}"
        place.refuse(message, "give an .npz file with an array for each input, or lines of JSON")
    (field,) = fields.all
    reader, last = csv.reader(file, strict=True), 0
    columns: list[int] | None = None
    width, index = 0, 0
    for cells in reader:
        here = Place(source, last + 1)
        last = reader.line_num
        if not cells:
            continue
        if columns is None:
            header = [cell.strip() for cell in cells]
            columns, named = _columns(header, fields, here)
            width = len(header)
            if named:
                continue
        if len(cells) != width:
            here.refuse(f"this row has {len(cells)} cells, expected {width}")
        numbers = [_cell(cells[column], column, here) for column in columns]
        array = np.array(numbers, np.float64)
        yield Example(source, index, {field.name: fitted(array, field, here)})
        index += 1
    if index == 0:
        place.refuse(f"{place} holds no row of numbers")


def _columns(header: list[str], fields: Fields, place: Place) -> tuple[list[int], bool]:
    """Say which columns the model takes, and whether the first row names them.

    Without names, and where it is not known which names the training had, they are taken by their order.
    """
    size = fields.all[0].shape[0]
    all_there = fields.columns is not None and set(fields.columns) <= set(header)
    named = all_there or any(_float(cell) is None for cell in header)
    if named and fields.columns is not None:
        missing = next((name for name in fields.columns if name not in header), None)
        if missing is not None:
            known = ", ".join(f"`{name[:SHOWN]}`" for name in header[:LISTED])
            help = did_you_mean(missing, header) or f"its columns are {known}"
            place.refuse(f"there is no column `{missing}`, which the model was trained on", help)
        twice = next((name for name in fields.columns if header.count(name) > 1), None)
        if twice is not None:
            place.refuse(f"the column `{twice}` stands twice in the header")
        return [header.index(name) for name in fields.columns], True
    if size not in (None, len(header)):
        message = f"this table has {len(header)} columns, but {fields.all[0]}"
        place.refuse(message, "give the columns that the model was trained on, in their order")
    return list(range(len(header))), named


def _cell(text: str, column: int, place: Place) -> float:
    number = _float(text)
    if number is None:
        shown = f"`{text.strip()[:SHOWN]}`, which is no number" if text.strip() else "empty"
        place.refuse(f"cell {column + 1} of this row is {shown}")
    return number


def _float(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) <= LARGEST else None


def _json(source: str, file: Iterable[str], fields: Fields) -> Iterator[Example]:
    index = 0
    for line, text in enumerate(file, 1):
        if not text.strip():
            continue
        place = Place(source, line)
        try:
            found = json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            place.refuse(
                f"this line is not JSON: {reason(error)}", "write one example on each line"
            )
        yield Example(source, index, _by_name(found, fields, place))
        index += 1
    if index == 0:
        Place(source).refuse(f"`{source}` holds no line of JSON")


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _by_name(found: Any, fields: Fields, place: Place) -> Arrays:
    """Return what a line holds by input: under their names, under the names of columns, or the one list."""
    if not isinstance(found, dict):
        if len(fields.all) > 1:
            message = f"this line is one value, but the model has the inputs {fields.named()}"
            place.refuse(message, "write an object with a key for each")
        found = {fields.all[0].name: found}
    elif fields.columns and len(fields.all) == 1 and set(fields.columns) <= set(found):
        found = {fields.all[0].name: [found[name] for name in fields.columns]}
    missing = [field.name for field in fields.all if field.name not in found]
    if missing:
        wanted = fields.columns if fields.columns and len(fields.all) == 1 else None
        known = ", ".join(f"`{name}`" for name in wanted or [one.name for one in fields.all])
        help = did_you_mean(missing[0], map(str, found)) or f"the keys are {known}"
        place.refuse(f"this line has no `{missing[0]}`", help)
    return {field.name: _value(found[field.name], field, place) for field in fields.all}


def _value(value: Any, field: Field, place: Place) -> np.ndarray:
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError):
        place.refuse(f"the lists under `{field.name}` are of unequal lengths")
    if array.dtype.kind not in "buif":
        place.refuse(f"`{field.name}` holds something else than numbers")
    return fitted(array, field, place)


# What all have in common


def fitted(array: np.ndarray, field: Field, place: Place, batch: int = 0) -> np.ndarray:
    """Return raw values of the shape and of a dtype that an input takes.

    Raises:
        SpecError: HB924.
    """
    if array.dtype.kind not in "buif":
        place.refuse(f"{place} holds {array.dtype}, expected numbers")
    sizes = array.shape[batch:]
    if not matches(sizes, field.shape):
        if field.shape[-1:] == (1,) and matches(sizes, field.shape[:-1]):
            array = array[..., np.newaxis]
        else:
            place.refuse(f"this example has the shape {list(sizes)}, but {field}")
    if array.size and array.dtype.kind == "f" and not float(np.abs(array).max()) <= LARGEST:
        place.refuse(f"{place} holds values that are not finite, or too large for 32 bits")
    if field.dtype.startswith("float"):
        return array if array.dtype == np.uint8 else array.astype(np.float32)
    with np.errstate(invalid="ignore"):  # what does not survive the cast differs from it
        whole = array.astype(field.dtype)
    if not np.array_equal(whole, array):
        place.refuse(f"{place} holds values that are no {field.dtype}, which `{field.name}` takes")
    return whole


def matches(found: tuple[int, ...], wanted: Shape) -> bool:
    """Tell whether a shape is one that an input takes."""
    return len(found) == len(wanted) and all(
        want in (None, size) for size, want in zip(found, wanted, strict=True)
    )


@contextmanager
def _read(place: Place) -> Iterator[None]:
    """Turn what a file that cannot be read raises into HB601."""
    try:
        yield
    except UnicodeDecodeError:
        raise failure("HB601", f"{place} is not UTF-8 text", None, "save it as UTF-8") from None
    except csv.Error as error:
        raise failure("HB601", f"{place} is not CSV: {reason(error)}", None) from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError):
        help = "write it with `numpy.savez`"
        message = f"{place} is no .npz archive, or a damaged one"
        raise failure("HB601", message, None, help) from None
    except (OSError, MemoryError) as error:
        raise failure("HB601", f"{place} cannot be read: {reason(error)}", None) from None


READERS: Final[Mapping[str, Opener]] = {
    **dict.fromkeys(PICTURES, _picture),
    ".csv": _text(_csv),
    ".jsonl": _text(_json),
    ".npy": _npy,
    ".npz": _npz,
}
