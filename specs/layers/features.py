"""Layers that make numbers of words, categories and sounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, final

from pydantic import Field, model_validator

from ..base import LayerSpec, conflict
from .fields import Count, DataFormat, Padding, Size

Numbers = Annotated[tuple[float, ...], Field(min_length=1)]
Words = Annotated[tuple[str, ...], Field(min_length=1)]
Integers = Annotated[tuple[int, ...], Field(min_length=1)]
Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]

Encoding = Annotated[
    Literal["multi_hot", "one_hot", "count"],
    Field(description="Which are there, one of each by itself, or how many of each."),
]
IndexEncoding = Annotated[
    Literal["int", "one_hot", "multi_hot", "count"],
    Field(description="Numbers, one row of 0 and 1 each, which are there, or how many of each."),
]
LookupEncoding = Annotated[
    Literal["int", "one_hot", "multi_hot", "count", "tf_idf"],
    Field(description="Numbers, or one row: which are there, how many, how many by weight."),
]
Bins = Annotated[Size, Field(description="Number of bins.")]
Salt = Annotated[
    Int64 | tuple[Int64, Int64] | None,
    Field(description="One number or two that change the hash; `null` keeps the usual one."),
]
MaxTokens = Annotated[
    Annotated[int, Field(gt=1)] | None,
    Field(description="Largest size of the vocabulary, with what is unknown or masked."),
]
Unknown = Annotated[Count, Field(description="Numbers kept for what the vocabulary lacks.")]
Weights = Annotated[
    Numbers | None, Field(description="For `tf_idf`: the weight of each entry of the vocabulary.")
]
Invert = Annotated[bool, Field(description="Whether to go from numbers back to the entries.")]
Pad = Annotated[
    bool, Field(description="Whether rows are as long as `max_tokens`, whatever is known.")
]


@final
class CategoryEncoding(LayerSpec):
    """Makes rows of 0 and 1, or of counts, of integers."""

    num_tokens: Annotated[
        Size | None, Field(description="Number of categories; the integers go from 0 to one less.")
    ] = None
    output_mode: Encoding = "multi_hot"

    @model_validator(mode="after")
    def _given(self) -> CategoryEncoding:
        if self.num_tokens is None:
            raise conflict(
                "num_tokens", "`CategoryEncoding` needs `num_tokens`, how many there are"
            )
        return self


@final
class Discretization(LayerSpec):
    """Gives each number the number of the interval that it lies in."""

    trainable: Annotated[
        Literal[True],
        Field(description="Always true: the layer has no weights, and Keras no switch."),
    ] = True

    bin_boundaries: Annotated[
        Numbers | None, Field(description="Where the intervals meet, in ascending order.")
    ] = None
    output_mode: IndexEncoding = "int"

    @model_validator(mode="after")
    def _given(self) -> Discretization:
        if self.bin_boundaries is None:
            raise conflict(
                "bin_boundaries",
                "`Discretization` needs `bin_boundaries`, where the intervals meet",
                "a spec learns nothing from data before training: write the numbers",
            )
        if tuple(sorted(self.bin_boundaries)) != self.bin_boundaries:
            raise conflict("bin_boundaries", "`bin_boundaries` must be in ascending order")
        return self


@final
class HashedCrossing(LayerSpec):
    """Gives each pair of categories the number of a bin, by hashing."""

    arity: ClassVar[tuple[int, int | None]] = (2, 2)
    takes_list: ClassVar[bool] = True

    num_bins: Bins
    output_mode: Annotated[
        Literal["int", "one_hot"], Field(description="Numbers, or a row of 0 and 1 each.")
    ] = "int"


@final
class Hashing(LayerSpec):
    """Gives each category the number of a bin, by hashing."""

    num_bins: Bins
    mask_value: Annotated[
        Int64 | str | None, Field(description="The value that goes to bin 0, by itself.")
    ] = None
    salt: Salt = None
    output_mode: IndexEncoding = "int"


@final
class IntegerLookup(LayerSpec):
    """Gives each integer of a vocabulary its number."""

    max_tokens: MaxTokens = None
    num_oov_indices: Unknown = 1
    mask_token: Annotated[
        Int64 | None, Field(description="The integer that says that nothing is there.")
    ] = None
    oov_token: Annotated[
        Int64, Field(description="The integer that stands for what the vocabulary lacks.")
    ] = -1
    vocabulary: Annotated[Integers | None, Field(description="The integers, in order.")] = None
    idf_weights: Weights = None
    invert: Invert = False
    output_mode: LookupEncoding = "int"
    pad_to_max_tokens: Pad = False
    oov_method: Annotated[
        Literal["floormod", "farmhash"],
        Field(description="How several numbers for the unknown are shared out: rest, or hash."),
    ] = "floormod"
    salt: Salt = None

    @model_validator(mode="after")
    def _consistent(self) -> IntegerLookup:
        check_lookup(self)
        if self.salt is not None and self.oov_method != "farmhash":
            raise conflict("salt", "`salt` is for a hash", "write `oov_method: farmhash`")
        return self


@final
class StringLookup(LayerSpec):
    """Gives each word of a vocabulary its number."""

    max_tokens: MaxTokens = None
    num_oov_indices: Unknown = 1
    mask_token: Annotated[
        str | None, Field(description="The word that says that nothing is there.")
    ] = None
    oov_token: Annotated[
        str, Field(description="The word that stands for what the vocabulary lacks.")
    ] = "[UNK]"
    vocabulary: Annotated[Words | None, Field(description="The words, in order.")] = None
    idf_weights: Weights = None
    invert: Invert = False
    output_mode: LookupEncoding = "int"
    pad_to_max_tokens: Pad = False
    salt: Salt = None

    @model_validator(mode="after")
    def _consistent(self) -> StringLookup:
        check_lookup(self)
        return self


@final
class TextVectorization(LayerSpec):
    """Parts texts into words, and gives each word of a vocabulary its number."""

    max_tokens: MaxTokens = None
    standardize: Annotated[
        Literal["lower_and_strip_punctuation", "lower", "strip_punctuation"] | None,
        Field(description="What is done to a text first; `null` does nothing."),
    ] = "lower_and_strip_punctuation"
    split: Annotated[
        Literal["whitespace", "character"] | None,
        Field(description="What parts a text; `null` takes it as one word."),
    ] = "whitespace"
    ngrams: Annotated[
        Size | Annotated[tuple[Size, ...], Field(min_length=1)] | None,
        Field(description="Up to how many words in a row count as one, or which numbers of them."),
    ] = None
    output_mode: LookupEncoding = "int"
    output_sequence_length: Annotated[
        Size | None,
        Field(description="With `int`: number of words that are kept; `null` keeps all."),
    ] = None
    pad_to_max_tokens: Pad = False
    vocabulary: Annotated[Words | None, Field(description="The words, in order.")] = None
    idf_weights: Weights = None

    @model_validator(mode="after")
    def _consistent(self) -> TextVectorization:
        check_lookup(self)
        if self.output_sequence_length is not None and self.output_mode != "int":
            raise conflict(
                "output_sequence_length",
                f"`output_sequence_length` is for `output_mode: int`, not {self.output_mode}",
                "remove it: a row has an entry for each word of the vocabulary",
            )
        return self


Lookup = IntegerLookup | StringLookup | TextVectorization


def special_tokens(layer: Lookup) -> tuple[str | int, ...]:
    """Return what stands before the vocabulary: the mask with `int`, then the unknown."""
    if isinstance(layer, TextVectorization):
        mask: str | int | None = ""
        unknown: tuple[str | int, ...] = ("[UNK]",)
    else:
        mask = layer.mask_token
        unknown = (layer.oov_token,) * layer.num_oov_indices
    return (mask, *unknown) if mask is not None and layer.output_mode == "int" else unknown


def tokens(layer: Lookup) -> tuple[str | int, ...]:
    """Return the vocabulary without the special tokens that may lead it."""
    listed: tuple[str | int, ...] = layer.vocabulary or ()
    special = special_tokens(layer)
    return listed[len(special) :] if listed[: len(special)] == special else listed


def check_lookup(layer: Lookup) -> None:
    """Raise a conflict where the vocabulary is missing, or does not suit the other arguments."""
    name = type(layer).__name__
    if layer.vocabulary is None:
        raise conflict(
            "vocabulary",
            f"`{name}` needs `vocabulary`, the list of what it knows",
            "a spec learns nothing from data before training, and opens no files: write the list",
        )
    _check_tokens(layer, tokens(layer))
    _check_size(layer)
    _check_weights(layer, layer.vocabulary)
    if not isinstance(layer, TextVectorization) and layer.invert and layer.output_mode != "int":
        raise conflict("output_mode", "`invert` goes from numbers, with `output_mode: int` alone")


def _check_tokens(layer: Lookup, listed: Sequence[str | int]) -> None:
    repeated = next((token for token, number in Counter(listed).items() if number > 1), None)
    if repeated is not None:
        raise conflict("vocabulary", f"`vocabulary` has {repeated!r} twice")
    mask = "" if isinstance(layer, TextVectorization) else layer.mask_token
    if mask is not None and mask in listed:
        raise conflict(
            "vocabulary",
            f"`vocabulary` has {mask!r}, which says that nothing is there",
            "leave it out: it has a number of its own",
        )
    if not isinstance(layer, TextVectorization) and layer.invert and layer.oov_token in listed:
        raise conflict(
            "vocabulary",
            f"`vocabulary` has {layer.oov_token!r}, which stands for what it lacks",
            "leave it out: it has a number of its own",
        )


def _check_size(layer: Lookup) -> None:
    if layer.max_tokens is None:
        if layer.pad_to_max_tokens:
            raise conflict("max_tokens", "`pad_to_max_tokens` needs `max_tokens`")
        return
    size = len(special_tokens(layer)) + len(tokens(layer))
    if size > layer.max_tokens:
        raise conflict(
            "max_tokens",
            f"`max_tokens` is {layer.max_tokens}, but there are {size} with what is unknown "
            "or masked",
        )


def _check_weights(layer: Lookup, listed: Sequence[str | int]) -> None:
    if layer.output_mode != "tf_idf":
        if layer.idf_weights is not None:
            raise conflict("idf_weights", "`idf_weights` are for `output_mode: tf_idf`")
    elif layer.idf_weights is None:
        raise conflict(
            "idf_weights", "`tf_idf` needs `idf_weights`, a weight for each entry of `vocabulary`"
        )
    elif len(layer.idf_weights) != len(listed):
        raise conflict(
            "idf_weights",
            f"there are {len(layer.idf_weights)} weights for {len(listed)} entries of `vocabulary`",
        )


@final
class Normalization(LayerSpec):
    """Subtracts a mean and divides by the root of a variance: those given, or those of its weights.

    Without them it changes nothing until weights are loaded that hold them.
    """

    axis: Annotated[
        int | tuple[int, ...] | None,
        Field(description="Axes whose entries have a mean of their own; `null`: one for all."),
    ] = -1
    mean: Annotated[
        float | Numbers | None,
        Field(description="The mean: one number, or one for each entry of the last of the axes."),
    ] = None
    variance: Annotated[
        Annotated[float, Field(ge=0)]
        | Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=1)]
        | None,
        Field(description="The variance: as many numbers as the mean has."),
    ] = None
    invert: Annotated[
        bool, Field(description="Whether to go back: multiply, then add the mean.")
    ] = False

    @model_validator(mode="after")
    def _given(self) -> Normalization:
        for field, other in (("mean", "variance"), ("variance", "mean")):
            if getattr(self, field) is None and getattr(self, other) is not None:
                raise conflict(
                    other,
                    f"`Normalization` has a `{other}`, but no `{field}`",
                    "write both, or neither: then weights are loaded that hold them",
                )
        mean, variance = (
            len(value) if isinstance(value, tuple) else None for value in (self.mean, self.variance)
        )
        if mean != variance:
            raise conflict("variance", "`mean` and `variance` must be as many numbers")
        axes = 1 if isinstance(self.axis, int) else len(self.axis or ())
        if mean is not None and not axes:
            raise conflict("mean", "without an `axis` there is one mean", "write one number")
        return self


@final
class MelSpectrogram(LayerSpec):
    """Makes pictures of sounds: how strong each pitch is, by the ear's scale, as time goes on."""

    fft_length: Annotated[Size, Field(description="Entries that one Fourier transform takes.")] = (
        2048
    )
    sequence_stride: Annotated[
        Size, Field(description="Entries from one transform to the next.")
    ] = 512
    sequence_length: Annotated[
        Size | None, Field(description="Entries that the window lets through; `null`: all.")
    ] = None
    window: Annotated[
        Literal["hann", "hamming"] | None,
        Field(description="How the ends of a stretch fade; `null` cuts it out sharply."),
    ] = "hann"
    sampling_rate: Annotated[Size, Field(description="Entries of one second.")] = 16000
    num_mel_bins: Annotated[Size, Field(description="Number of pitches.")] = 128
    min_freq: Annotated[float, Field(ge=0, description="Lowest frequency.")] = 20.0
    max_freq: Annotated[
        Annotated[float, Field(gt=0)] | None,
        Field(description="Highest frequency; `null` takes half of `sampling_rate`."),
    ] = None
    power_to_db: Annotated[bool, Field(description="Whether to return decibels.")] = True
    top_db: Annotated[
        float, Field(ge=0, description="What lies so far below the loudest is raised to there.")
    ] = 80.0
    mag_exp: Annotated[
        float, Field(gt=0, description="Exponent of the strength: 1 for magnitude, 2 for power.")
    ] = 2.0
    min_power: Annotated[float, Field(gt=0, description="Least power, for the logarithm.")] = 1e-10
    ref_power: Annotated[float, Field(description="The power that is 0 decibels.")] = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> MelSpectrogram:
        if self.sequence_length is not None and self.sequence_length > self.fft_length:
            raise conflict(
                "sequence_length",
                f"`sequence_length` is {self.sequence_length}, more than `fft_length`, "
                f"{self.fft_length}",
            )
        highest = self.max_freq or self.sampling_rate // 2
        if self.min_freq >= highest:
            raise conflict("min_freq", f"`min_freq` must be below `max_freq`, {highest}")
        return self


