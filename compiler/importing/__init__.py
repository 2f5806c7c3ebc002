"""Keras models to specs, without Keras: a saved config is read as data, and nothing of it is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...specs.diagnostics import Diagnostic, SpecError
from .flat import flatten
from .items import Imported, spec_data
from .reader import read_model
from .rollup import names_of, rolled_up

__all__ = ["Imported", "import_config", "read_model"]


def import_config(config: Mapping[str, Any], *, flat: bool = False) -> Imported:
    """Return the spec of a model that Keras has written: what ``model.to_json()`` holds, as data.

    Repeated parts are rolled up into blocks, unless it is to be ``flat``.

    Raises:
        SpecError: HB802, for everything that a spec cannot hold.
    """
    try:
        found = spec_data(flatten(config))
        return found if flat else _rolled(found)
    except RecursionError:
        raise SpecError([Diagnostic("HB802", "the model is nested too deep")]) from None


def _rolled(found: Imported) -> Imported:
    data, whole = rolled_up(found.data)
    moved = dict(zip(names_of(found.data), names_of(data), strict=True))
    names = {path: moved.get(name, name) for path, name in found.names.items()}
    keys = {key: moved.get(name, name) for key, name in found.keys.items()}
    return replace(found, data=data, names=names, keys=keys, whole=whole)
