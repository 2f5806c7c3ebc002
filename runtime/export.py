"""A model in the formats that other programs read, each checked by the program that runs it.

What is written goes under a temporary name, is loaded by its own runtime, and has to give the outputs of the
model on random examples in batches of several sizes. Only then does it take its name.
"""

from __future__ import annotations

import errno
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NoReturn, final

import keras
import numpy as np
import tensorflow as tf

from ..compiler.driver import styles_of
from ..compiler.graph import TensorType, TypedGraph
from ..specs.diagnostics import Diagnostic, Note, SpecError
from .archive import read_weights, weights_of, write_weights
from .build import Built
from .outputs import fed, forward
from .samples import sample_inputs
from .scaling import Scales, apply, raw, scaled_input

BATCHES: Final = (1, 8, 3)
"""The batches that are compared: one example, several, and the rest of an epoch."""

TOLERANCE: Final = {"float32": 1e-4, "mixed_float16": 4e-3, "mixed_bfloat16": 3e-2}
"""How far an output may lie from the model's, by the precision that it computes in: times the largest output,
where that is more than 1. Half precision rounds to 11 and 8 bits, each runtime elsewhere."""

SHARED: Final = "saved_model.pb"
"""What a folder holds that is a SavedModel; no other folder is ever replaced."""

Arrays = dict[str, np.ndarray]
Runner = Callable[[Arrays], Any]


@final
@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or an output, as the format names it; a size of None is open."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str

    def __str__(self) -> str:
        return f"{self.name} {TensorType(self.shape, self.dtype)} {self.dtype}"


