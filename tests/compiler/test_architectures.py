"""The shipped architectures, written with blocks: their published parameter counts, their sources."""

from __future__ import annotations

import pytest

from hornbook.compiler.driver import analyse, emit
from hornbook.compiler.infer import count
from hornbook.specs.load import load, zoo_text

PUBLISHED = {
    "resnet50": 25_636_712,
    "mobilenet_v2": 3_538_984,
    "vgg16": 138_357_544,
    "unet": 31_030_658,
    "bert_tiny": 4_385_920,
    "vit_tiny": 5_717_416,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_the_published_ones(name: str) -> None:
    assert count(analyse(load(name)))[1] == PUBLISHED[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_source_keeps_every_block(name: str) -> None:
    spec = load(name)
    typed = analyse(spec)
    functional, subclassed = (emit(typed, style).text for style in ("functional", "subclassed"))
    used = {use.block for use in spec.expansion.uses}
    kept = {block for block in used if f"def {block}(" in functional}
    # A block whose every use runs beside another is written out where it is used.
    assert used - kept == set()
    assert functional.count("\ndef ") == len(kept) + 1
    assert subclassed.count("(keras.layers.Layer):") == len(kept)


def test_resnet50_is_short() -> None:
    assert len(zoo_text("resnet50").splitlines()) < 60
    typed = analyse(load("resnet50"))
    assert len(emit(typed, "functional").text.splitlines()) < 110
    assert "for index in range(2, depth + 1):" in emit(typed, "functional").text
