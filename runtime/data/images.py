"""Data from a folder of pictures, with a folder for each class."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from ...specs.data import ImagesData
from ...specs.diagnostics import Span
from .dataset import HELD_OUT, SPLIT_SEED, DataSet, scaling_of, split
from .files import MAX_BYTES, entries, failure, folders, reason
from .memory import empty, parted

MODES = {"rgb": "RGB", "grayscale": "L"}
SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
)
WIDE = ("I", "F")
"""How the modes of pictures begin whose channels have more than 8 bits."""


def load_images(data: ImagesData, span: Span | None) -> DataSet:
    """Load pictures as bytes of shape (height, width, channels), the classes in the order of their names.

    Folders ``train`` and ``test`` that hold the classes are the two parts; without ``test`` a fifth is held out.

    Raises:
        SpecError: HB601 for what cannot be read, HB602 for pictures of unequal sizes or no classes.
    """
    root = Path(data.images)
    parts = _parts(root, span)
    names = tuple(folder.name for folder in folders(parts[0], span))
    if len(names) < 2:
        held = {0: "no folder", 1: "one folder"}[len(names)]
        message = f"`{parts[0]}` holds {held}; a picture's class is the folder it lies in"
        help = "put the pictures of each class into a folder of its own"
        raise failure("HB602", message, span, help)
    reader = Reader(data, span)
    listed = [_files(part, names, span) for part in parts]
    total = sum(map(len, listed))
    loaded = [(reader.pictures([path for path, _ in part], total), part) for part in listed]
    scaling = scaling_of(data.scale, np.dtype(np.uint8))
    pairs = [(x, np.array([label for _, label in part], np.int64)) for x, part in loaded]
    if len(pairs) == 2:
        (x_train, y_train), (x_test, y_test) = pairs
        return DataSet(str(root), x_train, y_train, x_test, y_test, len(names), names, scaling)
    ((x, y),) = pairs
    if len(x) < 2:
        raise failure("HB602", f"`{root}` holds one picture: too few to train and to test", span)
    train, test = split(len(x), HELD_OUT, SPLIT_SEED, y)
    note = f"a fifth of the pictures of each class is held out to test: {len(test):,}"
    x_train, x_test = parted(x, train, test)
    return DataSet(
        str(root), x_train, y[train], x_test, y[test], len(names), names, scaling, (note,)
    )


def _parts(root: Path, span: Span | None) -> list[Path]:
    """Return the folders that hold the classes. A class may itself be called `train`."""
    found = {folder.name: folder for folder in folders(root, span)}
    parts = [found[name] for name in ("train", "test") if name in found]
    if "train" in found and all(folders(part, span) for part in parts):
        return parts
    return [root]


def _files(root: Path, names: tuple[str, ...], span: Span | None) -> list[tuple[Path, int]]:
    """Return the pictures of a part, each with its label."""
    unknown = [folder.name for folder in folders(root, span) if folder.name not in names]
    if unknown:
        message = f"`{root}` has a folder `{unknown[0]}` that the training part lacks"
        raise failure("HB602", message, span)
    found: list[tuple[Path, int]] = []
    for label, name in enumerate(names):
        folder = root / name
        if not folder.is_dir():
            message = f"`{root}` lacks the folder `{name}`, which the training part has"
            raise failure("HB602", message, span)
        files = [path for path in entries(folder, span) if path.suffix.lower() in SUFFIXES]
        if not files:
            help = "known are " + ", ".join(f"`{suffix}`" for suffix in sorted(SUFFIXES))
            raise failure("HB602", f"`{folder}` holds no pictures", span, help)
        found += [(path, label) for path in files]
    return found


class Reader:
    """Decodes pictures to one size."""

    def __init__(self, data: ImagesData, span: Span | None) -> None:
        self.mode, self.span = MODES[data.color], span
        self.size = data.size
        self.resize = data.size is not None
        self.first: Path | None = None

    def pictures(self, paths: list[Path], total: int) -> np.ndarray:
        """Decode some of ``total`` pictures into one array."""
        if self.size is None:
            first = self.opened(paths[0])
            self.size, self.first = (first.height, first.width), paths[0]
        channels = 3 if self.mode == "RGB" else 1
        height, width = self.size
        needed = total * height * width * channels
        if needed > MAX_BYTES:
            message = f"{total:,} pictures of {height} x {width} need {needed:,} bytes; at most {MAX_BYTES:,} are held"
            raise failure("HB601", message, self.span, "say a smaller `size: [height, width]`")
        found = empty((len(paths), height, width, channels), np.uint8)
        for index, path in enumerate(paths):
            found[index] = self.picture(path, height, width).reshape(height, width, channels)
        return found

    def picture(self, path: Path, height: int, width: int) -> np.ndarray:
        """Decode a picture of a size, or to that size where one was asked for."""
        image = self.opened(path)
        if self.resize:
            image = image.resize((width, height), Image.Resampling.BILINEAR)
        elif (image.height, image.width) != (height, width):
            message = f"`{path}` is {image.height} x {image.width}, but `{self.first}` is {height} x {width}"
            help = "say a `size: [height, width]` that all are resized to"
            raise failure("HB602", message, self.span, help)
        return np.asarray(image, dtype=np.uint8)

    def opened(self, path: Path) -> Image.Image:
        """Decode a picture to the channels that are asked for; HB601 and HB602 where that cannot be."""
        if not path.is_file():
            raise failure("HB601", f"`{path}` is no file", self.span)
        try:
            with warnings.catch_warnings():
                # A picture of a size that Pillow warns of is refused; its other doubts are for it to settle.
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(path) as opened:
                    mode = opened.mode
                    image = opened.convert(self.mode)
        # Each format fails in its own way on damaged bytes: struct, zlib, index and memory errors.
        except Exception as error:
            message = f"`{path}` cannot be read as a picture: {reason(error)}"
            raise failure("HB601", message, self.span) from None
        if mode.startswith(WIDE):
            message = f"`{path}` has more than 8 bits a channel, which would be cut off"
            raise failure("HB602", message, self.span, "save it with 8 bits, or as an .npz file")
        return image
