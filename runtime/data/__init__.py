"""Data sets: by name, from an ``.npz`` file, a folder of pictures or a ``.csv`` file."""

from __future__ import annotations

from ...specs.data import CsvData, DataSpec, ImagesData, NpzData
from ...specs.diagnostics import Diagnostic, Span, SpecError
from .checks import fit_to, scan_labels
from .dataset import DataSet, Scaling, split
from .images import load_images
from .known import load_known
from .npz import load_npz
from .table import load_csv

__all__ = ["DataSet", "Scaling", "fit_to", "load_data", "scan_labels", "split"]


def load_data(data: DataSpec, *, span: Span | None = None) -> DataSet:
    """Load a data set.

    Args:
        data: what the spec or the command line names; paths start at the working directory.
        span: the place that names it, for diagnostics.

    Raises:
        SpecError: HB601 and HB602 for what cannot be read or used, HB604 for a failed download.
    """
    match data:
        case str():
            return load_known(data, span)
        case NpzData():
            return _stated(load_npz(data, span), data.classes, span)
        case ImagesData():
            return _stated(load_images(data, span), data.classes, span)
        case CsvData():
            return _stated(load_csv(data, span), data.classes, span)


def _stated(found: DataSet, classes: int | None, span: Span | None) -> DataSet:
    """Hold the number of classes that the spec states against the one that was found."""
    if classes is None or found.classes is None or found.classes <= classes:
        return found
    message = f"the spec says that `{found.name}` has {classes} classes, but it has {found.classes}"
    raise SpecError([Diagnostic("HB602", message, span, help=f"write `classes: {found.classes}`")])
