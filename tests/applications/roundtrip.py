"""Every architecture of keras.applications, to a spec and back: model -> spec -> model.

``python tests/applications/roundtrip.py [NAME ...] [--write]`` builds each with random weights, imports
it, builds the spec in Functional and Subclassed style, copies the weights by name and compares outputs bit
for bit; then imports what was built and holds the second spec against the first.
``--write`` writes the table of docs/applications.md.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from hornbook.compiler.driver import analyse
from hornbook.compiler.importing import Imported
from hornbook.compiler.infer import count
from hornbook.runtime.build import Built, build_typed
from hornbook.runtime.importing import import_model
from hornbook.specs.load import load
from hornbook.specs.write import write_spec
from hornbook.specs.yaml import read_text

PAGE = Path(__file__).parents[2] / "docs" / "applications.md"
SIZE = (96, 96, 3)
CLASSES = 10
ARCHITECTURES = tuple(
    sorted(n for n, one in vars(keras.applications).items() if callable(one) and n[0].isupper())
)


@dataclass(frozen=True)
class Trip:
    """What one round trip showed."""

    name: str
    layers: int
    flat_lines: int
    spec_lines: int
    functional_lines: int
    subclassed_lines: int
    parameters: int
    seconds: float


def make(name: str) -> keras.Model:
    """Build an architecture with random weights, every one with a value of its own."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    model = getattr(keras.applications, name)(weights=None, input_shape=SIZE, classes=CLASSES)
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if weight.dtype == "float32":
            low, high = (0.5, 1.5) if "variance" in weight.path else (-0.05, 0.05)
            weight.assign(rng.uniform(low, high, weight.shape).astype("float32"))
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()
    return model


def operation(model: Any, path: str) -> Any:
    """Follow a path of names into nested models."""
    for part in path.split("/"):
        model = next(
            one for one in getattr(model, "operations", None) or model.layers if one.name == part
        )
    return model


def copy(model: keras.Model, found: Imported, built: Built) -> None:
    """Copy every weight by the name of its layer."""
    copied = 0
    for path, name in found.names.items():
        if name not in built.layers:
            continue
        original = operation(model, path)
        for old, new in zip(original.variables, built.layers[name].variables, strict=True):
            new.assign(old)
            copied += 1
        if isinstance(original, keras.layers.Normalization):
            built.layers[name].finalize_state()
    assert copied == len(model.variables), (copied, len(model.variables))


def round_trip(name: str) -> Trip:
    """Take one architecture to a spec and back.

    Raises:
        AssertionError: where the way back does not lead to the same model.
    """
    began = time.perf_counter()
    model = make(name)
    found = import_model(model)
    text = write_spec(found.data)
    typed = analyse(load(read_text(text, f"{name}.yaml")))
    parameters = model.count_params()
    assert count(typed)[1] == parameters
    example = np.random.default_rng(0).random((1, *SIZE), dtype=np.float32) * 255
    wanted = np.asarray(model(example, training=False))
    lines = {}
    for style in ("functional", "subclassed"):
        built = build_typed(typed, style, seed=0)
        copy(model, found, built)
        assert built.model.count_params() == parameters
        result = np.asarray(built.model(example, training=False))
        assert result.tobytes() == wanted.tobytes(), f"{name}: {style} differs"
        lines[style] = len(built.source.text.splitlines())
        if style == "functional":
            again = write_spec(import_model(built.model).data)
            once = write_spec(import_model(build_again(again)).data)
            assert again == once, f"{name}: the spec of the built model is no fixed point"
        del built
        gc.collect()
    flat = write_spec(import_model(model, flat=True).data)
    return Trip(
        name,
        len(typed.graph.nodes),
        len(flat.splitlines()),
        len(text.splitlines()),
        lines["functional"],
        lines["subclassed"],
        parameters,
        round(time.perf_counter() - began, 1),
    )


def build_again(text: str) -> keras.Model:
    """Build a spec's text in Functional style."""
    return build_typed(analyse(load(read_text(text))), "functional", seed=0).model


def table(trips: list[Trip]) -> str:
    """Return the page with the table."""
    head = (
        "| architecture | layers | lines of spec, flat | lines of spec | lines of Functional source "
        "| lines of Subclassed source | parameters | seconds |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    )
    rows = "".join(
        f"| {t.name} | {t.layers:,} | {t.flat_lines:,} | {t.spec_lines:,} | {t.functional_lines:,} "
        f"| {t.subclassed_lines:,} | {t.parameters:,} | {t.seconds} |\n"
        for t in trips
    )
    return (
        "# Every architecture of keras.applications, there and back\n\n"
        f"Each of the {len(trips)} architectures, built for 96 x 96 images and 10 classes with random\n"
        "weights, was imported as a spec. The spec was built in Functional and in Subclassed style, the\n"
        "weights were copied by the names of the layers, and the outputs were equal bit for bit, as\n"
        "were the numbers of parameters. The spec of the built model, built and imported once more, was\n"
        "the same text. `seconds` is the whole round trip, on two cores.\n\n"
        "`python tests/applications/roundtrip.py --write` makes this table;\n"
        "`HORNBOOK_APPLICATIONS=all pytest tests/applications` holds all of it.\n\n" + head + rows
    )


def main() -> int:
    """Run round trips, each in a process of its own, which gives its memory back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(ARCHITECTURES))
    parser.add_argument("--write", action="store_true", help="write docs/applications.md")
    parser.add_argument("--record", action="store_true", help="print one trip as JSON")
    options = parser.parse_args()
    if options.record:
        print(json.dumps(asdict(round_trip(options.names[0]))))
        return 0
    trips, failed = [], []
    for name in options.names:
        command = [sys.executable, __file__, name, "--record"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            failed.append(name)
            print(f"{name}: FAILED\n{done.stderr[-1500:]}", flush=True)
            continue
        trips.append(Trip(**json.loads(done.stdout.splitlines()[-1])))
        print(trips[-1], flush=True)
    print(f"{len(trips)} of {len(options.names)} agree")
    if options.write and not failed:
        PAGE.write_text(table(trips), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
