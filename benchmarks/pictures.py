"""How fast a folder of pictures is trained on, as a ratio against Keras by hand.

    python -m benchmarks.pictures [--rounds 5] [--pictures 4000] [--side 64] [--epochs 3] [--format jpg]

A temporary folder is filled with made pictures twice as wide and high as the net takes them. hornbook holds them,
or is made to read them from the disk in each epoch; by hand it is `keras.utils.image_dataset_from_directory` and
`model.fit`, once as its documentation has it, and once with `cache()`. Each training is a fresh process, all in
turn, round after round. The clock starts when the frameworks are imported, so the first epoch counts all that
comes before it: listing the folder, decoding what is held, building the net and tracing it. Of the later epochs
a round gives the median. The peak is that of the whole process.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from .driver import environment
from .tables import Ratio, table
from .works import BYTES, WORKS, Net

if TYPE_CHECKING:
    import keras
    from PIL import Image

CLASSES: Final = 10
NATURAL: Final = 2
"""How many times wider and higher the pictures are than what the net sees."""
COARSE: Final = 8
"""The width of what is blown up to be the shapes in a picture."""
GRAIN: Final = 6.0
"""How much the noise on the shapes varies."""
QUALITY: Final = 85
BATCH: Final = WORKS["cifar100-32"].batch
FORMATS: Final = ("jpg", "png")
HELD: Final = 2**40
"""A budget for any folder."""


@final
@dataclass(frozen=True)
class Job:
    """What is trained on: a folder with `train` and `test` in it, and for how many epochs."""

    folder: Path
    side: int
    epochs: int

    @property
    def net(self) -> Net:
        """The net of the speed table, for larger pictures of fewer classes."""
        shape = (self.side, self.side, 3)
        overrides = (f"inputs.image={list(shape)}",)
        return replace(WORKS["cifar100-32"].net, shape=shape, classes=CLASSES, overrides=overrides)


@final
@dataclass(frozen=True)
class Training:
    """What one process has found: the seconds of its epochs, the first with all before it."""

    seconds: tuple[float, ...]
    losses: tuple[float, ...]
    parameters: int
    peak: int

    @property
    def later(self) -> float:
        """The seconds of a later epoch."""
        return statistics.median(self.seconds[1:])


def picture(label: int, number: int, side: int) -> Image.Image:
    """Make a picture of a class: shapes with soft edges in its colour, and a little noise."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng((label, number))
    tint = np.random.default_rng(label).integers(-60, 60, 3)
    shapes = np.clip(random.integers(60, 196, (COARSE, COARSE, 3)) + tint, 0, 255).astype(np.uint8)
    large = Image.fromarray(shapes).resize((side, side), Image.Resampling.BICUBIC)
    noisy = np.asarray(large) + random.normal(0.0, GRAIN, (side, side, 3))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def fill(folder: Path, pictures: int, side: int, suffix: str) -> None:
    """Write so many pictures to train on, and one of each class to test, in a folder for each class."""

    def write(part: str, number: int) -> None:
        label = number % CLASSES
        path = folder / part / f"class{label}" / f"{number:06}.{suffix}"
        picture(label, number, side).save(path, quality=QUALITY)

    for part in ("train", "test"):
        for label in range(CLASSES):
            (folder / part / f"class{label}").mkdir(parents=True)
    wanted = [("train", number) for number in range(pictures)]
    wanted += [("test", number) for number in range(pictures, pictures + CLASSES)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(write, *zip(*wanted, strict=True)))


def ours(job: Job, clock: keras.callbacks.Callback, held: bool) -> keras.Model:
    """Train with hornbook, on pictures that are held or are read in each epoch."""
    from hornbook.compiler.needs import training_of
    from hornbook.runtime.data import load_data, pictures
    from hornbook.runtime.train import train

    pictures.budget = lambda: HELD if held else 0
    folder = f"data={{images: {job.folder}, size: [{job.side}, {job.side}]}}"
    spec = job.net.spec([folder, f"epochs={job.epochs}", f"batch_size={BATCH}"])
    place = training_of(spec).data
    assert place is not None
    data = load_data(place)
    assert isinstance(data.x_train, pictures.Pictures) is not held
    return train(spec, data, callbacks=[clock]).model