FADING = ("bartlett", "hann")
"""Windows that leave nothing of two entries."""


@final
class STFTSpectrogram(LayerSpec):
    """Makes pictures of sounds: how strong each frequency is as time goes on."""

    positional: ClassVar[int | None] = 1

    mode: Annotated[
        Literal["log", "magnitude", "psd", "real", "imag", "angle", "stft"],
        Field(description="What is returned of each frequency."),
    ] = "log"
    frame_length: Annotated[Size, Field(description="Entries that one transform looks at.")] = 256
    frame_step: Annotated[
        Size | None,
        Field(
            description="Entries from one transform to the next; `null`: half of `frame_length`."
        ),
    ] = None
    fft_length: Annotated[
        Size | None,
        Field(description="Entries of a transform with zeros; `null`: the next power of two."),
    ] = None
    window: Annotated[
        Literal["hann", "hamming", "blackman", "bartlett", "boxcar"] | None,
        Field(description="How the ends of a stretch fade; `null` cuts it out sharply."),
    ] = "hann"
    periodic: Annotated[
        bool, Field(description="Whether the window is one period, without its last entry.")
    ] = False
    scaling: Annotated[
        Literal["density", "spectrum"] | None,
        Field(description="What the window is divided by: its length, or its sum."),
    ] = "density"
    padding: Padding = "valid"
    expand_dims: Annotated[
        bool, Field(description="Whether channels and frequencies have an axis each.")
    ] = False
    data_format: DataFormat = None

    @model_validator(mode="after")
    def _ordered(self) -> STFTSpectrogram:
        length = self.frame_length
        if self.frame_step is not None and self.frame_step > length:
            raise conflict(
                "frame_step",
                f"`frame_step` is {self.frame_step}, more than `frame_length`, {length}",
            )
        if self.fft_length is not None and self.fft_length < length:
            raise conflict(
                "fft_length",
                f"`fft_length` is {self.fft_length}, less than `frame_length`, {length}",
            )
        vanishing = self.window in FADING and self.scaling is not None and not self.periodic
        if length == 1 or (length == 2 and vanishing):
            raise conflict("frame_length", f"`frame_length` is {length}, too few for a transform")
        return self


_SPARSE = "every tensor of a spec is dense"
_LEARNED = "it is for boundaries that are learned from data, and a spec gives them"
_TEXT = "texts are UTF-8 throughout"

OMITTED: dict[str, dict[str, str]] = {
    "CategoryEncoding": {"sparse": _SPARSE},
    "Discretization": {"num_bins": _LEARNED, "epsilon": _LEARNED, "sparse": _SPARSE},
    "HashedCrossing": {"sparse": _SPARSE},
    "Hashing": {"sparse": _SPARSE},
    "IntegerLookup": {
        "vocabulary_dtype": "Keras knows one, int64",
        "sparse": _SPARSE,
    },
    "StringLookup": {"sparse": _SPARSE, "encoding": _TEXT},
    "TextVectorization": {
        "sparse": _SPARSE,
        "ragged": "the rows of every tensor of a spec are of one length",
        "encoding": _TEXT,
    },
}
