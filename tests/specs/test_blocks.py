"""Blocks, variables and calculations put in place: what the flat document holds, and from where."""

from __future__ import annotations

from typing import Any

import pytest

from hornbook.compiler.driver import analyse, emit
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import load
from hornbook.specs.overrides import Override
from hornbook.specs.yaml import read_text

BLOCK = """
name: net
variables: {width: 4, act: relu, wide: $width * 2}
inputs: {x: [4]}
blocks:
  pair:
    parameters: [units, {rate: 0.5}, {last: $units * 2}]
    layers:
      - Dense: {name: one, units: $units, activation: $act}
      - Dropout: {rate: $rate}
      - Dense: {name: two, units: $last}
layers:
"""


def items(layers: str, text: str = BLOCK, *overrides: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the flat items: each with its class and arguments."""
    spec = load(read_text(text + layers), overrides=[Override(one) for one in overrides])
    return [next(iter(item.items())) for item in spec.document.data["layers"]]


def codes(layers: str, text: str = BLOCK) -> list[tuple[str, str]]:
    with pytest.raises(SpecError) as caught:
        analyse(load(read_text(text + layers, "net.yaml")))
    return [(one.code, one.message) for one in caught.value.diagnostics]


def test_a_use_becomes_the_items_of_the_block() -> None:
    assert items("  - pair: {units: $wide}\n") == [
        ("Dense", {"name": "pair_one", "units": 8, "activation": "relu"}),
        ("Dropout", {"rate": 0.5, "name": "pair_dropout"}),
        ("Dense", {"name": "pair_two", "units": 16}),
    ]


def test_arguments_go_before_defaults_and_defaults_read_arguments() -> None:
    found = items("  - pair: {units: 3, rate: 0.1}\n  - pair: {units: 3, last: 7}\n")
    assert [arguments.get("units") for _, arguments in found] == [3, None, 6, 3, None, 7]
    assert [arguments.get("rate") for _, arguments in found] == [None, 0.1, None, None, 0.5, None]


def test_uses_without_a_name_are_counted_like_layers() -> None:
    found = items("  - pair: {units: 3}\n  - pair: {units: 3}\n  - pair: {units: 3, repeat: 2}\n")
    names = [arguments["name"] for name, arguments in found if name == "Dropout"]
    assert names == ["pair_dropout", "pair_1_dropout", "pair_2_1_dropout", "pair_2_2_dropout"]


def test_repetitions_are_numbered_from_one() -> None:
    found = items("  - pair: {units: 3, name: deep, repeat: 3}\n")
    assert [a["name"] for _, a in found[::3]] == ["deep_1_one", "deep_2_one", "deep_3_one"]


def test_a_name_may_count_itself() -> None:
    found = items('  - pair: {units: 3, name: "p{$index * 10}", repeat: 2}\n')
    assert [a["name"] for _, a in found[::3]] == ["p10_one", "p20_one"]


def test_no_repetition_hands_on_what_it_is_given() -> None:
    found = items("  - Dense: {units: 4, name: a}\n  - pair: {units: 3, repeat: 0}\n  - Softmax\n")
    assert found[1] == ("Softmax", {"name": "softmax"})


def test_a_variable_can_be_set_from_outside() -> None:
    assert items("  - pair: {units: $width}\n", BLOCK, "width=9")[0][1]["units"] == 9
    assert items("  - pair: {units: $wide}\n", BLOCK, "width=9")[0][1]["units"] == 18


WIRED = """
name: net
inputs: {x: [4], y: [4]}
blocks:
  join:
    inputs: [left, right]
    layers:
      - Dense: {name: a, units: 4, inputs: left}
      - Dense: {name: b, units: 4, inputs: right}
      - Add: {name: sum, inputs: [a, b]}
    outputs: [sum, b]
  outer:
    layers:
      - join: {inputs: [input, input], name: inner}
      - Add: {inputs: [inner, inner.1]}
layers:
"""


def test_wiring_crosses_the_edges_of_blocks() -> None:
    found = {
        arguments["name"]: arguments.get("inputs")
        for _, arguments in items("  - join: {inputs: [x, y], name: j}\n  - outer\n", WIRED)
    }
    assert found["j_a"] == "x"
    assert found["j_b"] == "y"
    assert found["j_sum"] == ("j_a", "j_b")
    assert found["outer_inner_a"] == "j_sum"
    assert found["outer_inner_b"] == "j_sum"
    assert found["outer_add"] == ("outer_inner_sum", "outer_inner_b")


def test_further_outputs_of_a_use_have_numbers() -> None:
    found = items(
        "  - join: {inputs: [x, y], name: j}\n  - Dense: {units: 1, inputs: j.1}\n", WIRED
    )
    assert found[-1][1]["inputs"] == "j_b"
    ((code, message),) = codes(
        "  - join: {inputs: [x, y], name: j}\n  - Dense: {units: 1, inputs: j.2}\n", WIRED
    )
    assert (code, "j.2" in message) == ("HB301", True)


def test_an_item_may_be_called_by_the_use_itself() -> None:
    text = (
        "name: n\ninputs: {x: [4]}\nblocks:\n  b:\n    layers:\n"
        '      - Dense: {name: "", units: 4}\n      - ReLU: {name: act}\nlayers:\n'
    )
    found = items("  - b: {name: hidden}\n  - b: {name: more}\n", text)
    assert [a["name"] for _, a in found] == ["hidden", "hidden_act", "more", "more_act"]


SMALL = """
name: net
inputs: {{x: [4]}}
blocks:
  b: {{parameters: [act: relu], layers: [{{Dense: {{units: 4, activation: $act, name: one}}}}, ReLU]}}
  c: {{layers: [{body}]}}
layers: [{layers}]
"""


def told(layers: str, body: str = "ReLU") -> list[tuple[str, str, int, int]]:
    """Return what is said of a spec, and where."""
    with pytest.raises(SpecError) as caught:
        analyse(load(read_text(SMALL.format(layers=layers, body=body), "net.yaml")))
    return [
        (one.code, one.message, one.span.line, one.span.column)
        for one in caught.value.diagnostics
        if one.span is not None and one.severity == "error"
    ]


@pytest.mark.parametrize(
    ("layers", "message", "column"),
    [
        # A use comes first, then an item of its name; what followed took the use in place of the item.
        ("{b: {name: q}}, {Dense: {units: 3, name: q}}, c", "`q` is used twice", 51),
        ("{Dense: {units: 3, name: q}}, {b: {name: q}}, c", "`q` is used twice", 51),
        ("{b: {name: x}}, c", "`x` is used twice", 21),
        ('{b: {name: "a b"}}, c', "`a b` cannot be a name", 21),
        ('{b: {name: "a {$index}", repeat: 2}}, c', "`a 1` cannot be a name", 21),
    ],
)
def test_the_name_of_a_use_is_its_own(layers: str, message: str, column: int) -> None:
    ((code, found, line, at),) = told(layers)
    assert (code, line, at) == ("HB210" if "cannot" in message else "HB211", 7, column)
    assert message in found


def test_an_item_is_not_called_like_what_its_block_takes() -> None:
    assert told("b, c", "{Dense: {units: 3, name: input}}, ReLU") == [
        ("HB211", "the name `input` is used twice", 6, 41)
    ]


@pytest.mark.parametrize("name", ["5", "[q]"])
def test_a_name_that_is_no_word_is_not_passed_over(name: str) -> None:
    ((code, _, line, column),) = told(f"{{b: {{name: {name}}}}}, c")
    assert (code, line, column) == ("HB204", 7, 21)
    ((code, _, line, column),) = told("b, c", f"{{Dense: {{units: 3, name: {name}}}}}")
    assert (code, line, column) == ("HB204", 6, 41)


@pytest.mark.parametrize("repeat", ["null", "$nothing"])
def test_nothing_is_no_number_of_repetitions(repeat: str) -> None:
    text = SMALL.format(layers=f"{{b: {{repeat: {repeat}}}}}, c", body="ReLU")
    with pytest.raises(SpecError, match=r"must be a whole number .*, not nothing"):
        load(read_text(text.replace("blocks:", "variables: {nothing: null}\nblocks:")))


def test_nothing_as_an_argument_is_not_the_default() -> None:
    found = load(read_text(SMALL.format(layers="{b: {act: null}}, c", body="ReLU")))
    assert found.document.data["layers"][0]["Dense"]["activation"] is None
    assert "act=None" in emit(analyse(found), "functional").text


def test_what_a_use_takes_is_held_against_the_names() -> None:
    """An unknown name was passed over, and the first item took the one above."""
    assert told("{b: {inputs: nope}}, {b: {inputs: [b.1]}}, c", "{b: {inputs: inpt}}") == [
        ("HB301", "the block `c` has no item and no input `inpt`", 6, 29),
        ("HB301", "`b` takes `nope`, which is no layer and no input", 7, 23),
        ("HB301", "`b` takes `b.1`, which is no layer and no input", 7, 45),
    ]


def test_what_a_block_returns_is_held_against_what_is_in_it() -> None:
    text = SMALL.replace("[{body}]}}", "[{{b: {{name: k}}}}], outputs: k.2}}")
    with pytest.raises(SpecError) as caught:
        load(read_text(text.format(layers="b, c, {Dense: {units: 2}}")))
    ((code, span),) = [(one.code, one.span) for one in caught.value.diagnostics]
    assert span is not None
    assert (code, span.line, [block for block, _ in span.used]) == ("HB307", 6, ["c"])


def test_a_circle_of_uses_that_hold_nothing_ends() -> None:
    found = told("{b: {name: p, repeat: 0, inputs: q}}, {b: {name: q, repeat: 0, inputs: p}}, c")
    assert [code for code, *_ in found] == ["HB301", "HB301"]


def test_a_refused_use_is_reported_once() -> None:
    found = told("b, c", "{b: {name: j, colour: red}}, {Add: {inputs: [j, input]}}")
    assert [code for code, *_ in found] == ["HB201"]


def test_uses_that_hold_nothing_are_counted_too() -> None:
    text = SMALL.format(layers="{d: {repeat: 20000}}", body="{b: {repeat: 0}}")
    text = text.replace("layers: [{d", "  d: {layers: [{c: {repeat: 20000}}]}\nlayers: [{d")
    with pytest.raises(SpecError, match="more than 20,000 layers"):
        load(read_text(text))


def test_what_holds_nothing_hands_on_through_many_uses() -> None:
    text = SMALL.format(layers="{c: {repeat: 3000}}, b", body="{b: {repeat: 0}}")
    assert items("", text)[0][1].get("inputs") is None
    text = WIRED + "  - join: {inputs: [x, y], name: z, repeat: 0}\n  - Softmax: {inputs: z.1}\n"
    assert items("", text) == [("Softmax", {"inputs": "y", "name": "softmax"})]


def test_the_model_returns_what_its_last_block_returns() -> None:
    text = SMALL.replace(
        "[{body}]}}", "[{{ReLU: {{name: p}}}}, {{Softmax: {{name: q}}}}], outputs: p}}"
    )
    found = load(read_text(text.format(layers="b, c")))
    assert found.model.outputs == "c_p"


def test_what_nobody_named_has_a_name_of_its_own() -> None:
    """Neither that of an input, nor one that the turns of a use will have."""
    text = SMALL.replace("inputs: {{x: [4]}}", "inputs: {{b: [4]}}").format(
        layers="b, {b: {name: c, repeat: 2}}, c, {c: {repeat: 2}}", body="ReLU"
    )
    assert [arguments["name"] for kind, arguments in items("", text) if kind == "ReLU"] == [
        "b_1_re_lu",
        "c_1_re_lu",
        "c_2_re_lu",
        "c_3_re_lu",
        "c_4_1_re_lu",
        "c_4_2_re_lu",
    ]


def test_names_that_turns_will_have_leave_others_to_those_without() -> None:
    text = SMALL.format(
        layers="{b: {name: b, repeat: 2}}, {b: {name: b_3, repeat: 2}}, b, c", body="ReLU"
    )
    names = [arguments["name"] for kind, arguments in items("", text) if kind == "ReLU"]
    assert names[-2:] == ["b_4_re_lu", "c_re_lu"]


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ("tower", "a use of the block `b`, which has several items"),
        ("none", "a use that repeats not even once"),
    ],
)
def test_a_call_applies_one_layer(call: str, what: str) -> None:
    """Of a use it applied the last item, and of what a block takes whatever that came from."""
    text = SMALL.replace("inputs: {{x: [4]}}", "inputs: {{x: [4], y: [4]}}").format(
        layers="{b: {name: tower, inputs: x}}, {b: {name: none, repeat: 0, inputs: y}}, {c: {inputs: y}}, "
        f"{{call: {{name: other, layer: {call}, inputs: y}}}}",
        body="ReLU",
    )
    with pytest.raises(SpecError, match=f"HB301.*`call` applies `{call}`, which is {what}"):
        load(read_text(text))
    found = told("b, c", "{ReLU: {name: r}}, {call: {layer: input, inputs: r}}")
    assert [message for _, message, *_ in found] == [
        "`call` applies `input`, which is what the block takes"
    ]


def test_what_a_block_takes_has_names_of_its_own() -> None:
    text = (
        "name: n\ninputs: {x: [4]}\nblocks:\n  b: {inputs: INPUTS, layers: [ReLU]}\nlayers: [b]\n"
    )
    assert [code for code, _ in codes("", text.replace("INPUTS", "[p, p]"))] == ["HB211"]
    assert [code for code, _ in codes("", text.replace("INPUTS", "[]"))] == ["HB203"]


def test_a_use_may_say_by_variables_what_it_takes_and_is_called() -> None:
    text = SMALL.replace("blocks:", "variables: {{w: x, n: mine}}\nblocks:")
    found = items(
        "",
        text.format(
            layers="b, {c: {inputs: $w, name: $n}}, {ReLU: {inputs: b}}, {Add: {inputs: [mine, re_lu]}}",
            body="ReLU",
        ),
    )
    assert found[2] == ("ReLU", {"name": "mine_re_lu", "inputs": "x"})
    inner = text.format(layers="b, c", body="{b: {act: relu, inputs: $v}}").replace(
        "c: {layers", "c: {parameters: [{v: input}], layers"
    )
    with pytest.raises(SpecError, match=r"HB212.*cannot depend on parameters"):
        load(read_text(inner))


def test_a_name_that_cannot_be_filled_is_reported_once() -> None:
    found = told('{b: {name: "q{$bar}", repeat: 2}}, c')
    assert [code for code, *_ in found] == ["HB209"]
    text = SMALL.replace("blocks:", 'variables: {{n: ""}}\nblocks:')
    with pytest.raises(SpecError, match=r"HB210.*an empty text cannot be a name"):
        load(read_text(text.format(layers='{b: {name: "{$n}"}}, c', body="ReLU")))


@pytest.mark.parametrize(
    ("use", "inputs", "code"),
    [
        ("{b: {name: j, repeat: 2, colour: red}}", "[j_1, j_2]", "HB201"),
        ("{b: {colour: red}}", "[b, input]", "HB201"),
        ('{b: {name: "j{$index}", colour: red}}', "[j1, input]", "HB201"),
        ("{Dens: {name: j, units: 2}}", "[j, input]", "HB205"),
    ],
)
def test_what_is_refused_has_names_that_are_not_missed(use: str, inputs: str, code: str) -> None:
    text = SMALL.replace("  c:", "  dense_one: {{layers: [ReLU]}}\n  c:")
    with pytest.raises(SpecError) as caught:
        load(
            read_text(
                text.format(layers="b, dense_one, c", body=f"{use}, {{Add: {{inputs: {inputs}}}}}")
            )
        )
    assert [one.code for one in caught.value.diagnostics] == [code]


def test_a_mistake_in_a_block_is_told_once_with_the_way_to_it() -> None:
    text = BLOCK.replace("rate: $rate", "rate: $rat")
    with pytest.raises(SpecError) as caught:
        load(
            read_text(text + "  - pair: {units: 3}\n  - pair: {units: 4, repeat: 5}\n", "net.yaml")
        )
    (one,) = caught.value.diagnostics
    assert one.code == "HB209"
    assert one.span is not None
    assert (one.span.line, one.span.column) == (10, 25)
    assert [(block, span.line) for block, span in one.span.used] == [("pair", 13)]
    assert "in `pair`, which is used here" in str(caught.value)


def test_blocks_see_no_names_from_outside() -> None:
    text = WIRED.replace("inputs: [inner, inner.1]", "inputs: [inner, out]")
    layers = (
        "  - Dense: {units: 4, name: out, inputs: x}\n  - outer\n  - Add: {inputs: [outer, y]}\n"
    )
    assert codes(layers, text) == [("HB301", "the block `outer` has no item and no input `out`")]


@pytest.mark.parametrize(
    ("layers", "code"),
    [
        ("  - pair: {units: 3, repeat: -1}\n", "HB203"),
        ("  - pair: {units: 3, repeat: true}\n", "HB203"),
        ("  - pair: {units: 3, repeat: two}\n", "HB203"),
        ("  - pair: 3\n", "HB204"),
        ("  - pair: {units: {a: 1}}\n", "HB204"),
        ("  - pair: {units: 3, inputs: [x, x]}\n", "HB306"),
        ("  - pair: {units: 3, inputs: 4}\n", "HB204"),
        ("  - pair: {units: 3, colour: red}\n", "HB201"),
        ("  - pair: {rate: 0.5}\n", "HB202"),
        ("  - pair: {units: $nothing}\n", "HB209"),
        ("  - pair: {units: $act}\n", "HB212"),
        ("  - pair: {units: 3, name: a}\n  - pair: {units: 3, name: a}\n", "HB211"),
        ('  - pair: {units: 3, name: ""}\n', "HB207"),
    ],
)
def test_what_a_use_cannot_be(layers: str, code: str) -> None:
    assert codes(layers)[0][0] == code


@pytest.mark.parametrize(
    ("blocks", "code"),
    [
        ("b: {layers: []}", "HB203"),
        ("b: {layer: [Flatten]}", "HB201"),
        ("b: {parameters: [repeat], layers: [Flatten]}", "HB211"),
        ("b: {parameters: [a, a], layers: [Flatten]}", "HB211"),
        ("b: {parameters: [{a: 1, b: 2}], layers: [Flatten]}", "HB206"),
        ("b: {parameters: [{a: {b: 1}}], layers: [Flatten]}", "HB204"),
        ("b: Flatten", "HB204"),
        ("conv2d-a: {layers: [Flatten]}", "HB210"),
    ],
)
def test_what_a_block_cannot_be(blocks: str, code: str) -> None:
    text = f"name: n\ninputs: {{x: [4]}}\nblocks:\n  {blocks}\nlayers: [b]\n"
    assert code in [found for found, _ in codes("", text)]


def test_an_item_whose_name_is_a_number_is_no_number_of_an_output() -> None:
    text = """
name: net
inputs: {x: [4]}
blocks:
  inner:
    layers:
      - ReLU: {name: first}
  outer:
    layers:
      - Softmax: {name: "0"}
      - inner: {name: in}
      - inner: {name: too, inputs: "0"}
      - Dense: {name: end, units: 4}
layers:
"""
    found = items("  - outer: {name: o}", text)
    assert [arguments["name"] for _, arguments in found] == [
        "o_0",
        "o_in_first",
        "o_too_first",
        "o_end",
    ]
    assert [arguments.get("inputs") for _, arguments in found] == [None, None, "o_0", None]


WRONG = """
name: net
variables: {w: 7}
inputs: {x: [4]}
blocks:
  b:
    parameters: [units, {rate: 2}]
    layers:
      - Dense: {units: $units}
      - Dropout: {rate: $rate}
layers:
  - b: {units: $w / 2}
  - b: {units: $w / 3}
  - b: {units: -1}
  - b: {units: -1}
  - b: {units: 0, repeat: 3}
"""


def test_each_use_that_gives_something_wrong_is_told_and_the_block_itself_once() -> None:
    with pytest.raises(SpecError) as caught:
        load(read_text(WRONG))
    found = [
        (one.message, one.span.used[0][1].line) for one in caught.value.diagnostics if one.span
    ]
    integer = "`units` of `Dense` must be an integer of at least 1, not the number"
    assert found == [
        (f"{integer} 3.5", 12),
        (f"{integer} {7 / 3!r}", 13),
        (f"{integer} -1", 14),
        (f"{integer} -1", 15),
        (f"{integer} 0", 16),
        (
            "`rate` of `Dropout` must be a number of at least 0 and below 1, not the number 2",
            12,
        ),
    ]


def test_large_depth_and_size_are_refused_fast() -> None:
    deep = "".join(f"  b{k}:\n    layers: [b{k + 1}]\n" for k in range(30))
    text = (
        f"name: n\ninputs: {{x: [4]}}\nblocks:\n{deep}  b30:\n    layers: [Flatten]\nlayers: [b0]\n"
    )
    assert codes("", text)[0][0] == "HB302"
    wide = "".join(f"  b{k}:\n    layers: [b{k + 1}: {{repeat: 100}}]\n" for k in range(5))
    text = f"name: n\ninputs: {{x: [4]}}\nblocks:\n{wide}  b5:\n    layers: [ReLU]\nlayers: [b0]\n"
    assert codes("", text)[0][0] == "HB104"
