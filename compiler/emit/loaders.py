"""The part of a training script that reads the data: fixed text for each kind of data set.

What the spec says (paths, columns, sizes) stands above the text as constants.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...specs.data import CsvData, DataSpec, ImagesData, NpzData
from ..graph import Graph
from ..python import Assign, Constant, Items, Statement

STANDARD = frozenset({"import csv"})
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
    """Return training and test examples, bytes scaled to [0, 1]."""
    with np.load(DATA) as data:
        x_train, y_train = scaled(data["x_train"]), data["y_train"]
        x_test, y_test = scaled(data["x_test"]), data["y_test"]
    return (x_train, y_train), (x_test, y_test)
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

IMAGES = '''
def load_data():
    """Return training and test examples from a folder of pictures for each class."""
    pictures = keras.utils.image_dataset_from_directory(
        DATA, image_size=SIZE, color_mode=COLOR, batch_size=None, shuffle=False, verbose=False
    )
    x, y = (np.stack(part) for part in zip(*pictures.as_numpy_iterator()))
    x_train, x_test, y_train, y_test = train_test_split(
        x / 255, y, test_size=0.2, random_state=SEED, stratify=y
    )
    return (x_train, y_train), (x_test, y_test)
'''

CSV = '''
def load_data():
    """Return training and test rows, standardised by the training rows."""
    with open(DATA, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    target = [row.pop(TARGET) for row in rows]
    x = np.array([[float(cell) for cell in row.values()] for row in rows])
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
    if len(graph.inputs) == 1 and len(graph.outputs) == 1:
        return Loader(SCALED.strip("\n") + "\n\n" + NPZ, (NUMPY,), constants)
    inputs = Items(tuple(Constant(one.name) for one in graph.inputs))
    outputs = Items(tuple(Constant(one.name) for one in graph.outputs))
    constants += (Assign("INPUTS", inputs), Assign("OUTPUTS", outputs))
    return Loader(SCALED.strip("\n") + "\n\n" + NPZ_SEVERAL, (NUMPY,), constants)


def _images(data: ImagesData, graph: Graph) -> Loader:
    height, width, channels = graph.inputs[0].type.shape[1:4]
    constants: tuple[Statement, ...] = (
        Assign("DATA", Constant(data.images)),
        Assign("SIZE", Items((Constant(height), Constant(width)), "()")),
        Assign("COLOR", Constant("grayscale" if channels == 1 else "rgb")),
    )
    return Loader(IMAGES, (NUMPY, SPLIT), constants)


def _csv(data: CsvData) -> Loader:
    regression = data.task == "regression"
    target = (
        'np.array(target, dtype="float32")'
        if regression
        else "np.unique(target, return_inverse=True)[1]"
    )
    text = CSV.format(target=target, stratify="" if regression else ", stratify=y")
    constants: tuple[Statement, ...] = (
        Assign("DATA", Constant(data.csv)),
        Assign("TARGET", Constant(data.target)),
    )
    return Loader(text, ("import csv", NUMPY, SPLIT, SCALER), constants)
