"""Weights out of a file that may come from anywhere: numbers are read, and nothing else.

Of a ``.keras`` archive only ``model.weights.h5`` is read. In it only plain arrays count, of the very
shapes and dtypes that are expected, so that no more is read than the model can hold: links, arrays
that lie in other files, and filters that would load a plugin are refused.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, NoReturn, final

import h5py
import numpy as np

from ..compiler.importing.reader import BROKEN, METHODS, locked
from ..compiler.importing.values import shown
from ..specs.diagnostics import Diagnostic, Note, SpecError

MEMBER: Final = "model.weights.h5"
SPARE_BYTES: Final = 64 * 2**20
OVERHEAD: Final = 8
"""How many times as large as its weights a file may be: it holds an optimizer's moments too."""

MOST_GROUPS: Final = 200_000
DEEPEST: Final = 40
CHUNK: Final = 2**20
FILTERS: Final = (h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32)
NAME: Final = "name"
OWN: Final = "vars"
"""The group that holds the arrays of a layer, beside the groups of the layers in it."""


@final
@dataclass(frozen=True)
class Stored:
    """The arrays of a file by their paths, not read yet, and the names that layers' groups bear."""

    arrays: Mapping[str, Any]
    shapes: Mapping[str, tuple[int, ...]]
    names: Mapping[str, str]


@contextmanager
def opened(path: Path, expected_bytes: int) -> Iterator[Stored]:
    """Open the weights in a ``.keras`` or an ``.h5`` file, and list what is there.

    Raises:
        SpecError: HB803 where there are none, or the file is not what Keras writes.
    """
    with ExitStack() as stack:
        with readable(path):
            file: IO[bytes] = stack.enter_context(open(path, "rb"))
            if zipfile.is_zipfile(file):
                held = stack.enter_context(tempfile.TemporaryFile())
                _unpacked(path, file, held, SPARE_BYTES + OVERHEAD * expected_bytes)
                file = held
            file.seek(0)
            found = listed(stack.enter_context(h5py.File(file, "r")), path)
        yield found


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what a file that is broken raises into HB803."""
    try:
        yield
    except (*BROKEN, KeyError, TypeError) as error:
        reason = getattr(error, "strerror", None) or str(error).strip().split("\n")[0]
        refuse(path, f"it cannot be read: {shown(reason)}")


def _unpacked(path: Path, file: IO[bytes], held: IO[bytes], limit: int) -> None:
    """Copy the weights out of an archive, as many bytes as they may be."""
    with zipfile.ZipFile(file) as archive:
        if MEMBER not in archive.namelist():
            refuse(path, f"the archive holds no `{MEMBER}`")
        found = archive.getinfo(MEMBER)
        if found.compress_type not in METHODS:
            refuse(path, f"its `{MEMBER}` is packed in a way that Keras does not use")
        if locked(found):
            refuse(path, f"its `{MEMBER}` has a password")
        with archive.open(found) as packed:
            while piece := packed.read(CHUNK):
                held.write(piece)
                if held.tell() > limit:
                    refuse(path, f"its weights take more than {limit:,} bytes")
    held.seek(0)


def listed(store: Any, path: Path) -> Stored:
    """List the arrays of an open file."""
    arrays: dict[str, Any] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    names: dict[str, str] = {}
    todo: list[tuple[str, Any]] = [("", store)]
    seen = 0
    while todo:
        where, group = todo.pop()
        for key in group:
            seen += 1
            inner = f"{where}/{key}" if where else key
            if seen > MOST_GROUPS or inner.count("/") > DEEPEST:
                refuse(path, "it holds more groups than the weights of a model need")
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                refuse(path, f"`{shown(inner)}` is a link to another place")
            thing = group[key]
            if isinstance(thing, h5py.Group):
                todo.append((inner, thing))
                if key == OWN and isinstance(said := _name(thing), str):
                    names[where] = said
            elif isinstance(thing, h5py.Dataset):
                if thing.shape is None:
                    refuse(path, f"`{shown(inner)}` holds nothing")
                arrays[inner], shapes[inner] = thing, thing.shape
    return Stored(arrays, shapes, names)


def _name(group: Any) -> Any:
    """Return the name of the layer that a group is said to belong to."""
    if NAME not in group.attrs or group.attrs.get_id(NAME).shape != ():
        return None
    return group.attrs[NAME]


def read(array: Any, shape: tuple[int, ...], dtype: str, where: str, path: Path) -> np.ndarray:
    """Return the numbers of one array, which must be a plain one of this shape and dtype."""
    with readable(path):
        if array.is_virtual or array.external:
            refuse(path, f"`{where}` lies in another file")
        made = array.id.get_create_plist()
        if any(made.get_filter(k)[0] not in FILTERS for k in range(made.get_nfilters())):
            refuse(path, f"`{where}` is packed in a way that Keras does not use")
        if array.shape != shape or array.dtype.newbyteorder("=") != np.dtype(dtype):
            found = f"{array.shape} {array.dtype}"
            refuse(path, f"`{where}` is {found}, and not {shape} {dtype}")
        return np.asarray(array[()], dtype)


def refuse(path: Path, reason: str, notes: tuple[str, ...] = ()) -> NoReturn:
    """Raise HB803."""
    message = f"cannot take the weights in `{path}`: {reason}"
    raise SpecError([Diagnostic("HB803", message, notes=tuple(map(Note, notes)))]) from None
