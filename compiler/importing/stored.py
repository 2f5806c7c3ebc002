"""Where a saved model keeps the weights of each of its layers, by its config.

Keras files weights under the class of a layer and the number of that class among the layers of the
model, not under the layer's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ...specs.names import Names, snake_case
from .flat import MAX_NESTING, SEQUENTIAL, is_model, name_of
from .operations import is_operation
from .values import inner, mapping, sequence, tagged, text

LAYERS: Final = "layers"
INPUT: Final = "InputLayer"


def groups(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the group of each layer, by its path in the model: ``outer/inner`` where it is nested.

    Raises:
        Obstacle: where the config is none.
    """
    return {"/".join(path): group for path, group in _groups(config, (), "", 0)}


def _groups(
    data: Mapping[str, Any], path: tuple[str, ...], above: str, depth: int
) -> Iterator[tuple[tuple[str, ...], str]]:
    names = Names()
    layers = sequence(inner(data, "the model")[LAYERS], "the list of layers")
    for position, one in enumerate(layers):
        entry = mapping(one, "a layer")
        kind = text(entry.get("class_name"), "the class of a layer")
        untold = kind == INPUT and data.get("class_name") == SEQUENTIAL and position == 0
        if is_operation(str(entry.get("module"))) or untold:
            continue
        group = f"{above}{LAYERS}/{names.next(snake_case(kind))}"
        inside = (*path, name_of(entry))
        if is_model(entry) and depth < MAX_NESTING:
            yield from _groups(entry, inside, f"{group}/", depth + 1)
        else:
            yield inside, group


def describes_layers(config: Mapping[str, Any]) -> bool:
    """Tell whether a config lists the layers of its model, as that of a class of one's own does not."""
    return is_model(config) and tagged(config) is not None
