"""Data and spans to a validated spec, with every `$` name replaced by its value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from .arithmetic import names
from .base import Fault, Path
from .blocks import Expansion
from .data import DataFacts, DataSpec, facts
from .diagnostics import Diagnostic, Note, Span, SpecError, in_order
from .expand import expand
from .faults import faults_of
from .model import ModelSpec
from .overrides import Override, override, replaced
from .wording import did_you_mean
from .yaml import Document, read_file, read_text

STAND_IN = 10
"""What `$classes` stands for while the data that decides it has not been read."""


@dataclass(frozen=True)
class Spec:
    """A validated spec, with the document that it was read from.

    ``unbound`` is the document before `$` names were replaced.
    ``expansion`` tells which items of the document came of which blocks.
    ``classes`` is what `$classes` stood for (``None`` where the data has no classes), and
    ``assumed`` holds the places of `$classes` whose value only the data can tell.
    """

    model: ModelSpec
    document: Document
    classes: int | None
    unbound: Document
    assumed: tuple[Span, ...] = ()
    expansion: Expansion = field(default_factory=Expansion)
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.model.name


def zoo() -> tuple[str, ...]:
    """Return the names of the shipped specs."""
    folder = resources.files(__package__) / "zoo"
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".yaml")))


def zoo_text(name: str) -> str:
    """Return the text of a shipped spec."""
    return (resources.files(__package__) / "zoo" / f"{name}.yaml").read_text(encoding="utf-8")


def find(spec: str) -> Document:
    """Read a spec by its path or by the name of a shipped one; a file of that name goes first.

    Raises:
        SpecError: HB101 to HB107.
    """
    path = FilePath(spec)
    if path.is_file() or path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        return read_file(spec)
    names = zoo()
    if spec in names:
        return read_text(zoo_text(spec), f"zoo/{spec}.yaml")
    help = did_you_mean(spec, names) or "shipped specs: " + ", ".join(f"`{name}`" for name in names)
    raise SpecError(
        [Diagnostic("HB107", f"`{spec}` is neither a file nor a shipped spec", help=help)]
    )


def load(
    source: str | FilePath | Document,
    *,
    overrides: Iterable[Override] = (),
    data: DataSpec | None = None,
    classes: int | None = None,
) -> Spec:
    """Read and validate a spec.

    Args:
        source: a path, the name of a shipped spec, or a document that was read before.
        overrides: values that replace values of the document.
        data: the data set to use in place of ``train.data``.
        classes: the number of classes, where the data has been read.

    Raises:
        SpecError: with every mistake found, HB1xx and HB2xx.
    """
    document = source if isinstance(source, Document) else find(str(source))
    document = override(document, overrides)
    if data is not None and isinstance(_at(document.data, "train"), Mapping):
        named = facts(data)
        shown = named.name if named else str(data)
        document = replaced(document, ("train", "data"), data, f"--data {shown}", len("--data "))
    about = facts(data if data is not None else _raw_data(document.data))
    known = classes if classes is not None else about.classes if about else None
    values, unknown = _names(document, known, about)
    found = expand(document, values, unknown)
    flat, expansion = found.document, found.expansion
    warnings = tuple(one for one in found.problems if one.severity == "warning")
    problems = [one for one in found.problems if one.severity == "error"]
    if problems and flat is document:
        raise SpecError(in_order(problems))
    model = None
    try:
        model = ModelSpec.model_validate(flat.data)
    except ValidationError as error:
        faults = faults_of(error, ModelSpec, "the spec", flat.data)
        problems += [
            replace(
                _locate(flat, _of_division(fault, found.fractions)),
                each_use=fault.at == "value" and _given_by_use(fault.path, expansion),
            )
            for fault in faults
            # Of a block that cannot be used no layers are left, which is no mistake of its own.
            if not _within(fault.path, found.failed)
            and not (problems and fault.path == ("layers",))
        ]
    if problems or model is None:
        raise SpecError(in_order(problems))
    assumed = found.places if known is None else ()
    return Spec(model, flat, known, document, assumed, expansion, warnings)


def _raw_data(data: Any) -> Any:
    return _at(_at(data, "train"), "data")


def _at(data: Any, key: str) -> Any:
    return data.get(key) if isinstance(data, Mapping) else None


def _names(
    document: Document, known: int | None, about: DataFacts | None
) -> tuple[dict[str, Any], dict[str, tuple[str, str | None]]]:
    """Return what `$classes` stands for, or why it has no value."""
    if known is not None:
        return {"classes": known}, {}
    if about is not None and about.regression:
        message = f"`$classes` has no value: the data set `{about.name}` holds numbers, not classes"
        return {}, {"classes": (message, "write the number of units")}
    if about is None and _raw_data(document.data) is None:
        message = "`$classes` has no value: the spec names no data"
        return {}, {"classes": (message, "name the data under `train: data:`, or write the number")}
    return {"classes": STAND_IN}, {}


def _of_division(fault: Fault, fractions: frozenset[Path]) -> Fault:
    """Say of a fraction that should be a whole number where it comes from."""
    if fault.path not in fractions:
        return fault
    return replace(fault, help="`/` makes a fraction; `//` divides to a whole number")


def _given_by_use(path: Path, expansion: Expansion) -> bool:
    """Tell whether a value is computed of what the use of a block gives, not of the block alone."""
    formula = next(
        (
            expansion.formulas[path[:end]]
            for end in range(1, len(path) + 1)
            if path[:end] in expansion.formulas
        ),
        None,
    )
    if formula is None or not isinstance(path[1], int):
        return False
    use = expansion.origins[path[1]].use
    return use is not None and bool(names(formula) & expansion.uses[use].formulas.keys())


def _within(path: Path, failed: frozenset[Path]) -> bool:
    """Tell whether a value could not be computed, which is said already."""
    return any(path[:end] in failed for end in range(1, len(path) + 1))


def _locate(document: Document, fault: Fault) -> Diagnostic:
    return Diagnostic(
        fault.code, fault.message, document.span(fault.path, fault.at), help=fault.help
    )


def assumption(spec: Spec) -> list[Diagnostic]:
    """Warn of each `$classes` whose value only the data can tell."""
    return [
        Diagnostic(
            "HB508",
            f"the number of classes is known only when the data is read; {STAND_IN} stands in for it here",
            span,
            (Note("training reads the data and uses the true number"),),
            "say it in the spec: `classes: N` beside the path under `data:`",
            "warning",
        )
        for span in spec.assumed
    ] + list(spec.warnings)
