"""``model.fit`` as a tutorial has it: arrays in memory, divided by 255, which makes them float64."""

from __future__ import annotations

from ..gate import Gate, Job
from ..works import BYTES
from .keras_nets import model
from .turns import Turns


def train(job: Job, gate: Gate) -> None:
    net = model(job.work.net)
    net.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = job.examples.x, job.examples.y
    net.fit(
        x if job.work.net.words else x / BYTES,
        y,
        batch_size=job.work.batch,
        epochs=job.rounds,
        verbose=0,
        callbacks=[Turns(gate)],
    )
