"""The config of a model, with all models inside it, to one flat graph of calls.

Keras refers to a value as (layer, number of its call, number of the output). Inside a nested model
these refer to the nested model's own layers, and the calls of a nested model as a whole are
replaced here by calls of what is in it, as often as it is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, final

from .values import Obstacle, count, inner, mapping, sequence, shown, tagged, text, walk

MAX_CALLS: Final = 20_000
MAX_NESTING: Final = 30

TENSOR: Final = "__keras_tensor__"
FUNCTIONAL: Final = ("Functional", "Model")
SEQUENTIAL: Final = "Sequential"

Path = tuple[str, ...]
"""Names that lead from the model to a layer through the models that it is nested in."""


@final
@dataclass(frozen=True, slots=True)
class Tensor:
    """A value of the flat graph: an output of a call, with the shape that Keras has recorded."""

    call: int
    output: int
    shape: tuple[Any, ...] | None = None

    @property
    def key(self) -> tuple[int, int]:
        """What makes it the same value as another."""
        return self.call, self.output


@final
@dataclass(frozen=True, slots=True)
class Definition:
    """A layer or an operation as Keras has written it. ``frozen`` is set by a model around it."""

    path: Path
    module: str
    kind: str
    config: Mapping[str, Any]
    built: Mapping[str, Any]
    custom: str | None
    frozen: bool

    @property
    def name(self) -> str:
        """Its name in its own model."""
        return self.path[-1]


@final
@dataclass(frozen=True, slots=True)
class FlatCall:
    """One call of a layer; tensors among its arguments are values of the flat graph."""

    number: int
    layer: Definition
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    def operands(self) -> Iterator[Tensor]:
        """Yield the values that the call takes, masks not counted."""
        others = {name: one for name, one in self.kwargs.items() if not name.endswith("mask")}
        return tensors((self.args, others))


def tensors(data: Any) -> Iterator[Tensor]:
    """Yield every value of the flat graph inside nested data."""
    if isinstance(data, Tensor):
        yield data
    elif isinstance(data, Mapping):
        for part in data.values():
            yield from tensors(part)
    elif isinstance(data, tuple):
        for part in data:
            yield from tensors(part)


@final
@dataclass(slots=True)
class Flat:
    """A flat graph that is being made."""

    name: str = "model"
    calls: dict[int, FlatCall] = field(default_factory=dict)
    inputs: list[int] = field(default_factory=list)
    outputs: list[Tensor] = field(default_factory=list)
    input_keys: dict[int, str] = field(default_factory=dict)
    output_keys: list[str | None] = field(default_factory=list)
    problems: list[tuple[Path, str, Obstacle]] = field(default_factory=list)
    definitions: dict[Path, Definition] = field(default_factory=dict)
    told: set[Path] = field(default_factory=set)
    models: int = 0

    def add(
        self,
        layer: Definition,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> int:
        """Add a call and return its number."""
        if len(self.calls) >= MAX_CALLS:
            raise Obstacle(f"it makes more than {MAX_CALLS:,} calls of layers")
        number = len(self.calls)
        self.calls[number] = FlatCall(number, layer, args, kwargs)
        return number


def flatten(data: Mapping[str, Any]) -> Flat:
    """Return the flat graph of a model that Keras has written.

    What stands in the way is collected in its ``problems``.
    """
    flat = Flat()
    kind = str(data.get("class_name"))
    try:
        if not is_model(data):
            raise Obstacle(
                f"the model is a `{shown(kind)}`, not a Sequential or Functional model",
                "only these hold their layers and wiring as data",
            )
        config = inner(data, "the model")
        flat.name = text(config.get("name"), "the name of the model")
        outputs = _Model(flat, data, (), 0).run(None)
        flat.outputs = [tensor for _, tensor in outputs]
        flat.output_keys = [key for key, _ in outputs]
        if not flat.outputs:
            raise Obstacle("the model has no outputs")
    except Obstacle as problem:
        flat.problems.append(((), kind, problem))
    return flat


def is_model(data: Mapping[str, Any]) -> bool:
    """Tell whether an object is a model that consists of layers, and no class of somebody's own."""
    kind, module = data.get("class_name"), str(data.get("module", "keras"))
    if not _of_keras(module) or not isinstance(data.get("config"), Mapping):
        return False
    keys = ("layers", "input_layers", "output_layers")
    return (kind == SEQUENTIAL and "layers" in data["config"]) or (
        kind in FUNCTIONAL and all(key in data["config"] for key in keys)
    )


