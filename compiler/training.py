"""What can be said about training before any data is read.

The head against the number of classes, the loss against the labels and the final activation, the
inputs against the data, losses and metrics against the outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..specs.base import Item, Path
from ..specs.data import DataFacts, facts
from ..specs.diagnostics import Diagnostic, Note, Span
from ..specs.load import Spec
from ..specs.model import TrainSpec
from ..specs.names import snake_case
from ..specs.wording import did_you_mean
from .graph import TypedGraph, TypedNode
from .losses import CROSSENTROPIES, from_logits, key, label_form

PROBABILITIES = frozenset({"softmax", "sigmoid"})
NOT_PROBABILITIES = frozenset(
    {"linear", "relu", "tanh", "elu", "selu", "gelu", "leaky_relu", "softplus"}
)
HANDS_ON = frozenset({"Flatten", "Reshape", "Dropout"})


def check_training(spec: Spec, typed: TypedGraph) -> list[Diagnostic]:
    """Return what cannot work (errors) and what probably should not be (warnings)."""
    train = spec.model.train
    if train is None:
        return []
    return _Checks(spec, typed, train).run()


class _Checks:
    def __init__(self, spec: Spec, typed: TypedGraph, train: TrainSpec) -> None:
        self.spec, self.typed, self.train = spec, typed, train
        self.nodes = by_output(typed)
        self.outputs = [str(value) for value in typed.graph.outputs]
        self.facts: DataFacts | None = facts(train.data) if train.data is not None else None
        self.found: list[Diagnostic] = []

    def run(self) -> list[Diagnostic]:
        self.names()
        for name, loss, path in self.losses():
            self.loss(self.nodes[name], loss, path)
        self.metrics()
        self.callbacks()
        self.inputs()
        return self.found

    def report(
        self,
        code: str,
        message: str,
        span: Span,
        *notes: Note,
        help: str | None = None,
        warning: bool = False,
    ) -> None:
        self.found.append(
            Diagnostic(code, message, span, notes, help, "warning" if warning else "error")
        )

    def place(self, *path: str | int) -> Span:
        return self.spec.document.span(("train", *path))

    # Outputs by name

    def names(self) -> None:
        """Hold the mappings by output against the outputs."""
        settings: Mapping[str, Any] = {
            "loss": self.train.loss,
            "metrics": self.train.metrics,
            "loss_weights": self.train.loss_weights,
        }
        known = ", ".join(f"`{name}`" for name in self.outputs)
        for setting, value in settings.items():
            if not isinstance(value, dict):
                continue
            if len(self.outputs) == 1:
                self.report(
                    "HB505", f"`{setting}` is given by output, but the model has one output, {known}",
                    self.place(setting), help=f"write `{setting}:` without the name",
                )  # fmt: skip
                continue
            for name in value:
                if name not in self.outputs:
                    self.report(
                        "HB505", f"`{setting}` names `{name}`, which is no output",
                        self.spec.document.span(("train", setting, name), "key"),
                        help=did_you_mean(name, self.outputs) or f"the outputs are {known}",
                    )  # fmt: skip
            missing = [name for name in self.outputs if name not in value]
            if setting == "loss" and missing:
                self.report(
                    "HB505", "no loss for " + ", ".join(f"`{name}`" for name in missing),
                    self.spec.document.span(("train", "loss"), "key"), help="every output needs one",
                )  # fmt: skip
        if len(self.outputs) > 1:
            for setting in ("loss", "metrics"):
                value = settings[setting]
                if value and not isinstance(value, dict):
                    self.report(
                        "HB505",
                        f"the model has {len(self.outputs)} outputs, but `{setting}` "
                        "does not say which it is for",
                        self.place(setting),
                        help=f"give it by output: `{setting}: "
                        f"{{{self.outputs[0]}: ..., {self.outputs[1]}: ...}}`",
                    )  # fmt: skip

    def losses(self) -> Iterable[tuple[str, str | Item, Path]]:
        """Yield each output with its loss and where that stands."""
        if isinstance(self.train.loss, dict):
            for name, loss in self.train.loss.items():
                if name in self.nodes and len(self.outputs) > 1:
                    yield name, loss, ("loss", name)
        elif len(self.outputs) == 1:
            yield self.outputs[0], self.train.loss, ("loss",)

    # A loss, its head and its labels

    def loss(self, head: TypedNode, loss: str | Item, path: Path) -> None:
        form = label_form(loss)
        width = head.type.shape[-1] if head.type.rank > 1 else 1
        single = self.facts if len(self.outputs) == 1 else None
        if single is not None and single.labelled:
            if head.type.rank != 2:
                self.axes(head, single)
                return
            self.labels(head, loss, path, single, form, width)
        if form in ("integer", "one_hot") and width == 1:
            several = single is not None and (single.classes or 0) > 2
            self.report(
                "HB501", f"`{self.name_of(loss)}` needs a unit for each class, but `{head.node.name}` has 1",
                self.units(head), Note("the loss stands here", self.place(*path)),
                help="write `units: $classes`" if several
                else "for two classes in one unit use `binary_crossentropy` with a `sigmoid`",
            )  # fmt: skip
        else:
            self.activation(head, loss, path)

    def axes(self, head: TypedNode, data: DataFacts) -> None:
        """Refuse a head that makes more than one row of numbers for each example."""
        pooling = {3: "GlobalAveragePooling1D", 4: "GlobalAveragePooling2D"}.get(head.type.rank)
        others = f"`Flatten` or a `{pooling}`" if pooling else "`Flatten`"
        self.report(
            "HB401",
            f"the head `{head.node.name}` makes {head.type}, "
            f"but the data `{data.name}` has one label for each example",
            head.node.span,
            Note(f"the data `{data.name}` stands here", self.place("data")),
            help=f"put a {others} before it",
        )

    def labels(
        self,
        head: TypedNode,
        loss: str | Item,
        path: Path,
        data: DataFacts,
        form: str,
        width: int | None,
    ) -> None:
        """Hold a loss and its head against data whose labels are known beforehand."""
        name, classes = self.name_of(loss), data.classes
        where = Note(f"the data `{data.name}` stands here", self.place("data"))
        if classes is None:
            if form != "values":
                self.report(
                    "HB502", f"`{name}` compares classes, but the data `{data.name}` holds numbers",
                    self.place(*path), where, help="use `mean_squared_error`",
                )  # fmt: skip
            elif data.regression and width not in (None, 1):
                self.report(
                    "HB501",
                    f"`{head.node.name}` has {width} units, but the data `{data.name}` has one number for each example",
                    self.units(head), where, help="write `units: 1`",
                )  # fmt: skip
            return
        if form == "one_hot":
            self.report(
                "HB502", f"`{name}` takes one-hot labels, but the labels of `{data.name}` are integers",
                self.place(*path), where, help="use `sparse_categorical_crossentropy`",
            )  # fmt: skip
        elif form == "integer" and width is not None and 1 < width != classes:
            what = (
                "labels outside the head make the loss fail or turn to NaN"
                if width < classes
                else "the rest would never be right"
            )
            self.report(
                "HB501",
                f"`{head.node.name}` has {width} units, but the data `{data.name}` has {classes} classes: {what}",
                self.units(head), where, help="write `units: $classes`", warning=width > classes,
            )  # fmt: skip
        elif form == "binary" and width is not None and width != 1:
            self.report(
                "HB502",
                f"`{name}` with integer labels takes one unit, but `{head.node.name}` has {width}",
                self.units(head), where, help="use `sparse_categorical_crossentropy` with a `softmax`",
            )  # fmt: skip
        elif form == "binary" and classes > 2:
            self.report(
                "HB501", f"`{name}` tells 2 classes apart, but the data `{data.name}` has {classes}",
                self.place(*path), where, help="use `sparse_categorical_crossentropy` and `units: $classes`",
            )  # fmt: skip
        elif form == "values" and width != 1:
            self.report(
                "HB502", f"`{name}` compares numbers, but the labels of `{data.name}` are classes",
                self.place(*path), where, help="use `sparse_categorical_crossentropy`",
            )  # fmt: skip

    def activation(self, head: TypedNode, loss: str | Item, path: Path) -> None:
        """Hold the final activation against the loss."""
        name, place = final_activation(head, self.nodes)
        if name is None or place is None:
            return
        span = (
            self.spec.document.span((*place.layer_path, "activation"))
            if place.has_field
            else place.node.node.span
        )
        where = Note("the loss stands here", self.place(*path))
        width = head.type.shape[-1] if head.type.rank > 1 else 1
        loss_name = self.name_of(loss)
        right = "sigmoid" if label_form(loss) == "binary" else "softmax"
        if name == "softmax" and width == 1:
            self.report(
                "HB503",
                "`softmax` over one unit is always 1",
                span,
                where,
                help="use `sigmoid` for one unit",
            )
        elif key(loss) in CROSSENTROPIES and from_logits(loss) and name in PROBABILITIES:
            self.report(
                "HB503",
                f"`{loss_name}` with `from_logits: true` applies a {right} of its own, "
                f"but the head ends in `{name}` already",
                span, where, help="drop `from_logits: true`, or the activation",
            )  # fmt: skip
        elif key(loss) in CROSSENTROPIES and not from_logits(loss) and name in NOT_PROBABILITIES:
            ends = f"ends in `{name}`" if place.has_field else "has no activation"
            self.report(
                "HB503", f"`{loss_name}` takes probabilities, but the head {ends}",
                span, where, help=f"use `activation: {right}`, or a loss with `from_logits: true`",
            )  # fmt: skip

    def name_of(self, choice: str | Item) -> str:
        return choice if isinstance(choice, str) else type(choice).__name__

    def units(self, head: TypedNode) -> Span:
        """Return the place that decides a head's width."""
        for field in ("units", "filters", "target_shape"):
            path = (*_layer_path(head, self.nodes), field)
            if path in self.spec.document.places:
                return self.spec.document.span(path)
        return head.node.span

    # Metrics, callbacks, inputs

    def metrics(self) -> None:
        """Refuse metrics that read labels in another form than the loss."""
        forms = {name: label_form(loss) for name, loss, _ in self.losses()}
        metrics = self.train.metrics
        by_output = (
            metrics if isinstance(metrics, dict) else dict.fromkeys(self.outputs[:1], metrics)
        )
        for name, listed in by_output.items():
            for position, metric in enumerate(listed):
                word = key(metric)
                wanted = (
                    "integer"
                    if word.startswith("sparse")
                    else "one_hot"
                    if word.startswith(("categorical", "topkcat"))
                    else None
                )
                if (
                    wanted
                    and name in forms
                    and forms[name] in ("integer", "one_hot")
                    and forms[name] != wanted
                ):
                    path = (
                        ("metrics", name, position)
                        if isinstance(metrics, dict)
                        else ("metrics", position)
                    )
                    one, other = "integers", "one-hot labels"
                    if wanted == "one_hot":
                        one, other = other, one
                    self.report(
                        "HB502", f"`{self.name_of(metric)}` takes {one}, but the loss takes {other}",
                        self.place(*path), help="use `accuracy`, which follows the loss",
                    )  # fmt: skip

    def callbacks(self) -> None:
        """Refuse a callback that watches what is never measured."""
        measured = self.measured()
        for position, callback in enumerate(self.train.callbacks):
            monitor = getattr(callback, "monitor", None)
            if not isinstance(monitor, str):
                continue
            what = f"`{self.name_of(callback)}` watches `{monitor}`, but "
            within = "val_" if monitor.startswith("val_") else ""
            names = [within + name for name in measured]
            if within and self.train.validation is None:
                self.report(
                    "HB509", what + "nothing is held out for validation",
                    self.monitor(position), help="add `validation: 0.1`, or `monitor: loss`",
                )  # fmt: skip
            elif not any(monitor == name or monitor.startswith(f"{name}_") for name in names):
                self.report(
                    "HB509", what + "no metric has that name", self.monitor(position),
                    help=did_you_mean(monitor, names) or "measured: " + ", ".join(f"`{name}`" for name in names),
                )  # fmt: skip

    def measured(self) -> list[str]:
        """Return the names under which the loss and the metrics are reported.

        Keras may count one up where a metric of the spec has no name: `auc`, `auc_1`.
        """
        metrics = self.train.metrics
        by_output = metrics if isinstance(metrics, dict) else {self.outputs[0]: metrics}
        several = len(self.outputs) > 1
        names = ["loss", *(f"{output}_loss" for output in self.outputs if several)]
        for output, listed in by_output.items():
            prefix = f"{output}_" if several else ""
            for metric in listed:
                name = metric if isinstance(metric, str) else getattr(metric, "name", None)
                names.append(prefix + (name or snake_case(type(metric).__name__)))
        return names

    def monitor(self, position: int) -> Span:
        """Return the place of what a callback watches, or of the callback's name."""
        callback = self.spec.document.data["train"]["callbacks"][position]
        if not isinstance(callback, Mapping):
            return self.place("callbacks", position)
        (name,) = callback
        path = ("train", "callbacks", position, name)
        stated = (*path, "monitor") in self.spec.document.places
        return self.spec.document.span(
            (*path, "monitor") if stated else path, "value" if stated else "key"
        )

    def inputs(self) -> None:
        """Hold the one input against data whose shape is known beforehand."""
        if self.facts is None or self.facts.shape is None:
            return
        graph = self.typed.graph
        where = Note(f"the data `{self.facts.name}` stands here", self.place("data"))
        if len(graph.inputs) > 1:
            self.report(
                "HB504", f"the model has {len(graph.inputs)} inputs, but the data `{self.facts.name}` has one",
                graph.inputs[1].span, where, help="use an `.npz` file with an array for each input",
            )  # fmt: skip
            return
        (one,) = graph.inputs
        shape = one.type.shape[1:]
        wanted = self.facts.shape
        fits = len(shape) == len(wanted) and all(
            a is None or b is None or a == b for a, b in zip(shape, wanted, strict=False)
        )
        if not fits:
            flat = len(shape) == 1 < len(wanted)
            self.report(
                "HB504",
                f"the input `{one.name}` is {_sizes(shape)}, but an example of `{self.facts.name}` is {_sizes(wanted)}",
                one.span, where,
                help=f"write `{one.name}: {_sizes(wanted)}`" + (", and `Flatten` as the first layer" if flat else ""),
            )  # fmt: skip


