"""Names and the classes that they stand for; a class is loaded when it is first asked for.

Pydantic takes up to a millisecond to make a class. The language has three hundred; a spec names ten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, final

if TYPE_CHECKING:
    from .base import Item


class Place(NamedTuple):
    """Where a class stands: a module of this package, and the name that it has there."""

    module: str
    attribute: str


@final
@dataclass(frozen=True, eq=False)
class Catalogue(Mapping[str, "type[Item]"]):
    """A closed list of names. To go through the names, or to look for one, loads nothing."""

    places: Mapping[str, Place]

    def __getitem__(self, name: str) -> type[Item]:
        """Return the class of a name, loaded with those that stand in its module.

        Raises:
            KeyError: for a name that is not listed.
        """
        place = self.places[name]
        found: type[Item] = getattr(import_module(f".{place.module}", __package__), place.attribute)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)

    def __contains__(self, name: object) -> bool:
        return name in self.places

    def __or__(self, other: Catalogue) -> Catalogue:
        """Return the names of both."""
        return Catalogue({**self.places, **other.places})

    def holds(self, cls: type[Item]) -> bool:
        """Tell whether a class is one of those listed under their own names, and not another of the same name."""
        place = self.places.get(cls.__name__)
        return place is not None and cls.__module__ == f"{__package__}.{place.module}"


def listed(module: str, names: tuple[str, ...]) -> Catalogue:
    """List classes of one module under their own names."""
    return Catalogue({name: Place(module, name) for name in names})
