"""What stands under ``train: data:``, and what is known of a data set before it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal, TypeAlias, final

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from .base import Fault, conflict
from .diagnostics import Diagnostic, SpecError
from .wording import describe, did_you_mean

CONFIG = ConfigDict(allow_inf_nan=False, defer_build=True, extra="forbid", frozen=True, strict=True)

Path_ = Annotated[str, Field(min_length=1)]
Classes = Annotated[
    int | None,
    Field(ge=2, description="Number of classes, so that the spec compiles without the data."),
]
Scale = Annotated[
    Literal["none"] | Annotated[float, Field(gt=0)] | None,
    Field(
        description="What the inputs are divided by. Default: 255 for bytes; `none` leaves them."
    ),
]


@final
class NpzData(BaseModel):
    """An ``.npz`` file with ``x_train``, ``y_train`` and, if it has them, ``x_test``, ``y_test``.

    A model with several inputs or outputs takes ``x_train_<input>`` and ``y_train_<output>``.
    """

    model_config = CONFIG

    npz: Annotated[Path_, Field(description="Path of the file.")]
    classes: Classes = None
    scale: Scale = None


@final
class ImagesData(BaseModel):
    """A folder with a folder of pictures for each class, perhaps under ``train/`` and ``test/``."""

    model_config = CONFIG

    images: Annotated[Path_, Field(description="Path of the folder.")]
    size: Annotated[
        tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] | None,
        Field(description="Height and width that the pictures are resized to."),
    ] = None
    color: Annotated[Literal["rgb", "grayscale"], Field(description="Three channels, or one.")] = (
        "rgb"
    )
    classes: Classes = None
    scale: Scale = None


@final
class CsvData(BaseModel):
    """A ``.csv`` file with a header, numbers in its columns and the target in one of them."""

    model_config = CONFIG

    csv: Annotated[Path_, Field(description="Path of the file.")]
    target: Annotated[str, Field(min_length=1, description="Name of the column to predict.")]
    features: Annotated[
        tuple[str, ...] | None,
        Field(min_length=1, description="Columns to predict it from. Default: all others."),
    ] = None
    task: Annotated[
        Literal["classification", "regression"] | None,
        Field(description="Whether the target is a class or a number. Default: as it looks."),
    ] = None
    classes: Classes = None

    @model_validator(mode="after")
    def _columns_apart(self) -> CsvData:
        features = self.features or ()
        if self.target in features:
            message = f"the target `{self.target}` cannot be predicted from itself"
            raise conflict("features", message, f"leave `{self.target}` out of `features`")
        twice = next((name for name in features if features.count(name) > 1), None)
        if twice is not None:
            raise conflict("features", f"`features` names the column `{twice}` twice")
        if self.task == "regression" and self.classes is not None:
            message = "`classes` counts classes, but the target of a regression is a number"
            raise conflict("classes", message, "leave out `classes`, or the `task`")
        return self


FileData: TypeAlias = NpzData | ImagesData | CsvData
DataSpec: TypeAlias = str | NpzData | ImagesData | CsvData

FORMS: Mapping[str, type[NpzData] | type[ImagesData] | type[CsvData]] = {
    "npz": NpzData,
    "images": ImagesData,
    "csv": CsvData,
}


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What is known of a data set before it is read.

    ``shape`` is that of one example, without the batch (None: not known); ``classes`` is None where it is
    not known or where the targets are numbers; ``regression`` tells which.
    ``labelled`` says that the targets are integer classes or numbers, one for each example.
    """

    name: str
    shape: tuple[int | None, ...] | None
    classes: int | None
    regression: bool = False
    labelled: bool = True
    source: Literal["bundled", "download", "file"] = "bundled"
    description: str = ""


def _known(
    name: str,
    shape: tuple[int, ...],
    classes: int | None,
    source: Literal["bundled", "download"],
    description: str,
) -> DataFacts:
    return DataFacts(name, shape, classes, classes is None, True, source, description)


FACTS: Mapping[str, DataFacts] = {
    one.name: one
    for one in (
        _known("digits", (8, 8, 1), 10, "bundled", "1,797 handwritten digits, 8 x 8"),
        _known("iris", (4,), 3, "bundled", "150 iris flowers, four lengths each, of three species"),
        _known("wine", (13,), 3, "bundled", "178 wines, 13 measurements each, of three growers"),
        _known(
            "breast_cancer", (30,), 2, "bundled", "569 tumours, 30 measurements each, benign or not"
        ),
        _known(
            "diabetes",
            (10,),
            None,
            "bundled",
            "442 patients, ten measurements, progress of the illness",
        ),
        _known("mnist", (28, 28, 1), 10, "download", "70,000 handwritten digits, 28 x 28"),
        _known("fashion_mnist", (28, 28, 1), 10, "download", "70,000 pieces of clothing, 28 x 28"),
        _known(
            "cifar10",
            (32, 32, 3),
            10,
            "download",
            "60,000 colour photographs of ten kinds of things",
        ),
        _known(
            "cifar100",
            (32, 32, 3),
            100,
            "download",
            "60,000 colour photographs of 100 kinds of things",
        ),
        _known(
            "imdb",
            (200,),
            2,
            "download",
            "50,000 film reviews, 200 of the 10,000 commonest words each",
        ),
    )
}


