"""Specs of any size, of every form that a graph takes: what the cost of compiling is counted on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

Form = Callable[[int], str]


def spec(layers: Iterable[str], *, head: str = "", tail: str = "") -> str:
    items = "\n".join(f"  - {one}" for one in layers)
    return f"name: large\ninputs: {{x: [8]}}\n{head}layers:\n{items}\n{tail}"


def chain(count: int) -> str:
    return spec("Dense: {units: 8, activation: relu}" for _ in range(count))


def named(count: int) -> str:
    """Every layer with a name, and every reference by it."""
    takes = ["x", *(f"layer{k}" for k in range(count))]
    return spec(f"Dense: {{units: 8, name: layer{k}, inputs: {takes[k]}}}" for k in range(count))


def residual(count: int) -> str:
    """Skip connections over two layers each."""
    layers, before = [], "x"
    for k in range(count // 3):
        layers += [
            f"Dense: {{units: 8, activation: relu, inputs: {before}}}",
            "Dense: {units: 8}",
            f"Add: {{name: add{k}, inputs: [{'dense' if not k else f'dense_{2 * k}'}, dense_{2 * k + 1}]}}",
        ]
        before = f"add{k}"
    return spec(layers)


def wide(count: int) -> str:
    """Branches side by side, all merged at the end."""
    branches = [f"Dense: {{units: 2, name: branch{k}, inputs: x}}" for k in range(count - 1)]
    names = ", ".join(f"branch{k}" for k in range(count - 1))
    return spec([*branches, f"Concatenate: {{inputs: [{names}]}}"])


def outputs(count: int) -> str:
    """As many outputs as layers."""
    names = ", ".join(f"branch{k}" for k in range(count))
    branches = (f"Dense: {{units: 2, name: branch{k}, inputs: x}}" for k in range(count))
    return spec(branches, tail=f"outputs: [{names}]\n")


def inputs(count: int) -> str:
    """As many model inputs as layers."""
    half = count // 2
    given = "\n".join(f"  in{k}: [2]" for k in range(half))
    layers = "\n".join(f"  - Dense: {{units: 2, name: d{k}, inputs: in{k}}}" for k in range(half))
    names = ", ".join(f"d{k}" for k in range(half))
    return f"name: large\ninputs:\n{given}\nlayers:\n{layers}\n  - Add: {{inputs: [{names}]}}\n"


def shared(count: int) -> str:
    """One layer that is applied again and again."""
    calls = ["call: {layer: one}"] * (count - 1)
    return spec(["Dense: {units: 8, name: one}", *calls])


def calls(count: int) -> str:
    """Many layers, each applied twice."""
    half = count // 2
    layers = [f"Dense: {{units: 8, name: one{k}}}" for k in range(half)]
    return spec([*layers, *(f"call: {{layer: one{k}}}" for k in range(half))])


def functions(count: int) -> str:
    return spec(["Dense: {units: 8}", *["ops.relu"] * (count - 1)])


def normalized(count: int) -> str:
    """Layers that are built one by one in a Subclassed model."""
    return spec(["Normalization: {mean: 0.0, variance: 1.0}"] * count)


BLOCK: Final = """\
blocks:
  residual:
    parameters: [units]
    layers:
      - Dense: {units: $units, activation: relu}
      - Dense: {units: $units}
      - Add: {inputs: [input, dense_1]}