def _sizes(shape: tuple[int | None, ...]) -> str:
    return "[" + ", ".join("null" if size is None else str(size) for size in shape) + "]"


class _Place:
    """The node whose activation comes last, and whether it has a field for it."""

    def __init__(self, node: TypedNode, layer_path: Path, has_field: bool) -> None:
        self.node, self.layer_path, self.has_field = node, layer_path, has_field


def by_output(typed: TypedGraph) -> dict[str, TypedNode]:
    """Return the nodes by name, and those that make an output by the output's name and type."""
    nodes = {one.node.name: one for one in typed.nodes}
    types = typed.outputs()
    heads = {
        str(value): replace(nodes[value.name], type=types[str(value)])
        for value in typed.graph.outputs
    }
    return nodes | heads


def _layer_path(one: TypedNode, nodes: Mapping[str, TypedNode]) -> Path:
    return nodes[one.layer.name].node.path if one.layer.name in nodes else one.node.path


def final_activation(
    head: TypedNode, nodes: Mapping[str, TypedNode]
) -> tuple[str | None, _Place | None]:
    """Return the name of the activation that makes an output, and its place; None where unknown."""
    while type(head.layer.spec).__name__ in HANDS_ON:
        above = nodes.get(head.node.inputs[0].name)
        if above is None:
            return None, None
        head = above
    spec = head.layer.spec
    path = _layer_path(head, nodes)
    if type(spec).__name__ == "Softmax":
        return "softmax", _Place(head, path, False)
    if type(spec).__name__ in ("Activation", "Dense"):
        chosen = getattr(spec, "activation", None)
        name = (
            "linear"
            if chosen is None
            else chosen
            if isinstance(chosen, str)
            else type(chosen).__name__.lower()
        )
        return name, _Place(head, path, chosen is not None)
    return None, None
