"""What a trained model makes of its test examples: which classes it confuses, and where it is most wrong."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from markupsafe import Markup

from ...compiler.graph import TypedGraph
from ...specs.model import TrainSpec
from ..batches import Batches
from ..build import Built
from ..data.pictures import Pictures
from ..outputs import by_name
from ..predict import kind_of, saying
from ..steps import predictions
from ..train import Head, heads
from .charts import scatter

MOST_BYTES: Final = 256 * 2**20
"""Outputs that are held at once; of a model with large outputs only the first examples are looked at."""
MOST_CLASSES: Final = 30
PAIRS: Final = 12
WORST: Final = 18
CHANNELS: Final = (1, 3)
WHITE: Final = 255.0
SHALLOW: Final = 64
SEEN: Final = 64
"""Pictures on the disk that are looked at, to see which numbers are in them."""
"""Bytes up to here are of pictures with few shades, as the 17 of scikit-learn's digits."""


@final
@dataclass(frozen=True)
class Class:
    """How often the examples of a class were found, and how often what was found is of it."""

    name: str
    examples: int
    recall: float | None
    precision: float | None


@final
@dataclass(frozen=True)
class Mistake:
    """A wrong prediction: the place among the test examples, what is true and what was found."""

    index: int
    true: str
    found: str
    share: float
    picture: str | None


@final
@dataclass(frozen=True)
class Outcome:
    """What one output makes of the test examples.

    ``confusion`` counts examples by true class (rows) and found class (columns), where these fit a page;
    ``pairs`` are the classes that are confused most often.
    """

    name: str
    examples: int
    classes: tuple[Class, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    pairs: tuple[tuple[str, str, int], ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    wrong: int = 0
    chart: Markup | None = None


def outcomes(
    settings: TrainSpec,
    typed: TypedGraph,
    built: Built,
    test: Batches,
    class_names: Sequence[str],
) -> Iterator[Outcome]:
    """Yield what each output makes of the test examples; nothing of those for which there is no such picture."""
    all_heads = heads(settings, typed)
    found = _outputs(typed, built, test)
    for number, head in enumerate(all_heads):
        outputs = found[head.name]
        true = test.y[head.name] if isinstance(test.y, Mapping) else test.y
        true = np.asarray(true)[: len(outputs)]
        kind = kind_of(head)
        if kind == "classes" and outputs.ndim == 2:
            yield _classified(head, _labels(true), outputs, class_names, test.x)
        elif kind == "yes_or_no" and outputs.size == len(outputs):
            yield _classified(head, true.reshape(-1).astype(int), outputs, class_names, test.x)
        elif kind == "values" and outputs.size == len(outputs) == true.size:
            flat = outputs.reshape(-1)
            sound = np.isfinite(flat)
            chart = scatter(
                true.reshape(-1)[sound].tolist(), flat[sound].tolist(), head.name, number
            )
            yield Outcome(head.name, len(outputs), chart=chart)


def _outputs(typed: TypedGraph, built: Built, test: Batches) -> dict[str, np.ndarray]:
    """Run the model on the test examples, as many as there is room for."""
    sizes = (one.shape[1:] for one in typed.outputs().values())
    each = sum(4 * int(np.prod([size or 1 for size in shape])) for shape in sizes)
    batches = max(1, MOST_BYTES // (each * test.batch_size))
    with built.explained():
        return dict(by_name(predictions(built.model, test, batches), typed))


def _labels(true: np.ndarray) -> np.ndarray:
    return true.argmax(-1) if true.ndim == 2 and true.shape[1] > 1 else true.reshape(-1).astype(int)


def _classified(
    head: Head, true: np.ndarray, outputs: np.ndarray, names: Sequence[str], x: Any
) -> Outcome:
    said = [saying(head, one, (), 1) for one in outputs]
    found = np.array([one["label"] for one in said])
    width = max(2, outputs.shape[-1])
    shares = _shares_of(head, outputs, true)
    called = list(names) if len(names) == width else [str(label) for label in range(width)]
    counts = np.zeros((width, width), dtype=np.int64)
    np.add.at(counts, (true, found), 1)
    wrong = np.flatnonzero(found != true)
    worst = wrong[np.argsort(shares[wrong], kind="stable")[:WORST]]
    pictures = _Pictures.of(x)
    return Outcome(
        head.name,
        len(outputs),
        tuple(_class(called[label], counts, label) for label in range(width)),
        tuple(tuple(map(int, row)) for row in counts) if width <= MOST_CLASSES else (),
        tuple(_pairs(counts, called)),
        tuple(
            Mistake(
                int(index),
                called[true[index]],
                called[found[index]],
                float(shares[index]),
                pictures.of_example(int(index)) if pictures else None,
            )
            for index in worst
        ),
        len(wrong),
    )


def _shares_of(head: Head, outputs: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the share that each example's true class was given."""
    if outputs.shape[-1] == 1 or outputs.ndim == 1:
        marks = outputs.reshape(-1).astype(np.float64)
        if head.activation != "sigmoid":
            marks = 0.5 * (1 + np.tanh(marks / 2))
        return np.where(true == 1, marks, 1 - marks)
    numbers = outputs.astype(np.float64)
    if head.activation != "softmax":
        numbers = np.exp(numbers - numbers.max(-1, keepdims=True))
        numbers /= numbers.sum(-1, keepdims=True)
    found: np.ndarray = numbers[np.arange(len(true)), true]
    return found


def _class(name: str, counts: np.ndarray, label: int) -> Class:
    hits, there, claimed = counts[label, label], counts[label].sum(), counts[:, label].sum()
    return Class(
        name,
        int(there),
        float(hits / there) if there else None,
        float(hits / claimed) if claimed else None,
    )


def _pairs(counts: np.ndarray, names: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    apart = counts.copy()
    np.fill_diagonal(apart, 0)
    for place in np.argsort(-apart, axis=None, kind="stable")[:PAIRS]:
        true, found = divmod(int(place), len(names))
        if apart[true, found]:
            yield names[true], names[found], int(apart[true, found])


@final
@dataclass(frozen=True)
class _Pictures:
    """The input that holds pictures, with the numbers that are black and white in it."""

    array: Any
    low: float
    high: float

    @classmethod
    def of(cls, x: Any) -> _Pictures | None:
        parts = x.values() if isinstance(x, Mapping) else (x,)
        for array in parts:
            if array.ndim == 4 and array.shape[-1] in CHANNELS and min(array.shape[1:3]) > 1:
                shown = array[:SEEN] if isinstance(array, Pictures) else array
                low, high = float(min(0, shown.min())), float(shown.max())
                deep = array.dtype == np.uint8 and high > SHALLOW
                return cls(array, low, WHITE if deep else high)
        return None

    def of_example(self, index: int) -> str:
        """Return a picture as the text of a link that holds it."""
        from PIL import Image

        one = np.asarray(self.array[index], dtype=np.float64)
        scaled = np.clip((one - self.low) / (self.high - self.low or 1.0) * 255, 0, 255).round()
        pixels = scaled.astype(np.uint8)
        image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
        file = io.BytesIO()
        image.save(file, format="PNG")
        return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
