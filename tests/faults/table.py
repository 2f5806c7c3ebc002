"""Deliberate faults: what each one breaks, where, and which tests are there to catch it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

FEWEST = 30

SHAPES = "tests/compiler/test_shapes_convolution.py"
MERGING = "tests/specs/test_layers_normalization.py"
EMIT = "tests/compiler/test_emit.py"
LOWER = "tests/compiler/test_lower.py"
BUILT = "tests/compiler/test_architectures.py"
IMPORT = "tests/compiler/test_importing.py"
MISTAKES = "tests/specs/test_mistakes.py"
YAML = "tests/specs/test_yaml.py"
HOLES_SHAPES = "tests/test_holes_shapes.py"
HOLES_SOURCE = "tests/test_holes_source.py"
HOLES_LANGUAGE = "tests/test_holes_language.py"


@final
@dataclass(frozen=True)
class Fault:
    """A change of one file that no suite of tests may let pass.

    ``old`` occurs exactly once in ``file``. ``tests`` are the arguments of pytest that name the tests
    which are to catch it; where there are none, all that need no TensorFlow are run.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = ()


class FaultError(Exception):
    """A fault cannot be planted: its text stands not once in the file, or nothing would change."""


def planted(fault: Fault, text: str) -> str:
    """Return the text of a file with a fault in it."""
    found = text.count(fault.old)
    if found != 1:
        raise FaultError(f"{fault.name}: the old text stands {found} times in {fault.file}")
    if fault.old == fault.new:
        raise FaultError(f"{fault.name}: the new text is the old one")
    return text.replace(fault.old, fault.new)


