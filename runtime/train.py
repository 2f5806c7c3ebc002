"""A spec and its data to a trained model: every step of it on one screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol, final

import keras
import numpy as np

from ..compiler.driver import analyse
from ..compiler.graph import TypedGraph
from ..compiler.infer import MAX_PARAMS
from ..compiler.losses import from_logits, key, label_form
from ..compiler.needs import training_of
from ..compiler.python import Source
from ..compiler.training import by_output, final_activation
from ..specs.base import Item
from ..specs.diagnostics import Diagnostic, Note, Span, SpecError
from ..specs.layers.core import Embedding
from ..specs.load import STAND_IN, Spec
from ..specs.model import TrainSpec
from .batches import Arrays, Batches, Scaling, held
from .build import Built, build_typed
from .data import DataSet, fit_to, scan_labels
from .data.memory import ROWS
from .data.pictures import Pictures
from .finite import LabelOutsideHead, NonFiniteLoss, Range, likely_causes
from .history import History
from .loops import LOOPS
from .objects import compile_model, live
from .process import settle
from .saver import Recording, Saver
from .steps import Steps, evaluate


@final
@dataclass(frozen=True)
class Examples:
    """What a training run sees: examples to train on, perhaps some to validate, and some to test."""

    training: Batches
    validation: Batches | None
    test: Batches


class Watcher(Protocol):
    """Follows a training from outside. Epochs and steps count from 0."""

    def began(self, examples: Examples, epochs: int) -> None:
        """Note that training begins, on these examples and for at most so many epochs."""

    def epoch_began(self, epoch: int) -> None:
        """Note that an epoch begins."""

    def step_ended(self, step: int, logs: Mapping[str, float]) -> None:
        """Note that a step has ended; ``logs`` are the means over the epoch so far."""

    def epoch_ended(self, epoch: int, seconds: float, logs: Mapping[str, float]) -> None:
        """Note that an epoch has ended, its validation included."""


@final
@dataclass(frozen=True)
class Trained:
    """A finished training.

    ``test`` holds the loss and the metrics on the test examples, ``seconds`` the time of each epoch; ``tested``
    are the test examples in their order.
    """

    built: Built
    style: str
    loop: str
    history: History
    test: dict[str, float]
    seconds: tuple[float, ...]
    tested: Batches

    @property
    def model(self) -> keras.Model:
        """The trained model."""
        return self.built.model

    @property
    def source(self) -> Source:
        """The program that made the model."""
        return self.built.source


def train(
    spec: Spec,
    data: DataSet,
    *,
    style: str = "functional",
    loop: str | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    watcher: Watcher | None = None,
    max_params: int = MAX_PARAMS,
    initial: Callable[[Built], object] | None = None,
    recording: Recording | None = None,
) -> Trained:
    """Build the model of a spec, train it on a data set as its ``train:`` says, and test it.

    On a CPU the result is a pure function of the spec, the data, the versions installed, the kind of processor and how
    TensorFlow was told to compute (threads, oneDNN), bit for bit; style and loop do not change it.

    Args:
        spec: a validated spec, loaded with ``classes=data.classes`` where only the data can tell them.
        data: what :func:`hornbook.runtime.data.load_data` returns.
        style: sequential, functional or subclassed.
        loop: fit or tape; by default the spec's own.
        callbacks: more Keras callbacks than the spec names.
        watcher: is told of every step and epoch.
        max_params: the budget of parameters.
        initial: is given the built model, to put other weights into it before training begins.
        recording: keeps the metrics and the states of the training in a folder, from which it can go on.

    Returns:
        The trained model, its history, and the loss and metrics on the test examples.

    Raises:
        SpecError: what compiling finds; HB507 without training settings; HB502, HB504, HB603 for
            data that does not fit the model; HB508 where the number of classes was guessed; HB701 at the step
            whose loss is not finite; HB702 where Keras refuses.
    """
    settings = training_of(spec)
    chosen = loop or settings.loop
    settle(spec)
    typed = analyse(spec, max_params=max_params)
    refuse_guess(spec, data)
    examples = prepare(spec, typed, data)
    built = build_typed(typed, style, seed=settings.seed)
    if initial is not None:
        initial(built)
    compile_model(built.model, settings, typed)
    watch = _Watch(watcher, examples)
    hooks = [*live(settings.callbacks), *callbacks, watch, keras.callbacks.History()]
    epoch, step = 0, 0
    with ExitStack() as stack:
        stack.enter_context(explained(spec, typed, built, examples))
        stack.enter_context(built.explained())
        if recording is not None:
            saver = _saver(recording, built, hooks, watch.seconds, examples.training)
            stack.enter_context(saver.open())
            hooks.append(saver)
            epoch, step = beginning(recording, settings.epochs)
        testing = Steps(built.model, built.model.test_step)  # one graph for validation and test
        history = LOOPS[chosen](
            built.model,
            examples.training,
            settings.epochs,
            validation=examples.validation,
            callbacks=hooks,
            initial_epoch=epoch,
            initial_step=step,
            testing=testing,
        )
        test = measured(built.model, examples.test, testing)
    return Trained(built, style, chosen, history, test, tuple(watch.seconds), examples.test)


def beginning(recording: Recording, epochs: int) -> tuple[int, int]:
    """Return the epoch and the step where a training begins, counted from 0."""
    if recording.state is None:
        return 0, 0
    about = recording.state.about
    # What a callback has ended is over.
    return (epochs, 0) if about.stopped else (about.epoch, about.step)


def _saver(
    recording: Recording, built: Built, hooks: Sequence[Any], seconds: list[float], batches: Batches
) -> Saver:
    return Saver(
        recording, built, tuple(hooks), seconds, batches.example(), batches.steps_per_epoch
    )


def measured(
    model: keras.Model, batches: Batches, testing: Steps | None = None
) -> dict[str, float]:
    """Return the loss and the metrics of a compiled model on some examples."""
    return {name: float(value) for name, value in evaluate(model, batches, testing).items()}


def refuse_guess(spec: Spec, data: DataSet) -> None:
    """Refuse a spec whose number of classes was guessed wrong, or has no value at all.

    Raises:
        SpecError: HB508, HB506.
    """
    if not spec.assumed or data.classes == STAND_IN:
        return
    span = spec.assumed[0]
    if data.classes is None:
        message = f"`$classes` has no value: `{data.name}` does not hold one kind of classes"
        raise SpecError([Diagnostic("HB506", message, span, help="write the number of units")])
    message = (
        f"the spec was compiled for {STAND_IN} classes, a guess; `{data.name}` has {data.classes}"
    )
    help = "load the spec once more, with `classes=data.classes`"
    raise SpecError([Diagnostic("HB508", message, span, help=help)])


# The data, as the model takes it


def prepare(spec: Spec, typed: TypedGraph, data: DataSet) -> Examples:
    """Hold a data set against the model, hold out what validates, and cut it into batches.

    Raises:
        SpecError: HB502, HB504, HB602, HB603.
    """
    settings, span = training_of(spec), place_of_data(spec)
    shapes = {one.name: one.type.shape[1:] for one in typed.graph.inputs}
    data = fit_to(data, shapes, span)
    for part in (data.x_train, data.x_test):
        scan_words(typed, part, data.name, span)
        scan_integers(typed, part, data.name, span)
    # What is trained on and what validates are rows of the same memory.
    x, y = held(data.x_train), held(targets(spec, typed, data.y_train, data.name, span))
    y_test = targets(spec, typed, data.y_test, data.name, span)
    size, scaling = settings.batch_size, scaling_of(typed, data.scaling)
    dtype = dtype_of(typed, x)

    training = Batches(x, y, size, settings.seed, scaling, dtype=dtype)
    test = Batches(data.x_test, y_test, size, scaling=scaling, shuffle=False, dtype=dtype)
    validation = None
    if settings.validation == "test":
        validation = test
    elif settings.validation is not None:
        larger, rest = hold_out(
            training.examples, settings.validation, settings.seed, data.name, span
        )
        validation = replace(training, rows=rest, shuffle=False)
        training = replace(training, rows=larger)
    return Examples(training, validation, test)


def scaling_of(typed: TypedGraph, scaling: Any) -> Any:
    """Return the scaling without that of inputs that are no floats: word numbers stay what they are."""
    floats = {one.name: one.type.dtype.startswith("float") for one in typed.graph.inputs}
    if isinstance(scaling, Mapping):
        return {name: one if floats[name] else None for name, one in scaling.items()}
    return scaling if all(floats.values()) else None


def dtype_of(typed: TypedGraph, x: Arrays) -> str | dict[str, str]:
    """Return the dtype that the model takes, of several inputs by name."""
    found = {one.name: one.type.dtype for one in typed.graph.inputs}
    return found if isinstance(x, Mapping) else next(iter(found.values()))


def targets(spec: Spec, typed: TypedGraph, y: Arrays, name: str, span: Span | None) -> Arrays:
    """Return the targets as the losses take them: an array, or with several outputs one for each.

    Raises:
        SpecError: HB602 where an output has no targets, HB502 and HB603 for labels that do not fit.
    """
    outputs = [str(value) for value in typed.graph.outputs]
    found = y if isinstance(y, Mapping) else {outputs[0]: y}
    if set(found) != set(outputs):
        wanted = ", ".join(f"`{one}`" for one in outputs)
        held = ", ".join(f"`y_train_{one}`" for one in y) if isinstance(y, Mapping) else "`y_train`"
        message = f"the model has the outputs {wanted}; `{name}` holds {held}"
        names = ", ".join(f"`y_train_{one}`" for one in outputs)
        raise SpecError([Diagnostic("HB602", message, span, help=f"the arrays are named {names}")])
    shapes = {output: one.shape[1:] for output, one in typed.outputs().items()}
    scanned = {
        one.name: scan_labels(
            found[one.name],
            form=label_form(one.loss),
            width=one.width,
            output=one.name,
            name=name,
            span=span,
            shape=shapes[one.name],
        )
        for one in heads(training_of(spec), typed)
    }
    return scanned if len(outputs) > 1 else scanned[outputs[0]]


def scan_words(typed: TypedGraph, x: Arrays, name: str, span: Span | None) -> None:
    """Hold integers that are looked up in an embedding against what it knows.

    Raises:
        SpecError: HB504. A CPU would fail in the middle of an epoch, a GPU would silently read zeros.
    """
    for node in typed.nodes:
        spec, source = node.layer.spec, node.node.inputs[0].name
        if not isinstance(spec, Embedding) or source not in {
            one.name for one in typed.graph.inputs
        }:
            continue
        array = x[source] if isinstance(x, Mapping) else x
        low, high = int(array.min()), int(array.max())
        if low < 0 or high >= spec.input_dim:
            message = (
                f"`{node.layer.name}` knows the integers from 0 to {spec.input_dim - 1}, "
                f"but those of `{name}` run from {low} to {high}"
            )
            note = Note(f"the data `{name}` stands here", span) if span else None
            help = f"write `input_dim: {high + 1}`" if low >= 0 else None
            raise SpecError(
                [Diagnostic("HB504", message, node.node.span, (note,) if note else (), help)]
            )


def scan_integers(typed: TypedGraph, x: Arrays, name: str, span: Span | None) -> None:
    """Hold what integer inputs are fed against the integers that they can hold.

    Raises:
        SpecError: HB602. The cast in the graph would cut fractions off, and let large numbers begin anew.
    """
    for one in typed.graph.inputs:
        array, dtype = x[one.name] if isinstance(x, Mapping) else x, one.type.dtype
        whole = dtype == "bool" or dtype.startswith(("int", "uint"))
        if not whole or isinstance(array, Pictures) or array.dtype.kind not in "buif":
            continue
        least, most = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        low, high = array.min().item(), array.max().item()
        wrong = f"run from {low} to {high}" if low < least or high > most else None
        if wrong is None and array.dtype.kind == "f":
            pieces = (array[first : first + ROWS] for first in range(0, len(array), ROWS))
            broken = any((piece != np.floor(piece)).any() for piece in pieces)
            wrong = "are not all whole" if broken else None
        if wrong is not None:
            message = f"the input `{one.name}` takes {dtype}, but its numbers in `{name}` {wrong}"
            raise SpecError([Diagnostic("HB602", message, span)])


def hold_out(
    examples: int, fraction: float, seed: int, name: str, span: Span | None
) -> tuple[np.ndarray, np.ndarray]:
    """Split training examples: the larger part to train on, the rest to validate; return their indices.

    The rest is the end of a permutation that the seed alone decides. An emitted script does the same.

    Raises:
        SpecError: HB602 where nothing would be left to train on.
    """
    cut = examples - max(1, int(examples * fraction))
    if cut < 1:
        message = (
            f"`{name}` has {examples} training example: too few to hold some out for validation"
        )
        raise SpecError([Diagnostic("HB602", message, span, help="drop `validation:`")])
    order = np.random.default_rng(seed).permutation(examples)
    return order[:cut], order[cut:]


def place_of_data(spec: Spec) -> Span | None:
    """Return the place that names the data: in the spec, or on the command line."""
    path = ("train", "data")
    return spec.document.span(path) if path in spec.document.places else None


# What goes wrong on the way


@final
@dataclass(frozen=True, slots=True)
class Head:
    """An output with its loss, its width and its final activation."""

    name: str
    loss: str | Item
    width: int | None
    activation: str | None


def heads(settings: TrainSpec, typed: TypedGraph) -> list[Head]:
    """Return the outputs with their losses."""
    nodes = by_output(typed)
    found = []
    for name in map(str, typed.graph.outputs):
        node = nodes[name]
        loss = settings.loss[name] if isinstance(settings.loss, dict) else settings.loss
        width = node.type.shape[-1] if node.type.rank > 1 else 1
        found.append(Head(name, loss, width, final_activation(node, nodes)[0]))
    return found


@contextmanager
def explained(spec: Spec, typed: TypedGraph, built: Built, examples: Examples) -> Iterator[None]:
    """Turn what stops a loop into a diagnostic.

    Raises:
        SpecError: HB701 for a loss that is not finite, HB603 for a label outside the head.
    """
    try:
        yield
    except NonFiniteLoss as error:
        place = spec.document.span(("train", "loss"))
        causes = causes_of(spec, typed, built, examples)
        notes = (Note(_before(error)), *(Note(f"likely cause: {cause}") for cause in causes))
        message = f"the loss became {error.loss} in epoch {error.epoch}, at step {error.step}"
        raise SpecError([Diagnostic("HB701", message, place, notes)]) from error
    except LabelOutsideHead as error:
        place = spec.document.span(("train", "loss"))
        raise SpecError([Diagnostic("HB603", str(error), place)]) from error


def _before(error: NonFiniteLoss) -> str:
    if error.last_finite is None:
        return "it was the first step of the run"
    return f"one step before, the mean of the epoch was {error.last_finite:.6g}"


def causes_of(spec: Spec, typed: TypedGraph, built: Built, examples: Examples) -> tuple[str, ...]:
    """Say what a loss that is not finite probably comes from, for all outputs together."""
    settings, batches = training_of(spec), examples.training
    found: list[str] = []
    for head in heads(settings, typed):
        labels = batches.y[head.name] if isinstance(batches.y, Mapping) else batches.y
        found += likely_causes(
            head.loss if isinstance(head.loss, str) else type(head.loss).__name__,
            float(built.model.optimizer.learning_rate),
            _range([labels]),
            _range(_scaled(batches.x, batches.scaling)),
            head.activation,
            units=head.width,
            optimizer=key(settings.optimizer),
            from_logits=from_logits(head.loss),
        )
    return tuple(dict.fromkeys(found))


def _scaled(x: Arrays, scaling: Any) -> Iterator[np.ndarray]:
    """Yield the inputs as the model sees them."""
    named = x if isinstance(x, Mapping) else {"": x}
    for name, array in named.items():
        one: Scaling | None = scaling.get(name) if isinstance(scaling, Mapping) else scaling
        if isinstance(array, Pictures):  # what bytes can be; to look would be to read them all
            array = np.array([0, 255], np.uint8)
        yield array if one is None else (array.astype(np.float32) - one.offset) / one.scale


def _range(parts: Any) -> Range:
    parts = list(parts)
    return float(min(part.min() for part in parts)), float(max(part.max() for part in parts))


@final
class _Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Takes the time of the epochs, and passes on to a watcher what Keras reports."""

    logs_alone = True

    def __init__(self, watcher: Watcher | None, examples: Examples) -> None:
        super().__init__()
        self.watcher = watcher
        self.examples = examples
        self.seconds: list[float] = []
        self.begun = 0.0

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002
        """Pass on."""
        if self.watcher is not None:
            self.watcher.began(self.examples, self.params["epochs"])

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002
        """Look at the clock, and pass on."""
        self.begun = time.perf_counter()
        if self.watcher is not None:
            self.watcher.epoch_began(epoch)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Pass on."""
        if self.watcher is not None:
            self.watcher.step_ended(batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Look at the clock, and pass on."""
        self.seconds.append(time.perf_counter() - self.begun)
        if self.watcher is not None:
            self.watcher.epoch_ended(epoch, self.seconds[-1], logs or {})
