"""Hypothesis strategies for whole specs. Shapes flow forward, so what is drawn is valid."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

from hypothesis import strategies as st

from hornbook.compiler.graph import Literal, TensorType
from hornbook.compiler.masking import check_mask, mask_after
from hornbook.compiler.shapes import TAKE_TEXTS, infer
from hornbook.compiler.shapes.rule import RuleError
from hornbook.specs.base import NodeSpec, registry
from hornbook.specs.load import Spec, load, zoo
from hornbook.specs.overrides import Override
from strategies import cells, convolution, features, images, normalization, ops
from strategies.normalization import valid_merges
from strategies.ops import BINARY, BROKEN, WHOLE, broadcastable, grids

LAYERS = (convolution, normalization, images, features, cells)
"""What draws layers; `ops` draws functions."""

SMALL = {
    "resnet50": ("inputs.image=[32, 32, 3]",),
    "mobilenet_v2": ("inputs.image=[32, 32, 3]",),
    "unet": ("inputs.image=[16, 16, 1]", "width=4"),
    "bert_tiny": ("width=16", "vocabulary=50", "length=12"),
    "vit_tiny": ("inputs.image=[64, 64, 3]", "patches=16", "width=12", "depth=2"),
}
"""Shipped architectures, small enough to be trained in a test."""


LARGE = ("mobilenet_v2", "resnet50", "vgg16")


def trained_zoo() -> tuple[str, ...]:
    """Return the shipped specs that say how they are trained."""
    return tuple(name for name in zoo() if load(name).model.train is not None)


def small(name: str) -> Spec:
    """Return a shipped spec, made small where it is a large architecture."""
    return load(name, overrides=[Override(text) for text in SMALL.get(name, ())])


SHAPES = st.sampled_from([(5,), (8,), (7, 3), (6, 6, 2), (9, 8, 1), (7, 6, 3), (4, 4, 4, 2)])
ABOVE = ("TensorFlow's softmax takes", "would lay the mask from above")
"""What a layer is refused for that its own arguments do not tell."""
LARGEST = 3_000
"""No tensor of a drawn spec holds more numbers than this for one example."""


@dataclass
class Draft:
    """A spec in the making, with the shape of every value so far."""

    inputs: dict[str, Any] = field(default_factory=dict)
    layers: list[Any] = field(default_factory=list)
    types: dict[str, TensorType] = field(default_factory=dict)
    masks: dict[str, Any] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def add(self, kind: str, arguments: dict[str, Any], sources: list[Any], name: str) -> bool:
        """Append a layer, or a function, where what it makes is not too large; tell whether it was.

        What is no name among the sources is a number or a list of numbers.
        """
        item = registry("entry").read({kind: frozen(arguments)})
        assert isinstance(item, NodeSpec)
        types = tuple(
            self.types[one] if isinstance(one, str) else Literal(frozen(one)).type
            for one in sources
        )
        masks = [self.masks.get(one) for one in sources if isinstance(one, str)]
        try:
            found = infer(item, types)
            check_mask(item, types[0], found.output, masks[0] if masks else None, {})
        except RuleError as error:
            if any(words in error.message for words in ABOVE):
                return False
            raise
        outputs = (found.output, *found.states)
        sizes = [prod(axis or 0 for axis in one.shape[1:]) for one in outputs]
        if not all(0 < size <= LARGEST for size in sizes) or found.output.rank < 2:
            return False
        if len(outputs) == 1:
            self.types[name] = found.output
        else:
            self.types |= {f"{name}.{index}": one for index, one in enumerate(outputs)}
        self.masks[name] = mask_after(item, types, masks)
        self.used.update(one for one in sources if isinstance(one, str))
        wiring = sources[0] if len(sources) == 1 else sources
        self.layers.append({kind: {**arguments, "name": name, "inputs": wiring}})
        return True

    def spec(self) -> dict[str, Any]:
        """Return the spec, with every loose end an output."""
        ends = [name for name in self.types if name not in self.used and name not in self.inputs]
        return {"name": "drawn", "inputs": self.inputs, "layers": self.layers, "outputs": ends}


def frozen(data: Any) -> Any:
    """Return data as the reader of YAML gives it: lists as tuples."""
    if isinstance(data, (list, tuple)):
        return tuple(frozen(part) for part in data)
    if isinstance(data, dict):
        return {key: frozen(part) for key, part in data.items()}
    return data


def listed(data: Any) -> Any:
    """Return data as JSON has it: tuples as lists."""
    if isinstance(data, (list, tuple)):
        return [listed(part) for part in data]
    if isinstance(data, dict):
        return {key: listed(part) for key, part in data.items()}
    return data


@st.composite
def functions(
    draw: st.DrawFn, source: str, given: TensorType, twin: str | None
) -> tuple[str, dict[str, Any], list[Any]]:
    """Draw a function of `keras.ops` of a value: alone, with an equal one, or with numbers."""
    if given.dtype != "float32" or draw(st.booleans()):
        # What a cast makes of numbers that do not fit is not told, and may differ between runs.
        found = [one for one in ops.valid_items(given.shape, given.dtype) if one[0] != "ops.cast"]
        kind, arguments = draw(st.sampled_from(found))
        return kind, draw(arguments), [source]
    shape = draw(st.just(()) | broadcastable(given.shape))
    numbers = grids(shape, draw(st.sampled_from([WHOLE, BROKEN]))).map(listed)
    other = draw(numbers) if twin is None else draw(st.just(twin) | numbers)
    pair = [source, other] if draw(st.booleans()) else [other, source]
    return f"ops.{draw(st.sampled_from(BINARY))}", {}, pair


@st.composite
def specs(draw: st.DrawFn, *, chain: bool = False, most: int = 6) -> dict[str, Any]:
    """Draw a spec: a chain, or a graph with forks, merges and shared layers."""
    draft = Draft()
    for index in range(1 if chain else draw(st.integers(1, 2))):
        shape = draw(SHAPES)
        draft.inputs[f"input{index}"] = list(shape)
        draft.types[f"input{index}"] = TensorType((None, *shape))
    for index in range(draw(st.integers(2, most))):
        values = [name for name in draft.types if not chain or name == list(draft.types)[-1]]
        source = draw(st.sampled_from(values))
        twin = next(
            (one for one in values if one != source and draft.types[one] == draft.types[source]),
            None,
        )
        type_ = draft.types[source]
        if not chain and draw(st.integers(0, 3)) == 0:
            kind, arguments, sources = draw(functions(source, type_, twin))
            draft.add(kind, listed(arguments), sources, f"layer{index}")
            continue
        choices = [
            item
            for kinds in LAYERS
            for item in kinds.valid_items(type_.shape, type_.dtype)
            if type_.dtype != "string" or item[0] in TAKE_TEXTS
        ]
        sources = [source]
        if twin and type_.dtype == "float32" and draw(st.booleans()):
            choices, sources = valid_merges(type_.shape), [source, twin]
        kind, arguments = draw(st.sampled_from(sorted(choices, key=lambda pair: pair[0])))
        draft.add(kind, listed(draw(arguments)), sources, f"layer{index}")
    for name in list(draft.inputs):
        if name not in draft.used:
            width = draft.types[name].shape[-1]
            assert width
            draft.add("Dense", {"units": 3}, [name], f"{name}_head")
    return draft.spec()


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a graph of equal shapes with many forks, joins, second calls and outputs."""
    draft = Draft({"a": [4]}, types={"a": TensorType((None, 4))})
    dense: list[str] = []
    for index in range(draw(st.integers(2, 12))):
        name, known = f"n{index}", list(draft.types)
        kind = draw(st.sampled_from(["Dense", "Dense", "Add", "call"]))
        if kind == "Add" and len(known) > 1:
            sources = draw(st.lists(st.sampled_from(known), min_size=2, max_size=4))
            draft.layers.append({"Add": {"name": name, "inputs": sources}})
        elif kind == "call" and dense:
            sources = [draw(st.sampled_from(known))]
            layer = draw(st.sampled_from(dense))
            draft.layers.append({"call": {"name": name, "inputs": sources[0], "layer": layer}})
        else:
            sources = [draw(st.sampled_from(known))]
            draft.layers.append({"Dense": {"units": 4, "name": name, "inputs": sources[0]}})
            dense.append(name)
        draft.types[name] = TensorType((None, 4))
        draft.used.update(sources)
    spec = draft.spec()
    extra = draw(
        st.lists(st.sampled_from([n for n in draft.types if n != "a"]), max_size=2, unique=True)
    )
    spec["outputs"] = list(dict.fromkeys([*spec["outputs"], *extra]))
    order = draw(st.permutations(range(len(spec["layers"]))))
    spec["layers"] = [spec["layers"][i] for i in order]
    return spec