SHAPE_FAULTS = (
    Fault(
        "padding: valid counted like same",
        "compiler/shapes/windows.py",
        'if window.padding == "valid" else size - 1',
        'if window.padding != "valid" else size - 1',
        (SHAPES,),
    ),
    Fault(
        "strides ignored",
        "compiler/shapes/windows.py",
        "return room // window.strides[place] + 1",
        "return room + 1",
        (SHAPES,),
    ),
    Fault(
        "dilation ignored",
        "compiler/shapes/windows.py",
        "(window.sizes[place] - 1) * window.gaps[place] + 1",
        "window.sizes[place]",
        (SHAPES,),
    ),
    Fault(
        "a window as large as its input refused",
        "compiler/shapes/windows.py",
        "size < _span(window, place)",
        "size <= _span(window, place)",
        (SHAPES,),
    ),
    Fault(
        "channels looked for in front",
        "compiler/shapes/windows.py",
        'data_format == "channels_first"',
        'data_format != "channels_last"',
        (SHAPES,),
    ),
    Fault(
        "groups ignored in a kernel",
        "compiler/shapes/conv.py",
        "inside = channels // layer.groups",
        "inside = channels",
        (SHAPES,),
    ),
    Fault(
        "groups that do not divide the channels accepted",
        "compiler/shapes/conv.py",
        "if channels % layer.groups:",
        "if channels < layer.groups:",
        (SHAPES,),
    ),
    Fault(
        "a transposed kernel with its channels swapped",
        "compiler/shapes/conv.py",
        "(*sizes, layer.filters, channels)",
        "(*sizes, channels, layer.filters)",
        (HOLES_SHAPES,),
    ),
    Fault(
        "output_padding ignored",
        "compiler/shapes/conv.py",
        "span % 2 + extra",
        "span % 2",
        (HOLES_SHAPES,),
    ),
    Fault(
        "the bias of a convolution forgotten",
        "compiler/shapes/conv.py",
        'bias = (Weight("bias", (channels,)),) if layer.use_bias else ()',
        "bias: tuple[Weight, ...] = ()",
        (BUILT,),
    ),
    Fault(
        "the weights of a separable convolution in the wrong order",
        "compiler/shapes/conv.py",
        "layer.filters, (depthwise, pointwise), work)",
        "layer.filters, (pointwise, depthwise), work)",
        (SHAPES,),
    ),
    Fault(
        "a multiply-add counted once",
        "compiler/shapes/conv.py",
        "times(2 * window.area * inside * layer.filters, product(places))",
        "times(window.area * inside * layer.filters, product(places))",
        (SHAPES,),
    ),
    Fault(
        "a multiply-add of Dot counted once",
        "compiler/shapes/merging.py",
        "plus(times(2, size, entries(output)), scaling)",
        "plus(times(1, size, entries(output)), scaling)",
        (HOLES_SHAPES,),
    ),
    Fault(
        "strides of a pooling taken as 1 where they are left out",
        "compiler/shapes/pooling.py",
        "strides = sizes if layer.strides is None",
        "strides = (1,) * rank if layer.strides is None",
        (SHAPES,),
    ),
    Fault(
        "the bias of a Dense wrongly there",
        "compiler/shapes/core.py",
        'if layer.use_bias:\n        weights.append(Weight("bias", (layer.units,)))',
        'if layer.units:\n        weights.append(Weight("bias", (layer.units,)))',
        (HOLES_SHAPES,),
    ),
    Fault(
        "moving statistics that an optimizer moves",
        "compiler/shapes/normalization.py",
        "Weight(name, shape, trainable=False) for name in moving",
        "Weight(name, shape) for name in moving",
        (MERGING,),
    ),
    Fault(
        "the weights of a normalization in the wrong order",
        "compiler/shapes/normalization.py",
        "return gamma + beta",
        "return beta + gamma",
        (HOLES_SHAPES,),
    ),
    Fault(
        "the backward weights of a Bidirectional first",
        "compiler/shapes/recurrent.py",
        "return Inference(output, forward.weights + backward.weights, work, states)",
        "return Inference(output, backward.weights + forward.weights, work, states)",
        (HOLES_SHAPES,),
    ),
    Fault(
        "steps of a TimeDistributed not counted in its work",
        "compiler/shapes/recurrent.py",
        "found.weights, times(steps, found.flops))",
        "found.weights, found.flops)",
        (HOLES_SHAPES,),
    ),
    Fault(
        "the dtype of several inputs the smallest of theirs",
        "compiler/shapes/checks.py",
        "return max((one.dtype for one in inputs), key=DTYPES.index)",
        "return min((one.dtype for one in inputs), key=DTYPES.index)",
        (HOLES_SHAPES,),
    ),
    Fault(
        "a mean of integers left integer",
        "compiler/shapes/pooling.py",
        'GlobalAveragePooling1D: _global(1, "float32")',
        "GlobalAveragePooling1D: _global(1, None)",
        (SHAPES,),
    ),
    Fault(
        "a division of integers left integer",
        "compiler/shapes/ops.py",
        'if _name(op) == "ops.divide":\n        dtype = "float32"',
        'if _name(op) == "ops.divide" and dtype == "bool":\n        dtype = "float32"',
        (HOLES_SHAPES,),
    ),
    Fault(
        "a wrong axis grown by Concatenate",
        "compiler/shapes/merging.py",
        "shape = (*first.shape[:axis], size, *first.shape[axis + 1 :])",
        "shape = (*first.shape[:-1], size)",
        (MERGING,),
    ),
    Fault(
        "sizes of Concatenate compared on its own axis too",
        "compiler/shapes/merging.py",
        "if place != axis and not fits(size, own):",
        "if not fits(size, own):",
        (BUILT,),
    ),
    Fault(
        "broadcasting turned round in merging layers",
        "compiler/shapes/merging.py",
        "return sized[0][1] if sized else 1",
        "return 1 if len(sized) < len(having) else sized[0][1]",
        (MERGING,),
    ),
    Fault(
        "broadcasting turned round in functions",
        "compiler/shapes/ops.py",
        "None if None in met and not known else known[0] if known else 1",
        "None if None in met and not known else 1 if 1 in met else known[0]",
        (HOLES_SHAPES,),
    ),
    Fault(
        "the last piece of a split lost",
        "compiler/shapes/ops.py",
        "states=tuple(types[1:]))",
        "states=tuple(types[1:-1]))",
        (IMPORT,),
    ),
    Fault(
        "a function that works across the batch accepted",
        "compiler/shapes/ops.py",
        "    if found == 0:\n",
        "    if found < 0:\n",
        (MISTAKES,),
    ),
    Fault(
        "masks that hold no truths accepted",
        "compiler/shapes/calls.py",
        'one.dtype != "bool":',
        'one.dtype == "float64":',
        (HOLES_SHAPES,),
    ),
    Fault(
        "the shape of a mask not looked at",
        "compiler/shapes/calls.py",
        "if not all(map(fits, given.shape, due)):",
        "if not any(map(fits, given.shape, due)):",
        (HOLES_SHAPES,),
    ),
)

