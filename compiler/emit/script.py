"""Typed graph and training settings to a complete training script.

The script needs Keras and what its data needs, not hornbook. Everything of the spec
enters as a literal: constants at the top, and the arguments of ``compile`` and ``fit``. The rest is
fixed text, chosen by the kind of data and by the loop.
"""

from __future__ import annotations

from dataclasses import replace

from ...specs.base import Item
from ...specs.load import Spec
from ...specs.model import TrainSpec
from ..graph import Graph, TypedGraph
from ..needs import training_of
from ..python import (
    Assign,
    Call,
    Constant,
    Dict,
    Evaluate,
    Expression,
    Function,
    Items,
    Name,
    Source,
    Statement,
    Verbatim,
    print_module,
)
from ..tuning import ONEDNN, threads_of
from ..xla import share
from . import loaders
from .styles import module_of
from .values import construct, expression

TAPE = '''
def train(model, train_data, validation_data, callbacks):
    """Train as `model.fit` does, with every step in sight."""
    x_train, y_train = train_data
    examples = len({one_of_x_train})
    loss_mean = keras.metrics.Mean(name="loss")
    callbacks = keras.callbacks.CallbackList(callbacks, model=model)

    # Edit the step: everything that happens to one batch is here.
    @tf.function(reduce_retracing=True{by_xla})
    def train_step(x, y):
        with tf.GradientTape() as tape:
            y_pred = model(x, training=True)
            loss = model.compute_loss(x=x, y=y, y_pred=y_pred, training=True){scaling}
        gradients = tape.gradient({target}, model.trainable_variables)
        model.optimizer.apply(gradients, model.trainable_variables)
        loss_mean.update_state(loss, sample_weight=tf.shape({one_of_x})[0])
        model.compute_metrics(x, y, y_pred)

    callbacks.on_train_begin()
    for epoch in range(EPOCHS):
        callbacks.on_epoch_begin(epoch)
        model.reset_metrics()
        loss_mean.reset_state()
        order = np.random.default_rng((SEED, epoch)).permutation(examples)
        for start in range(0, examples, BATCH_SIZE):
            take = order[start : start + BATCH_SIZE]
            train_step({x_taken}, {y_taken})
        logs = {{k: float(v) for k, v in model.get_metrics_result().items()}}
        logs["loss"] = float(loss_mean.result())
        if validation_data is not None:
            measured = model.evaluate(*validation_data, return_dict=True, verbose=0)
            logs |= {{f"val_{{k}}": v for k, v in measured.items()}}
        print(f"epoch {{epoch + 1}}:", "  ".join(f"{{k}} {{v:.4f}}" for k, v in logs.items()))
        callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    callbacks.on_train_end()
'''

UPDATE = '''
def compile_update(optimizer):
    """Let XLA make one of the many small operations of an update."""
    apply = optimizer.apply

    def compiled(gradients, variables=None):
        update = tf.function(
            lambda gradients: apply(gradients, variables), jit_compile=True
        )
        update(gradients)

    optimizer.apply = compiled
'''

HOLD_OUT = '''
def hold_out(x, y, fraction):
    """Split examples at random: the larger part to train, the rest to validate."""
    examples = len({one_of_x})
    order = np.random.default_rng(SEED).permutation(examples)
    cut = examples - max(1, int(examples * fraction))
    return [({x_part}, {y_part}) for part in (order[:cut], order[cut:])]
'''


def _words(graph: Graph) -> dict[str, str]:
    """Return how the fixed text speaks of the arrays: a dict of them where there are several."""
    words = {"one_of_x": "x", "one_of_x_train": "x_train"}
    words |= {
        "x_taken": "x_train[take]",
        "x_part": "x[part]",
        "y_taken": "y_train[take]",
        "y_part": "y[part]",
    }
    if len(graph.inputs) > 1:
        name = graph.inputs[0].name
        words |= {"one_of_x": f'x["{name}"]', "one_of_x_train": f'x_train["{name}"]'}
        words |= {"x_taken": "at(x_train, take)", "x_part": "at(x, part)"}
    if len(graph.outputs) > 1:
        words |= {"y_taken": "at(y_train, take)", "y_part": "at(y, part)"}
    return words


