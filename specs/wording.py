"""What a field allows and what it received, in words."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .base import Choice, registry
from .vocabulary import Vocabulary, plain

ARTICLES = {"activation": "an", "initializer": "an", "optimizer": "an"}
PLAIN = {
    bool: "`true` or `false`",
    int: "an integer",
    float: "a number",
    str: "a word",
    type(None): "`null`",
}
BOUNDS = {"gt": "above {}", "ge": "of at least {}", "lt": "below {}", "le": "of at most {}"}
MAX_SHOWN = 60

ELSEWHERE = {
    "act": "activation",
    "activationfunction": "activation",
    "adaptiveavgpool2d": "GlobalAveragePooling2D",
    "alpha": "negative_slope",
    "batchnorm": "BatchNormalization",
    "batchnorm1d": "BatchNormalization",
    "batchnorm2d": "BatchNormalization",
    "batchnorm3d": "BatchNormalization",
    "bceloss": "binary_crossentropy",
    "bias": "use_bias",
    "bordermode": "padding",
    "cat": "Concatenate",
    "concat": "Concatenate",
    "convtranspose1d": "Conv1DTranspose",
    "convtranspose2d": "Conv2DTranspose",
    "convtranspose3d": "Conv3DTranspose",
    "criterion": "loss",
    "dilation": "dilation_rate",
    "dropout1d": "SpatialDropout1D",
    "dropout2d": "SpatialDropout2D",
    "dropout3d": "SpatialDropout3D",
    "embeddingdim": "output_dim",
    "eps": "epsilon",
    "fc": "Dense",
    "filtersize": "kernel_size",
    "fullyconnected": "Dense",
    "gradientdescent": "sgd",
    "hiddensize": "units",
    "kernel": "kernel_size",
    "ksize": "kernel_size",
    "l1loss": "mean_absolute_error",
    "linear": "Dense",
    "long": "int64",
    "lr": "learning_rate",
    "mseloss": "mean_squared_error",
    "nbepoch": "epochs",
    "nbfilter": "filters",
    "nhead": "num_heads",
    "nonlinearity": "activation",
    "numembeddings": "input_dim",
    "outchannels": "filters",
    "outfeatures": "units",
    "p": "rate",
    "rnn": "SimpleRNN",
    "stride": "strides",
    "unflatten": "Reshape",
    "upsample": "UpSampling2D",
    "validationsplit": "validation",
    "view": "Reshape",
    "vocabsize": "input_dim",
    "zeropad2d": "ZeroPadding2D",
}
"""What Keras calls the things that PyTorch, TensorFlow 1 or an older Keras call by these names."""

SPOKEN = {
    "None": None, "none": None, "nil": None, "yes": True, "on": True, "no": False, "off": False,
}  # fmt: skip
"""Words that other languages, or YAML 1.1, have for values that YAML 1.2 writes otherwise."""


def did_you_mean(word: str, known: Iterable[str] | Vocabulary) -> str | None:
    """Return the help line for a misspelt word, or None where nothing is near."""
    near = nearest(word, known)
    return f"did you mean {any_of(f'`{name}`' for name in near)}?" if near else None


def nearest(word: str, known: Iterable[str] | Vocabulary) -> tuple[str, ...]:
    """Return the known names that a word most probably means, several where they are equally near."""
    names = known if isinstance(known, Vocabulary) else Vocabulary(known)
    key = plain(bare(word))
    found = names.get(key) or names.get(plain(ELSEWHERE.get(key, "")))
    return names.near(key) if found is None else (found,)


def bare(word: str) -> str:
    """Return the name in what may be a dotted path, or a call: Flatten of `nn.Flatten()`."""
    return re.split(r"[(=]", word)[0].rpartition(".")[2].strip()


def kind_of(kind: str) -> str:
    """Put the article before a kind: an optimizer, a layer."""
    return f"{ARTICLES.get(kind, 'a')} {kind}"


def one_of(kind: str) -> str:
    """Say how an entry of a registry is written."""
    return f"{kind_of(kind)}, as `Name` or `Name: {{arguments}}`"


def any_of(words: Iterable[str]) -> str:
    """Join alternatives: a, b or c."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def expected(field: FieldInfo) -> str:
    """Say what a field allows."""
    return _allowed(field.annotation, field.metadata)


def expected_inside(annotation: Any) -> str:
    """Say what an entry of a list, or a value of a mapping, may be; here `null` has a meaning."""
    words = _allowed(annotation)
    return f"{words} or `null`" if type(None) in arms(annotation) else words


def inside(annotation: Any, key: str | int) -> Any:
    """Return the annotation of an entry of a list, or of a value of a mapping, that a field holds."""
    kind = tuple if isinstance(key, int) else dict
    within = get_args(next(arm for arm in arms(annotation) if get_origin(arm) is kind))
    if isinstance(key, str):
        return within[1]
    return within[0] if Ellipsis in within else within[key]


def lists_of(annotation: Any) -> int:
    """Count the kinds of list that a field allows."""
    return sum(get_origin(arm) is tuple for arm in arms(annotation))