GRAPH_FAULTS = (
    Fault(
        "multi-output index off by one",
        "compiler/infer.py",
        "return types[value.index or 0]",
        "return types[max((value.index or 0) - 1, 0)]",
        (HOLES_SHAPES,),
    ),
    Fault(
        "an output that a node does not have accepted",
        "compiler/infer.py",
        "value.index >= len(types):",
        "value.index > len(types):",
        (MISTAKES,),
    ),
    Fault(
        "a shared layer with weights of another shape accepted",
        "compiler/infer.py",
        "first is not None and first != found.weights",
        "first is not None and len(first) != len(found.weights)",
        (LOWER,),
    ),
    Fault(
        "ties of the schedule the other way round",
        "compiler/schedule.py",
        "(-layer_depth[layer], traversal[layer])",
        "(-layer_depth[layer], -traversal[layer])",
        (EMIT,),
    ),
    Fault(
        "the shorter branch first",
        "compiler/schedule.py",
        "node_depth[parent] = max(depth + 1, node_depth.get(parent, 0))",
        "node_depth[parent] = depth + 1",
        (BUILT,),
    ),
    Fault(
        "a shared layer as deep as its last call",
        "compiler/schedule.py",
        "depth = max(node_depth.setdefault(name, 0), layer_depth.get(step.layer, 0))",
        "depth = node_depth.setdefault(name, 0)",
        (HOLES_SOURCE,),
    ),
    Fault(
        "outputs not flattened by key",
        "compiler/lower.py",
        "for value in sorted(outputs, key=str))",
        "for value in outputs)",
        (HOLES_SOURCE,),
    ),
    Fault(
        "an unknown input not reported",
        "compiler/lower.py",
        '        self.report(\n            "HB301",\n            f"`{entry.name}` takes',
        '        (lambda *_: None)(\n            "HB301",\n            f"`{entry.name}` takes',
        (LOWER,),
    ),
    Fault(
        "a cycle not found",
        "compiler/lower.py",
        "state.get(source) == 1",
        "state.get(source) == 3",
        (LOWER,),
    ),
    Fault(
        "a dead layer accepted",
        "compiler/lower.py",
        "        for name, entry in by_name.items():\n            if name not in live:",
        "        for name, entry in by_name.items():\n            if name not in wires:",
        (LOWER,),
    ),
    Fault(
        "an unused input accepted",
        "compiler/lower.py",
        "        for name in self.model.inputs:\n            if name not in live:",
        "        for name in self.model.inputs:\n            if name in wires:",
        (LOWER,),
    ),
    Fault(
        "an output named twice accepted",
        "compiler/lower.py",
        "elif text in seen:",
        "elif text in ():",
        (LOWER,),
    ),
    Fault(
        "two inputs too many accepted",
        "compiler/lower.py",
        "(most is None or len(sources) <= most)",
        "(most is None or len(sources) <= most + 2)",
        (LOWER,),
    ),
    Fault(
        "an item fed by the first one, not by the one above",
        "compiler/lower.py",
        "entries[index - 1] if index else None",
        "entries[0] if index else None",
        (LOWER,),
    ),
    Fault(
        "names that differ in case alone accepted",
        "compiler/lower.py",
        "first.setdefault(name.lower(), (name, span))",
        "first.setdefault(name, (name, span))",
        (LOWER,),
    ),
    Fault(
        "an off-by-one in the count of names",
        "specs/names.py",
        'return f"{stem}_{count}" if count else stem',
        'return f"{stem}_{count + 1}" if count else stem',
        (LOWER,),
    ),
    Fault(
        "names of layers inside wrappers not counted",
        "compiler/lower.py",
        "for stem in implied(entry.item):\n            keras.next(stem)",
        "for stem in implied(entry.item):\n            keras.peek(stem)",
        (EMIT,),
    ),
)

TRAINING_FAULTS = (
    Fault(
        "a head of fewer units than classes accepted",
        "compiler/training.py",
        "1 < width != classes",
        "1 < classes < width",
        (MISTAKES,),
    ),
    Fault(
        "one-hot losses of integer labels accepted",
        "compiler/training.py",
        '        if form == "one_hot":\n            self.report(',
        '        if form == "two_hot":\n            self.report(',
        (MISTAKES,),
    ),
    Fault(
        "a softmax under from_logits accepted",
        "compiler/training.py",
        "and from_logits(loss) and name in PROBABILITIES",
        "and from_logits(loss) and name in NOT_PROBABILITIES",
        (MISTAKES,),
    ),
    Fault(
        "a callback that watches nothing accepted",
        "compiler/training.py",
        "elif not any(monitor == name",
        "elif not names and not any(monitor == name",
        (MISTAKES,),
    ),
)

