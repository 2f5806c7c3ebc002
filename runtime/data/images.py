"""Data from a folder of pictures, with a folder for each class."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ...specs.data import ImagesData
from ...specs.diagnostics import Span
from . import pictures
from .dataset import HELD_OUT, SPLIT_SEED, DataSet, scaling_of, split
from .files import MAX_BYTES, entries, failure, folders
from .memory import parted
from .pictures import Pictures, Reader, strict

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
)


def load_images(data: ImagesData, span: Span | None) -> DataSet:
    """Load pictures as bytes of shape (height, width, channels), the classes in the order of their names.

    Where they would take more than :func:`hornbook.runtime.data.pictures.budget`, they stay on the disk.

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
    listed = [_files(part, names, span) for part in parts]
    with strict():
        reader = Reader.of(data, listed[0][0][0], span)
    if math.prod(reader.shape) > MAX_BYTES:
        message = f"a picture of {reader.size[0]} x {reader.size[1]} needs {math.prod(reader.shape):,} bytes"
        help = "say a smaller `size: [height, width]`"
        raise failure("HB601", f"{message}; at most {MAX_BYTES:,} are held", span, help)
    found = [Pictures([path for path, _ in part], reader) for part in listed]
    labels = [np.array([label for _, label in part], np.int64) for part in listed]
    scaling = scaling_of(data.scale, np.dtype(np.uint8))
    notes: tuple[str, ...] = ()
    needed, room = sum(one.nbytes for one in found), pictures.budget()
    hold = needed <= room
    if not hold:
        notes = (
            f"read from disk anew in each epoch: held, the pictures would take {needed:,} bytes, and "
            f"{room:,} are for them",
        )
        for one in found:
            one.seen()
    if len(found) == 2:
        x_train, x_test = (one.held() if hold else one for one in found)
        y_train, y_test = labels
        return DataSet(
            str(root), x_train, y_train, x_test, y_test, len(names), names, scaling, notes
        )
    (one,), (y,) = found, labels
    if len(one) < 2:
        raise failure("HB602", f"`{root}` holds one picture: too few to train and to test", span)
    train, test = split(len(one), HELD_OUT, SPLIT_SEED, y)
    note = f"a fifth of the pictures of each class is held out to test: {len(test):,}"
    x_train, x_test = (
        parted(one.held(), train, test) if hold else (one.picked(train), one.picked(test))
    )
    return DataSet(
        str(root), x_train, y[train], x_test, y[test], len(names), names, scaling, (note, *notes)
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
