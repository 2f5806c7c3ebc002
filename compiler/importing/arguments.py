"""The arguments of a layer as Keras has written them, to the arguments that a spec gives.

A class of the registry says what there is: each field is looked up in the config, and dropped
where it says no more than the default does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from ...specs.base import WIRING, Choice, Item, Registry, registry
from ...specs.choices import read_choice
from .flat import custom_class
from .values import Data, Obstacle, inner, mapping, said, shown, tagged, text

META: Final = frozenset({"name", "trainable", "dtype"})
"""What every layer has in its config and no field stands for."""

NEUTRAL: Final[Mapping[str, object]] = {
    "data_format": "channels_last",
    "encoding": "utf-8",
    "epsilon": 0.01,
    "flash_attention": False,
    "oov_method": "floormod",
    "ragged": False,
    "renorm": False,
    "renorm_clipping": {},
    "return_state": False,
    "rms_scaling": False,
    "sparse": False,
    "stateful": False,
    "synchronized": False,
    "unroll": False,
    "vocabulary_dtype": "int64",
    "zero_output_for_mask": False,
    "approximate": True,
}
"""Arguments that the language leaves out, with the value at which nothing is lost."""

COUNTED: Final[Mapping[str, str]] = {"num_bins": "bin_boundaries", "vocabulary_size": "vocabulary"}
"""Arguments that say how long another one is, for which the language has no field."""

WHOLE_NUMBERS: Final = frozenset({"Hashing", "HashedCrossing"})
"""Layers whose own dtype is int64."""

EVEN: Final = frozenset(
    {"kernel_size", "strides", "pool_size", "dilation_rate", "size", "padding", "cropping"}
)
"""Arguments for which one number says what an equal number for each axis does."""

MIRRORED: Final = frozenset({"x_factor", "y_factor"})
"""Arguments for which Keras writes both bounds where one number was given: -0.3 and 0.3 for 0.3."""

WORDED: Final = frozenset({"initializer", "regularizer", "constraint"})
"""Kinds whose words stand for a class with its defaults."""

WRAPPERS: Final = ("Bidirectional", "TimeDistributed")


def arguments(
    cls: type[Item], config: Mapping[str, Any], built: Mapping[str, Any] | None = None
) -> dict[str, Data]:
    """Return the arguments that differ from the defaults.

    Raises:
        Obstacle: for what the language cannot say.
    """
    fields = {name: one for name, one in cls.model_fields.items() if name not in WIRING}
    if cls.__name__ == "Bidirectional":
        config = _told_by_wrapper(config)
    if config.get("vocabulary_size") is not None and config.get("vocabulary") is None:
        raise Obstacle(
            "the words of its vocabulary are not in the config",
            "make it with `vocabulary=layer.get_vocabulary(include_special_tokens=False)`, "
            "and save the model again",
        )
    unknown = [name for name in config if name not in fields]
    wrong = [name for name in unknown if not _nothing(name, config[name], config)]
    if wrong:
        names = ", ".join(f"`{shown(name)}: {shown(config[name])}`" for name in wrong)
        raise Obstacle(f"the language has no {names}")
    found = {}
    for name, field in fields.items():
        if name in config and not _implied(cls, name, config, built or {}):
            value = _value(name, config[name], kind_of(field))
            if isinstance(field.default, int) and isinstance(value, tuple) and len(value) == 1:
                value = value[0]  # Keras writes one axis as a list of one
            if name in MIRRORED and isinstance(value, tuple) and value[:1] == (-value[-1],):
                value = value[-1]
            if not _same(field, name, value):
                found[name] = value
    return found


def checked(kind: Registry, name: str, given: Mapping[str, Data]) -> None:
    """Hold arguments against the language.

    Raises:
        Obstacle: with what is wrong.
    """
    result = read_choice(kind, {name: given} if given else name)
    if isinstance(result, tuple):
        raise Obstacle("; ".join(said(fault.message) for fault in result[:3]))


def float32(kind: str, config: Mapping[str, Any]) -> None:
    """Hold the dtype of a layer to what a spec's layers compute in.

    Raises:
        Obstacle: for another.
    """
    policy = config.get("dtype", "float32")
    name = inner(policy, "its dtype").get("name") if isinstance(policy, Mapping) else policy
    allowed = ("int64", "float32") if kind in WHOLE_NUMBERS else ("float32",)
    if name is not None and name not in allowed:
        raise Obstacle(
            f"it computes in `{shown(name)}`", "precision is no part of a spec, which is float32"
        )


def _nothing(name: str, value: object, config: Mapping[str, Any]) -> bool:
    """Tell whether an argument that no field stands for says nothing."""
    counted = name in COUNTED and config.get(COUNTED[name]) is not None
    known = name in META or value is None or counted
    return known or (name in NEUTRAL and value == NEUTRAL[name])


# Values


def _value(name: str, value: Any, kind: str | None) -> Data:
    """Return a value of a config as spec data."""
    if tagged(value) is not None:
        if kind is None:
            raise Obstacle(f"`{name}` is an object, `{shown(tagged(value))}`")
        return choice(registry(kind), value)
    if isinstance(value, list | tuple):
        parts = tuple(_value(name, part, kind) for part in value)
        return _even(parts) if name in EVEN else parts
    if isinstance(value, str) and "$" in value:
        raise Obstacle(f"`{name}` holds a `$`, which stands for a value in a spec")
    if isinstance(value, Mapping):
        if kind is not None:
            raise Obstacle(f"`{name}` is a mapping, and no {kind}")
        return {key: _value(name, part, kind) for key, part in mapping(value, f"`{name}`").items()}
    return value


def choice(kind: Registry, data: Mapping[str, Any]) -> Data:
    """Return an object inside a config, an initializer or a wrapped layer, as spec data."""
    name = shown(tagged(data))
    if name == "function":
        return _function(kind, data)
    foreign = custom_class(data)
    if foreign is not None:
        raise Obstacle(f"the {kind.kind} `{shown(foreign)}` is not Keras's own")
    name = kind.aliases.get(name, name)
    cls = kind.items.get(name)
    if cls is None:
        why = kind.refused.get(name, "the language does not have it")
        raise Obstacle(f"the {kind.kind} `{name}` cannot be written: {why}")
    config = inner(data, f"`{name}`")
    if kind.kind == "layer":
        return layer_item(cls, config)
    given = arguments(cls, config)
    if given:
        return {name: given}
    return (_word(kind, name) if kind.kind in WORDED else None) or name


def layer_item(cls: type[Item], config: Mapping[str, Any], frozen: bool = False) -> Data:
    """Return a layer inside another one; its name is left to Keras."""
    name = cls.__name__
    float32(name, config)
    given = layer_arguments(cls, config, frozen=frozen)
    return {name: given} if given else name


def layer_arguments(
    cls: type[Item],
    config: Mapping[str, Any],
    built: Mapping[str, Any] | None = None,
    *,
    frozen: bool = False,
) -> dict[str, Data]:
    """Return the arguments of a layer, whether it trains among them."""
    given = arguments(cls, config, built)
    frozen = frozen or config.get("trainable") is False
    if cls.__name__ in WRAPPERS:
        return _wrapped(given, frozen)
    if frozen and not _without_switch(cls):
        given["trainable"] = False
    return given


def _wrapped(given: dict[str, Data], frozen: bool) -> dict[str, Data]:
    """Freeze what is wrapped, since Keras would not, and leave out a twin that reads backwards."""
    if frozen:
        for name in ("layer", "backward_layer"):
            if name in given:
                word, inside = _opened(given[name])
                given[name] = {word: {**inside, "trainable": False}}
    if "layer" in given and "backward_layer" in given:
        forward, there = _opened(given["layer"])
        backward, back = _opened(given["backward_layer"])
        turned = {**there, "go_backwards": not there.get("go_backwards", False)}
        if (forward, {k: v for k, v in turned.items() if v is not False}) == (
            backward,
            {k: v for k, v in back.items() if v is not False},
        ) or (forward, turned) == (backward, back):
            del given["backward_layer"]
    return given


def _opened(item: Data) -> tuple[str, Mapping[str, Data]]:
    if isinstance(item, Mapping):
        ((name, given),) = item.items()
        return name, given
    return str(item), {}


def _without_switch(cls: type[Item]) -> bool:
    """Tell whether a layer has no weights and no `trainable`."""
    return get_args(cls.model_fields["trainable"].annotation) == (True,) and (
        get_origin(cls.model_fields["trainable"].annotation) is Literal
    )


def _told_by_wrapper(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out what `Bidirectional` sets in layers that return sequences by itself."""
    changed = dict(config)
    for name in ("layer", "backward_layer"):
        wrapped = config.get(name)
        if isinstance(wrapped, Mapping) and isinstance(wrapped.get("config"), Mapping):
            inside = dict(wrapped["config"])
            if inside.get("return_sequences") is True:
                inside.pop("zero_output_for_mask", None)
            changed[name] = {**wrapped, "config": inside}
    return changed


