"""Pictures on the disk that stand for an array too large to be held."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from PIL import Image

from ...specs.data import ImagesData
from ...specs.diagnostics import Span
from .files import MAX_BYTES, failure, reason
from .memory import empty

MODES: Final = {"rgb": "RGB", "grayscale": "L"}
WIDE: Final = ("I", "F")
"""How the modes of pictures begin whose channels have more than 8 bits."""
PART: Final = 4
"""The part of the machine's memory that decoded pictures may take, as a divisor."""
BLOCK: Final = 256
"""Pictures that are decoded at a time, where all are gone through."""

TURN: Final = 32
"""Pictures that a thread decodes in one go: one by one, handing over Python's lock takes longer than decoding."""


def budget() -> int:
    """Return how many bytes of decoded pictures are held; more are read from the disk in each epoch."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not on every system
        return MAX_BYTES // PART
    return min(MAX_BYTES, memory // PART)


@final
@dataclass(frozen=True)
class Reader:
    """Decodes pictures to one size and kind; ``first`` is the one that the size was taken from."""

    mode: str
    size: tuple[int, int]
    first: Path | None
    span: Span | None

    @classmethod
    def of(cls, data: ImagesData, path: Path, span: Span | None) -> Reader:
        """Take the size that was asked for, or else that of a picture."""
        mode = MODES[data.color]
        if data.size is not None:
            return cls(mode, data.size, None, span)
        with opened(path, span) as image:
            return cls(mode, (image.height, image.width), path, span)

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of a picture."""
        return (*self.size, 3 if self.mode == "RGB" else 1)

    def seen(self, path: Path) -> None:
        """Look at a picture without decoding it.

        Raises:
            SpecError: HB601 and HB602, what its header tells of what would go wrong.
        """
        with opened(path, self.span) as image:
            self.fits(path, image)

    def picture(self, path: Path) -> np.ndarray:
        """Decode a picture to uint8 of :attr:`shape`.

        Raises:
            SpecError: HB601 where it cannot be read, HB602 where it is of another size or has too many bits.
        """
        with opened(path, self.span) as image:
            self.fits(path, image)
            try:
                found = image.convert(self.mode)
                if self.first is None:
                    found = found.resize(self.size[::-1], Image.Resampling.BILINEAR)
            # Each format fails in its own way on damaged bytes: struct, zlib, index and memory errors.
            except Exception as error:
                message = f"`{path}` cannot be read as a picture: {reason(error)}"
                raise failure("HB601", message, self.span) from None
        return np.asarray(found, dtype=np.uint8).reshape(self.shape)

    def fits(self, path: Path, image: Image.Image) -> None:
        """Refuse a picture that would not be like the others."""
        if image.mode.startswith(WIDE):
            message = f"`{path}` has more than 8 bits a channel, which would be cut off"
            raise failure("HB602", message, self.span, "save it with 8 bits, or as an .npz file")
        height, width = self.size
        if self.first is not None and (image.height, image.width) != self.size:
            message = f"`{path}` is {image.height} x {image.width}, but `{self.first}` is {height} x {width}"
            help = "say a `size: [height, width]` that all are resized to"
            raise failure("HB602", message, self.span, help)


@contextmanager
def opened(path: Path, span: Span | None) -> Iterator[Image.Image]:
    """Open a picture; nothing but its header is read."""
    if not path.is_file():
        raise failure("HB601", f"`{path}` is no file", span)
    try:
        image = Image.open(path)
    except Exception as error:
        message = f"`{path}` cannot be read as a picture: {reason(error)}"
        raise failure("HB601", message, span) from None
    with image:
        yield image


@contextmanager
def strict() -> Iterator[None]:
    """Refuse pictures of a size that Pillow warns of; its other doubts are for it to settle.

    What warnings do is one for all threads of a process, so this stands around them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


@final
@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures that are decoded when they are asked for: in some ways an array of uint8, which is never held.

    ``shape`` is (pictures, height, width, channels).
    """

    paths: Sequence[Path]
    reader: Reader

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return (len(self.paths), *self.reader.shape)

    @property
    def nbytes(self) -> int:
        """The bytes that the array would take."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __getitem__(self, index: Any) -> np.ndarray:
        """Decode the picture of an index, or those of several."""
        if np.ndim(index) == 0 and not isinstance(index, slice):
            return self.reader.picture(self.paths[int(index)])
        chosen = range(len(self))[index] if isinstance(index, slice) else index
        return self.picked(np.asarray(chosen, dtype=np.int64)).held()

    def picked(self, indices: np.ndarray) -> Pictures:
        """Return some of the pictures, decoding none."""
        return replace(self, paths=[self.paths[index] for index in indices])

    def joined(self, others: Pictures) -> Pictures:
        """Return these pictures and others, decoding none."""
        return replace(self, paths=[*self.paths, *others.paths])

    def seen(self) -> None:
        """Look at the header of each picture; the first that does not fit is told.

        Raises:
            SpecError: HB601, HB602.
        """
        with strict():
            for path in self.paths:
                self.reader.seen(path)

    def held(self) -> np.ndarray:
        """Decode all pictures, many at a time; the first that cannot be is told.

        Raises:
            SpecError: HB601, HB602.
        """
        found = empty(self.shape, np.uint8)

        def decode(first: int) -> None:
            for index in range(first, min(first + TURN, len(self))):
                found[index] = self.reader.picture(self.paths[index])

        with strict(), ThreadPoolExecutor() as pool:  # Pillow decodes without Python's lock
            try:
                for _ in pool.map(decode, range(0, len(self), TURN)):
                    pass
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return found

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield all pictures, some at a time."""
        for first in range(0, len(self), BLOCK):
            yield self[first : first + BLOCK]
