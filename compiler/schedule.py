"""The one order in which every style constructs its layers and calls them.

Keras sorts a Functional model by depth: a node's depth is the longest way from it to an
output. Its layers, and so its variables, stand in that order, and so do the operations of one
step. Sums of floating-point numbers (a global gradient norm, regularisation losses, gradients that
meet in a fork) depend on such orders, so all styles follow Keras's, down to its ties. The
procedure is the one of ``keras.Function``; a test holds it against ``model.layers``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Schedule:
    """Names of layers in the order of construction, names of nodes in the order of calls."""

    layers: tuple[str, ...]
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What scheduling needs to know of a node: its layer and the values that it takes."""

    layer: str
    parents: tuple[str, ...]


def schedule(steps: Mapping[str, Step], outputs: Sequence[str]) -> Schedule:
    """Order an acyclic graph.

    Args:
        steps: every node and, with no parents, every model input, by name.
        outputs: names of the nodes that the model returns, in the order in which Keras
            flattens them.
    """
    finished, traversal = _visit(steps, outputs)
    node_depth: dict[str, int] = {}
    layer_depth: dict[str, int] = {}
    for name in reversed(finished):
        step = steps[name]
        depth = max(node_depth.setdefault(name, 0), layer_depth.get(step.layer, 0))
        layer_depth[step.layer] = node_depth[name] = depth
        for parent in step.parents:
            node_depth[parent] = max(depth + 1, node_depth.get(parent, 0))
    called = {name for name in steps if steps[name].parents}
    layers = sorted(
        {steps[name].layer for name in called},
        key=lambda layer: (-layer_depth[layer], traversal[layer]),
    )
    nodes = sorted((n for n in node_depth if n in called), key=lambda name: -node_depth[name])
    return Schedule(tuple(layers), tuple(nodes))


def _visit(steps: Mapping[str, Step], outputs: Sequence[str]) -> tuple[list[str], dict[str, int]]:
    """Walk depth first from the outputs; return nodes as finished and layers as first met."""
    finished: dict[str, None] = {}
    traversal: dict[str, int] = {}
    for output in outputs:
        if output in finished:
            continue
        traversal.setdefault(steps[output].layer, len(traversal))
        stack = [(output, iter(steps[output].parents))]
        while stack:
            name, parents = stack[-1]
            parent = next(parents, None)
            if parent is None:
                finished[name] = None
                stack.pop()
            elif parent not in finished:
                traversal.setdefault(steps[parent].layer, len(traversal))
                stack.append((parent, iter(steps[parent].parents)))
    return list(finished), traversal