EMIT_FAULTS = (
    Fault(
        "the inputs of a layer swapped in source",
        "compiler/emit/common.py",
        "inputs = [operand(one, values) for one in node.operands]",
        "inputs = [operand(one, values) for one in node.operands[::-1]]",
        (EMIT,),
    ),
    Fault(
        "a literal operand always second",
        "compiler/emit/common.py",
        "    keywords = list(call_keywords(node, values))\n",
        "    inputs.sort(key=lambda one: isinstance(one, Constant))\n"
        "    keywords = list(call_keywords(node, values))\n",
        (HOLES_SOURCE,),
    ),
    Fault(
        "arguments of a call dropped",
        "compiler/emit/common.py",
        "if value is not None:\n                yield field, expression(value)",
        "if value is None:\n                yield field, expression(value)",
        (HOLES_SOURCE,),
    ),
    Fault(
        "masks dropped",
        "compiler/emit/common.py",
        "        elif given is not None:\n            yield field, values(given)",
        '        elif given is not None and field != "mask":\n            yield field, values(given)',
        (HOLES_SOURCE,),
    ),
    Fault(
        "the first state not listed",
        "compiler/emit/common.py",
        "            given = (given,)\n",
        "            given = given\n",
        (HOLES_SOURCE,),
    ),
    Fault(
        "a named argument dropped",
        "compiler/emit/values.py",
        "            keywords.append((field, computed(value, at, field)))",
        "            keywords[:] = [(field, computed(value, at, field))]",
        (EMIT,),
    ),
    Fault(
        "defaults written out",
        "compiler/emit/values.py",
        "and value == default",
        "and value is required",
        (EMIT,),
    ),
    Fault(
        "a frozen layer trained",
        "compiler/emit/values.py",
        'keywords.append(("trainable", Constant(False)))',
        'keywords.append(("trainable", Constant(True)))',
        (HOLES_SOURCE,),
    ),
    Fault(
        "the dtype of an input dropped",
        "compiler/emit/values.py",
        'if one.type.dtype != "float32":',
        'if one.type.dtype == "bool":',
        (EMIT,),
    ),
    Fault(
        "the outputs of a model the other way round",
        "compiler/emit/common.py",
        "return Dict(tuple((str(one), values(one)) for one in outputs))",
        "return Dict(tuple((str(one), values(one)) for one in outputs[::-1]))",
        (EMIT,),
    ),
    Fault(
        "another output of a node taken",
        "compiler/emit/scopes.py",
        "return Subscript(variable, value.index or 0) if several else variable",
        "return Subscript(variable, 0) if several else variable",
        (HOLES_SOURCE,),
    ),
    Fault(
        "training not handed to a layer that needs it",
        "compiler/emit/subclassed.py",
        "if isinstance(call, Call) and trains(step.node, layer):",
        "if isinstance(call, Call) and not trains(step.node, layer):",
        (EMIT,),
    ),
    Fault(
        "construction in the order of calls",
        "compiler/structure.py",
        "return Structure(Scope(None, None, tuple(first[one.name] for one in graph.layers), calls))",
        "return Structure(Scope(None, None, tuple(first.values()), calls))",
        (EMIT,),
    ),
    Fault(
        "a loop over blocks one turn short",
        "compiler/emit/scopes.py",
        "end = _plus(count, start)",
        "end = count",
        (BUILT,),
    ),
    Fault(
        "an argument of a block that is not its default dropped",
        "compiler/emit/scopes.py",
        "if given is None or given == default:",
        "if given is None or default is not None:",
        (EMIT,),
    ),
    Fault(
        "blocks kept where that changes the order",
        "compiler/structure.py",
        "return found if self.keeps(found) else None",
        "return found",
        (HOLES_SOURCE,),
    ),
    Fault(
        "a sequential model of a fork",
        "compiler/emit/sequential.py",
        "if len(found) > 1:",
        "if len(found) > 2:",
        (EMIT,),
    ),
    Fault(
        "the line map off by one line",
        "compiler/python.py",
        "style, tuple(line.span for line in lines)\n",
        "style, tuple(line.span for line in [_Line(text=''), *lines][:-1])\n",
        (EMIT,),
    ),
    Fault(
        "a line map counted from 0",
        "compiler/python.py",
        "return self.line_map[line - 1] if 0 < line <= len(self.line_map) else None",
        "return self.line_map[line] if 0 < line < len(self.line_map) else None",
        (EMIT,),
    ),
    Fault(
        "a quote not escaped",
        "compiler/python.py",
        """return '"' + body.replace('"', '\\\\"') + '"'""",
        """return '"' + body + '"'""",
        (HOLES_SOURCE,),
    ),
)

