"""Random specs with blocks, repetition and arithmetic: kept or written out, they are the same model.

37 here, thousands with HORNBOOK_SPECS=5000.
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hornbook.compiler.driver import analyse, emit
from hornbook.compiler.emit import functional, subclassed
from hornbook.compiler.infer import count
from hornbook.compiler.python import print_module
from hornbook.compiler.structure import flat
from hornbook.specs.load import load
from hornbook.specs.resolve import resolved
from hornbook.specs.write import write_spec
from hornbook.specs.yaml import read_text

COUNT = max(20, int(os.environ.get("HORNBOOK_SPECS", "150")) // 4)
WIDTH = 4
NAMES = (
    "act", "B", "b", "block", "build", "build_model", "call", "dense", "depth", "for", "head", "index", "keras",
    "layers", "list", "model", "name", "np", "ops", "outputs", "rate", "regularizers", "relu", "self", "train",
    "training", "use", "weights", "x",
)  # fmt: skip
"""Of blocks, items and parameters; most of them mean something in Python source."""
OF_MODELS = tuple(name for name in NAMES if name not in ("B", "for"))
"""Those that a layer of the model may have: no keyword, none like another but for case."""
OF_BLOCKS = tuple(name for name in NAMES if name != "call")
OF_PARAMETERS = tuple(name for name in NAMES if name not in ("index", "name"))


@st.composite
def bodies(draw: st.DrawFn, known: list[str], parameters: list[str]) -> dict[str, Any]:
    """Draw a block whose every value has the shape of its input."""
    act, rate, depth = parameters
    words = draw(st.permutations(OF_MODELS))
    names: list[str] = []
    layers: list[Any] = []
    for place in range(draw(st.integers(1, 5))):
        named = draw(st.booleans())
        arguments: dict[str, Any] = (
            {"name": f"{'' if place % 2 else '2'}{words[place]}"} if named else {}
        )
        kinds = [
            "Dense",
            "Dense",
            "Dropout",
            "LayerNormalization",
            "BatchNormalization",
            "Activation",
        ]
        kinds += ["ops.multiply"] if place == 0 else ["Add"] * bool(names) + list(known)
        kind = draw(st.sampled_from(kinds))
        if kind in known:
            arguments |= (
                {"repeat": draw(st.sampled_from([1, 2, f"${depth}"]))}
                if draw(st.booleans())
                else {}
            )
        elif kind == "Dense":
            arguments |= {"units": WIDTH, "activation": draw(st.sampled_from(["relu", f"${act}"]))}
        elif kind == "Dropout":
            arguments |= {"rate": draw(st.sampled_from([0.25, f"${rate}", f"${rate} / 2"]))}
        elif kind == "Activation":
            arguments |= {"activation": f"${act}"}
        elif kind == "Add":
            arguments |= {"inputs": ["input", draw(st.sampled_from(names))]}
        elif kind == "ops.multiply":
            arguments |= {"inputs": ["input", 0.5]}
        if names and kind not in ("Add", "ops.multiply") and draw(st.integers(0, 3)) == 0:
            arguments["inputs"] = draw(st.sampled_from(["input", *names]))
        if named and "repeat" not in arguments:
            names.append(arguments["name"])
        layers.append({kind: arguments} if arguments else kind)
    loose = [name for name in names if not _taken(name, layers)]
    if len(loose) > 1:
        layers.append({"Add": {"name": "end", "inputs": loose}})
    declared = [{act: "tanh"}, {rate: 0.5}, {depth: 2}]
    return {"parameters": declared, "layers": layers}


def _taken(name: str, layers: list[Any]) -> bool:
    """Tell whether an item is followed or named by another."""
    for place, item in enumerate(layers):
        arguments = next(iter(item.values())) if isinstance(item, dict) else {}
        given = arguments.get("inputs")
        if name in (given if isinstance(given, list) else [given]):
            return True
        if given is None and place:
            above = layers[place - 1]
            if isinstance(above, dict) and next(iter(above.values())).get("name") == name:
                return True
    return False


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a spec with one to three blocks, which may use those before them."""
    blocks: dict[str, Any] = {}
    act, rate, depth = draw(st.permutations(OF_PARAMETERS))[:3]
    called = draw(st.permutations(OF_BLOCKS))
    for number in range(draw(st.integers(1, 3))):
        blocks[called[number]] = draw(bodies(list(blocks), [act, rate, depth]))
    words = draw(st.permutations(OF_MODELS))
    layers: list[Any] = [{"Dense": {"units": "$width"}}]
    for number in range(draw(st.integers(1, 4))):
        block = draw(st.sampled_from(sorted(blocks)))
        use: dict[str, Any] = {}
        if draw(st.booleans()):
            use["name"] = words[number]
        if draw(st.booleans()):
            use[act] = draw(st.sampled_from(["relu", "sigmoid"]))
        if draw(st.booleans()):
            use[depth] = draw(st.sampled_from([1, 2, "$width // 2"]))
        if draw(st.integers(0, 2)) == 0:
            use["repeat"] = draw(st.integers(0, 3))
        layers.append({block: use} if use else block)
    layers.append({"Dense": {"units": 2, "name": words[-1]}})
    return {
        "name": "drawn", "variables": {"width": WIDTH}, "inputs": {words[-2]: [WIDTH]}, "blocks": blocks,
        "layers": layers,
    }  # fmt: skip


