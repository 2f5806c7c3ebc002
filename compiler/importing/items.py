"""A flat graph to spec data: every call an item, in an order that reads from top to bottom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, final, get_args

from pydantic_core import PydanticUndefined

from ...specs.base import CallArguments, Item, LayerSpec
from ...specs.diagnostics import Diagnostic, SpecError
from ...specs.layers import FAMILIES
from ...specs.model import Dtype
from ...specs.registries import ENTRY, LAYER
from .arguments import checked, float32, layer_arguments
from .flat import Definition, Flat, FlatCall, Path, Tensor, tensors
from .masks import MASKS, Masks
from .naming import Taken, allowed, automatic
from .operations import is_operation, operation
from .values import Data, Obstacle, sequence, shown, text

APPLICATIONS: Final = "keras.src.applications."
ATTENTION: Final = ("query", "value", "key", "query_mask", "value_mask", "key_mask")
ATTENDING: Final = (
    "attention_mask", "return_attention_scores", "training", "use_causal_mask",
)  # fmt: skip
RECURRENT: Final = ("", "initial_state", "mask", "training")
POSITIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "Attention": ("", "mask", "training", "return_attention_scores", "use_causal_mask"),
    "AdditiveAttention": ("", "mask", "training", "return_attention_scores", "use_causal_mask"),
    "BatchNormalization": ("", "training", "mask"),
    "Bidirectional": RECURRENT,
    "Dropout": ("", "training"),
    "GRU": RECURRENT,
    "LSTM": RECURRENT,
    "Masking": ("",),
    "SimpleRNN": RECURRENT,
    "Softmax": ("", "mask"),
    "TimeDistributed": ("", "training", "mask"),
}
"""What stands at each position of a layer's call, where more than its input can."""

QUERIES: Final = ("MultiHeadAttention", "GroupQueryAttention", "GroupedQueryAttention")
INPUTS: Final = ("inputs", "sequences", "sequence", "x", "data")
UNTRAINED: Final = frozenset(
    {
        "AdditiveAttention", "AlphaDropout", "Attention", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D",
        "Dropout", "GRU", "GaussianDropout", "GaussianNoise", "LSTM", "RNN", "SimpleRNN",
        "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "SpectralNormalization",
    }
)  # fmt: skip
"""Layers whose calls Keras writes with `training: false` when nobody has said so."""

AUGMENTATION: Final = frozenset((*FAMILIES["augmentation"], *FAMILIES["preprocessing"]))
"""Layers whose calls Keras writes with `training: true` when nobody has said so."""

DTYPES: Final[tuple[str, ...]] = get_args(Dtype)