LANGUAGE_FAULTS = (
    Fault(
        "the default of a block's parameter ignored",
        "specs/expand.py",
        "value = self.values.value(default, spot, replace(outer, own=values))",
        "value = 1",
        (EMIT,),
    ),
    Fault(
        "a variable before an argument of a block",
        "specs/values.py",
        "ChainMap(self.own, self.above)",
        "ChainMap(self.above, self.own)",
        (HOLES_LANGUAGE,),
    ),
    Fault(
        "$index counted from 0",
        "specs/expand.py",
        "own={**meant.values, INDEX: turn + 1}",
        "own={**meant.values, INDEX: turn}",
        (HOLES_LANGUAGE,),
    ),
    Fault(
        "a name filled with an index that counts from 0",
        "specs/expand.py",
        "inner = replace(env, own={**env.own, INDEX: turn + 1})",
        "inner = replace(env, own={**env.own, INDEX: turn})",
        (BUILT,),
    ),
    Fault(
        "a repetition too few",
        "specs/expand.py",
        "for turn in range(meant.turns):",
        "for turn in range(max(meant.turns - 1, 1)):",
        (BUILT,),
    ),
    Fault(
        "every repetition fed by what the first one takes",
        "specs/expand.py",
        "feeds = [Ref(made, k) for k in range(len(meant.block.inputs))]",
        "feeds = meant.operands",
        (EMIT,),
    ),
    Fault(
        "the inputs of a block mixed up",
        "specs/expand.py",
        "dict(zip(block.inputs, feeds, strict=True)),",
        "dict(zip(block.inputs, feeds[::-1], strict=True)),",
        (BUILT,),
    ),
    Fault(
        "another output of a block taken",
        "specs/scopes.py",
        "return Ref(entry, number or 0), rest",
        "return Ref(entry, 0), rest",
        (HOLES_LANGUAGE,),
    ),
    Fault(
        "the name of a block not put before the names inside it",
        "specs/expand.py",
        'f"{scope.prefix}{key}_",',
        'f"{key}_",',
        (BUILT,),
    ),
    Fault(
        "an unknown argument of a block accepted",
        "specs/expand.py",
        "if key not in block.parameters and key not in USE:",
        "if key in block.inputs and key not in USE:",
        (MISTAKES,),
    ),
    Fault(
        "a parameter of a block that is missing accepted",
        "specs/expand.py",
        "            elif default is None and name in meant:",
        "            elif default is None and name:",
        (MISTAKES,),
    ),
    Fault(
        "all operators of equal precedence",
        "specs/arithmetic.py",
        '{"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2}',
        '{"+": 1, "-": 1, "*": 1, "/": 1, "//": 1, "%": 1}',
        (HOLES_LANGUAGE,),
    ),
    Fault(
        "// done as /",
        "specs/arithmetic.py",
        '"//": operator.floordiv',
        '"//": operator.truediv',
        (BUILT,),
    ),
    Fault(
        "operators that bind to the right",
        "specs/arithmetic.py",
        "self.sum(PRECEDENCE[sign] + 1)",
        "self.sum(PRECEDENCE[sign])",
        (HOLES_LANGUAGE,),
    ),
    Fault(
        "parentheses that are needed left out",
        "specs/arithmetic.py",
        "{_show(right, mark, own + 1)}",
        "{_show(right, mark, own)}",
        (HOLES_LANGUAGE,),
    ),
    Fault(
        "an alias resolved to the anchor that stands first",
        "specs/yaml.py",
        "self.anchors[anchor] = (value, size)",
        "self.anchors.setdefault(anchor, (value, size))",
        (HOLES_LANGUAGE,),
    ),
    Fault(
        "an alias counted as one value",
        "specs/yaml.py",
        "        self.nodes += size\n",
        "        self.nodes += 1\n",
        (YAML,),
    ),
    Fault(
        "any number of aliases accepted",
        "specs/yaml.py",
        "if self.aliases > MAX_ALIASES:",
        "if self.aliases > MAX_NODES:",
        (YAML,),
    ),
    Fault(
        "a depth one deeper accepted",
        "specs/yaml.py",
        "if len(self.stack) >= MAX_DEPTH:",
        "if len(self.stack) > MAX_DEPTH:",
        (YAML,),
    ),
    Fault(
        "a span off by one column",
        "specs/yaml.py",
        "first.line + 1, first.column + 1, last.line + 1, last.column + 1)",
        "first.line + 1, first.column, last.line + 1, last.column + 1)",
        (YAML,),
    ),
    Fault(
        "a duplicate key accepted",
        "specs/yaml.py",
        "elif value in top.keys:",
        "elif value in top.data and value not in top.keys:",
        (YAML,),
    ),
    Fault(
        "`no` read as a truth value",
        "specs/yaml.py",
        '(r"(?:true|True|TRUE|false|False|FALSE)")',
        '(r"(?:true|True|TRUE|false|False|FALSE|no|yes)")',
        (YAML,),
    ),
    Fault(
        "a tag accepted",
        "specs/yaml.py",
        "if event.tag is not None:",
        'if event.tag == "!":',
        (YAML,),
    ),
    Fault(
        "an unknown argument accepted",
        "specs/base.py",
        'extra="forbid",\n        frozen=True,\n        strict=True,\n    )\n    positional',
        'extra="ignore",\n        frozen=True,\n        strict=True,\n    )\n    positional',
        (MISTAKES,),
    ),
    Fault(
        "a number where a text is wanted accepted",
        "specs/base.py",
        'extra="forbid",\n        frozen=True,\n        strict=True,\n    )\n    positional',
        'extra="forbid",\n        frozen=True,\n        strict=False,\n    )\n    positional',
        (MISTAKES,),
    ),
)