def _step(train: TrainSpec, typed: TypedGraph) -> dict[str, str]:
    """Return what XLA and half precision change in the step of the loop."""
    words = {"by_xla": "", "scaling": "", "target": "loss"}
    if share(train, typed) == "on":
        words["by_xla"] = ", jit_compile=True"
    if (
        train.precision == "mixed_float16"
    ):  # small gradients would vanish in it; apply() divides again
        words["scaling"] = "\n            scaled = model.optimizer.scale_loss(loss)"
        words["target"] = "scaled"
    return words


AT = '''
def at(arrays, indices):
    """Pick the same examples from every array of a dict."""
    return {name: array[indices] for name, array in arrays.items()}
'''


def emit_script(
    spec: Spec, typed: TypedGraph, style: str, *, loop: str | None = None, show_shapes: bool = False
) -> Source:
    """Print a module that builds, trains and evaluates a model.

    Args:
        spec: the validated spec, with training settings that name data.
        typed: its typed graph.
        style: sequential, functional or subclassed.
        loop: fit or tape; by default the spec's own.
        show_shapes: whether the shape of each output stands behind its line.

    Raises:
        SpecError: HB507 without training settings or data, HB308 where the style cannot express the graph.
    """
    train = training_of(spec, "a training script")
    assert train.data is not None  # what training_of holds
    module = module_of(typed, style, show_shapes=show_shapes)
    by_tape = (loop or train.loop) == "tape"
    loader = loaders.loader(train.data, typed.graph)
    held_out = isinstance(train.validation, float)
    body: list[Statement] = [*_constants(train), *loader.constants, Verbatim(loader.text)]
    words = _words(typed.graph) | _step(train, typed)
    if (by_tape or held_out) and "at(" in "".join(words.values()):
        body.append(Verbatim(AT))
    if held_out:
        body.append(Verbatim(HOLD_OUT.format_map(words)))
    body += module.body
    by_xla = share(train, typed) == "for the optimizer"
    if by_xla:
        body.append(Verbatim(UPDATE))
    if by_tape:
        body.append(Verbatim(TAPE.format_map(words)))
    body += [_main(spec, typed, train, by_tape), Verbatim('if __name__ == "__main__":\n    main()')]
    lines = {*module.imports, *loader.imports}
    if by_tape or held_out:
        lines.add("import numpy as np")
    if by_tape or by_xla or threads_of(train):
        lines.add("import tensorflow as tf")
    docstring = module.docstring.replace(" Keras model.", " Keras model, and its training.")
    return print_module(
        replace(module, docstring=docstring, imports=_imports(lines, train), body=tuple(body)),
        style,
    )


def _imports(lines: set[str], train: TrainSpec) -> tuple[str, ...]:
    """Order imports as import sorters do: the standard library's, a blank line, the others'."""
    standard = {line for line in lines if line in loaders.STANDARD}
    others = sorted(lines - standard, key=lambda line: (line.startswith("from"), line))
    if isinstance(train.onednn, bool):  # TensorFlow reads it while it is imported
        chosen = f'os.environ["{ONEDNN}"] = "{int(train.onednn)}"'
        others = [chosen, "", *others]
        standard = standard | {"import os"}
    return (*sorted(standard), *([""] if standard else []), *others)


def _constants(train: TrainSpec) -> list[Statement]:
    values = {"EPOCHS": train.epochs, "BATCH_SIZE": train.batch_size, "SEED": train.seed}
    return [Assign(name, Constant(value)) for name, value in values.items()]


