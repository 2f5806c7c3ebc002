"""Keras models to specs, without Keras: a saved config is read as data, and nothing of it is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...specs.diagnostics import Diagnostic, SpecError
from .flat import flatten
from .items import Imported, spec_data
from .reader import read_model

__all__ = ["Imported", "import_config", "read_model"]


def import_config(config: Mapping[str, Any]) -> Imported:
    """Return the spec of a model that Keras has written: what ``model.to_json()`` holds, as data.

    Raises:
        SpecError: HB802, for everything that a spec cannot hold.
    """
    try:
        return spec_data(flatten(config))
    except RecursionError:
        raise SpecError([Diagnostic("HB802", "the model is nested too deep")]) from None
