"""Generated source to a live model.

The model is made by executing the very source that a reader sees. There is no second way to
build one.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import keras
from keras.src.backend.common import global_state

from ..compiler.driver import analyse, emit
from ..compiler.graph import Graph, TypedGraph
from ..compiler.python import Source
from ..specs.diagnostics import Diagnostic, Note, SpecError
from ..specs.load import Spec
from ..specs.names import keras_name
from .finite import LabelOutsideHead, NonFiniteLoss

ANSI = re.compile(r"\x1b\[[0-9;]*m")
KERAS_FRAME = "Exception encountered when calling"
NAME_COUNTERS = "object_name_uids"
GENERATED = "hornbook.generated."
"""The modules that generated source is said to be, each followed by its model's name."""


@dataclass(frozen=True)
class Built:
    """A model, the source that made it, and its layers by their names in the spec."""

    model: keras.Model
    source: Source
    filename: str
    graph: Graph
    layers: dict[str, keras.layers.Layer]

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn an exception that passes through the generated code into one that names the YAML.

        Raises:
            SpecError: HB702, with the generated line and the place in the spec behind it.
        """
        with explained(self.source, self.filename, self.graph):
            yield


def build(spec: Spec, style: str = "functional", *, seed: int | None = None) -> keras.Model:
    """Compile a spec, execute the source and return the built model.

    Args:
        spec: a validated spec.
        style: sequential, functional or subclassed.
        seed: decides the initial weights; by default the spec's ``train.seed``, or 0.

    Raises:
        SpecError: what compiling finds, and HB702 where Keras refuses.
    """
    return build_typed(analyse(spec), style, seed=seed_of(spec) if seed is None else seed).model


def seed_of(spec: Spec) -> int:
    """Return the seed that a spec asks for."""
    return spec.model.train.seed if spec.model.train else 0


def build_typed(typed: TypedGraph, style: str, *, seed: int) -> Built:
    """Build one style of a typed graph.

    Python's, NumPy's and TensorFlow's global generators are set to ``seed``, since Keras draws the seeds
    of unseeded initializers and of Dropout from Python's.
    """
    source = emit(typed, style)
    filename = f"<hornbook {typed.graph.name} {style}>"
    linecache.cache[filename] = (
        len(source.text),
        None,
        source.text.splitlines(keepends=True),
        filename,
    )
    keras.utils.set_random_seed(seed)
    with explained(source, filename, typed.graph), fresh_names(), policy(typed.graph.precision):
        namespace: dict[str, Any] = {"__name__": GENERATED + typed.graph.name}
        exec(compile(source.text, filename, "exec"), namespace)
        model = namespace["build_model"]()
    return Built(model, source, filename, typed.graph, layers_by_name(model, typed.graph))


def layers_by_name(model: keras.Model, graph: Graph) -> dict[str, keras.layers.Layer]:
    """Tie the layers of a model to the layers of its graph, which stand in the same order.

    Raises:
        RuntimeError: where they do not, which is a defect of hornbook.
    """
    found = list(_layers(model))
    layers = [layer for layer in graph.layers if not layer.is_op]
    wanted = [keras_name(type(layer.spec).__name__) for layer in layers]
    if [type(layer).__name__ for layer in found] != wanted:
        raise RuntimeError(
            f"the model's layers are {[layer.name for layer in found]}, expected {wanted}"
        )
    return {layer.name: made for layer, made in zip(layers, found, strict=True)}


def _layers(owner: Any) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a model in order, those of its blocks in place of the blocks."""
    for layer in owner._flatten_layers(include_self=False, recursive=False):
        if type(layer).__module__.startswith(GENERATED):
            yield from _layers(layer)
        elif not isinstance(layer, keras.layers.InputLayer):
            yield layer


def transfer(source: Built, target: Built) -> None:
    """Copy every weight, and every random generator's state, from one style to another by layer name."""
    for name, layer in source.layers.items():
        for old, new in zip(layer.variables, target.layers[name].variables, strict=True):
            new.assign(old)
        if isinstance(target.layers[name], keras.layers.Normalization):
            target.layers[name].finalize_state()


@contextmanager
def fresh_names() -> Iterator[None]:
    """Count Keras's automatic layer names from the start, and leave the counters as they were."""
    before = global_state.get_global_attribute(NAME_COUNTERS)
    global_state.set_global_attribute(NAME_COUNTERS, None)
    try:
        yield
    finally:
        global_state.set_global_attribute(NAME_COUNTERS, before)


@contextmanager
def policy(name: str) -> Iterator[None]:
    """Build under a dtype policy of Keras, and leave the one that was there as it was."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextmanager
def explained(source: Source, filename: str, graph: Graph) -> Iterator[None]:
    """See :meth:`Built.explained`."""
    try:
        yield
    except (SpecError, NonFiniteLoss, LabelOutsideHead):
        raise
    except Exception as error:
        line = generated_line(error.__traceback__, filename) or line_of_layer(error, source, graph)
        if line is None:
            raise
        raise SpecError([_diagnostic(error, source, filename, line)]) from error


def generated_line(trace: TracebackType | None, filename: str) -> int | None:
    """Return the innermost line of a generated file on a traceback."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def line_of_layer(error: Exception, source: Source, graph: Graph) -> int | None:
    """Return the generated line of the layer that a message of Keras or TensorFlow speaks of.

    A Sequential or Functional model calls its layers itself, so no generated line is on
    the traceback; but Keras says ``Dense.call()``, and an operation has its layer's name in its own.
    """
    text = str(error)
    named = [layer for layer in graph.layers if re.search(rf"/{layer.name}(_\d+)?/", text)]
    classes = [
        layer for layer in graph.layers if f"{keras_name(type(layer.spec).__name__)}.call()" in text
    ]
    for found in (named, classes):
        if len(found) == 1:
            spans = [
                number for number, span in enumerate(source.line_map, 1) if span == found[0].span
            ]
            return spans[0] if spans else None
    return None


def _diagnostic(error: Exception, source: Source, filename: str, line: int) -> Diagnostic:
    code = source.text.splitlines()[line - 1].strip()
    lines = [ANSI.sub("", text).strip() for text in str(error).splitlines()]
    said = (text for text in lines if text and not text.startswith(KERAS_FRAME))
    return Diagnostic(
        "HB702",
        f"{type(error).__name__}: {next(said, 'no message')}",
        source.span_of(line),
        (Note(f"raised by line {line} of {filename}: {code}"),),
    )
