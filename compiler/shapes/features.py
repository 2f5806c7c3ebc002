"""Rules of the layers that make numbers of words, categories and sounds."""

from __future__ import annotations

from math import log2

from ...specs.base import LayerSpec
from ...specs.layers.features import (
    CategoryEncoding,
    Discretization,
    HashedCrossing,
    Hashing,
    IntegerLookup,
    Lookup,
    MelSpectrogram,
    Normalization,
    STFTSpectrogram,
    StringLookup,
    TextVectorization,
    special_tokens,
    tokens,
)
from ..graph import Inference, Shape, TensorType, Weight
from .checks import axis_of, count, distinct, entries, need_float, size_of, times, with_last
from .rule import Rule, RuleError, require_rank
from .windows import Window, layout_of, need_axes, slide

INTEGERS = ("bool", "uint8", "int32", "int64")
TEXTS = "string"

# What takes what


def _need(name: str, given: TensorType, dtypes: tuple[str, ...], what: str, index: int = 0) -> None:
    """Raise HB405 unless the input has one of the dtypes."""
    if given.dtype not in dtypes:
        sizes = ", ".join("null" if size is None else str(size) for size in given.shape[1:])
        wanted = TEXTS if TEXTS in dtypes else "int32"
        raise RuleError(
            "HB405",
            f"`{name}` takes {what}, but receives {given.dtype} {given}",
            help=f"declare the model input as `{{shape: [{sizes}], dtype: {wanted}}}`",
            input=index,
        )


def _encoded(name: str, mode: str, given: TensorType, depth: int) -> Shape:
    """Return the shape of rows of so many entries: for each number, or for each example."""
    if mode == "int":
        return given.shape
    if mode != "one_hot":
        require_rank(name, given, 2, f"(batch, entries) for `output_mode: {mode}`")
        return (None, depth)
    last = given.shape[-1]
    if given.rank < 2:
        return (None, depth)
    if last is None:
        raise RuleError(
            "HB406",
            f"`{name}` with `output_mode: one_hot` needs a known size of the last axis, "
            f"but receives {given}",
            field="output_mode",
        )
    return with_last(given.shape, depth) if last == 1 else (*given.shape, depth)


# Numbers and bins