def _main(spec: Spec, typed: TypedGraph, train: TrainSpec, by_tape: bool) -> Function:
    """Compose what the script does when it is run."""
    body: list[Statement] = [
        *_machine(train),
        Evaluate(Name("keras.utils.set_random_seed(SEED)")),
        Verbatim("(x_train, y_train), (x_test, y_test) = load_data()"),
        *_validation(train),
        Assign("model", Call(Name("build_model"))),
        Evaluate(_compile(train, typed), spec.document.span(("train",), "key")),
        *_update(train, typed),
        Evaluate(_training(train, by_tape)),
        Verbatim("results = model.evaluate(x_test, y_test, return_dict=True, verbose=0)"),
        Verbatim('print("test:", "  ".join(f"{k} {v:.4f}" for k, v in results.items()))'),
    ]
    return Function("main", (), tuple(body))


def _validation(train: TrainSpec) -> list[Statement]:
    if isinstance(train.validation, float):
        call = Call(
            Name("hold_out"), (Name("x_train"), Name("y_train"), Constant(train.validation))
        )
        return [Assign("(x_train, y_train), validation", call)]
    return []


def _machine(train: TrainSpec) -> list[Statement]:
    """Set what must be set before anything is computed."""
    found: list[Statement] = []
    for name, number in threads_of(train).items():
        chosen = f"tf.config.threading.set_{name}_parallelism_threads({number})"
        found.append(Evaluate(Name(chosen)))
    if train.precision != "float32":
        call = Call(Name("keras.config.set_dtype_policy"), (Constant(train.precision),))
        found.append(Evaluate(call))
    return found


def _compile(train: TrainSpec, typed: TypedGraph) -> Call:
    keywords: list[tuple[str, Expression]] = [
        ("optimizer", _full(train.optimizer)),
        ("loss", _full(train.loss)),
    ]
    if train.metrics:
        keywords.append(("metrics", _full(train.metrics)))
    if train.loss_weights:
        keywords.append(("loss_weights", _full(train.loss_weights)))
    if train.jit_compile:
        keywords.append(("jit_compile", Constant(share(train, typed) == "on")))
    return Call(Name("model.compile"), (), tuple(keywords))


def _update(train: TrainSpec, typed: TypedGraph) -> list[Statement]:
    if share(train, typed) != "for the optimizer":
        return []
    return [Evaluate(Name("compile_update(model.optimizer)"))]


def _training(train: TrainSpec, by_tape: bool) -> Call:
    held: Expression = Name("validation")
    if train.validation == "test":
        held = _pair("x_test", "y_test")
    callbacks = Items(tuple(_full(one) for one in train.callbacks))
    if by_tape:
        given = held if train.validation is not None else Constant(None)
        return Call(Name("train"), (Name("model"), _pair("x_train", "y_train"), given, callbacks))
    keywords: list[tuple[str, Expression]] = [
        ("batch_size", Name("BATCH_SIZE")),
        ("epochs", Name("EPOCHS")),
    ]
    if train.validation is not None:
        keywords.append(("validation_data", held))
    if train.callbacks:
        keywords.append(("callbacks", callbacks))
    return Call(Name("model.fit"), (Name("x_train"), Name("y_train")), tuple(keywords))


def _pair(x: str, y: str) -> Items:
    return Items((Name(x), Name(y)), "()")


def _full(value: object) -> Expression:
    """Return an expression whose classes are written from ``keras`` down, so no import is needed."""
    match value:
        case Item():
            return _prefixed(construct(value, None))
        case tuple():
            return Items(tuple(_full(part) for part in value))
        case dict():
            return Dict(tuple((str(key), _full(part)) for key, part in value.items()))
        case _:
            return expression(value)


def _prefixed(call: Call) -> Call:
    def inside(part: Expression) -> Expression:
        return _prefixed(part) if isinstance(part, Call) else part

    function = call.function
    if isinstance(function, Name):
        function = Name(f"keras.{function.text}")
    keywords = tuple((name, inside(part)) for name, part in call.keywords)
    return Call(function, tuple(map(inside, call.arguments)), keywords, call.span)