@final
@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and how far its outputs lie from the model's.

    ``difference`` is the largest absolute one, and ``allowed`` the largest that would have been accepted.
    ``batch`` is the one batch size that the format takes, where it takes no other.
    """

    path: Path
    form: str
    checked_by: str
    difference: float
    allowed: float
    examples: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    with_scaling: bool
    batch: int | None
    bytes: int


@final
@dataclass(frozen=True, slots=True)
class Format:
    """How a format is written and run, what it needs besides the dependencies, and how its files end.

    ``batches`` are the batch sizes that are tried one after the other; None leaves it open.
    """

    suffix: str
    runtime: str
    distribution: str
    write: Callable[[keras.Model, Path, Any], None]
    load: Callable[[Path], Runner]
    needs: tuple[tuple[str, str], ...] = ()
    batches: tuple[int | None, ...] = (None,)


def export(
    built: Built,
    typed: TypedGraph,
    form: str,
    path: Path,
    *,
    scaling: Scales | None = None,
    with_scaling: bool = False,
    force: bool = False,
    seed: int = 0,
) -> Exported:
    """Write a model in a format, and hold it against the model.

    Args:
        built: the model, in any style.
        typed: its graph.
        form: one of :data:`FORMATS`, or ``weights``.
        path: the new file, or for ``savedmodel`` the new folder.
        scaling: how raw values become what each input takes.
        with_scaling: whether what is written takes raw values, and scales them itself.
        force: whether to replace what is there.
        seed: decides the random examples.

    Raises:
        SpecError: HB703 where something is there; HB921 where a package is missing, HB922 where the format
            cannot hold the model, HB923 where its outputs differ.
    """
    check_packages(form)
    check_path(path, form, force=force)
    with tempfile.TemporaryDirectory(prefix=".hornbook-", dir=path.parent) as folder:
        if form == WEIGHTS:
            done = _weights(built, path, Path(folder))
        else:
            made = _Export(built, typed, form, scaling or {}, with_scaling, seed)
            done = made.attempts(path, Path(folder))
        _put(Path(folder) / f"new{suffix_of(form)}", path, Path(folder) / "old")
    return done


def _put(new: Path, path: Path, old: Path) -> None:
    """Give what was checked its name; a folder cannot replace another in one step."""
    if not path.is_dir():
        os.replace(new, path)
        return
    os.replace(path, old)
    try:
        os.replace(new, path)
    except OSError:
        os.replace(old, path)
        raise


WEIGHTS: Final = "weights"
EXTRA: Final = "pip install 'hornbook[export]'"


def suffix_of(form: str) -> str:
    """Return how the names of a format's files end; a folder's name ends as it likes."""
    return ".safetensors" if form == WEIGHTS else FORMATS[form].suffix


# Before anything is built


def check_packages(form: str) -> None:
    """See that the packages are there that write and check a format.

    Raises:
        SpecError: HB921.
    """
    needs = FORMATS[form].needs if form in FORMATS else ()
    missing = [f"`{distribution}`" for module, distribution in needs if find_spec(module) is None]
    if missing:
        *others, last = missing
        names = f"{', '.join(others)} and {last}" if others else last
        verb = "are" if others else "is"
        message = f"the format `{form}` needs {names}, which {verb} not installed"
        raise SpecError([Diagnostic("HB921", message, help=f"`{EXTRA}` brings what exports need")])


def check_path(path: Path, form: str, *, force: bool) -> None:
    """See that an export may be written to a path. Of folders only a SavedModel is ever replaced.

    Raises:
        SpecError: HB703.
    """
    if not os.path.lexists(path):
        return
    help = "choose another name, or overwrite it with `--force`"
    folder, is_folder = form == "savedmodel", path.is_dir() and not path.is_symlink()
    if folder != is_folder or (folder and not (path / SHARED).is_file()):
        kind = "a folder that holds no SavedModel" if is_folder and folder else None
        kind = kind or ("a folder" if is_folder else "a file")
        message = f"`{path}` exists already, and is {kind}"
        raise SpecError([Diagnostic("HB703", message, help="choose another name")])
    if not force:
        raise SpecError([Diagnostic("HB703", f"`{path}` exists already", help=help)])


def chosen_style(typed: TypedGraph) -> str:
    """Return the style of a model that nobody asks for another one: functional, where that can express it."""
    possible = styles_of(typed)
    return "functional" if "functional" in possible or not possible else possible[0]


def check_style(form: str, style: str) -> None:
    """Refuse what Keras could not load again without the emitted source.

    Raises:
        SpecError: HB922.
    """
    if form == "keras" and style == "subclassed":
        message = "a `.keras` file of a Subclassed model can be loaded only where its class is"
        help = "write it in another style, `--style functional`, or as `savedmodel`"
        raise SpecError([Diagnostic("HB922", message, help=help)])


# One export


@final
class _Export:
    def __init__(
        self,
        built: Built,
        typed: TypedGraph,
        form: str,
        scaling: Scales,
        with_scaling: bool,
        seed: int,
    ) -> None:
        check_style(form, built.source.style)
        self.built, self.typed, self.name, self.format = built, typed, form, FORMATS[form]
        self.scaling = scaling if with_scaling else {}
        self.with_scaling = with_scaling
        self.model = with_scaling_in_front(built, typed, scaling) if with_scaling else built.model
        self.rng = np.random.default_rng(seed)

    def attempts(self, path: Path, folder: Path) -> Exported:
        """Write and check, with the batch left open or, where the format cannot have that, as it can."""
        first: SpecError | None = None
        for batch in self.format.batches:
            new = folder / f"new{self.format.suffix}"
            try:
                return self.attempt(path, new, batch)
            except SpecError as error:
                first = first or error
        assert first is not None
        raise first

    def attempt(self, path: Path, new: Path, batch: int | None) -> Exported:
        with self.told("cannot hold this model"):
            self.format.write(self.model, new, self.signature(batch))
        with self.told("was written, but its runtime cannot run it"):
            run = self.format.load(new)
            compared = [self.compared(run, size) for size in ([batch] * 3 if batch else BATCHES)]
        difference = max(one for one, _ in compared)
        allowed = TOLERANCE[self.typed.graph.precision] * max(
            1.0, *(largest for _, largest in compared)
        )
        if not difference <= allowed:
            self.differs(difference, allowed)
        return Exported(
            path, self.name, f"{self.format.runtime} {version_of(self.format.distribution)}",
            difference, allowed, batch * 3 if batch else sum(BATCHES),
            tuple(self.inputs(batch)), tuple(self.outputs(batch)), self.with_scaling, batch, size_of(new),
        )  # fmt: skip

    def signature(self, batch: int | None) -> list[Any]:
        """Return what the model takes, for Keras: of a Subclassed model it would guess the dtypes."""
        specs = {
            one.name: keras.layers.InputSpec(dtype=one.dtype, shape=one.shape, name=one.name)
            for one in self.inputs(batch)
        }
        return [specs if len(specs) > 1 else next(iter(specs.values()))]

    def inputs(self, batch: int | None) -> Iterator[Tensor]:
        for one in self.typed.graph.inputs:
            yield Tensor(one.name, (batch, *one.type.shape[1:]), one.type.dtype)

    def outputs(self, batch: int | None) -> Iterator[Tensor]:
        for name, one in self.typed.outputs().items():
            yield Tensor(name, (batch, *one.shape[1:]), one.dtype)

    def compared(self, run: Runner, examples: int) -> tuple[float, float]:
        """Return the largest difference on some random examples, and the largest output of the model."""
        inputs = sample_inputs(self.typed, examples, self.rng)
        given = {name: raw(array, self.scaling.get(name)) for name, array in inputs.items()}
        seen = {name: apply(array, self.scaling.get(name)) for name, array in given.items()}
        with self.built.explained():
            expected = forward(self.built.model, self.typed, seen)
        found = matched(run(given), expected)
        pairs = [(found[name], array) for name, array in expected.items()]
        return max(gap(*pair) for pair in pairs), max(largest(array) for _, array in pairs)

    def differs(self, difference: float, allowed: float) -> NoReturn:
        message = (
            f"as `{self.name}` the model gives other outputs: they differ by up to {difference:.3g}, "
            f"and {allowed:.3g} is allowed"
        )
        notes = (Note(f"what {self.format.runtime} ran was not kept"),)
        raise SpecError([Diagnostic("HB923", message, notes=notes)])

    def told(self, what: str) -> _Told:
        return _Told(self.name, what)


DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO})


@final
class _Told:
    """Turns whatever an exporter or a runtime raises into HB922. Each has errors of its own, of every class."""

    def __init__(self, form: str, what: str) -> None:
        self.format, self.what = form, what
        self.quiet = warnings.catch_warnings()

    def __enter__(self) -> None:
        self.quiet.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: Any) -> None:
        self.quiet.__exit__(kind, error, trace)
        if isinstance(error, OSError) and error.errno in DISK:
            return  # it is not the format that is at fault
        if isinstance(error, Exception) and not isinstance(error, SpecError):
            message = f"the format `{self.format}` {self.what}: {reason(error)}"
            help = "the formats `keras` and `savedmodel` hold every layer"
            raise SpecError([Diagnostic("HB922", message, help=help)]) from error


FLEX: Final = re.compile(r"Flex(\w+)")
NODE: Final = re.compile(r'INVALID_GRAPH.*In Node, \("[^"]*", (\w+),', re.DOTALL)
MOST_TEXT: Final = 240


def reason(error: Exception) -> str:
    """Return what an exporter says in one line."""
    text = str(error)
    if flex := sorted(set(FLEX.findall(text)) - {"delegate"}):
        return f"LiteRT has no {', '.join(f'`{one}`' for one in flex)}"
    if node := NODE.search(text):
        return f"ONNX has no `{node[1]}`"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:MOST_TEXT]


def matched(found: Any, expected: Arrays) -> Arrays:
    """Return outputs by the model's own names; a runtime that has other names keeps their order."""
    if isinstance(found, Mapping):
        arrays = {str(name): np.asarray(array) for name, array in found.items()}
    else:
        arrays = {"": np.asarray(found)}
    if set(arrays) == set(expected):
        return arrays
    return dict(zip(sorted(expected), (arrays[name] for name in sorted(arrays)), strict=True))