IMPORT_FAULTS = (
    Fault(
        "importer: an axis dropped that is not the last",
        "compiler/importing/arguments.py",
        "and axis == len(shape) - 1",
        "and axis <= len(shape) - 1",
        (IMPORT,),
    ),
    Fault(
        "importer: strides dropped that differ from the window",
        "compiler/importing/arguments.py",
        'list(c["strides"]) == list(c["pool_size"])',
        'len(c["strides"]) == len(c["pool_size"])',
        (IMPORT,),
    ),
    Fault(
        "importer: True taken for a default of 1",
        "compiler/importing/arguments.py",
        "isinstance(default, bool) == isinstance(value, bool)",
        "isinstance(default, int) == isinstance(value, int)",
        (IMPORT,),
    ),
    Fault(
        "importer: a frozen model trained",
        "compiler/importing/flat.py",
        'self.frozen = frozen or self.config.get("trainable") is False',
        "self.frozen = frozen",
        (IMPORT,),
    ),
    Fault(
        "importer: another output of a call taken",
        "compiler/importing/flat.py",
        "return Tensor(found, output, shape)",
        "return Tensor(found, 0, shape)",
        (IMPORT,),
    ),
    Fault(
        "importer: the calls of a nested model counted from 0",
        "compiler/importing/flat.py",
        "number - (name in models)",
        "number",
        (IMPORT,),
    ),
    Fault(
        "importer: outputs of a mapping not in the order of its keys",
        "compiler/importing/flat.py",
        "for key in sorted(mapping(data, what)):",
        "for key in reversed(mapping(data, what)):",
        (IMPORT,),
    ),
    Fault(
        "importer: the layers of a nested model out of order",
        "compiler/importing/flat.py",
        "after.setdefault(source, []).append(key)",
        "after.setdefault(source, []).insert(0, key)",
        (IMPORT,),
    ),
    Fault(
        "importer: every layer of a chain fed by what the first one takes",
        "compiler/importing/flat.py",
        "            value = made[0]\n        return [(None, value)]",
        "        return [(None, made[0])]",
        (IMPORT,),
    ),
    Fault(
        "importer: inputs of a nested model in the wrong order",
        "compiler/importing/flat.py",
        "    flat = list(tensors(feeds))\n    if len(flat) != len(wanted):",
        "    flat = list(tensors(feeds))[::-1]\n    if len(flat) != len(wanted):",
        (IMPORT,),
    ),
    Fault(
        "importer: every mask taken for the one that is implied",
        "compiler/importing/masks.py",
        "return found == wanted and None not in found",
        "return None not in found",
        (IMPORT,),
    ),
)

FAULTS = (
    *SHAPE_FAULTS,
    *GRAPH_FAULTS,
    *TRAINING_FAULTS,
    *EMIT_FAULTS,
    *LANGUAGE_FAULTS,
    *IMPORT_FAULTS,
)
