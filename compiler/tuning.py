"""How TensorFlow computes a net fastest: with oneDNN or without, and with how many threads within an operation.

TensorFlow chooses both once for a process, oneDNN by what the processor can do and threads by how many processors
there are. Neither looks at the net, whose operations may be too small to be shared, or large enough for oneDNN's
kernels to pay on a processor where TensorFlow leaves them off; or TensorFlow may have no others. docs/performance.md
holds the measurements that the rules here stand on; where nothing was measured, nothing is chosen.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias, final

from pydantic import ConfigDict, Field

from ..specs.model import MOST_THREADS, ThreadsSpec, TrainSpec
from .graph import TypedGraph
from .xla import kind

ONEDNN: Final = "TF_ENABLE_ONEDNN_OPTS"
"""The variable of the environment that TensorFlow reads while it is imported."""
THREADS: Final = {"intra_op": "TF_NUM_INTRAOP_THREADS", "inter_op": "TF_NUM_INTEROP_THREADS"}
"""The variables that it reads its numbers of threads from, unless a program sets them."""
X86: Final = frozenset({"AMD64", "x86_64"})
"""The architectures, as ``platform.machine`` names them, whose TensorFlow brings oneDNN."""
PLAIN: Final = frozenset(
    {"Activation", "BatchNormalization", "Dense", "Dropout", "Flatten", "LSTM", "ReLU", "Reshape"}
)
"""Layers that TensorFlow computes without oneDNN too; of some convolutions with channels first, unequal strides or
transposition it has no other kernels on a CPU."""
MEASURED: Final = 2
"""The processors of the machines on which threads were measured."""
SMALL: Final = 10_000_000
"""Floating-point operations of the heaviest layer on a batch, forward, below which oneDNN costs more than it saves."""
LARGE: Final = 200_000_000
"""The same, from which on the threads of an operation spare more time than they lose by waiting for each other."""


Threads: TypeAlias = Annotated[int, Field(ge=1, le=MOST_THREADS)]


@final
@dataclass(frozen=True)
class Tuning:
    """What TensorFlow is told before it computes anything; None leaves a choice to TensorFlow.

    ``onednn`` is whether it uses oneDNN's kernels, ``intra_op`` how many threads share an operation, and
    ``inter_op`` how many operations run beside each other.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")  # a run's folder holds it as JSON

    onednn: bool | None = None
    intra_op: Threads | None = None
    inter_op: Threads | None = None


UNTUNED: Final = Tuning()
"""All is left to TensorFlow."""


def tuned(typed: TypedGraph, train: TrainSpec, processors: int, architecture: str) -> Tuning:
    """Return what a spec asks for, and for `auto` what was measured to help such a net on such a machine.

    Args:
        typed: the net.
        train: the settings, of which the batch size counts too.
        processors: how many this process may use.
        architecture: as ``platform.machine`` names it.
    """
    work = heaviest(typed, train.batch_size)
    onednn, intra_op = None, None
    if architecture in X86:
        onednn = None if all(kind(layer) in PLAIN for layer in typed.graph.layers) else True
    if architecture in X86 and train.precision == "float32" and work is not None:
        if work >= SMALL:
            onednn = True
        elif onednn is None and processors == MEASURED:
            onednn = False
        intra_op = 1 if processors == MEASURED and work < LARGE else None
    asked = demanded(train)
    return Tuning(
        onednn if train.onednn == "auto" else asked.onednn,
        intra_op if train.threads == "auto" else asked.intra_op,
        asked.inter_op,
    )


def demanded(train: TrainSpec) -> Tuning:
    """Return what a spec itself asks for, whatever the net and the machine."""
    onednn = train.onednn if isinstance(train.onednn, bool) else None
    return Tuning(onednn, **threads_of(train))


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux alone
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def heaviest(typed: TypedGraph, batch_size: int) -> int | None:
    """Return the floating-point operations of the heaviest layer on one batch, forward; None where one is unknown."""
    found = [one.flops for one in typed.nodes]
    known = [one for one in found if one is not None]
    return batch_size * max(known) if len(known) == len(found) else None


def threads_of(train: TrainSpec) -> Mapping[str, int]:
    """Return the threads that a spec itself asks for, by their names."""
    asked = train.threads
    return asked.model_dump(exclude_none=True) if isinstance(asked, ThreadsSpec) else {}
