"""The part of a training script that reads the data: fixed text for each kind of data set.

What the spec says (paths, columns, sizes) stands above the text as constants.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...specs.data import CsvData, DataSpec, ImagesData, NpzData
from ..graph import Graph
from ..python import Assign, Constant, Items, Statement

STANDARD = frozenset({"import csv", "import os"})
NUMPY = "import numpy as np"
SPLIT = "from sklearn.model_selection import train_test_split"
SCALER = "from sklearn.preprocessing import StandardScaler"

KERAS_IMAGES = '''
def load_data():
    """Return training and test examples, pictures scaled to [0, 1]."""
    (x_train, y_train), (x_test, y_test) = keras.datasets.{name}.load_data()
    x_train, x_test = (x.astype("float32") / 255 for x in (x_train, x_test))
    return ({train}, y_train.ravel()), ({test}, y_test.ravel())
'''

IMDB = '''
def load_data():
    """Return training and test reviews, 200 word numbers each."""
    reviews = keras.datasets.imdb.load_data(num_words=10000)
    (x_train, y_train), (x_test, y_test) = reviews
    x_train, x_test = (keras.utils.pad_sequences(x, 200) for x in (x_train, x_test))
    return (x_train, y_train), (x_test, y_test)
'''

DIGITS = '''
def load_data():
    """Return training and test examples, pictures scaled to [0, 1]."""
    x, y = load_digits(return_X_y=True)
    x = x.reshape(-1, 8, 8, 1).astype("float32") / 16
    x_train, x_test, y_train, y_test = train_test_split(
        x, y, test_size=0.2, random_state=SEED, stratify=y
    )
    return (x_train, y_train), (x_test, y_test)
'''

TABLE = '''
def load_data():
    """Return training and test examples, standardised by the training examples."""
    x, y = {load}(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(
        x, y, test_size=0.2, random_state=SEED{stratify}
    )
    scaler = StandardScaler().fit(x_train)
    x_train, x_test = (scaler.transform(x).astype("float32") for x in (x_train, x_test))
    return (x_train, y_train), (x_test, y_test)
'''

NPZ = '''
def load_data():
    """Return training and test examples; without a test part, a tenth is held out."""
    with np.load(DATA) as data:
        x, y = scaled(data["x_train"]), data["y_train"]
        if "x_test" in data:
            return (x, y), (scaled(data["x_test"]), data["y_test"])
    order = np.random.default_rng(SEED).permutation(len(x))
    test, train = order[: len(x) // 10], order[len(x) // 10 :]
    return (x[train], y[train]), (x[test], y[test])
'''

NPZ_SEVERAL = '''
def load_data():
    """Return training and test examples by input and output, bytes scaled to [0, 1]."""
    with np.load(DATA) as data:
        x_train, x_test = (
            {name: scaled(data[f"x_{part}_{name}"]) for name in INPUTS}
            for part in ("train", "test")
        )
        y_train, y_test = (
            {name: data[f"y_{part}_{name}"] for name in OUTPUTS}
            for part in ("train", "test")
        )
    return (x_train, y_train), (x_test, y_test)
'''

SCALED = '''
def scaled(x):
    """Divide bytes by their largest value, and leave other numbers alone."""
    return x.astype("float32") / 255 if x.dtype == np.uint8 else x
'''

DIVIDED = '''
def scaled(x):
    """Divide the inputs by their scale."""
    return x.astype("float32") / SCALE
'''

IMAGES = '''
def pictures(folder):
    """Return the pictures of a folder with a folder for each class, and their classes."""
    found = keras.utils.image_dataset_from_directory(
        folder,
        image_size=SIZE,
        color_mode=COLOR,
        batch_size=None,
        shuffle=False,
        verbose=False,
    )
    x, y = (np.stack(part) for part in zip(*found.as_numpy_iterator()))
    return x / SCALE, y


def load_data():
    """Return training and test examples; without a test folder, a fifth is held out."""
    if os.path.isdir(f"{DATA}/train"):
        return pictures(f"{DATA}/train"), pictures(f"{DATA}/test")
    x, y = pictures(DATA)
    x_train, x_test, y_train, y_test = train_test_split(
        x, y, test_size=0.2, random_state=SEED, stratify=y
    )
    return (x_train, y_train), (x_test, y_test)
'''

CSV = '''
def load_data():
    """Return training and test rows, standardised by the training rows."""
    with open(DATA, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    target = [row.pop(TARGET) for row in rows]
    x = np.array([{cells} for row in rows], dtype="float32")
    y = {target}
    x_train, x_test, y_train, y_test = train_test_split(
        x, y, test_size=0.2, random_state=SEED{stratify}
    )
    scaler = StandardScaler().fit(x_train)
    x_train, x_test = (scaler.transform(x).astype("float32") for x in (x_train, x_test))
    return (x_train, y_train), (x_test, y_test)
'''

BUNDLED = {
    "iris": ("load_iris", True),
    "wine": ("load_wine", True),
    "breast_cancer": ("load_breast_cancer", True),
    "diabetes": ("load_diabetes", False),
}
GRAY = frozenset({"mnist", "fashion_mnist"})


@dataclass(frozen=True, slots=True)
class Loader:
    """The constants, the imports and the text of ``load_data``."""

    text: str
    imports: tuple[str, ...] = ()
    constants: tuple[Statement, ...] = ()


def loader(data: DataSpec, graph: Graph) -> Loader:
    """Return what a script needs to load a data set for a graph."""
    match data:
        case "digits":
            return Loader(DIGITS, (SPLIT, "from sklearn.datasets import load_digits"))
        case "imdb":
            return Loader(IMDB)
        case str() if data in BUNDLED:
            load, classes = BUNDLED[data]
            text = TABLE.format(load=load, stratify=", stratify=y" if classes else "")
            return Loader(text, (SPLIT, SCALER, f"from sklearn.datasets import {load}"))
        case str():
            axis = "[..., None]" if data in GRAY else ""
            return Loader(
                KERAS_IMAGES.format(name=data, train=f"x_train{axis}", test=f"x_test{axis}")
            )
        case NpzData():
            return _npz(data, graph)
        case ImagesData():
            return _images(data, graph)
        case CsvData():
            return _csv(data)
    raise TypeError(f"no loader for {type(data).__name__}")


def _npz(data: NpzData, graph: Graph) -> Loader:
    constants: tuple[Statement, ...] = (Assign("DATA", Constant(data.npz)),)
    divisor = _divisor(data.scale)
    if divisor is not None:
        constants += (Assign("SCALE", Constant(divisor)),)
    scaled = (SCALED if divisor is None else DIVIDED).strip("\n") + "\n\n"
    if len(graph.inputs) == 1 and len(graph.outputs) == 1:
        return Loader(scaled + NPZ, (NUMPY,), constants)
    inputs = Items(tuple(Constant(one.name) for one in graph.inputs))
    outputs = Items(tuple(Constant(one.name) for one in graph.outputs))
    constants += (Assign("INPUTS", inputs), Assign("OUTPUTS", outputs))
    return Loader(scaled + NPZ_SEVERAL, (NUMPY,), constants)


def _divisor(scale: str | float | None) -> float | None:
    """Return what inputs are divided by; None: bytes by 255."""
    return 1.0 if scale == "none" else float(scale) if scale is not None else None


def _images(data: ImagesData, graph: Graph) -> Loader:
    height, width, channels = graph.inputs[0].type.shape[1:4]
    constants: tuple[Statement, ...] = (
        Assign("DATA", Constant(data.images)),
        Assign("SIZE", Items((Constant(height), Constant(width)), "()")),
        Assign("COLOR", Constant("grayscale" if channels == 1 else "rgb")),
        Assign("SCALE", Constant(_divisor(data.scale) or 255)),
    )
    return Loader(IMAGES, ("import os", NUMPY, SPLIT), constants)


def _csv(data: CsvData) -> Loader:
    regression = data.task == "regression"
    target = (
        'np.array(target, dtype="float32")'
        if regression
        else "np.unique(target, return_inverse=True)[1]"
    )
    cells = "list(row.values())" if data.features is None else "[row[name] for name in FEATURES]"
    stratify = "" if regression else ", stratify=y"
    constants: tuple[Statement, ...] = (
        Assign("DATA", Constant(data.csv)),
        Assign("TARGET", Constant(data.target)),
    )
    if data.features is not None:
        constants += (Assign("FEATURES", Items(tuple(map(Constant, data.features)))),)
    text = CSV.format(target=target, cells=cells, stratify=stratify)
    return Loader(text, ("import csv", NUMPY, SPLIT, SCALER), constants)