def _function(kind: Registry, data: Mapping[str, Any]) -> str:
    """Return the word for one of Keras's own functions."""
    name = text(data.get("config"), f"the {kind.kind}")
    module = str(data.get("module"))
    if module.startswith("keras.") and name in kind.names:
        return name
    raise Obstacle(f"the {kind.kind} is the function `{shown(name)}`, which is code")


def _word(kind: Registry, name: str) -> str | None:
    """Return the word that stands for a class with its defaults: `he_normal` for `HeNormal`."""
    wanted = name.lower()
    return next((word for word in kind.names if word.replace("_", "") == wanted), None)


def _even(value: Data) -> Data:
    """Write equal numbers for all axes, and for both ends of each, as one."""
    leaves: list[object] = []

    def collect(part: object) -> None:
        if isinstance(part, tuple):
            for one in part:
                collect(one)
        else:
            leaves.append(part)

    collect(value)
    whole = all(isinstance(one, int) and not isinstance(one, bool) for one in leaves)
    return leaves[0] if whole and len(set(leaves)) == 1 else value


# Defaults


def _same(field: FieldInfo, name: str, value: Data) -> bool:
    """Tell whether a value is the default."""
    if field.is_required():
        return False
    default = field.default
    if name in EVEN and isinstance(default, tuple):
        default = _even(default)
    kind = kind_of(field)
    if kind in WORDED:
        return _meaning(registry(kind), default) == _meaning(registry(kind), value)
    return bool(default == value) and isinstance(default, bool) == isinstance(value, bool)