def compiled(spec: dict[str, Any]) -> Any:
    """Return the typed graph, or None where a drawn part leads nowhere."""
    from hornbook.specs.diagnostics import SpecError

    try:
        return load(read_text(json.dumps(spec)))
    except SpecError as error:
        assert {one.code for one in error.diagnostics} <= {"HB303", "HB305"}, str(error)
        return None


@settings(max_examples=COUNT * 4, deadline=None, suppress_health_check=list(HealthCheck))
@given(specs())
def test_a_spec_and_what_it_resolves_to_are_one_graph(spec: dict[str, Any]) -> None:
    from hornbook.specs.diagnostics import SpecError

    loaded = compiled(spec)
    if loaded is None:
        return
    try:
        typed = analyse(loaded)
    except SpecError as error:
        assert {one.code for one in error.diagnostics} == {"HB303"}, str(error)
        return
    again = analyse(load(read_text(write_spec(resolved(loaded)))))
    assert [(n.node.operands, n.type, n.weights) for n in typed.nodes] == [
        (n.node.operands, n.type, n.weights) for n in again.nodes
    ]
    assert count(typed) == count(again)
    for style in ("functional", "subclassed"):
        compile(emit(typed, style).text, "<drawn>", "exec")


@pytest.mark.keras
@settings(max_examples=COUNT, deadline=None, suppress_health_check=list(HealthCheck))
@given(specs())
def test_blocks_kept_and_written_out_are_one_model(spec: dict[str, Any]) -> None:
    from hornbook.runtime.build import build_typed
    from hornbook.specs.diagnostics import SpecError

    loaded = compiled(spec)
    if loaded is None:
        return
    try:
        typed = analyse(loaded)
    except SpecError:
        return
    x = np.random.default_rng(0).random((3, WIDTH), dtype=np.float32)
    seen = None
    for style in ("functional", "subclassed"):
        built = build_typed(typed, style, seed=3)
        assert built.model.count_params() == count(typed)[1]
        result = np.asarray(built.model(x, training=False)).tobytes()
        assert seen is None or result == seen, built.source.text
        seen = result
    makers = {"functional": functional.emit, "subclassed": subclassed.emit}
    for style, make in makers.items():
        namespace: dict[str, Any] = {"__name__": "hornbook.generated.flat"}
        import keras

        from hornbook.runtime.build import fresh_names

        keras.utils.set_random_seed(3)
        with fresh_names():
            exec(print_module(make(typed, flat(typed.graph)), style).text, namespace)
            model = namespace["build_model"]()
        assert np.asarray(model(x, training=False)).tobytes() == seen


TWO = """
name: two
inputs: {{{first}: [4], {second}: [4]}}
blocks:
  part: {{layers: [{{Dense: {{units: 4, name: inner}}}}]}}
  join:
    inputs: [{first}, {second}]
    layers:
      - Dense: {{units: 4, name: {item}, inputs: {second}}}
      - part: {{name: loop, repeat: 3}}
      - ReLU: {{inputs: {item}}}
      - Dense: {{units: 4, name: end}}
      - Add: {{inputs: [end, loop, {item}, {first}, {second}]}}
layers:
  - join: {{name: a, inputs: [{first}, {second}]}}
  - part: {{name: again, repeat: 2}}
  - Add: {{inputs: [again, a, {first}, {second}]}}
"""


@pytest.mark.keras
@pytest.mark.parametrize(
    ("first", "second", "item"),
    [
        ("x", "y", "z"),
        ("block", "x", "name"),
        ("name", "index", "x"),
        ("training", "self", "index"),
        ("outputs", "inputs", "block"),
    ],
)
def test_what_a_block_takes_may_have_any_name(first: str, second: str, item: str) -> None:
    from hornbook.runtime.build import build_typed

    typed = analyse(load(read_text(TWO.format(first=first, second=second, item=item))))
    rng = np.random.default_rng(0)
    x = {name: rng.random((3, 4), dtype=np.float32) for name in (first, second)}
    built = [build_typed(typed, style, seed=3) for style in ("functional", "subclassed")]
    one, other = (np.asarray(each.model(x, training=False)).tobytes() for each in built)
    assert one == other, built[0].source.text + built[1].source.text


COUNTED = """
name: counted
inputs: {x: [4]}
blocks:
  step: {parameters: [turn], layers: [{Dense: {units: $turn, name: one}}]}
  stage:
    layers:
      - step: {name: deep, repeat: 2, turn: 3}
      - Dense: {units: $index, name: wide}
layers:
  - stage: {name: part, repeat: 3}
"""


@pytest.mark.keras
@pytest.mark.parametrize("style", ["functional", "subclassed"])
def test_a_loop_in_a_block_leaves_it_its_own_count(style: str) -> None:
    from hornbook.runtime.build import build_typed

    typed = analyse(load(read_text(COUNTED)))
    built = build_typed(typed, style, seed=3)
    widths = [built.layers[f"part_{turn}_wide"].units for turn in (1, 2, 3)]
    assert widths == [1, 2, 3], built.source.text
