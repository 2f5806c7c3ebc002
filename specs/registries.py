"""The closed lists of everything that a spec can name, by kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from . import (
    activations,
    callbacks,
    constraints,
    initializers,
    losses,
    metrics,
    optimizers,
    regularizers,
)
from .base import Call, Item, Registry
from .layers import ALIASES as LAYER_ALIASES
from .layers import LAYERS
from .layers import REFUSED as LAYERS_REFUSED
from .layers.cells import CELLS
from .layers.ops import OPS


def _by_name(items: Iterable[type[Item]]) -> Mapping[str, type[Item]]:
    return {item.__name__: item for item in items}


def _themselves(words: Iterable[str]) -> Mapping[str, str]:
    return {word: word for word in words}


LAYER = Registry(
    kind="layer",
    module="layers",
    items=_by_name(LAYERS),
    aliases=LAYER_ALIASES,
    refused=LAYERS_REFUSED,
)
CELL = Registry(kind="cell", module="layers", items=_by_name(CELLS))
ACTIVATION = Registry(
    kind="activation",
    # Keras has no activation classes: the items are the layers that serve as one.
    module="layers",
    items=_by_name(activations.ACTIVATIONS),
    names=_themselves(activations.NAMES),
    refused=activations.REFUSED,
)
INITIALIZER = Registry(
    kind="initializer",
    module="initializers",
    items=_by_name(initializers.INITIALIZERS),
    names=_themselves(initializers.NAMES),
    aliases=initializers.ALIASES,
    refused=initializers.REFUSED,
)
REGULARIZER = Registry(
    kind="regularizer",
    module="regularizers",
    items=_by_name(regularizers.REGULARIZERS),
    names=_themselves(regularizers.NAMES),
    aliases=regularizers.ALIASES,
    refused=regularizers.REFUSED,
)
CONSTRAINT = Registry(
    kind="constraint",
    module="constraints",
    items=_by_name(constraints.CONSTRAINTS),
    names=_themselves(constraints.NAMES),
    refused=constraints.REFUSED,
)
OPTIMIZER = Registry(
    kind="optimizer",
    module="optimizers",
    items=_by_name(optimizers.OPTIMIZERS),
    names=_themselves(optimizers.NAMES),
    refused=optimizers.REFUSED,
)
SCHEDULE = Registry(
    kind="schedule",
    module="optimizers.schedules",
    items=_by_name(optimizers.SCHEDULES),
    refused=optimizers.SCHEDULES_REFUSED,
)
LOSS = Registry(
    kind="loss",
    module="losses",
    items=_by_name(losses.LOSSES),
    names=_themselves(losses.NAMES),
    aliases=losses.ALIASES,
    refused=losses.REFUSED,
)
METRIC = Registry(
    kind="metric",
    module="metrics",
    items=_by_name(metrics.METRICS),
    names=_themselves(metrics.NAMES),
    aliases=metrics.ALIASES,
    refused=metrics.REFUSED,
)
CALLBACK = Registry(
    kind="callback",
    module="callbacks",
    items=_by_name(callbacks.CALLBACKS),
    refused=callbacks.REFUSED,
)

ENTRY = Registry(
    kind="layer",
    module="layers",
    items={**LAYER.items, **_by_name(OPS), "call": Call},
    aliases=LAYER.aliases,
    refused=LAYER.refused,
)
"""What stands under ``layers:``: a layer, a function, or one more call of a layer."""

REGISTRIES: Mapping[str, Registry] = {
    one.kind: one
    for one in (
        LAYER,
        CELL,
        ACTIVATION,
        INITIALIZER,
        REGULARIZER,
        CONSTRAINT,
        OPTIMIZER,
        SCHEDULE,
        LOSS,
        METRIC,
        CALLBACK,
    )
} | {"entry": ENTRY}