class _DataForm:
    """Reads a known name, or a mapping that says by its first key what kind of file it is."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Validate by the one form that is meant, so that its mistakes alone are told."""
        return core_schema.no_info_plain_validator_function(_read)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Offer the known names and the three forms."""
        forms = [form.model_json_schema() for form in FORMS.values()]
        return {"anyOf": [{"type": "string", "enum": list(FACTS)}, *forms]}


Data = Annotated[str | NpzData | ImagesData | CsvData, _DataForm()]


def _read(data: object) -> DataSpec:
    from .faults import faults_of, nested

    match data:
        case NpzData() | ImagesData() | CsvData():
            return data
        case str() if data in FACTS:
            return data
        case str():
            help = did_you_mean(data, FACTS) or _file_help(data) or "known: " + _names()
            raise nested((Fault("HB205", (), f"unknown data set `{data}`", help),))
        case Mapping():
            kind = next((key for key in FORMS if key in data), None)
            if kind is not None:
                try:
                    return FORMS[kind].model_validate(dict(data))
                except ValidationError as error:
                    raise nested(tuple(faults_of(error, FORMS[kind], "data", data))) from None
    message = (
        f"`data` is a known name, or a mapping with `npz`, `images` or `csv`; not {describe(data)}"
    )
    raise nested((Fault("HB204", (), message, "known names: " + _names()),))


def _names() -> str:
    return ", ".join(f"`{name}`" for name in FACTS)


def _file_help(text: str) -> str | None:
    suffix = FilePath(text).suffix.lower()
    if suffix == ".npz":
        return f"write `data: {{npz: {text}}}`"
    if suffix == ".csv":
        return f"write `data: {{csv: {text}, target: COLUMN}}`"
    return f"write `data: {{images: {text}}}`" if "/" in text else None


def facts(data: object) -> DataFacts | None:
    """Return what is known of a data set; None of something that is none.

    ``data`` may be raw, as it stands in the document.
    """
    match data:
        case str():
            return FACTS.get(data)
        case NpzData() | ImagesData() | CsvData():
            raw: Mapping[str, Any] = data.model_dump()
        case Mapping():
            raw = data
        case _:
            return None
    kind = next((key for key in FORMS if key in raw), None)
    if kind is None:
        return None
    classes = raw.get("classes")
    stated = (
        classes
        if isinstance(classes, int) and not isinstance(classes, bool) and classes >= 2
        else None
    )
    regression = raw.get("task") == "regression"
    size, channels = raw.get("size"), 1 if raw.get("color") == "grayscale" else 3
    shape = (
        (*size, channels)
        if kind == "images" and isinstance(size, tuple) and len(size) == 2
        else None
    )
    labelled = kind != "npz" and (regression or stated is not None)
    return DataFacts(str(raw[kind]), shape, stated, regression, labelled, "file")


def resolve(data: DataSpec, folder: FilePath) -> DataSpec:
    """Return the data with its path taken from a folder, as a spec's paths are from the spec's."""
    match data:
        case NpzData():
            return data.model_copy(update={"npz": str(folder / data.npz)})
        case ImagesData():
            return data.model_copy(update={"images": str(folder / data.images)})
        case CsvData():
            return data.model_copy(update={"csv": str(folder / data.csv)})
        case _:
            return data


def data_from_option(text: str, target: str | None = None) -> DataSpec:
    """Return the data that a command line names: a known name, a file or a folder.

    Raises:
        SpecError: HB205 for an unknown name, HB202 for a table without a target, HB207 for a target
            without a table, HB601 for what is there but of no known kind.
    """
    path = FilePath(text)
    suffix = path.suffix.lower()
    if target is not None and suffix != ".csv":
        message = f"`--target` names a column of a .csv file, and `{text}` is none"
        raise SpecError([Diagnostic("HB207", message, help="leave out `--target`")])
    if text in FACTS:
        return text
    if suffix == ".npz":
        return NpzData(npz=text)
    if suffix == ".csv":
        if not target:
            message = f"`{text}` needs the name of the column to predict"
            raise SpecError([Diagnostic("HB202", message, help="add `--target COLUMN`")])
        return CsvData(csv=text, target=target)
    is_folder, is_there = _found(text)
    if is_folder:
        return ImagesData(images=text)
    if is_there:
        message = f"`{text}` is no data that can be read"
        help = "give an .npz file, a .csv file, a folder of pictures, or a known name: " + _names()
        raise SpecError([Diagnostic("HB601", message, help=help)])
    help = did_you_mean(text, FACTS) or "known: " + _names()
    raise SpecError(
        [Diagnostic("HB205", f"`{text}` is neither a known data set nor a file", help=help)]
    )


def _found(text: str) -> tuple[bool, bool]:
    """Tell whether a path leads to a folder, and whether it leads to anything."""
    path = FilePath(text)
    try:
        return bool(text) and path.is_dir(), bool(text) and path.exists()
    except (OSError, ValueError):  # longer than a path may be, or with a null character
        return False, False