@final
@dataclass(frozen=True, slots=True)
class Imported:
    """A model as a spec.

    ``names`` leads from each layer of the model, ``outer/inner`` where it is nested, to its name in
    the spec; ``renames`` holds those of them that are called otherwise there. ``lost`` names the
    layers and nested models whose calls say whether they train: Keras obeys that only where the whole
    model is not told, and a spec would have it obeyed always. ``keys`` leads from each
    key of an input or output that could not be its name in the spec to what is. It is not ``whole``
    where the model is so long that not all of its repetitions were looked for.
    """

    data: Mapping[str, Data]
    names: Mapping[str, str]
    renames: Mapping[str, str]
    lost: tuple[str, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    whole: bool = True


@final
@dataclass(frozen=True, slots=True)
class Draft:
    """An item before it has a name: a word, arguments, and what it takes."""

    key: int
    path: Path
    word: str
    given: Mapping[str, Data]
    operands: tuple[Any, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    suffix: str = ""

    @property
    def shared(self) -> bool:
        """Tell whether a further call is one of the same layer."""
        return self.word in LAYER.items

    def taken(self) -> Iterator[Tensor]:
        """Yield every value that it takes."""
        yield from tensors((self.operands, self.options))


def spec_data(flat: Flat) -> Imported:
    """Return the spec of a flat graph.

    Raises:
        SpecError: HB802 for everything that stands in the way.
    """
    return _Import(flat).result()


class _Import:
    """One pass over one flat graph; collects what stands in the way and raises once."""

    def __init__(self, flat: Flat) -> None:
        self.flat = flat
        self.masks = Masks(flat)
        self.problems: dict[tuple[Path, str], tuple[str, Obstacle]] = {
            (path, problem.why): (kind, problem) for path, kind, problem in flat.problems
        }
        self.given: dict[Path, Mapping[str, Data] | None] = {}
        self.drafts: dict[int, Draft] = {}
        self.extra = -1

    def result(self) -> Imported:
        inputs = {number: self.input(self.flat.calls[number]) for number in self.flat.inputs}
        outputs = self.outputs()
        todo = [tensor.call for tensor in outputs]
        seen: set[int] = set()
        while todo:
            number = todo.pop()
            if number in seen or number in inputs:
                seen.add(number)
                continue
            seen.add(number)
            if number not in self.drafts:
                self.convert(self.flat.calls[number])
            draft = self.drafts.get(number)
            taken = self.flat.calls[number].operands() if draft is None else draft.taken()
            todo += [tensor.call for tensor in taken]
        self.stop()
        for number in sorted(set(inputs) - seen):
            problem = Obstacle("nothing that leads to an output takes this input")
            self.report(self.flat.calls[number].layer, problem)
        self.stop()
        live = {key: draft for key, draft in self.drafts.items() if key in seen}
        return self.named(inputs, _in_order(live), outputs)

    def report(self, layer: Definition, problem: Obstacle) -> None:
        self.problems.setdefault((layer.path, problem.why), (layer.kind, problem))

    def stop(self) -> None:
        """Raise what has been found, in the order of the model."""
        if self.problems:
            order = {path: number for number, path in enumerate(self.flat.definitions)}
            found = sorted(self.problems.items(), key=lambda one: order.get(one[0][0], -1))
            raise SpecError(
                [_diagnostic(path, kind, problem) for (path, _), (kind, problem) in found]
            )

    # Inputs and outputs

    def input(self, call: FlatCall) -> Data:
        """Return what stands under `inputs` for one input."""
        config = call.layer.config
        try:
            shape = sequence(
                config.get("batch_shape", config.get("batch_input_shape")), "the shape of an input"
            )[1:]
            dtype = text(config.get("dtype") or "float32", "the dtype of an input")
            if dtype not in DTYPES:
                raise Obstacle(f"an input of dtype `{shown(dtype)}` cannot be written")
            if not shape:
                raise Obstacle("an input without an axis behind the batch cannot be written")
            for size in shape:
                if size is not None and (
                    not isinstance(size, int) or isinstance(size, bool) or size < 1
                ):
                    raise Obstacle(f"the shape of an input holds `{shown(size)}`")
            for name in ("sparse", "ragged", "optional"):
                if config.get(name):
                    raise Obstacle(f"an input with `{name}: true` cannot be written")
        except Obstacle as problem:
            self.report(call.layer, problem)
            return ()
        return shape if dtype == "float32" else {"shape": shape, "dtype": dtype}

    def outputs(self) -> list[Tensor]:
        """Return the outputs, each of them another value, and none of them an input."""
        found: list[Tensor] = []
        seen: set[tuple[int, int]] = set()
        for tensor in self.flat.outputs:
            again = tensor.key in seen or tensor.call in self.flat.inputs
            found.append(self.passed_on(tensor) if again else tensor)
            seen.add(tensor.key)
        return found

    def wanted(self, outputs: Sequence[Tensor]) -> list[tuple[int, int, str]]:
        """Return the keys of inputs and outputs, each with the call and the output that it names."""
        found = [(number, 0, key) for number, key in self.flat.input_keys.items()]
        told = zip(outputs, self.flat.output_keys, strict=True)
        return [*found, *((one.call, one.output, key) for one, key in told if key is not None)]

    def passed_on(self, tensor: Tensor) -> Tensor:
        """Give a value a name of its own, since outputs are told apart by their names."""
        path = self.flat.calls[tensor.call].layer.path
        draft = Draft(
            self.number(), path, "Activation", {"activation": "linear"}, (tensor,), {}, "output"
        )
        self.drafts[draft.key] = draft
        return Tensor(draft.key, 0)

    def number(self) -> int:
        """Return a number for an item that is no call of the model."""
        self.extra -= 1
        return self.extra

    # Calls

    def convert(self, call: FlatCall) -> None:
        try:
            self.drafts[call.number] = self.draft(call)
        except Obstacle as problem:
            self.report(call.layer, problem)

    def draft(self, call: FlatCall) -> Draft:
        """Return the item of a call.

        Raises:
            Obstacle: where there is none.
        """
        layer = call.layer
        if layer.custom is not None:
            raise Obstacle(
                f"the class `{shown(layer.custom)}` is not Keras's own",
                "a spec holds Keras's layers, not code",
            )
        if layer.module.startswith(APPLICATIONS):
            return self.application(call)
        if is_operation(layer.module):
            word, given, operands = operation(call, ENTRY.items)
            if word not in LAYER.items:
                shapes = tuple("x" if isinstance(one, Tensor) else one for one in operands)
                checked(ENTRY, word, {**given, "inputs": shapes})
            return Draft(call.number, layer.path, word, given, operands)
        word = LAYER.aliases.get(layer.kind, layer.kind)
        cls = LAYER.items.get(word)
        if cls is None or not issubclass(cls, LayerSpec):
            why = LAYER.refused.get(layer.kind, "the language does not have this layer")
            raise Obstacle(why)
        operands, options = self.wiring(call, cls)
        return Draft(call.number, layer.path, word, self.defined(layer, cls), operands, options)

    def defined(self, layer: Definition, cls: type[Item]) -> Mapping[str, Data]:
        """Return the arguments of a layer, found once however often it is called."""
        if layer.path not in self.given:
            self.given[layer.path] = None
            float32(layer.kind, layer.config)
            given = layer_arguments(cls, layer.config, layer.built, frozen=layer.frozen)
            checked(LAYER, cls.__name__, given)
            self.given[layer.path] = given
        found = self.given[layer.path]
        if found is None:
            raise Obstacle("its definition cannot be written")
        return found

    def application(self, call: FlatCall) -> Draft:
        """Return the item of a layer that Keras keeps for its own architectures."""
        layer, config = call.layer, call.layer.config
        float32(layer.kind, config)
        if layer.kind == "LayerScale":
            given = {
                "equation": "...c,c->...c",
                "output_shape": config.get("projection_dim"),
                "kernel_initializer": {"Constant": {"value": config.get("init_values")}},
            }
            if layer.frozen or config.get("trainable") is False:
                given["trainable"] = False
            if "EinsumDense" not in LAYER.items:
                raise Obstacle("it needs `EinsumDense`, which the language does not have")
            checked(LAYER, "EinsumDense", given)
            operands, _ = self.wiring(call, LAYER.items["EinsumDense"])
            return Draft(call.number, layer.path, "EinsumDense", given, operands)
        if layer.kind == "CustomScaleLayer":
            operands, _ = self.wiring(call, LAYER.items["Add"])
            factor = config.get("scale")
            if len(operands) != 2 or not isinstance(factor, int | float):
                raise Obstacle("it is not used as Keras uses it")
            scaled = Draft(
                self.number(), layer.path, "ops.multiply", {}, (operands[1], factor), {}, "scaled"
            )
            self.drafts[scaled.key] = scaled
            total = (operands[0], Tensor(scaled.key, 0))
            return Draft(call.number, layer.path, "ops.add", {}, total)
        raise Obstacle("the language does not have this layer of Keras's own architectures")

    def wiring(
        self, call: FlatCall, cls: type[Item]
    ) -> tuple[tuple[Tensor, ...], Mapping[str, Any]]:
        """Return what a layer takes, and the other arguments of its call."""
        kind = call.layer.kind
        kwargs = dict(call.kwargs)
        positions = (*ATTENTION, *ATTENDING) if kind in QUERIES else POSITIONS.get(kind, ("",))
        if len(call.args) > len(positions):
            raise Obstacle("its call has arguments at positions that are not known")
        kwargs.update(zip(positions, call.args, strict=False))
        if kind in QUERIES:
            given: Any = self.queries(kwargs)
        else:
            first = next((name for name in ("", *INPUTS) if name in kwargs), "")
            given = kwargs.pop(first, None)
        operands = given if isinstance(given, tuple) else (given,)
        if not operands or not all(isinstance(one, Tensor) for one in operands):
            raise Obstacle("it takes something that is no value of the model")
        least, most = cls.arity if issubclass(cls, LayerSpec) else (1, None)
        if len(operands) < least or (most is not None and len(operands) > most):
            raise Obstacle(f"it takes {len(operands)} values, which the language does not know")
        return operands, self.options(call, cls, kwargs)

    def queries(self, kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Return query, value and key, as few of them as say it all."""
        query, value, key = (kwargs.pop(name, None) for name in ATTENTION[:3])
        value = query if value is None else value
        key = value if key is None else key
        if not all(isinstance(one, Tensor) for one in (query, value, key)):
            raise Obstacle("it takes something that is no value of the model")
        if key.key != value.key:
            return query, value, key
        return (query,) if value.key == query.key else (query, value)

    def options(
        self, call: FlatCall, cls: type[Item], kwargs: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return the arguments of a call besides what it takes."""
        known = cls.calls if issubclass(cls, LayerSpec) else ()
        found: dict[str, Any] = {}
        for name, value in kwargs.items():
            if name in MASKS and self.masks.implied(call, name, value):
                continue
            field = CallArguments.model_fields.get(name)
            default = PydanticUndefined if field is None else field.default
            if value is None or value is default or value == ():
                continue
            if name == "training" and isinstance(value, bool):
                if not _unsaid(call.layer.kind, value):
                    self.flat.told.add(call.layer.path)
                continue
            if name not in known or not _plain(value):
                raise Obstacle(f"its call has the argument `{shown(name)}: {shown(value)}`")
            found[name] = value
        order = list(CallArguments.model_fields)
        return {name: found[name] for name in sorted(found, key=order.index)}

    # Names

    def named(
        self, inputs: Mapping[int, Data], drafts: list[Draft], outputs: list[Tensor]
    ) -> Imported:
        """Name everything and write the items."""
        wanted = self.wanted(outputs)
        names = _Names(self.flat, inputs, drafts, _names_of_keys(wanted))
        items = _items(names, list(inputs), drafts)
        data: dict[str, Data] = {
            "name": allowed(self.flat.name, "model"),
            "inputs": {names.of[number]: shape for number, shape in inputs.items()},
            "layers": tuple(items),
        }
        results = tuple(names.reference(one) for one in outputs)
        if len(results) > 1 or not drafts or results[0] != names.of[drafts[-1].key]:
            data["outputs"] = results if len(results) > 1 else results[0]
        found = {"/".join(path): name for path, name in names.layers.items()}
        renames = {path: name for path, name in found.items() if path.rpartition("/")[2] != name}
        if data["name"] != self.flat.name:
            renames = {"": data["name"], **renames}
        lost = tuple("/".join(path) for path in sorted(self.flat.told))
        held = {key: names.reference(Tensor(call, output)) for call, output, key in wanted}
        keys = {key: name for key, name in held.items() if key != name}
        return Imported(data, found, renames, lost, keys)


def _names_of_keys(wanted: Sequence[tuple[int, int, str]]) -> dict[int, str]:
    """Return the keys that can be names: one for a call, of its first output, that is a name."""
    keys = Counter(key.lower() for _, _, key in wanted)
    calls = Counter(call for call, _, _ in wanted)
    return {
        call: key
        for call, output, key in wanted
        if not output and keys[key.lower()] == 1 and calls[call] == 1 and allowed(key) == key
    }


class _Names:
    """The name of each layer, by its path, and of each item, by its number."""

    def __init__(
        self,
        flat: Flat,
        inputs: Mapping[int, Data],
        drafts: list[Draft],
        keys: Mapping[int, str],
    ) -> None:
        self.layers: dict[Path, str] = {}
        self.of: dict[int, str] = {}
        taken = Taken()
        paths = [(number, flat.calls[number].layer.path) for number in inputs]
        main = [(draft.key, draft.path) for draft in drafts if not draft.suffix]
        places = sorted((*paths, *main), key=lambda pair: len(pair[1]))
        owners: dict[str, set[int]] = {}
        for number, path in places:
            owners.setdefault(allowed(path[-1]).lower(), set()).add(number)
        free = {
            number: key
            for number, key in keys.items()
            if owners.get(key.lower(), {number}) == {number}
        }
        wanted = Counter(
            name.lower()
            for path in {path for number, path in places if number not in free}
            for name in _candidates(path)[:-1]
        )
        for number, path in places:
            if path not in self.layers:
                first = (free[number],) if number in free else ()
                names = _candidates(path)
                # What layers of several models are called is given to none, so that they stay alike.
                own = (name for name in names[:-1] if wanted[name.lower()] == 1)
                self.layers[path] = self.of[number] = taken.take(*first, *own, names[-1])
        # A nested model may be sorted before what calls its layers first.
        for draft in drafts:
            if draft.key in self.of:
                continue
            name = self.layers.get(draft.path) or allowed(draft.path[-1])
            suffix = draft.suffix or ("call" if draft.shared else "again")
            first = (free[draft.key],) if draft.key in free else ()
            self.of[draft.key] = taken.take(*first, allowed(f"{name}_{suffix}"))

    def reference(self, tensor: Tensor) -> str:
        """Return the text that stands for a value."""
        name = self.of[tensor.call]
        return f"{name}.{tensor.output}" if tensor.output else name

    def data(self, value: Any) -> Data:
        """Write names for the values inside data."""
        if isinstance(value, Tensor):
            return self.reference(value)
        if isinstance(value, tuple):
            return tuple(self.data(part) for part in value)
        return value


def _candidates(path: Path) -> list[str]:
    """Return the names that a layer may get: its own, then with those of the models around it."""
    return [allowed("_".join(path[start:])) for start in range(len(path) - 1, -1, -1)]


def _items(names: _Names, inputs: list[int], drafts: list[Draft]) -> Iterator[Data]:
    """Write the items, leaving out what follows from the item above."""
    first = [draft for draft in drafts if names.layers.get(draft.path) == names.of[draft.key]]
    implied = dict(
        zip(
            [draft.key for draft in first],
            automatic(
                [(draft.word, names.of[draft.key]) for draft in first],
                [*(names.of[number] for number in inputs), *names.of.values()],
            ),
            strict=True,
        )
    )
    above = names.of[inputs[0]] if len(inputs) == 1 else None
    for draft in drafts:
        name = names.of[draft.key]
        again = draft.shared and not draft.suffix and draft.key not in implied
        content: dict[str, Data] = {"layer": names.layers[draft.path]} if again else {}
        content |= {} if again else dict(draft.given)
        trainable = content.pop("trainable", None)
        if not implied.get(draft.key, False):
            content["name"] = name
        takes = tuple(names.data(one) for one in draft.operands)
        if takes != (above,):
            content["inputs"] = takes[0] if len(takes) == 1 else takes
        if trainable is not None:
            content["trainable"] = trainable
        if draft.options:
            content["call"] = {key: names.data(value) for key, value in draft.options.items()}
        word = "call" if again else draft.word
        yield {word: content} if content else word
        above = name


def _in_order(drafts: Mapping[int, Draft]) -> list[Draft]:
    """Order items so that each stands behind what it takes, and as often as can be right behind."""
    waits: dict[int, int] = {}
    after: dict[int, list[int]] = {}
    for key, draft in drafts.items():
        sources = {tensor.call for tensor in draft.taken()} & drafts.keys()
        waits[key] = len(sources)
        for source in sources:
            after.setdefault(source, []).append(key)
    ready = sorted((key for key, left in waits.items() if not left), key=_rank, reverse=True)
    order = []
    while ready:
        key = ready.pop()
        order.append(drafts[key])
        freed = []
        for follower in after.get(key, ()):
            waits[follower] -= 1
            if not waits[follower]:
                freed.append(follower)
        ready += sorted(freed, key=_rank, reverse=True)
    return order


def _rank(key: int) -> tuple[bool, int]:
    """Put items that are no calls of the model, which have negative numbers, behind those that are."""
    return key < 0, abs(key)


def _unsaid(kind: str, training: object) -> bool:
    """Tell whether Keras writes this `training` at every call of a layer that is told nothing."""
    return training is False if kind in UNTRAINED else training is True and kind in AUGMENTATION


def _plain(value: Any) -> bool:
    """Tell whether a call argument is a switch, a value, or values in a list."""
    if isinstance(value, tuple):
        return all(one is None or isinstance(one, Tensor) for one in value)
    return isinstance(value, bool | Tensor)


def _diagnostic(path: Path, kind: str, problem: Obstacle) -> Diagnostic:
    where = "/".join(shown(name) for name in path)
    place = f"`{where}` ({shown(kind)}): " if path else ""
    return Diagnostic("HB802", f"{place}{problem.why}", help=problem.help)
