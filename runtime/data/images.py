"""Data from a folder of pictures, with a folder for each class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ...specs.data import ImagesData
from ...specs.diagnostics import Diagnostic, Span, SpecError
from .dataset import BYTES, HELD_OUT, SPLIT_SEED, DataSet, Scaling, split

MODES = {"rgb": "RGB", "grayscale": "L"}
SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
)


def load_images(data: ImagesData, span: Span | None) -> DataSet:
    """Load pictures as bytes of shape (height, width, channels), the classes in the order of their names.

    Raises:
        SpecError: HB601 for what cannot be read, HB602 for pictures of unequal sizes or no classes.
    """
    root = Path(data.images)
    if not root.is_dir():
        raise _error(
            "HB601", f"`{root}` is no folder", span, "a path in a spec starts at the spec's folder"
        )
    parts = (
        [root / "train", root / "test"]
        if (root / "train").is_dir() and (root / "test").is_dir()
        else [root]
    )
    names = tuple(folder.name for folder in _folders(parts[0]))
    if len(names) < 2:
        message = (
            f"`{parts[0]}` holds {len(names)} folders; a picture's class is the folder it lies in"
        )
        raise _error(
            "HB602", message, span, "put the pictures of each class into a folder of its own"
        )
    reader = _Reader(data, span)
    loaded = [reader.part(part, names) for part in parts]
    scaling = (
        None if data.scale == "none" else Scaling(0.0, float(data.scale)) if data.scale else BYTES
    )
    if len(loaded) == 2:
        (x_train, y_train), (x_test, y_test) = loaded
        return DataSet(str(root), x_train, y_train, x_test, y_test, len(names), names, scaling)
    ((x, y),) = loaded
    train, test = split(len(x), HELD_OUT, SPLIT_SEED, y)
    note = f"a fifth of the pictures of each class is held out to test: {len(test):,}"
    return DataSet(
        str(root), x[train], y[train], x[test], y[test], len(names), names, scaling, (note,)
    )


def _error(code: str, message: str, span: Span | None, help: str | None = None) -> SpecError:
    return SpecError([Diagnostic(code, message, span, help=help)])


def _folders(root: Path) -> list[Path]:
    return sorted(
        path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")
    )


class _Reader:
    """Decodes pictures to one size."""

    def __init__(self, data: ImagesData, span: Span | None) -> None:
        self.mode, self.span = MODES[data.color], span
        self.size = data.size
        self.resize = data.size is not None
        self.first: Path | None = None

    def part(self, root: Path, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
        unknown = [folder.name for folder in _folders(root) if folder.name not in names]
        if unknown:
            raise _error(
                "HB602",
                f"`{root}` has a folder `{unknown[0]}` that the training part lacks",
                self.span,
            )
        pictures: list[np.ndarray] = []
        labels: list[int] = []
        for label, name in enumerate(names):
            folder = root / name
            files = sorted(folder.iterdir()) if folder.is_dir() else []
            files = [
                f for f in files if f.suffix.lower() in SUFFIXES and not f.name.startswith(".")
            ]
            if not files:
                raise _error("HB602", f"`{folder}` holds no pictures", self.span)
            pictures += [self.picture(file) for file in files]
            labels += [label] * len(files)
        return np.stack(pictures), np.array(labels, dtype=np.int64)

    def picture(self, path: Path) -> np.ndarray:
        try:
            with Image.open(path) as opened:
                image = opened.convert(self.mode)
        except (
            UnidentifiedImageError,
            OSError,
            SyntaxError,
            ValueError,
            Image.DecompressionBombError,
        ) as error:
            raise _error(
                "HB601", f"`{path}` cannot be read as a picture: {error}", self.span
            ) from None
        if self.size is None:
            self.size, self.first = (image.height, image.width), path
        if self.resize:
            image = image.resize((self.size[1], self.size[0]), Image.Resampling.BILINEAR)
        elif (image.height, image.width) != self.size:
            there = f"`{self.first}` is {self.size[0]} x {self.size[1]}"
            message = f"`{path}` is {image.height} x {image.width}, but {there}"
            raise _error(
                "HB602", message, self.span, "say a `size: [height, width]` that all are resized to"
            )
        array = np.asarray(image, dtype=np.uint8)
        return array if array.ndim == 3 else array[..., np.newaxis]