def custom_class(data: Mapping[str, Any]) -> str | None:
    """Return the name of a class that is not Keras's own, None for one that is."""
    kind = str(data.get("class_name"))
    registered = data.get("registered_name")
    if not _of_keras(str(data.get("module"))) or registered not in (None, kind):
        return str(registered or kind)
    return None


def _of_keras(module: str) -> bool:
    return module == "keras" or module.startswith("keras.")


Output = tuple[str | None, Tensor]
"""An output of a model: its key where outputs are a mapping, and the value."""


class _Model:
    """One model that is being replaced by its layers; ``run`` makes the calls of one call of it."""

    def __init__(
        self, flat: Flat, data: Mapping[str, Any], path: Path, depth: int, frozen: bool = False
    ) -> None:
        if depth > MAX_NESTING:
            raise Obstacle(f"models are nested deeper than {MAX_NESTING} levels")
        flat.models += 1
        if flat.models > MAX_CALLS:
            raise Obstacle(f"it makes more than {MAX_CALLS:,} calls of models")
        self.flat = flat
        self.path = path
        self.depth = depth
        self.config = inner(data, "the model")
        self.frozen = frozen or self.config.get("trainable") is False
        self.sequential = data.get("class_name") == SEQUENTIAL
        self.layers = [
            mapping(one, "a layer") for one in sequence(self.config["layers"], "the list of layers")
        ]

    def run(self, feeds: Any) -> list[Output]:
        """Add the calls. ``feeds`` is what the model is called with, None for the model itself."""
        if self.sequential:
            return self.chain(feeds)
        return self.graph(feeds)

    # Sequential

    def chain(self, feeds: Any) -> list[Output]:
        layers = self.layers
        first = layers[0] if layers else {}
        if tagged(first) == "InputLayer":
            layers = layers[1:]
        if feeds is None:
            value = self.own_input(first)
        else:
            given = list(tensors(feeds))
            if len(given) != 1:
                raise Obstacle("a Sequential model takes one value")
            value = given[0]
        for entry in layers:
            made = self.apply(self.define(entry), entry, (value,), {})
            if len(made) != 1:
                raise Obstacle("a layer inside a Sequential model has several outputs")
            value = made[0]
        return [(None, value)]

    def own_input(self, first: Mapping[str, Any]) -> Tensor:
        """Return the input of a Sequential model that no model is around."""
        if tagged(first) == "InputLayer":
            definition = self.define(first)
        else:
            shape = self.config.get("build_input_shape")
            if shape is None:
                raise Obstacle(
                    "the model has no input shape yet",
                    "begin it with `keras.Input(shape)`, or call it once before it is saved",
                )
            config = {"batch_shape": shape, "dtype": "float32"}
            definition = Definition(
                (*self.path, "inputs"), "keras.layers", "InputLayer", config, {}, None, False
            )
        number = self.flat.add(definition, (), {})
        self.flat.inputs.append(number)
        return Tensor(number, 0)

    # Functional

    def graph(self, feeds: Any) -> list[Output]:
        entries: dict[str, Mapping[str, Any]] = {}
        for entry in self.layers:
            name = name_of(entry)
            if name in entries:
                raise Obstacle(f"two layers have the name `{shown(name)}`")
            entries[name] = entry
        made: dict[tuple[str, int], list[Tensor] | int] = {}
        self.feed(entries, feeds, made)
        for name, number, node in _in_order(entries):
            self.node(entries[name], name, number, node, made)
        models = {name for name, entry in entries.items() if _counts_itself(entry)}
        outputs = _references(self.config["output_layers"], "the outputs")
        return [
            (key, _resolve(name, number - (name in models), output, made, None))
            for key, (name, number, output) in outputs
        ]

    def feed(
        self,
        entries: Mapping[str, Mapping[str, Any]],
        feeds: Any,
        made: dict[tuple[str, int], list[Tensor] | int],
    ) -> None:
        """Give a value to each input layer."""
        wanted = _references(self.config["input_layers"], "the inputs")
        for _, (name, _, _) in wanted:
            if tagged(entries.get(name)) != "InputLayer":
                raise Obstacle(f"the input `{shown(name)}` is no input layer")
        if feeds is None:
            for key, (name, _, _) in wanted:
                number = self.flat.add(self.define(entries[name]), (), {})
                self.flat.inputs.append(number)
                if key is not None:
                    self.flat.input_keys[number] = key
                made[name, 0] = number
            return
        for (_, (name, _, _)), tensor in zip(wanted, _matched(wanted, feeds), strict=True):
            made[name, 0] = [tensor]

    def node(
        self,
        entry: Mapping[str, Any],
        name: str,
        number: int,
        node: Any,
        made: dict[tuple[str, int], list[Tensor] | int],
    ) -> None:
        """Add the calls that one call of a layer of this model stands for."""

        def value(data: Mapping[str, Any]) -> Any:
            reference = _tensor(data)
            return data if reference is None else _resolve(*reference[0], made, reference[1])

        args = walk(sequence(node.get("args"), f"what `{shown(name)}` takes"), value)
        kwargs = walk(mapping(node.get("kwargs"), f"what `{shown(name)}` takes"), value)
        result = self.apply(self.define(entry), entry, args, kwargs)
        made[name, number] = result if is_model(entry) else result[0].call

    # Both

    def define(self, entry: Mapping[str, Any]) -> Definition:
        """Return the definition of a layer, the same one whenever the model is called."""
        path = (*self.path, name_of(entry))
        if path not in self.flat.definitions:
            built = entry.get("build_config")
            self.flat.definitions[path] = Definition(
                path,
                str(entry.get("module")),
                text(entry.get("class_name"), "the class of a layer"),
                inner(entry, f"`{shown(path[-1])}`"),
                built if isinstance(built, Mapping) else {},
                custom_class(entry),
                self.frozen,
            )
        return self.flat.definitions[path]

    def apply(
        self,
        layer: Definition,
        entry: Mapping[str, Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> list[Tensor]:
        """Call a layer, or run a model that is one; return the outputs as far as they are known."""
        if not is_model(entry):
            return [Tensor(self.flat.add(layer, args, kwargs), 0)]
        if isinstance(kwargs.get("training"), bool):
            self.flat.told.add(layer.path)
        model = _Model(self.flat, entry, layer.path, self.depth + 1, self.frozen)
        feeds = args[0] if len(args) == 1 else args if args else kwargs.get("inputs")
        if not any(True for _ in tensors(feeds)):
            raise Obstacle(f"`{shown(layer.name)}` is called with no value")
        outputs = model.run(feeds)
        return [tensor for _, tensor in outputs]


def _counts_itself(entry: Mapping[str, Any]) -> bool:
    """Tell whether Keras numbers the calls from 1 where it lists the outputs around it.

    A Functional model is, in memory, its own first call.
    """
    return is_model(entry) and entry.get("class_name") != SEQUENTIAL


def name_of(entry: Mapping[str, Any]) -> str:
    """Return the name of a layer in a list of layers.

    Raises:
        Obstacle: where it has none.
    """
    config = entry.get("config")
    given = entry.get("name")
    if given is None and isinstance(config, Mapping):
        given = config.get("name")
    return text(given, "the name of a layer")


Reference = tuple[str, int, int]


def _tensor(data: Mapping[str, Any]) -> tuple[Reference, tuple[Any, ...] | None] | None:
    """Return what a written tensor refers to, and its shape; None for another object."""
    if tagged(data) != TENSOR:
        return None
    config = inner(data, "a tensor")
    shape = config.get("shape")
    return (
        _reference(config.get("keras_history")),
        tuple(shape) if isinstance(shape, list | tuple) else None,
    )


def _reference(data: Any) -> Reference:
    parts = sequence(data, "a reference to a layer")
    if len(parts) != 3:
        raise Obstacle("a reference to a layer has not three parts")
    what = "a reference to a layer"
    return text(parts[0], what), count(parts[1], what), count(parts[2], what)


def _references(data: Any, what: str) -> list[tuple[str | None, Reference]]:
    """Return the references in the order in which Keras flattens them: a mapping by its keys."""
    if isinstance(data, Mapping):
        found: list[tuple[str | None, Reference]] = []
        for key in sorted(mapping(data, what)):
            found += [(key, reference) for _, reference in _references(data[key], what)]
        return found
    parts = sequence(data, what)
    if parts and isinstance(parts[0], str):
        return [(None, _reference(parts))]
    return [one for part in parts for one in _references(part, what)]


def _matched(wanted: list[tuple[str | None, Reference]], feeds: Any) -> list[Tensor]:
    """Return the value for each input of a nested model: by key, by name, or in order."""
    if isinstance(feeds, Mapping):
        given = {key: list(tensors(part)) for key, part in feeds.items()}
        names = [key if key in given else name for key, (name, _, _) in wanted]
        found = [given.get(name, []) for name in names]
        if all(len(one) == 1 for one in found):
            return [one[0] for one in found]
        raise Obstacle("a nested model is called with other keys than it has inputs")
    flat = list(tensors(feeds))
    if len(flat) != len(wanted):
        raise Obstacle(f"a nested model of {len(wanted)} inputs is called with {len(flat)} values")
    return flat


def _resolve(
    name: str,
    number: int,
    output: int,
    made: Mapping[tuple[str, int], list[Tensor] | int],
    shape: tuple[Any, ...] | None,
) -> Tensor:
    found = made.get((name, number))
    if isinstance(found, int):
        return Tensor(found, output, shape)
    if found is None or output >= len(found):
        raise Obstacle(
            f"output {output} of call {number} of `{shown(name)}` is used, but does not exist"
        )
    return Tensor(found[output].call, found[output].output, shape)


Step = tuple[str, int, Mapping[str, Any]]


def _in_order(entries: Mapping[str, Mapping[str, Any]]) -> Iterable[Step]:
    """Return the calls of all layers, each behind those whose outputs it takes."""
    steps: dict[tuple[str, int], Step] = {}
    waits: dict[tuple[str, int], int] = {}
    after: dict[tuple[str, int], list[tuple[str, int]]] = {}
    ready: list[tuple[str, int]] = []
    for name, entry in entries.items():
        nodes = sequence(entry.get("inbound_nodes", ()), f"the calls of `{shown(name)}`")
        if tagged(entry) == "InputLayer":
            ready.append((name, 0))
            continue
        for number, data in enumerate(nodes):
            if not isinstance(data, Mapping):
                raise Obstacle(
                    "its wiring is in the form of an old Keras",
                    "load it with Keras 3 and save it again",
                )
            steps[name, number] = (name, number, mapping(data, f"a call of `{shown(name)}`"))
    for key, (_, _, node) in steps.items():
        needed = _needed(node)
        waits[key] = len(needed)
        for source in needed:
            after.setdefault(source, []).append(key)
    ready += [key for key, left in waits.items() if not left]
    order: list[Step] = []
    for key in ready:  # grows while it is walked
        if key in steps:
            order.append(steps[key])
        for follower in after.get(key, ()):
            waits[follower] -= 1
            if not waits[follower]:
                ready.append(follower)
    left = next((key for key, waiting in waits.items() if waiting), None)
    if left is not None:
        raise Obstacle(
            f"`{shown(left[0])}` takes what does not exist, or what is made from its own output"
        )
    return order


def _needed(node: Mapping[str, Any]) -> set[tuple[str, int]]:
    found: set[tuple[str, int]] = set()

    def look(data: Mapping[str, Any]) -> None:
        reference = _tensor(data)
        if reference is not None:
            found.add(reference[0][:2])

    walk((node.get("args"), node.get("kwargs")), look)
    return found
