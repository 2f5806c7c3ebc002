"""Live Keras models to specs."""

from __future__ import annotations

import json

import keras

from ..compiler.importing import Imported, import_config
from ..specs.diagnostics import Diagnostic, SpecError


def import_model(model: keras.Model, *, flat: bool = False) -> Imported:
    """Return the spec of a Sequential or Functional model, rolled up into blocks unless ``flat``.

    Raises:
        SpecError: HB802, for everything that a spec cannot hold.
    """
    try:
        config = json.loads(model.to_json())
    except (NotImplementedError, TypeError, ValueError) as error:
        first = str(error).strip().split("\n")[0]
        message = f"`{model.name}` ({type(model).__name__}) cannot be written as data: {first}"
        raise SpecError([Diagnostic("HB802", message)]) from None
    return import_config(config, flat=flat)
