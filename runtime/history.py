"""What a training run reported, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

import keras


@final
@dataclass(frozen=True)
class History:
    """The reports of a run: for each name (``loss``, ``val_accuracy`` ...) one number an epoch.

    ``history`` has the keys, and their order, of the dict that Keras's own ``History`` callback
    holds; ``epochs`` are the epochs that were run, counted from 0. Both loops give equal histories.
    """

    history: dict[str, list[float]] = field(default_factory=dict)
    epochs: tuple[int, ...] = ()

    @classmethod
    def of(cls, recorder: keras.callbacks.History) -> History:
        """Take over what Keras's callback has recorded."""
        return cls(
            {name: list(values) for name, values in recorder.history.items()}, tuple(recorder.epoch)
        )

    def last(self) -> dict[str, float]:
        """Return the report of the last epoch; empty where no epoch was run."""
        return {name: values[-1] for name, values in self.history.items() if values}