"""


def repeated(count: int) -> str:
    """One use of a block, repeated."""
    return spec([f"residual: {{units: 8, repeat: {count // 3}}}"], head=BLOCK)


def uses(count: int) -> str:
    """A block used over and over."""
    return spec(["residual: {units: 8}"] * (count // 3), head=BLOCK)


def blocks(count: int) -> str:
    """As many blocks as uses of them."""
    half = count // 2
    made = "".join(
        f"  block{k}:\n    parameters: [n]\n    layers:\n"
        "      - Dense: {units: $n}\n      - Dense: {units: $n * 2}\n"
        for k in range(half)
    )
    return spec((f"block{k}: {{n: 4}}" for k in range(half)), head=f"blocks:\n{made}")


def long_block(count: int) -> str:
    """One block of many layers, all of which read a parameter."""
    layers = "".join(
        "      - Dense: {units: $n * 2, activation: relu}\n" for _ in range(count // 2)
    )
    head = f"blocks:\n  long:\n    parameters: [n]\n    layers:\n{layers}"
    return spec(["long: {n: 4}", "long: {n: 4}"], head=head)


def apart(count: int) -> str:
    """Blocks that run side by side, so that their items are written out."""
    half = count // 4
    head = (
        "blocks:\n  way:\n    parameters: [n]\n    layers:\n"
        "      - Dense: {units: $n, activation: relu}\n      - Dense: {units: 8}\n"
    )
    layers, before = [], "x"
    for k in range(half):
        layers += [
            f"way: {{n: 4, name: left{k}, inputs: {before}}}",
            f"Dense: {{units: 8, name: right{k}, inputs: {before}}}",
            f"Add: {{name: add{k}, inputs: [left{k}, right{k}]}}",
        ]
        before = f"add{k}"
    return spec(layers, head=head)


def nested(count: int) -> str:
    """Blocks in blocks, ten deep at the most, repeated at the top."""
    head = "blocks:\n  level0:\n    parameters: [n]\n    layers:\n"
    head += "      - Dense: {units: $n, activation: relu}\n      - Dropout: {rate: 0.1}\n"
    for k in range(1, 6):
        head += f"  level{k}:\n    parameters: [n]\n    layers:\n"
        head += f"      - level{k - 1}: {{n: $n}}\n      - level{k - 1}: {{n: $n}}\n"
    return spec([f"level5: {{n: 4, repeat: {max(1, count // 64)}}}"], head=head)


def variables(count: int) -> str:
    """A variable for each layer."""
    head = "variables:\n" + "".join(f"  width{k}: 8\n" for k in range(count))
    return spec((f"Dense: {{units: $width{k}}}" for k in range(count)), head=head)


GRAPHS: Final[dict[str, Form]] = {
    one.__name__: one
    for one in (
        chain, named, residual, wide, outputs, inputs, shared, calls, functions, normalized,
        repeated, uses, blocks, long_block, apart, nested, variables,
    )
}  # fmt: skip
"""Specs of about as many layers as asked for, all of them right."""


def unknown_layers(count: int) -> str:
    return spec(f"Dens{k}: {{units: 8}}" for k in range(count))


def unknown_arguments(count: int) -> str:
    return spec(f"Dense: {{units: 8, activatoin{k}: relu}}" for k in range(count))


def wrong_values(count: int) -> str:
    return spec(f"Dense: {{units: -{k + 1}, activation: rellu{k}}}" for k in range(count))


def wrong_references(count: int) -> str:
    return spec(f"Dense: {{units: 8, name: layer{k}, inputs: lajer{k}}}" for k in range(count))


def wrong_calls(count: int) -> str:
    half = count // 2
    layers = [f"Dense: {{units: 8, name: layer{k}}}" for k in range(half)]
    return spec([*layers, *(f"call: {{layer: lajer{k}}}" for k in range(half))])


def wrong_names(count: int) -> str:
    return spec("Dense: {units: 8, name: again}" for _ in range(count))


def wrong_variables(count: int) -> str:
    head = "variables:\n" + "".join(f"  width{k}: 8\n" for k in range(count))
    return spec((f"Dense: {{units: $wdith{k}}}" for k in range(count)), head=head)


def wrong_block_references(count: int) -> str:
    layers = "".join(
        f"      - Dense: {{units: 8, name: layer{k}, inputs: lajer{k}}}\n" for k in range(count)
    )
    return spec(["long", "Flatten"], head=f"blocks:\n  long:\n    layers:\n{layers}")


def wrong_shapes(count: int) -> str:
    """Deep down a chain, layers that cannot take what they are given."""
    half = count // 2
    layers = [f"Dense: {{units: 8, name: layer{k}}}" for k in range(half)]
    layers += [
        f"Conv2D: {{filters: 8, kernel_size: 3, name: c{k}, inputs: layer{half - 1}}}"
        for k in range(half)
    ]
    names = ", ".join(f"c{k}" for k in range(half))
    return spec(layers, tail=f"outputs: [{names}]\n")


def wrong_outputs(count: int) -> str:
    layers = (f"Dense: {{units: 8, name: layer{k}}}" for k in range(count))
    names = ", ".join(f"lajer{k}" for k in range(count))
    return spec(layers, tail=f"outputs: [{names}]\n")


def dead(count: int) -> str:
    return spec(
        [
            *(f"Dense: {{units: 8, name: d{k}, inputs: x}}" for k in range(count)),
            "Dense: {units: 8, inputs: x}",
        ]
    )


def cycles(count: int) -> str:
    """Every layer takes the last one: cycles of every length."""
    layers = [
        f"Add: {{name: add{k}, inputs: [{f'add{k - 1}' if k else 'x'}, add{count - 1}]}}"
        for k in range(count)
    ]
    return spec(layers)


def wrong_entries(count: int) -> str:
    """One list with many wrong entries."""
    given = ", ".join(f"word{k}" for k in range(count))
    return f"name: large\ninputs: {{x: [{given}]}}\nlayers:\n  - Flatten\n"


def one_line(count: int) -> str:
    """All layers on one line, each with a mistake."""
    layers = ", ".join(f"Dense: {{units: -{k + 1}}}" for k in range(count))
    items = ", ".join(f"{{{one}}}" for one in layers.split(", "))
    return f"name: large\ninputs: {{x: [8]}}\nlayers: [{items}]\n"


def twice(count: int) -> str:
    """Keys that stand twice."""
    keys = "".join(f"  width{k}: 8\n" for k in range(count // 2))
    return f"name: large\nvariables:\n{keys}{keys}"


MISTAKES: Final[dict[str, Form]] = {
    one.__name__: one
    for one in (
        unknown_layers, unknown_arguments, wrong_values, wrong_references, wrong_calls,
        wrong_names, wrong_variables, wrong_block_references, wrong_shapes, wrong_outputs, dead,
        cycles, wrong_entries, one_line, twice,
    )
}  # fmt: skip
"""Specs with about as many mistakes as asked for."""
