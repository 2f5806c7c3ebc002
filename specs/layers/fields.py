"""Arguments that layers of several families share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

Seed = Annotated[
    int | None, Field(ge=0, lt=2**31, description="Fixes the numbers drawn; `null` draws afresh.")
]
UseBias = Annotated[bool, Field(description="Whether to add a learned offset.")]
DataFormat = Annotated[
    Literal["channels_last", "channels_first"] | None,
    Field(description="Where the channels stand; `null` means last."),
]
