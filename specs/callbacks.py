"""Callbacks: what watches the training and acts on it."""

from __future__ import annotations

from typing import Annotated, Literal, final

from pydantic import Field

from .base import Item

Monitor = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="What to watch: `loss`, `val_loss`, `val_accuracy` ...",
    ),
]
Patience = Annotated[int, Field(ge=0, description="Epochs without improvement that are borne.")]
MinDelta = Annotated[float, Field(ge=0, description="Least change that counts as improvement.")]
Verbose = Annotated[int, Field(ge=0, le=1, description="1 prints a line when it acts.")]
Mode = Annotated[
    Literal["auto", "min", "max"],
    Field(description="Whether less or more is better; `auto` goes by the name."),
]


@final
class EarlyStopping(Item):
    """Ends the training when what it watches no longer improves."""

    monitor: Monitor = "val_loss"
    min_delta: MinDelta = 0.0
    patience: Patience = 0
    verbose: Verbose = 0
    mode: Mode = "auto"
    baseline: Annotated[
        float | None, Field(description="Value to beat before anything counts as improvement.")
    ] = None
    restore_best_weights: Annotated[
        bool, Field(description="Whether to end with the weights of the best epoch.")
    ] = False
    start_from_epoch: Annotated[int, Field(ge=0, description="First epoch that is watched.")] = 0


@final
class ReduceLROnPlateau(Item):
    """Lowers the learning rate when what it watches no longer improves."""

    monitor: Monitor = "val_loss"
    factor: Annotated[float, Field(gt=0, lt=1, description="Factor of the learning rate.")] = 0.1
    patience: Patience = 10
    verbose: Verbose = 0
    mode: Mode = "auto"
    min_delta: MinDelta = 1e-4
    cooldown: Annotated[int, Field(ge=0, description="Epochs to wait after lowering it.")] = 0
    min_lr: Annotated[float, Field(ge=0, description="Least learning rate.")] = 0.0
