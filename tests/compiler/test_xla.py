"""Half precision, XLA and threads as far as the compiler goes."""

from __future__ import annotations

import pytest

from hornbook.compiler.driver import analyse, compile_spec
from hornbook.compiler.emit.script import emit_script
from hornbook.compiler.xla import share
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import Spec, load
from hornbook.specs.overrides import Override
from hornbook.specs.yaml import read_text

NET = """
name: net
inputs: {image: [8, 8, 1]}
blocks:
  head:
    parameters: [units]
    layers:
      - Dense: {units: $units, activation: softmax}
layers:
  - Flatten
  - Dense: {units: 16}
  - head: {units: 10}
train: {data: digits, loss: sparse_categorical_crossentropy}
"""


def read(*overrides: str, text: str = NET) -> Spec:
    return load(read_text(text), overrides=map(Override, overrides))


def script(*overrides: str, loop: str = "fit") -> str:
    spec = read(*(f"train.{one}" for one in overrides))
    return emit_script(spec, analyse(spec), "functional", loop=loop).text


@pytest.mark.parametrize("style", ["sequential", "functional", "subclassed"])
def test_the_layer_of_an_output_stays_in_float32(style: str) -> None:
    mixed = compile_spec(read("train.precision=mixed_bfloat16"), style).text
    assert mixed.count("dtype") == 1
    assert mixed.index('activation="softmax"') < mixed.index('dtype="float32"')
    assert "dtype" not in compile_spec(read(), style).text
    assert "dtype" not in compile_spec(read("train.precision=float32"), style).text


def test_a_script_sets_what_its_spec_asks_for() -> None:
    plain = script()
    assert not any(word in plain for word in ("set_dtype_policy", "jit_compile", "tensorflow"))
    assert 'keras.config.set_dtype_policy("mixed_float16")' in script("precision=mixed_float16")
    assert "jit_compile=True" in script("jit_compile=true")
    assert "jit_compile=True" in script("jit_compile=auto")
    chosen = script("threads={intra_op: 1, inter_op: 4}")
    first, second, seed = (
        chosen.index(word)
        for word in (
            "    tf.config.threading.set_intra_op_parallelism_threads(1)\n",
            "    tf.config.threading.set_inter_op_parallelism_threads(4)\n",
            "    keras.utils.set_random_seed(SEED)\n",
        )
    )
    assert first < second < seed
    assert "import tensorflow as tf\n" in chosen
    assert "inter_op" not in script("threads={intra_op: 1}")


def test_the_loop_of_a_script_scales_its_loss_where_gradients_would_vanish() -> None:
    def loss_lines(text: str) -> list[str]:
        return [
            line.strip() for line in text.splitlines() if "scale" in line or "gradients =" in line
        ]

    plain = ["gradients = tape.gradient(loss, model.trainable_variables)"]
    assert loss_lines(script(loop="tape"))[-1:] == plain
    assert loss_lines(script("precision=mixed_bfloat16", loop="tape"))[-1:] == plain
    assert loss_lines(script("precision=mixed_float16", loop="tape"))[-2:] == [
        "scaled = model.optimizer.scale_loss(loss)",
        "gradients = tape.gradient(scaled, model.trainable_variables)",
    ]
    assert "@tf.function(reduce_retracing=True, jit_compile=True)" in script(
        "jit_compile=true", loop="tape"
    )


DROPPED = NET.replace("  - Flatten\n", "  - Flatten\n  - Dropout: {rate: 0.1}\n")
CONV = NET.replace("  - Flatten\n", "  - Conv2D: {filters: 2, kernel_size: 3}\n  - Flatten\n")


def compiled(setting: str, *overrides: str, text: str = NET) -> str:
    """Return what XLA compiles."""
    spec = read(f"train.jit_compile={setting}", *overrides, text=text)
    assert spec.model.train is not None
    return share(spec.model.train, analyse(spec))


def test_auto_means_xla_for_dense_nets_alone() -> None:
    assert compiled("auto") == compiled("true") == "on"
    assert compiled("false") == "off"
    assert compiled("true", text=CONV) == "on"
    assert compiled("auto", text=NET.replace("16", "65536")) == "for the optimizer"
    for text in (DROPPED, CONV):
        assert compiled("auto", text=text) == "off"
        assert compiled("auto", text=text.replace("16", "65536")) == "for the optimizer"


@pytest.mark.parametrize("optimizer", ["adam", "Adam", "adamw", "{AdamW: {weight_decay: 0.01}}"])
def test_auto_means_the_optimizer_alone_where_that_was_measured(optimizer: str) -> None:
    text = CONV.replace("16", "65536")
    assert compiled("auto", f"train.optimizer={optimizer}", text=text) == "for the optimizer"


@pytest.mark.parametrize("optimizer", ["sgd", "{SGD: {momentum: 0.9}}", "rmsprop", "Adafactor"])
def test_auto_leaves_other_optimizers_alone(optimizer: str) -> None:
    text = CONV.replace("16", "65536")
    assert compiled("auto", f"train.optimizer={optimizer}", text=text) == "off"
    assert compiled("auto", f"train.optimizer={optimizer}") == "on"
    assert compiled("optimizer", f"train.optimizer={optimizer}") == "for the optimizer"


@pytest.mark.parametrize("loop", ["fit", "tape"])
def test_a_script_can_have_the_optimizer_alone_compiled(loop: str) -> None:
    found = script("jit_compile=optimizer", loop=loop)
    assert "import tensorflow as tf\n" in found
    assert found.count("jit_compile=True") == 1
    assert found.index("jit_compile=False") < found.index("    compile_update(model.optimizer)\n")
    assert "compile_update" not in script(loop=loop)


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("precision=float16", "HB203"),
        ("jit_compile=maybe", "HB203"),
        ("threads={intra_op: 0}", "HB203"),
        ("threads={cores: 2}", "HB201"),
        ("threads=2", "HB203"),
    ],
)
def test_other_settings_are_refused(setting: str, code: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(f"train.{setting}")
    assert [one.code for one in caught.value.diagnostics] == [code]


def test_xla_is_not_asked_for_what_it_cannot_compile() -> None:
    text = NET.replace("  - Flatten\n", "  - RandomRotation: {factor: 0.1}\n  - Flatten\n")
    with pytest.raises(SpecError) as caught:
        analyse(read("train.jit_compile=true", text=text))
    (found,) = caught.value.diagnostics
    assert (found.code, found.span.line if found.span else 0) == ("HB510", 10)
    analyse(read("train.jit_compile=auto", text=text))


def test_an_output_that_would_be_half_is_refused() -> None:
    text = NET.replace("  - head: {units: 10}\n", "  - Dense: {units: 10}\n  - ops.exp\n")
    analyse(read(text=text))
    with pytest.raises(SpecError) as caught:
        analyse(read("train.precision=mixed_bfloat16", text=text))
    assert [one.code for one in caught.value.diagnostics] == ["HB511"]
