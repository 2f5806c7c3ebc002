"""What a spec must say before something can be done with it."""

from __future__ import annotations

from ..specs.diagnostics import Diagnostic, SpecError
from ..specs.load import Spec
from ..specs.model import TrainSpec


def training_of(spec: Spec, what: str = "training") -> TrainSpec:
    """Return the training settings, which name data; ``what`` is what cannot do without them.

    Raises:
        SpecError: HB507 where there are none, or where they name no data.
    """
    train = spec.model.train
    if train is not None and train.data is not None:
        return train
    if train is None:
        place = spec.document.span(("name",), "key")
        message, help = f"{what} needs settings", "add `train:` with `data:` and `loss:`"
    else:
        place = spec.document.span(("train",), "key")
        message, help = f"{what} needs data", "add `data:` under `train:`"
    raise SpecError([Diagnostic("HB507", message, place, help=help)])
