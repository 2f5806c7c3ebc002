"""The certificate: every style and both loops of a spec, compared bit for bit.

Each style that can express the graph is built from the same seed, held against the static shapes and
counts, and run: outputs, gradients, and the whole state (weights, moments of the
optimizer, random generators) after training by ``fit`` and by ``tape``. Equal means equal bits.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..compiler.driver import STYLES, analyse, emit, styles_of
from ..compiler.graph import TypedGraph
from ..compiler.infer import count
from ..compiler.structure import named_in_source
from ..compiler.tuning import processors
from ..specs.load import Spec
from ..specs.model import TrainSpec
from .batches import Batches
from .build import Built, build_typed, seed_of
from .loops import LOOPS
from .objects import compile_model
from .process import settle, settled
from .samples import sample_inputs, sample_targets

REFERENCE = "functional"
BATCH = 4
EPOCHS = 2

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Check:
    """One comparison: what was compared, in which style and loop, with what, and the finding."""

    what: str
    subject: str
    against: str
    equal: bool
    detail: str


@dataclass(frozen=True)
class Certificate:
    """All comparisons of one spec, with what they depend on."""

    spec: str
    seed: int
    steps: int
    styles: tuple[str, ...]
    left_out: tuple[str, ...]
    checks: tuple[Check, ...]
    environment: dict[str, str]

    @property
    def passed(self) -> bool:
        """Whether nothing differed."""
        return all(check.equal for check in self.checks)

    def record(self) -> dict[str, Any]:
        """Return the certificate as JSON data."""
        return {**asdict(self), "passed": self.passed}


def verify(
    spec: Spec, *, steps: int = 4, seed: int | None = None, max_params: int | None = None
) -> Certificate:
    """Compare all styles and both loops of a spec.

    Args:
        spec: a validated spec; without ``train:``, Adam on the mean squared error is used.
        steps: steps of one epoch; two epochs are run, and the last batch is a partial one.
        seed: decides weights and the random examples; by default the spec's own.
        max_params: the budget of parameters, where not the default.

    Raises:
        SpecError: what compiling or building finds; HB308 where no style can express the graph.
    """
    settle(spec)
    typed = analyse(spec) if max_params is None else analyse(spec, max_params=max_params)
    used = seed_of(spec) if seed is None else seed
    train = spec.model.train or TrainSpec(loss="mean_squared_error")
    run = _Run(typed, train, used, max(steps, 1))
    possible = styles_of(typed)
    if not possible:
        emit(typed, REFERENCE)
    ordered = sorted(possible, key=lambda style: style != REFERENCE)
    return Certificate(
        spec.name,
        used,
        run.steps * EPOCHS,
        tuple(ordered),
        tuple(style for style in STYLES if style not in possible),
        tuple(run.checks(ordered)),
        environment(),
    )


def environment() -> dict[str, str]:
    """Return what bits depend on besides the spec and the seed."""
    now = settled()
    return {
        "python": platform.python_version(),
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "machine": platform.machine(),
        "processors": str(processors()),
        "devices": ", ".join(
            sorted({device.device_type for device in tf.config.list_physical_devices()})
        ),
        "oneDNN": "on" if now.onednn else "off",
        "threads": f"{now.intra_op} within an operation"
        + (f", {now.inter_op} beside each other" if now.inter_op else ""),
    }


COMPARED = ("initial weights", "outputs", "gradients")


class _Run:
    """The examples and the built models of one certificate."""

    def __init__(self, typed: TypedGraph, train: TrainSpec, seed: int, steps: int) -> None:
        self.typed, self.train, self.seed, self.steps = typed, train, seed, steps
        self.told = named_in_source(typed.graph)
        rng = np.random.default_rng(seed)
        examples = steps * BATCH - 1 if steps > 1 else BATCH
        self.inputs = sample_inputs(typed, examples, rng)
        self.targets = sample_targets(typed, train, examples, rng)

    def checks(self, styles: Sequence[str]) -> Iterator[Check]:
        first: tuple[Arrays, Arrays, Arrays] | None = None
        trained: Arrays | None = None
        for style in styles:
            built = self.build(style)
            # Before anything else runs: a pass through some layers moves their random generators.
            seen = (variables(built), self.outputs(built), self.gradients(built))
            yield from self.static(built, style)
            if first is None:
                first = seen
            else:
                for what, ours, theirs in zip(COMPARED, seen, first, strict=True):
                    yield compare(what, style, styles[0], ours, theirs)
            for loop in LOOPS:
                ended = self.train_by(style, loop)
                if trained is None:
                    trained = ended
                else:
                    subject, against = f"{style} by {loop}", f"{styles[0]} by {next(iter(LOOPS))}"
                    yield compare("training", subject, against, ended, trained)

    def build(self, style: str) -> Built:
        built = build_typed(self.typed, style, seed=self.seed)
        compile_model(built.model, self.train, self.typed)
        return built

    def static(self, built: Built, style: str) -> Iterator[Check]:
        """Hold a built model against what the compiler said without Keras."""
        against = "the compiler"
        # Source leaves it to Keras to name what the spec does not name inside a block.
        said = [layer.name for layer in self.typed.graph.layers if layer.name in self.told]
        names = [built.layers[name].name for name in said]
        yield exactly("layer names", style, against, names, said)
        expected = {
            one.layer.name: [(w.name, w.shape, w.trainable) for w in one.weights]
            for one in self.typed.nodes
            if not one.layer.is_op
        }
        found = {
            name: [(w.name, tuple(w.shape), bool(w.trainable)) for w in layer.weights]
            for name, layer in built.layers.items()
        }
        yield exactly("weights' names and shapes", style, against, found, expected)
        model = built.model
        trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
        counts = (trainable, model.count_params())
        yield exactly("parameters", style, against, counts, count(self.typed))
        wanted = {name: (one.shape[1:], one.dtype) for name, one in self.typed.outputs().items()}
        with built.explained():
            results = self.forward(built)
        shapes = {
            name: (_sizes(value.shape[1:], wanted[name][0]), value.dtype.name)
            for name, value in results.items()
        }
        yield exactly("output shapes", style, against, shapes, wanted)

    def forward(self, built: Built) -> dict[str, Any]:
        result = built.model(self.fed(slice(0, BATCH)), training=False)
        return self.by_name(result)

    def by_name(self, result: Any) -> dict[str, Any]:
        return (
            dict(result)
            if isinstance(result, Mapping)
            else {str(self.typed.graph.outputs[0]): result}
        )

    def fed(self, part: slice) -> Any:
        """Return some of the examples, as a model takes them."""
        values = {name: tf.constant(array[part]) for name, array in self.inputs.items()}
        return values if len(values) > 1 else next(iter(values.values()))

    def outputs(self, built: Built) -> Arrays:
        with built.explained():
            return {name: np.asarray(value) for name, value in self.forward(built).items()}

    def gradients(self, built: Built) -> Arrays:
        """Return the gradient of the loss of one batch for each weight, as in a training step."""
        part = slice(0, BATCH)
        targets = {name: tf.constant(array[part]) for name, array in self.targets.items()}
        y = targets if len(targets) > 1 else next(iter(targets.values()))
        model = built.model
        with built.explained(), tf.GradientTape() as recorder:
            x = self.fed(part)
            loss = model.compute_loss(x=x, y=y, y_pred=model(x, training=True), training=True)
        weights = {
            f"{name}/{weight.name} {position}": weight
            for name, layer in built.layers.items()
            for position, weight in enumerate(layer.trainable_weights)
        }
        found = recorder.gradient(loss, [weight.value for weight in weights.values()])
        return {
            name: np.zeros(0) if g is None else dense(g)
            for name, g in zip(weights, found, strict=True)
        }

    def train_by(self, style: str, loop: str) -> Arrays:
        """Train a fresh model and return its state and what it reported."""
        built = self.build(style)
        one = len(self.inputs) == 1
        x = next(iter(self.inputs.values())) if one else self.inputs
        y = next(iter(self.targets.values())) if len(self.targets) == 1 else self.targets
        batches = Batches(x=x, y=y, batch_size=BATCH, seed=self.seed)
        with built.explained():
            history = LOOPS[loop](built.model, batches, EPOCHS)
        state = variables(built)
        optimizer = built.model.optimizer
        state |= {f"optimizer {i}": np.asarray(v) for i, v in enumerate(optimizer.variables)}
        return state | {
            f"reported {key}": np.asarray(values) for key, values in history.history.items()
        }


def dense(gradient: Any) -> np.ndarray:
    """Return a gradient as an array; the one of an embedding comes as slices."""
    return np.asarray(tf.convert_to_tensor(gradient))


def variables(built: Built) -> Arrays:
    """Return every variable of every layer, random generators' states included, by layer name."""
    return {
        f"{name}/{variable.name} {position}": np.asarray(variable)
        for name, layer in built.layers.items()
        for position, variable in enumerate(layer.variables)
    }