def by_hand(job: Job, clock: keras.callbacks.Callback, cached: bool) -> keras.Model:
    """Train as one writes it in Keras."""
    import keras
    import tensorflow as tf

    from .peers.keras_nets import cifar100

    data = keras.utils.image_dataset_from_directory(
        job.folder / "train", image_size=(job.side, job.side), batch_size=BATCH, verbose=False
    )
    data = data.cache() if cached else data
    data = data.map(lambda x, y: (x / BYTES, y)).prefetch(tf.data.AUTOTUNE)
    model = cifar100(job.net)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(data, epochs=job.epochs, verbose=0, callbacks=[clock])
    return model


PLAIN: Final = "by hand, in Keras"
WAYS: Final[Mapping[str, tuple[Callable[[Job, Any, bool], Any], bool]]] = {
    PLAIN: (by_hand, False),
    "by hand, with `cache()`": (by_hand, True),
    "hornbook, pictures held": (ours, True),
    "hornbook, pictures on the disk": (ours, False),
}


def trained(way: str, job: Job) -> Training:
    """Train in one way, in this process, which must not have trained before."""
    import keras
    import tensorflow as tf

    import hornbook.runtime.train  # noqa: F401  # importing is not what is measured

    tf.constant(0)  # nor is what TensorFlow does at first
    ends, losses = [time.perf_counter()], []

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002
            ends.append(time.perf_counter())
            losses.append(float((logs or {})["loss"]))

    train, setting = WAYS[way]
    model = train(job, Clock(), setting)
    seconds = tuple(end - begin for begin, end in pairwise(ends))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Training(seconds, tuple(losses), model.count_params(), peak)


def race(job: Job, rounds: int) -> dict[str, list[Training]]:
    """Let all train in turn, each time in a process of its own.

    Raises:
        RuntimeError: for nets that are not alike, or that do not learn.
    """
    found: dict[str, list[Training]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, trainings in found.items():
            with get_context("spawn").Pool(1) as pool:
                one = pool.apply(trained, (way, job))
            if one.losses[-1] >= one.losses[0]:
                raise RuntimeError(f"{way} does not learn: its losses are {one.losses}")
            trainings.append(one)
    sizes = {one.parameters for trainings in found.values() for one in trainings}
    if len(sizes) != 1:
        raise RuntimeError(f"the nets have {sizes} parameters")
    return found


def compared(found: Mapping[str, Sequence[Training]]) -> str:
    """Return pictures a second and peaks as ratios."""
    heads = ["pictures/s", "first epoch", "range", "later epochs", "range", "peak memory", "range"]
    plain = found[PLAIN]
    rows = [
        [
            way,
            *Ratio.of((one.seconds[0] for one in plain), (one.seconds[0] for one in ways)).cells,
            *Ratio.of((one.later for one in plain), (one.later for one in ways)).cells,
            *Ratio.of((one.peak for one in ways), (one.peak for one in plain)).cells,
        ]
        for way, ways in found.items()
    ]
    return table(heads, rows)


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--pictures", type=int, default=4000, help="to train on")
    options.add_argument("--side", type=int, default=64, help="what the net takes")
    options.add_argument("--epochs", type=int, default=3, help="of one training; at least 2")
    options.add_argument("--format", choices=FORMATS, default=FORMATS[0])
    chosen = options.parse_args()
    os.environ.update(environment())
    with tempfile.TemporaryDirectory() as folder:
        job = Job(Path(folder), chosen.side, chosen.epochs)
        fill(job.folder, chosen.pictures, NATURAL * chosen.side, chosen.format)
        print(compared(race(job, chosen.rounds)))


if __name__ == "__main__":
    main()
