"""What is chosen for a net before TensorFlow starts: by its work, its machine and its spec alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.compiler.driver import analyse
from hornbook.compiler.emit.script import emit_script
from hornbook.compiler.tuning import LARGE, SMALL, UNTUNED, Tuning, demanded, heaviest, tuned
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import Spec, load
from hornbook.specs.overrides import Override
from hornbook.specs.yaml import read_text

NET = """
name: net
inputs: {row: [100]}
layers:
  - Dense: {name: wide, units: $units, activation: relu}
  - Dense: {units: 10, activation: softmax}
variables: {units: 10}
train: {loss: sparse_categorical_crossentropy}
"""
OPEN = """
name: net
inputs: {row: [null, 4]}
layers:
  - LSTM: {units: 3}
  - Dense: {units: 2, activation: softmax}
train: {loss: sparse_categorical_crossentropy}
"""


def read(*settings: str, text: str = NET) -> Spec:
    return load(read_text(text), overrides=[Override(one) for one in settings])


def chosen(
    *settings: str, text: str = NET, processors: int = 2, architecture: str = "x86_64"
) -> Tuning:
    spec = read(*settings, text=text)
    assert spec.model.train is not None
    return tuned(analyse(spec), spec.model.train, processors, architecture)


def units(flops: int) -> str:
    """Return the setting by which the heaviest layer does so many operations on 32 examples."""
    return f"variables.units={flops // (32 * 2 * 100)}"


def test_the_work_of_the_heaviest_layer_on_a_batch_decides() -> None:
    small, middle, large = units(SMALL // 2), units(SMALL * 2), units(LARGE * 2)
    assert chosen(small) == Tuning(onednn=False, intra_op=1)
    assert chosen(middle) == Tuning(onednn=True, intra_op=1)
    assert chosen(large) == Tuning(onednn=True)
    assert chosen(small, "train.batch_size=128") == Tuning(onednn=True, intra_op=1)
    assert chosen(middle, "train.batch_size=4") == Tuning(onednn=False, intra_op=1)


@pytest.mark.parametrize(
    "layer",
    [
        "Conv1D: {filters: 1, kernel_size: 1, data_format: channels_first}",
        "Conv1DTranspose: {filters: 1, kernel_size: 1, dilation_rate: 2}",
        "SeparableConv1D: {filters: 1, kernel_size: 1, strides: 2}",
    ],
)
@pytest.mark.parametrize("processors", [1, 2, 8])
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_convolutions_get_onednn_without_which_some_have_no_kernels(
    layer: str, processors: int, precision: str
) -> None:
    text = NET.replace("[100]", "[5, 4]").replace(
        "- Dense: {name: wide", f"- {layer}\n  - Flatten\n  - Dense: {{name: wide"
    )
    found = chosen(f"train.precision={precision}", text=text, processors=processors)
    assert found.onednn is True
    assert chosen("train.onednn=null", text=text).onednn is None


def test_work_is_counted_forward_on_a_batch() -> None:
    assert heaviest(analyse(read()), 32) == pytest.approx(32 * 2 * 100 * 10, rel=0.02)


@pytest.mark.parametrize("processors", [1, 3, 4, 64])
def test_threads_are_left_alone_where_they_were_not_measured(processors: int) -> None:
    assert chosen(units(SMALL * 2), processors=processors) == Tuning(onednn=True)
    assert chosen(units(LARGE * 2), processors=processors) == Tuning(onednn=True)
    assert chosen(units(SMALL // 2), processors=processors) == UNTUNED


def test_what_was_not_measured_is_left_to_tensorflow() -> None:
    assert chosen(units(SMALL * 2), architecture="arm64") == UNTUNED
    assert chosen(units(SMALL * 2), "train.precision=mixed_bfloat16") == UNTUNED
    assert chosen(text=OPEN) == UNTUNED


SPOKEN = [
    (("train.threads=null", "train.onednn=null"), UNTUNED),
    (("train.threads=null",), Tuning(onednn=False)),
    (("train.threads={}",), Tuning(onednn=False)),
    (("train.threads={inter_op: 3}",), Tuning(onednn=False, inter_op=3)),
    (("train.threads={intra_op: 5}", "train.onednn=null"), Tuning(intra_op=5)),
    (("train.onednn=true",), Tuning(onednn=True, intra_op=1)),
    (("train.onednn=false", "train.precision=mixed_bfloat16"), Tuning(onednn=False)),
]


@pytest.mark.parametrize(("settings", "expected"), SPOKEN)
def test_a_spec_has_the_last_word(settings: tuple[str, ...], expected: Tuning) -> None:
    assert chosen(*settings) == expected


@given(st.integers(1, 4096), st.integers(1, 4096), st.integers(1, 9))
def test_more_work_never_means_fewer_threads_or_no_onednn(
    one: int, other: int, processors: int
) -> None:
    spec = read()
    assert spec.model.train is not None
    typed, train = analyse(spec), spec.model.train
    less, more = (
        tuned(typed, train.model_copy(update={"batch_size": size}), processors, "AMD64")
        for size in sorted((one, other))
    )
    assert not (less.onednn and more.onednn is False)
    assert not (less.intra_op is None and more.intra_op == 1)


def test_what_a_spec_demands_is_told_from_what_would_help() -> None:
    spec = read("train.threads={inter_op: 3}")
    assert spec.model.train is not None
    assert demanded(spec.model.train) == Tuning(inter_op=3)


def script(*settings: str) -> str:
    data = ("inputs.row=[13]", "train.data=wine")
    spec = read(*data, *(f"train.{one}" for one in settings))
    return emit_script(spec, analyse(spec), "functional").text


def test_a_script_leaves_to_tensorflow_what_its_spec_leaves_open() -> None:
    for settings in ((), ("threads=null",), ("onednn=null",)):
        assert not any(word in script(*settings) for word in ("ONEDNN", "threading", "import os"))


@pytest.mark.parametrize(("setting", "value"), [("true", "1"), ("false", "0")])
def test_a_script_chooses_onednn_before_it_imports_tensorflow(setting: str, value: str) -> None:
    found = script(f"onednn={setting}").splitlines()
    place = found.index(f'os.environ["TF_ENABLE_ONEDNN_OPTS"] = "{value}"')
    assert found.index("import os") < place < found.index("import keras")


@pytest.mark.parametrize(
    ("setting", "code"),
    [("onednn=maybe", "HB203"), ("onednn=1", "HB203"), ("threads=fast", "HB203")],
)
def test_other_settings_are_refused(setting: str, code: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(f"train.{setting}")
    assert [one.code for one in caught.value.diagnostics] == [code]