def correction(data: object, annotation: Any) -> str | None:
    """Return the help line for a value that is nearly right: quoted, in percent, in brackets."""
    kinds = set(arms(annotation))
    number = bool(kinds & {int, float})
    match data:
        case str() if data in SPOKEN and type(SPOKEN[data]) in kinds:
            return f"write `{flow(SPOKEN[data])}`"
        case str() if number and re.fullmatch(r"[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?", data):
            return f"write it without quotes: `{data}`"
        case str() if number and re.fullmatch(r"[0-9]{1,3}([_,][0-9]{3})+", data):
            return f"write `{re.sub('[_,]', '', data)}`"
        case str() if float in kinds and (
            found := re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)%", data)
        ):
            return f"write `{float(found[1]) / 100:g}`"
        case str() if float in kinds and (
            found := re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?/ ?([1-9][0-9]{0,8})", data)
        ):
            return f"write `{float(found[1]) / int(found[2])}`"
        case float() if int in kinds and data.is_integer() and abs(data) < 1e15:
            return f"write `{int(data)}`"
        case (int() | float() as only,) if number:
            return f"write it without brackets: `{only}`"
        case Mapping() if any(get_origin(kind) is tuple for kind in kinds):
            return "begin each entry of the list with `- `"
        case _:
            return None


def arms(annotation: Any) -> Iterable[Any]:
    """Yield the types that a union of annotated types holds."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from arms(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for arm in get_args(annotation):
            yield from arms(arm)
    else:
        yield annotation


def _allowed(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return _allowed(inner, [*metadata, *more])
    from .model import PerOutput, ShapeOrInput

    for mark in metadata:
        if isinstance(mark, ShapeOrInput):
            return "a list of sizes, or " + _allowed(annotation)
        if isinstance(mark, Choice):
            one = one_of(registry(mark.kind).kind)
            return f"{one}, or a list of such" if mark.listed else one
        if isinstance(mark, PerOutput):
            whole = "a list of which each is " if mark.listed else ""
            return f"{whole}{one_of(mark.kind)}; or a mapping from outputs to such"
    if origin in (Union, types.UnionType):
        arms = [arm for arm in get_args(annotation) if arm is not type(None)]
        words = [_allowed(arm, metadata) for arm in arms]
        for position, arm in enumerate(arms):
            each = get_args(arm)
            if (
                get_origin(arm) is tuple
                and each
                and _allowed(each[0]) in words
                and len(set(map(str, each))) == 1
            ):
                words[position] = f"a list of {len(each)} of them"
        return any_of(dict.fromkeys(words))
    if origin is Literal:
        return any_of(f"`{json.dumps(value).strip(chr(34))}`" for value in get_args(annotation))
    if origin is tuple:
        return _list(get_args(annotation))
    if origin in (dict, Mapping) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return "a mapping"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a mapping with " + any_of(f"`{name}`" for name in annotation.model_fields)
    return PLAIN.get(annotation, "a value") + _bounds(metadata)


def _bounds(metadata: Sequence[Any]) -> str:
    """Say between what a value must lie, and what a name may hold."""
    parts = [part for mark in metadata for part in (mark, *getattr(mark, "metadata", ()))]
    bounds = {name: getattr(part, name) for part in parts for name in BOUNDS if _has(part, name)}
    found = [phrase.format(bounds[name]) for name, phrase in BOUNDS.items() if name in bounds]
    if {"ge", "le"} <= bounds.keys():
        found = [f"of at least {bounds['ge']} and at most {bounds['le']}"]
    if any(_has(part, "pattern") for part in parts):
        found.append("that begins with a letter and holds letters, digits and `_`, 128 at most")
    return f" {' and '.join(found)}" if found else ""


def _has(part: Any, name: str) -> bool:
    return getattr(part, name, None) is not None


def _list(arms: Sequence[Any]) -> str:
    if len(arms) == 2 and arms[1] is Ellipsis:
        return f"a list of which each is {expected_inside(arms[0])}"
    if len({str(arm) for arm in arms}) == 1:
        return f"a list of {len(arms)} of which each is {expected_inside(arms[0])}"
    return f"a list of {len(arms)}: " + ", ".join(expected_inside(arm) for arm in arms)


def no_name(text: str) -> tuple[str, str | None]:
    """Return what is to say of a text that cannot be a name, and what would do."""
    rule = "a name begins with a letter and holds letters, digits and `_`, 128 at most"
    near = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_")[:128]
    help = f"`{near}` would do" if re.match("[A-Za-z]", near) else None
    return f"{describe(text)} cannot be a name: {rule}", help


def describe(data: object) -> str:
    """Name a value as a person would: its kind, and what it is where that is short."""
    match data:
        case None:
            return "nothing"
        case bool():
            return f"`{str(data).lower()}`"
        case int() | float():
            return f"the number {data}"
        case str():
            noun = "the word" if re.fullmatch(r"[^\W\d][\w.+-]*", data) else "the text"
            return (
                f"{noun} `{data}`"
                if 0 < len(data) <= MAX_SHOWN
                else "a long text"
                if data
                else "an empty text"
            )
        case _:
            text = flow(data)
            return (
                f"`{text}`"
                if len(text) <= MAX_SHOWN
                else "a mapping"
                if isinstance(data, Mapping)
                else "a list"
            )


def flow(data: object) -> str:
    """Write data in YAML's flow style."""
    match data:
        case None:
            return "null"
        case bool():
            return str(data).lower()
        case Mapping():
            return "{" + ", ".join(f"{key}: {flow(value)}" for key, value in data.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(flow(value) for value in data) + "]"
        case _:
            return str(data)


def words_of(field: FieldInfo) -> tuple[str, ...]:
    """List the words that a field accepts, for did-you-mean."""
    return tuple(_words(field.annotation, field.metadata))


def _words(annotation: Any, metadata: Sequence[Any] = ()) -> Iterable[str]:
    for mark in metadata:
        if isinstance(mark, Choice):
            yield from registry(mark.kind).spellings()
            return
    if get_origin(annotation) is Literal:
        yield from (value for value in get_args(annotation) if isinstance(value, str))
        return
    for arm in get_args(annotation):
        if get_origin(annotation) is Annotated:
            yield from _words(arm, get_args(annotation)[1:])
            return
        yield from _words(arm)