def _category(layer: CategoryEncoding, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    _need("CategoryEncoding", given, INTEGERS, "integers")
    if given.dtype == "uint8" and layer.output_mode != "one_hot":
        raise RuleError(
            "HB405",
            f"`CategoryEncoding` counts no uint8 with `output_mode: {layer.output_mode}`, "
            f"but receives {given}",
            field="output_mode",
            help="declare the model input as int32",
        )
    shape = _encoded("CategoryEncoding", layer.output_mode, given, layer.num_tokens or 0)
    return Inference(TensorType(shape))


def _discretization(layer: Discretization, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    boundaries = layer.bin_boundaries or ()
    depth = len(boundaries) + 1
    work = times(len(boundaries).bit_length(), entries(given))
    if layer.output_mode == "int":
        return Inference(TensorType(given.shape, "int32"), (), work)
    if layer.output_mode == "one_hot":
        shape = _encoded("Discretization", "one_hot", given, depth)
    else:
        if given.rank < 2:
            require_rank("Discretization", given, 2, f"for `output_mode: {layer.output_mode}`")
        # Keras counts along the first axis behind the batch.
        shape = (None, *given.shape[2:], depth)
    return Inference(TensorType(shape), (), work)


def _hashing(layer: Hashing, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    _need("Hashing", given, (*INTEGERS, TEXTS), "integers or texts")
    _mask_fits(layer, given)
    if layer.output_mode == "int":
        return Inference(TensorType(given.shape, "int64"), (), entries(given))
    if layer.output_mode == "one_hot" and (
        given.rank < 2 or given.shape[-1] != 1 or given.shape[-2:] == (1, 1)
    ):
        raise RuleError(
            "HB404",
            f"`Hashing` with `output_mode: one_hot` takes a last axis of size 1, "
            f"and one before it that is larger, but receives {given}",
            field="output_mode",
            help="use `output_mode: int`, and a `CategoryEncoding` behind it",
        )
    shape = _encoded("Hashing", layer.output_mode, given, layer.num_bins)
    return Inference(TensorType(shape), (), entries(given))


def _mask_fits(layer: Hashing, given: TensorType) -> None:
    # With one bin Keras masks nothing, and looks at no value.
    if layer.mask_value is None or layer.num_bins == 1:
        return
    texts = isinstance(layer.mask_value, str)
    limits = {"uint8": (0, 2**8), "int32": (-(2**31), 2**31), "int64": (-(2**63), 2**63)}
    low, high = limits.get(given.dtype, (0, 0))
    if texts != (given.dtype == TEXTS) or (
        isinstance(layer.mask_value, int) and not low <= layer.mask_value < high
    ):
        raise RuleError(
            "HB405",
            f"`mask_value` of `Hashing` is {layer.mask_value!r}, which no {given.dtype} is: {given}",
            field="mask_value",
        )


def _crossing(layer: HashedCrossing, inputs: tuple[TensorType, ...]) -> Inference:
    for index, given in enumerate(inputs):
        _need(
            "HashedCrossing",
            given,
            ("uint8", "int32", "int64", TEXTS),
            "integers or texts",
            index,
        )
        if given.rank > 2 or (given.rank == 2 and given.shape[1] != 1):
            raise RuleError(
                "HB401",
                f"`HashedCrossing` takes one category of each example, (None, 1), "
                f"but receives {given}",
                input=index,
            )
    first, second = inputs
    if first.shape != second.shape:
        raise RuleError(
            "HB403", f"`HashedCrossing` receives different shapes: {first} and {second}", input=None
        )
    shape = _encoded("HashedCrossing", layer.output_mode, first, layer.num_bins)
    return Inference(TensorType(shape, "int64" if layer.output_mode == "int" else "float32"))


# Vocabularies


def _row(layer: Lookup) -> int:
    """Return how many entries a row has that stands for the vocabulary."""
    if layer.pad_to_max_tokens and layer.max_tokens is not None:
        return layer.max_tokens
    return len(special_tokens(layer)) + len(tokens(layer))


def _numbered(layer: Lookup) -> str:
    """Return the dtype that comes out, which Keras announces as float32 for rows of integers."""
    return "float32" if layer.output_mode == "tf_idf" else "int64"


def _integers(layer: IntegerLookup, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    _need("IntegerLookup", given, INTEGERS, "integers")
    shape = _encoded("IntegerLookup", layer.output_mode, given, _row(layer))
    return Inference(TensorType(shape, _numbered(layer)), (), entries(given))


def _strings(layer: StringLookup, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    if layer.invert:
        _need("StringLookup", given, INTEGERS, "integers with `invert`")
        return Inference(TensorType(given.shape, TEXTS), (), entries(given))
    _need("StringLookup", given, (TEXTS,), "texts")
    shape = _encoded("StringLookup", layer.output_mode, given, _row(layer))
    return Inference(TensorType(shape, _numbered(layer)), (), entries(given))


def _text(layer: TextVectorization, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    _need("TextVectorization", given, (TEXTS,), "texts")
    found = _whole(layer, given) if layer.split is None else _parted(layer, given)
    return Inference(TensorType(found, _numbered(layer)), (), entries(given))


def _parted(layer: TextVectorization, given: TensorType) -> Shape:
    """Return what is made of texts that are parted into words: one text an example."""
    if layer.output_mode == "one_hot":
        raise RuleError(
            "HB404",
            "`TextVectorization` makes rows of different lengths with `output_mode: one_hot`, "
            "as `split` parts each text into as many words as it has",
            field="output_mode",
            help="use `output_mode: int`, and a `CategoryEncoding` behind it",
        )
    if layer.output_mode == "int":
        if given.rank > 2 or (given.rank == 2 and given.shape[1] != 1):
            raise RuleError(
                "HB401",
                f"`TextVectorization` takes one text of each example, (None, 1), "
                f"but receives {given}",
            )
        return (None, layer.output_sequence_length)
    if given.rank != 1:
        raise RuleError(
            "HB401",
            f"Keras announces a wrong shape for `TextVectorization` with "
            f"`output_mode: {layer.output_mode}` unless the input is (None,), "
            f"but receives {given}",
            field="output_mode",
            help="put `Reshape: {target_shape: []}` before it"
            if given.shape == (None, 1)
            else None,
        )
    return (None, _row(layer))


def _whole(layer: TextVectorization, given: TensorType) -> Shape:
    """Return what is made of texts that are one word each."""
    if layer.output_mode != "int":
        if layer.output_mode == "one_hot" and layer.ngrams is not None:
            raise RuleError(
                "HB404",
                "`TextVectorization` with `ngrams` and `output_mode: one_hot` makes another shape "
                "than Keras announces",
                field="ngrams",
            )
        return _encoded("TextVectorization", layer.output_mode, given, _row(layer))
    require_rank("TextVectorization", given, 2, "(batch, words) without `split`")
    return (None, layer.output_sequence_length)


# Means


def _normalization(layer: Normalization, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    axes = (layer.axis,) if isinstance(layer.axis, int) else layer.axis or ()
    found = tuple(axis_of("Normalization", given, axis, "axis") for axis in axes)
    distinct("Normalization", found, "axis")
    for axis in found:
        size_of("Normalization", given, axis, "axis")
    if isinstance(layer.mean, tuple):
        last = max(found)
        if len(layer.mean) not in (1, given.shape[last]):
            raise RuleError(
                "HB404",
                f"`mean` of `Normalization` has {count('number', len(layer.mean))}, one for each "
                f"entry of axis {last}, but receives {given}",
                field="mean",
            )
    weights: tuple[Weight, ...] = ()
    if layer.mean is None:
        sizes = tuple(size for axis in sorted(found) if (size := given.shape[axis]) is not None)
        weights = (
            Weight("mean", sizes, False),
            Weight("variance", sizes, False),
            Weight("count", (), False),
        )
    return Inference(TensorType(given.shape), weights, times(2, entries(given)))


# Sounds


def _mel(layer: MelSpectrogram, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    require_rank("MelSpectrogram", given, 2, "(batch, time)")
    length, pad = given.shape[1], layer.fft_length // 2
    if length is None:
        return Inference(TensorType((None, layer.num_mel_bins, None)), (), None)
    if length <= pad:
        raise RuleError(
            "HB402",
            f"`MelSpectrogram` mirrors {pad} entries at both ends, half of `fft_length`, "
            f"but its input has {length}: {given}",
            field="fft_length",
            help=f"use a `fft_length` of at most {2 * length - 1}" if length > 1 else None,
        )
    stride = layer.sequence_stride
    frames = 1 + (length + 2 * pad - layer.fft_length) // stride
    announced = (length + stride + 1) // stride
    if frames != announced:
        raise RuleError(
            "HB404",
            f"Keras announces {announced} steps of time for `MelSpectrogram` and makes {frames} "
            f"of {given}",
            field="sequence_stride",
            help="make the input one entry shorter or longer, or `sequence_stride` larger",
        )
    bins = layer.fft_length // 2 + 1
    fourier = int(5 * layer.fft_length * log2(layer.fft_length))
    work = frames * (fourier + 2 * bins * layer.num_mel_bins)
    return Inference(TensorType((None, layer.num_mel_bins, frames)), (), work)


def _stft(layer: STFTSpectrogram, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    name, layout = "STFTSpectrogram", layout_of(layer.data_format, 1)
    need_axes(name, given, layout)
    need_float(name, given, "takes floating-point numbers")
    channels = size_of(name, given, layout.channels, "data_format")
    step = layer.frame_step or layer.frame_length // 2
    window = Window("frame_length", (layer.frame_length,), (step,), layer.padding, (1,))
    (frames,) = slide(name, given, layout, window)
    half = _fft_length(layer) // 2 + 1
    sides = tuple(
        side for side in ("real", "imag") if layer.mode not in ({"real", "imag"} - {side})
    )
    weights = tuple(Weight(f"{side}_kernel", (layer.frame_length, 1, half)) for side in sides)
    rows = half * (2 if layer.mode == "stft" else 1)
    shape: Shape = layout.shape((frames,), rows * channels)
    if layer.expand_dims:
        shape = (None, channels, frames, rows) if layout.first else (None, frames, rows, channels)
    work = times(2 * layer.frame_length * len(sides), half, frames, channels)
    return Inference(TensorType(shape), weights, work)


def _fft_length(layer: STFTSpectrogram) -> int:
    """Return the length of the transforms: the next power of two, unless given."""
    return layer.fft_length or 1 << (layer.frame_length - 1).bit_length()


RULES: dict[type[LayerSpec], Rule] = {
    CategoryEncoding: _category,
    Discretization: _discretization,
    HashedCrossing: _crossing,
    Hashing: _hashing,
    IntegerLookup: _integers,
    StringLookup: _strings,
    TextVectorization: _text,
    Normalization: _normalization,
    MelSpectrogram: _mel,
    STFTSpectrogram: _stft,
}
