"""What the model of a run says of new examples: read, scaled as in training, run, and put into words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import IO, Any, Final, Literal, TypeAlias, final

import numpy as np

from ..compiler.driver import analyse
from ..compiler.graph import TypedGraph
from ..compiler.losses import from_logits, label_form
from ..compiler.needs import training_of
from ..specs.diagnostics import Diagnostic, SpecError
from .batches import Batches
from .build import Built
from .inputs import Example, Field, Fields, examples
from .outputs import by_name, fed
from .process import settle
from .runs import Run
from .scaling import Scales, scales
from .steps import predictions
from .train import Head, heads, scan_words

MOST_HELD: Final = 1024
"""Examples that are run together, in batches of the training's size."""

PLURALS: Final = {"probability": "probabilities", "score": "scores"}

Kind: TypeAlias = Literal["classes", "yes_or_no", "marks", "values"]


@final
@dataclass(frozen=True, slots=True)
class Predictor:
    """The model of a run, with what has to be known to feed it and to read its outputs."""

    built: Built
    typed: TypedGraph
    fields: Fields
    scaling: Scales
    heads: tuple[Head, ...]
    class_names: tuple[str, ...]
    batch_size: int
    top: int

    def predictions(
        self, sources: Iterable[str], stdin: IO[str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield what the model says of each example of each source, as JSON data.

        Raises:
            SpecError: HB601 and HB602 for a source that cannot be read, HB924 for an example that is not what
                the model takes.
        """
        found = chain.from_iterable(examples(one, self.fields, stdin) for one in sources)
        for group in grouped(found):
            for example, outputs in zip(group, self.outputs(group), strict=True):
                said = {name: self.said(name, array) for name, array in outputs.items()}
                only = next(iter(said.values())) if len(said) == 1 else {"outputs": said}
                yield {"input": example.source, "index": example.index, **only}

    def outputs(self, group: list[Example]) -> Iterator[dict[str, np.ndarray]]:
        """Run the model on examples of one shape."""
        arrays = {
            field.name: np.stack([example.arrays[field.name] for example in group])
            for field in self.fields.all
        }
        given = {field.name: self.ready(arrays[field.name], field) for field in self.fields.all}
        self.known(given, group)
        scaling = fed(dict(self.scaling))
        batches = Batches(fed(given), None, self.batch_size, scaling=scaling, shuffle=False)
        with self.built.explained():
            result = predictions(self.built.model, batches)
        named = {name: np.asarray(one) for name, one in by_name(result, self.typed).items()}
        for index in range(len(group)):
            yield {head.name: named[head.name][index] for head in self.heads}

    def ready(self, array: np.ndarray, field: Field) -> np.ndarray:
        """Return raw values in the dtype that the model takes, where nothing is to be scaled."""
        return array if self.scaling.get(field.name) else array.astype(field.dtype)

    def known(self, arrays: Mapping[str, np.ndarray], group: list[Example]) -> None:
        """Hold integers against the embeddings that look them up: a GPU would silently read zeros.

        Raises:
            SpecError: HB924.
        """
        try:
            scan_words(self.typed, fed(dict(arrays)), group[0].source, None)
        except SpecError as error:
            (found,) = error.diagnostics
            raise SpecError([Diagnostic("HB924", found.message)]) from None

    def said(self, name: str, array: np.ndarray) -> dict[str, Any]:
        """Say what one output of one example means."""
        head = next(head for head in self.heads if head.name == name)
        return saying(head, array, self.class_names, self.top)


def predictor(run: Run, *, style: str | None = None, top: int = 5) -> Predictor:
    """Make ready the model of a run.

    Args:
        run: a run that has ended.
        style: the style of the model; by default the one that was trained.
        top: how many classes are told with their probabilities.

    Raises:
        SpecError: HB901, HB905.
    """
    spec = run.spec()
    settle(spec)
    typed = analyse(spec)
    settings = training_of(spec)
    fields = tuple(
        Field(one.name, one.type.shape[1:], one.type.dtype) for one in typed.graph.inputs
    )
    return Predictor(
        built=run.built(style),
        typed=typed,
        fields=Fields(fields, run.info.columns or None),
        scaling=scales(typed, run.info.scaling),
        heads=tuple(heads(settings, typed)),
        class_names=run.info.class_names,
        batch_size=settings.batch_size,
        top=top,
    )


def grouped(found: Iterable[Example]) -> Iterator[list[Example]]:
    """Yield examples that follow each other and have the same shapes and dtypes, some at a time."""
    group: list[Example] = []
    for example in found:
        if group and (len(group) == MOST_HELD or _form(group[0]) != _form(example)):
            yield group
            group = []
        group.append(example)
    if group:
        yield group


def _form(example: Example) -> dict[str, tuple[Any, ...]]:
    return {name: (array.shape, array.dtype) for name, array in example.arrays.items()}


# What an output means


def kind_of(head: Head) -> Kind:
    """Tell what the numbers of an output are, by its loss."""
    form = label_form(head.loss)
    if form in ("integer", "one_hot"):
        return "classes"
    if form == "binary":
        return "yes_or_no" if head.width == 1 else "marks"
    return "values"


def saying(head: Head, array: np.ndarray, names: tuple[str, ...], top: int) -> dict[str, Any]:
    """Say what an output means: a class, a yes or no, marks, or numbers."""
    numbers = array.astype(np.float64)
    match kind_of(head):
        case "classes" if array.ndim == 1:
            return _class(numbers, *_shares(head, numbers), names, top)
        case "classes":  # a class for each pixel, or each word
            return {"labels": numbers.argmax(axis=-1).tolist()}
        case "yes_or_no" if array.size == 1:
            shares, what = _chance(head, numbers)
            one = shares.reshape(())
            if what == "score":
                label = int(one > 0)
                return {"label": label, **_named(label, names, 2), what: _number(one)}
            both = np.array([1 - one, one])
            return _class(both, both, what, names, top)
        case "yes_or_no" | "marks":
            shares, what = _chance(head, numbers)
            return {
                "labels": (shares > (0 if what == "score" else 0.5)).astype(int).tolist(),
                PLURALS[what]: _tree(shares),
            }
        case _:
            return {"value": _tree(numbers[0] if numbers.shape == (1,) else numbers)}


def _shares(head: Head, numbers: np.ndarray) -> tuple[np.ndarray, str]:
    """Return the numbers of the classes, and what they are called."""
    if head.activation == "softmax":
        return numbers, "probability"
    if from_logits(head.loss):
        powers = np.exp(numbers - numbers.max())
        return powers / powers.sum(), "probability"
    return numbers, "score"


def _chance(head: Head, numbers: np.ndarray) -> tuple[np.ndarray, str]:
    if head.activation == "sigmoid":
        return numbers, "probability"
    if from_logits(head.loss):
        return 0.5 * (1 + np.tanh(numbers / 2)), "probability"
    return numbers, "score"


def _class(
    numbers: np.ndarray, shares: np.ndarray, what: str, names: tuple[str, ...], top: int
) -> dict[str, Any]:
    """Tell the classes of the largest numbers: shares may be equal where numbers hardly differ."""
    order = np.argsort(-numbers, kind="stable")[:top]
    told = [
        {
            "label": int(label),
            **_named(int(label), names, len(shares)),
            what: _number(shares[label]),
        }
        for label in order
    ]
    return {**told[0], "top": told}


def _named(label: int, names: tuple[str, ...], classes: int) -> dict[str, str]:
    return {"class": names[label]} if len(names) == classes else {}


def _number(value: Any) -> float | None:
    """Return a number of 32 bits as short as it can be told; None where it is not finite."""
    return float(str(np.float32(value))) if np.isfinite(value) else None


def _tree(numbers: np.ndarray | np.float64) -> Any:
    if np.ndim(numbers) == 0:
        return _number(numbers)
    return [_tree(one) for one in np.asarray(numbers)]