def compare(what: str, subject: str, against: str, left: Arrays, right: Arrays) -> Check:
    """Compare arrays bit for bit; the detail counts them, or names the first that differs."""
    if left.keys() != right.keys():
        odd = sorted(left.keys() ^ right.keys())[0]
        return Check(what, subject, against, False, f"`{odd}` is on one side only")
    for name, array in left.items():
        other = right[name]
        if (
            array.shape != other.shape
            or array.dtype != other.dtype
            or array.tobytes() != other.tobytes()
        ):
            return Check(what, subject, against, False, f"`{name}` differs{_by(array, other)}")
    numbers = sum(array.size for array in left.values())
    return Check(what, subject, against, True, f"{numbers:,} numbers, bit for bit")


def _by(left: np.ndarray, right: np.ndarray) -> str:
    if left.shape != right.shape:
        return f": {left.shape} against {right.shape}"
    gap = np.max(np.abs(left.astype(np.float64) - right.astype(np.float64)), initial=0.0)
    return f" by at most {gap:.3g}"


def exactly(what: str, subject: str, against: str, found: object, expected: object) -> Check:
    """Compare plain data."""
    equal = found == expected
    return Check(
        what,
        subject,
        against,
        equal,
        "equal" if equal else f"expected {expected}, received {found}",
    )


def _sizes(found: Sequence[int], wanted: Sequence[int | None]) -> tuple[int | None, ...]:
    """Blank out the sizes that were not known before the examples were made."""
    if len(found) != len(wanted):
        return tuple(found)
    return tuple(None if want is None else size for size, want in zip(found, wanted, strict=True))
