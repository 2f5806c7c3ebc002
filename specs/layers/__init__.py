"""The layers of the language, one frozen class each, in files by family."""

from __future__ import annotations

from collections.abc import Mapping

from ..base import LayerSpec
from . import (
    activation,
    adaptive,
    attention,
    augmentation,
    conv,
    conv_recurrent,
    core,
    einsum,
    features,
    merging,
    normalization,
    pooling,
    preprocessing,
    recurrent,
    regularization,
    reshaping,
)

FAMILIES = (
    activation,
    adaptive,
    attention,
    augmentation,
    conv,
    conv_recurrent,
    core,
    einsum,
    features,
    merging,
    normalization,
    pooling,
    preprocessing,
    recurrent,
    regularization,
    reshaping,
)

LAYERS: tuple[type[LayerSpec], ...] = tuple(cls for family in FAMILIES for cls in family.LAYERS)

ALIASES: Mapping[str, str] = {
    alias: name for family in FAMILIES for alias, name in family.ALIASES.items()
}

_CODE = "it runs code of your own, and a spec holds data"

REFUSED: Mapping[str, str] = {
    **augmentation.REFUSED,
    "FlaxLayer": _CODE,
    "InputLayer": "inputs are declared under `inputs:`",
    "InputSpec": "it is no layer: it says what a layer takes",
    "JaxLayer": _CODE,
    "Lambda": _CODE,
    "Layer": "it is what layers are made from, and does nothing itself",
    "Pipeline": "list its layers one by one: a pipeline is a sequence of them",
    "TFSMLayer": "it loads a program from a file, and a spec names no programs",
    "TorchModuleWrapper": _CODE,
    "Wrapper": "it is what wrappers are made from: use `Bidirectional`, `TimeDistributed` or another",
}