def gap(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference; one of shapes is larger than any."""
    if found.shape != expected.shape:
        return float("inf")
    one, other = found.astype(np.float64), expected.astype(np.float64)
    alike = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):  # infinity less infinity
        apart = np.nan_to_num(np.abs(one - other), nan=np.inf)
    return float(np.max(np.where(alike, 0.0, apart), initial=0.0))


def largest(array: np.ndarray) -> float:
    """Return the largest finite magnitude."""
    numbers = np.abs(array.astype(np.float64))
    return float(np.max(numbers[np.isfinite(numbers)], initial=0.0))


def with_scaling_in_front(built: Built, typed: TypedGraph, scaling: Scales) -> keras.Model:
    """Return a model that takes raw values: the arithmetic of training stands in front, number by number."""
    raws = {
        one.name: keras.Input(one.type.shape[1:], dtype=one.type.dtype, name=one.name)
        for one in typed.graph.inputs
    }
    seen = {name: scaled_input(value, scaling.get(name)) for name, value in raws.items()}
    return keras.Model(fed(raws), built.model(fed(seen)), name=f"{built.model.name}_with_scaling")


def version_of(distribution: str) -> str:
    """Return the version of what is installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "(version unknown)"


def size_of(path: Path) -> int:
    """Return how many bytes a file has, or the files of a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


# The formats


def _save(model: keras.Model, path: Path, signature: Any) -> None:  # noqa: ARG001
    model.save(path)


def _load_keras(path: Path) -> Runner:
    model = keras.saving.load_model(path, compile=False)
    return lambda inputs: model(fed(_tensors(inputs)), training=False)


def _exporter(form: str) -> Callable[[keras.Model, Path, Any], None]:
    def write(model: keras.Model, path: Path, signature: Any) -> None:
        model.export(str(path), format=form, verbose=False, input_signature=signature)

    return write


def _load_savedmodel(path: Path) -> Runner:
    loaded = tf.saved_model.load(str(path))

    def run(inputs: Arrays) -> Any:
        return loaded.serve(fed(_tensors(inputs)))

    return run


def _load_onnx(path: Path) -> Runner:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    outputs = [one.name for one in session.get_outputs()]

    def run(inputs: Arrays) -> Any:
        return dict(zip(outputs, session.run(None, _under(names, inputs)), strict=True))

    return run


def _load_litert(path: Path) -> Runner:
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_path=str(path)).get_signature_runner()
    names = list(runner.get_input_details())
    return lambda inputs: runner(**_under(names, inputs))


def _under(names: list[str], inputs: Arrays) -> Arrays:
    """Return the inputs by the names that a runtime has for them."""
    if set(names) == set(inputs):
        return inputs
    return dict(zip(sorted(names), (inputs[name] for name in sorted(inputs)), strict=True))


def _tensors(inputs: Arrays) -> dict[str, Any]:
    return {name: tf.constant(array) for name, array in inputs.items()}


FORMATS: Final[Mapping[str, Format]] = {
    "keras": Format(".keras", "Keras", "keras", _save, _load_keras),
    "savedmodel": Format(
        "", "TensorFlow", "tensorflow", _exporter("tf_saved_model"), _load_savedmodel
    ),
    "onnx": Format(
        ".onnx",
        "ONNX Runtime",
        "onnxruntime",
        _exporter("onnx"),
        _load_onnx,
        (("onnx", "onnx"), ("tf2onnx", "tf2onnx"), ("onnxruntime", "onnxruntime")),
    ),
    "litert": Format(
        ".tflite",
        "LiteRT",
        "ai-edge-litert",
        _exporter("litert"),
        _load_litert,
        (("ai_edge_litert", "ai-edge-litert"),),
        (None, 1),  # the loops of recurrent layers need a batch of a known size
    ),
}


def _weights(built: Built, path: Path, folder: Path) -> Exported:
    """Write the weights by name, which fit the model in every style, and read them back."""
    new = folder / f"new{suffix_of(WEIGHTS)}"
    write_weights(new, built)
    found, expected = read_weights(new), weights_of(built)
    alike = found.keys() == expected.keys()
    difference = (
        max((gap(found[key], array) for key, array in expected.items()), default=0.0)
        if alike
        else float("inf")
    )
    if difference > 0:
        message = f"the weights read back differ by up to {difference:.3g}"
        raise SpecError([Diagnostic("HB923", message)])
    return Exported(
        path, WEIGHTS, f"safetensors {version_of('safetensors')}", difference, 0.0, 0, (), (),
        False, None, size_of(new),
    )  # fmt: skip
