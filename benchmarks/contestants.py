"""Who takes part, and what each needs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib.util import find_spec
from typing import Final, final

from hornbook.compiler.driver import analyse, styles_of
from hornbook.compiler.tuning import ONEDNN

from .works import Net

STYLES: Final = ("functional", "sequential", "subclassed")
LOOPS: Final = ("fit", "tape")


@final
@dataclass(frozen=True)
class Contestant:
    """A way to train a net.

    ``module`` in ``peers/`` trains, in its ``variant``; ``package`` must be installed. A slow one takes but one
    step in ``share`` of what the others take in a round, and goes on there in the next. An ``extra`` one comes only
    when it is asked for.
    """

    name: str
    title: str
    module: str
    variant: tuple[str, ...] = ()
    package: str = "tensorflow"
    backend: str = "tensorflow"
    share: int = 1
    extra: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    def installed(self) -> bool:
        return find_spec(self.package) is not None

    def suits(self, net: Net) -> bool:
        """Tell whether the net can be had in this way at all."""
        if self.module == "ours":
            return self.variant[1] in styles_of(analyse(net.spec()))
        if self.module == "pytorch" and net.name in OURS:
            return False
        return net.pictures or "channels_last" not in self.variant


OPTIONS: Final = {
    "untuned": "threads=null, onednn=null",
    "onednn": "onednn=true",
    "no-onednn": "onednn=false",
    "threads-2-2": "threads={intra_op: 2, inter_op: 2}",
    "xla": "jit_compile=true",
    "xla-optimizer": "jit_compile=optimizer",
    "bfloat16": "precision=mixed_bfloat16",
    "float16": "precision=mixed_float16",
    "threads-1-4": "threads={intra_op: 1, inter_op: 4}",
    "threads-1-2": "threads={intra_op: 1, inter_op: 2}",
    "threads-1-1": "threads={intra_op: 1, inter_op: 1}",
}
"""Settings of `train:` that change bits, perhaps for speed."""
SEVERAL: Final = re.compile(r", (?=\w+=)")
"""What parts the settings of one contestant."""

ALL: Final = {
    one.name: one
    for one in (
        Contestant("keras-fit", "`model.fit` on `x / 255.0`", "keras_fit"),
        Contestant(
            "keras-fit-onednn",
            f"the same, `{ONEDNN}=1`",
            "keras_fit",
            extra=True,
            environment={ONEDNN: "1"},
        ),
        *(
            Contestant(
                f"hornbook-{loop}-{style}", f"hornbook {loop}, {style}", "ours", (loop, style)
            )
            for loop in LOOPS
            for style in STYLES
        ),
        *(
            Contestant(
                f"option-{name}",
                f"hornbook fit, `{setting}`",
                "ours",
                ("fit", "functional", *SEVERAL.split(setting)),
                extra=True,
            )
            for name, setting in OPTIONS.items()
        ),
        Contestant("keras-eager", "eager `GradientTape` loop", "keras_loops", ("eager",), share=8),
        Contestant("keras-graph", "tuned `tf.function` loop", "keras_loops", ("graph",)),
        Contestant("keras-jax", "`model.fit` on JAX", "keras_fit", package="jax", backend="jax"),
        *(
            Contestant(
                f"torch{name}{thread}",
                f"PyTorch, {layout}{of}",
                "pytorch",
                (layout, *threads),
                package="torch",
                extra=bool(threads),
            )
            for thread, of, threads in (("", "", ()), ("-1", ", one thread", ("1",)))
            for name, layout in (("", "contiguous"), ("-channels-last", "channels_last"))
        ),
    )
}
OURS: Final = frozenset({"wide", "normed"})
"""Nets on which nothing but settings is compared."""
PLAIN: Final = "keras-fit"


def chosen(patterns: Sequence[str], against: Sequence[str]) -> list[Contestant]:
    """Return those whose names match a pattern, with those they are compared with.

    Raises:
        ValueError: for what names nobody.
    """
    for one in (*patterns, *against):
        known = one in ALL or (one in patterns and any(fnmatchcase(name, one) for name in ALL))
        if not known or (one in against and one not in ALL):
            raise ValueError(f"expected some of {', '.join(ALL)}; received {one}")
    return [
        one
        for name, one in ALL.items()
        if (not patterns and not one.extra)
        or name in against
        or any(fnmatchcase(name, pattern) for pattern in patterns)
    ]