def _meaning(kind: Registry, data: Data) -> object:
    """Return the class that a word stands for, with its defaults, or what a choice says."""
    if data is None or isinstance(data, Item):
        return data
    if isinstance(data, str):
        bare = data.replace("_", "").lower()
        alias = kind.aliases.get(data)
        cls = next((c for n, c in kind.items.items() if n == alias or n.lower() == bare), None)
        return data if cls is None else _meaning(kind, {cls.__name__: {}})
    try:
        return kind.read(data)
    except PydanticCustomError:
        return data


Rule = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


def _attends_to_all(config: Mapping[str, Any], built: Mapping[str, Any]) -> bool:
    """Tell whether the axes are those that Keras finds by itself."""
    shapes = built.get("shapes_dict")
    shape = shapes.get("query_shape") if isinstance(shapes, Mapping) else None
    axes = config["attention_axes"]
    if not isinstance(shape, list | tuple) or not isinstance(axes, list | tuple):
        return False
    return list(axes) == list(range(1, len(shape) - 1))


def _last_axis(config: Mapping[str, Any], built: Mapping[str, Any]) -> bool:
    """Tell whether an axis is the last one, counted from the front."""
    shape = built.get("input_shape")
    axis = config["axis"]
    if isinstance(axis, list | tuple) and len(axis) == 1:
        axis = axis[0]
    return isinstance(shape, list | tuple) and axis == len(shape) - 1


IMPLIED: Final[Mapping[tuple[str, str], Rule]] = {
    ("BatchNormalization", "axis"): _last_axis,
    ("LayerNormalization", "axis"): _last_axis,
    ("Normalization", "axis"): _last_axis,
    ("MultiHeadAttention", "value_dim"): lambda c, _: c["value_dim"] == c.get("key_dim"),
    ("MultiHeadAttention", "attention_axes"): _attends_to_all,
} | {
    (f"{kind}Pooling{rank}D", "strides"): lambda c, _: list(c["strides"]) == list(c["pool_size"])
    for kind in ("Max", "Average")
    for rank in (1, 2, 3)
}
"""Where Keras writes what it has worked out for an argument that was not given."""


def _implied(
    cls: type[Item], name: str, config: Mapping[str, Any], built: Mapping[str, Any]
) -> bool:
    """Tell whether an argument holds only what follows from the others."""
    default = cls.model_fields[name].default
    value = config[name]
    if default is None and (name, value) in (
        ("activation", "linear"),
        ("data_format", "channels_last"),
    ):
        return True
    rule = IMPLIED.get((cls.__name__, name))
    if rule is None:
        return False
    try:
        return rule(config, built)
    except (KeyError, TypeError):
        return False


@cache
def _kinds(cls_field: Any) -> str | None:
    for part in get_args(cls_field):
        if isinstance(part, Choice):
            return part.kind
        found = _kinds(part) if get_args(part) else None
        if found is not None:
            return found
    return None


def kind_of(field: FieldInfo) -> str | None:
    """Return the kind of named thing that a field takes."""
    for one in field.metadata:
        if isinstance(one, Choice):
            return one.kind
    return _kinds(Annotated[field.annotation, None])
