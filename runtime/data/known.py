"""Data sets by name: those that scikit-learn brings along, and those that Keras downloads."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np

from ...specs.diagnostics import Diagnostic, Note, Span, SpecError
from .bundled import bundled
from .dataset import BYTES, HELD_OUT, SPLIT_SEED, DataSet, Scaling, split, standardised
from .memory import aligned

TABLES = ("iris", "wine", "breast_cancer", "diabetes")
PICTURES = ("mnist", "fashion_mnist", "cifar10", "cifar100")
WORDS, LENGTH = 10_000, 200
DEEPEST_DIGIT = 16.0


def load_known(name: str, span: Span | None) -> DataSet:
    """Load a data set by its name in the language.

    Raises:
        SpecError: HB604 where a download fails.
    """
    if name == "digits":
        return _digits()
    if name in TABLES:
        return _table(name)
    if name == "imdb":
        return _reviews(span)
    return _pictures(name, span)


def _digits() -> DataSet:
    rows, labels, names = bundled("digits")
    x, y = rows.reshape(-1, 8, 8, 1).astype(np.uint8), labels.astype(np.int64)
    train, test = split(len(x), HELD_OUT, SPLIT_SEED, y)
    return DataSet(
        "digits", x[train], y[train], x[test], y[test], 10, names, Scaling(0.0, DEEPEST_DIGIT)
    )


def _table(name: str) -> DataSet:
    rows, targets, names = bundled(name)
    x, y = rows.astype(np.float32), targets.astype(np.int64 if names else np.float32)
    train, test = split(len(x), HELD_OUT, SPLIT_SEED, y if names else None)
    scaling = standardised(x[train])
    return DataSet(name, x[train], y[train], x[test], y[test], len(names) or None, names, scaling)


def _pictures(name: str, span: Span | None) -> DataSet:
    loaded = _downloaded(name, lambda data: attrgetter(f"{name}.load_data")(data)(), span)
    (x_train, y_train), (x_test, y_test) = loaded
    if x_train.ndim == 3:
        x_train, x_test = x_train[..., np.newaxis], x_test[..., np.newaxis]
    labels = [part.reshape(-1).astype(np.int64) for part in (y_train, y_test)]
    classes = 100 if name == "cifar100" else 10
    x_train, x_test = aligned(x_train), aligned(x_test)
    return DataSet(name, x_train, labels[0], x_test, labels[1], classes, (), BYTES)


def _reviews(span: Span | None) -> DataSet:
    loaded = _downloaded("imdb", lambda data: data.imdb.load_data(num_words=WORDS), span)
    (x_train, y_train), (x_test, y_test) = loaded
    x = [_padded(part) for part in (x_train, x_test)]
    y = [np.asarray(part, dtype=np.int64) for part in (y_train, y_test)]
    return DataSet("imdb", x[0], y[0], x[1], y[1], 2, ("negative", "positive"), None)


def _padded(reviews: Any) -> np.ndarray:
    """Keep the last words of each review, with zeros before a short one."""
    found = np.zeros((len(reviews), LENGTH), dtype=np.int32)
    for row, words in zip(found, reviews, strict=True):
        last = words[-LENGTH:]
        if last:
            row[-len(last) :] = last
    return found


def _downloaded(name: str, load: Callable[[Any], Any], span: Span | None) -> Any:
    """Let Keras load a set from its cache or the network, without its chatter."""
    import keras

    chatter = io.StringIO()
    try:
        with contextlib.redirect_stdout(chatter), contextlib.redirect_stderr(chatter):
            return load(keras.datasets)
    # Whatever goes wrong in a download, for the user it is one thing: the data is not there.
    except Exception as error:
        reason = next(
            (line for line in str(error).splitlines() if line.strip()), type(error).__name__
        )
        raise SpecError(
            [
                Diagnostic(
                    "HB604",
                    f"the data set `{name}` is not on this machine and cannot be downloaded",
                    span,
                    (Note(f"the download said: {reason[:200]}"),),
                    "name a file that is: `--data FILE.npz`, with x_train, y_train, x_test and y_test; "
                    "or a set that needs no download, such as `digits`",
                )
            ]
        ) from None
