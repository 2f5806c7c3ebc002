"""What is trained: nets, their batch sizes and their examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from hornbook.specs.data import NpzData
from hornbook.specs.load import Spec, load
from hornbook.specs.overrides import Override

if TYPE_CHECKING:
    import numpy as np

SPECS: Final = Path(__file__).parent / "specs"
WORDS: Final = 5000
BYTES: Final = 255.0
TRAINING: Final = (
    "train={loss: sparse_categorical_crossentropy, metrics: [accuracy], optimizer: adam}",
)
CHUNK: Final = 1024
"""Examples that are made at a time, so that making them needs no memory to speak of."""


@final
@dataclass(frozen=True)
class Net:
    """A net: where its spec is, and how many numbers in it are trained."""

    name: str
    source: str
    shape: tuple[int, ...]
    classes: int
    parameters: int
    overrides: tuple[str, ...] = ()
    words: bool = False

    @property
    def pictures(self) -> bool:
        return len(self.shape) == 3

    def spec(self, settings: Sequence[str] = ()) -> Spec:
        """Return the spec, trained by Adam on cross-entropy with its accuracy, and by some settings besides."""
        training = (*TRAINING, *(f"train.{one}" for one in settings))
        overrides = [Override(text) for text in (*self.overrides, *training)]
        return load(self.source, classes=self.classes, overrides=overrides)


@final
@dataclass(frozen=True)
class Work:
    """A net at a batch size."""

    net: Net
    batch: int

    @property
    def name(self) -> str:
        return f"{self.net.name}-{self.batch}"

    def spec(self, settings: Sequence[str] = ()) -> Spec:
        """Return the spec of the net, trained in batches of this size."""
        return self.net.spec((f"batch_size={self.batch}", *settings))


@final
@dataclass(frozen=True)
class Examples:
    """Bytes or word numbers, with int64 labels. Whoever trains on them scales them in its own manner."""

    x: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]


NETS: Final = (
    Net("cifar100", "cifar100", (32, 32, 3), 100, 325_956),
    Net("mnist", "mnist", (28, 28, 1), 10, 4_738_826),
    Net("mlp", str(SPECS / "mlp.yaml"), (64,), 10, 2_410),
    Net("wide", str(SPECS / "wide.yaml"), (784,), 10, 1_863_690),
    Net("normed", str(SPECS / "normed.yaml"), (64,), 10, 26_506),
    Net("lstm", str(SPECS / "lstm.yaml"), (64,), 2, 168_386, words=True),
    Net(
        "resnet50",
        "resnet50",
        (32, 32, 3),
        10,
        23_555_082,
        overrides=("inputs.image=[32, 32, 3]", "layers.predictions.units=10"),
    ),
)
BATCHES: Final = {
    "cifar100": (32, 256),
    "mnist": (32, 256),
    "mlp": (32,),
    "wide": (32,),
    "normed": (32,),
    "lstm": (32,),
    "resnet50": (16,),
}
WORKS: Final = {
    work.name: work for work in (Work(net, batch) for net in NETS for batch in BATCHES[net.name])
}


def named(names: Sequence[str]) -> list[Work]:
    """Return the works of some names; the name of a net stands for all its batch sizes.

    Raises:
        ValueError: for a name that none has.
    """
    for name in names:
        if name not in WORKS and name not in BATCHES:
            raise ValueError(f"expected one of {', '.join((*BATCHES, *WORKS))}; received {name}")
    return [
        work for work in WORKS.values() if not names or work.name in names or work.net.name in names
    ]


def examples(net: Net, number: int, files: Sequence[str] = ()) -> Examples:
    """Return the first examples of the file whose pictures the net takes, or else made ones.

    Raises:
        ValueError: where the file has too few.
    """
    from hornbook.runtime.data import load_data

    for path in files if net.name in ("cifar100", "mnist") else ():
        found = load_data(NpzData(npz=path))
        x, y = found.x_train, found.y_train
        x = x.reshape(*x.shape, 1) if x.ndim == 3 else x
        if x.shape[1:] == net.shape:
            if len(x) < number:
                raise ValueError(f"{path} has {len(x)} examples, but a round takes {number}")
            return Examples(x[:number], y[:number])
    return made(net, number)


def made(net: Net, number: int) -> Examples:
    """Make examples from which something can be learnt: half noise, half of what their class looks like."""
    import numpy as np

    from hornbook.runtime.data.memory import empty

    random = np.random.default_rng(0)
    y = random.integers(0, net.classes, number)
    if net.words:
        # Each class has words of its own, of which few are common.
        vocabulary = WORDS // net.classes
        ranks = (vocabulary * random.random((number, *net.shape)) ** 4).astype(np.int32)
        return Examples(ranks + (y * vocabulary).astype(np.int32)[:, np.newaxis], y)
    typical = random.integers(0, 256, (net.classes, *net.shape), dtype=np.uint8) // 2
    x = empty(
        (number, *net.shape), np.uint8
    )  # as hornbook reads data; to others it makes no difference
    for start in range(0, number, CHUNK):
        labels = y[start : start + CHUNK]
        noise = random.integers(0, 256, (len(labels), *net.shape), dtype=np.uint8)
        x[start : start + CHUNK] = noise // 2 + typical[labels]
    return Examples(x, y)
