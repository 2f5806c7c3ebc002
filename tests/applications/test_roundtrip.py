"""Architectures of keras.applications to specs and back; all of them with HORNBOOK_APPLICATIONS=all."""

from __future__ import annotations

import os

import pytest

pytestmark = pytest.mark.keras
pytest.importorskip("keras")

from applications.roundtrip import ARCHITECTURES, PAGE, round_trip  # noqa: E402

ALL = os.environ.get("HORNBOOK_APPLICATIONS") == "all"
SOON = ("ConvNeXtTiny", "EfficientNetB0", "MobileNetV3Small", "ResNet50V2")


@pytest.mark.parametrize("name", ARCHITECTURES if ALL else SOON)
def test_there_and_back(name: str) -> None:
    trip = round_trip(name)
    assert trip.spec_lines < trip.flat_lines


def test_the_table_holds_every_architecture() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(ARCHITECTURES) == 40
    assert all(f"| {name} |" in text for name in ARCHITECTURES)
