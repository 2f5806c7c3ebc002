"""How TensorFlow computes a net fastest: with oneDNN or without, and with how many threads within an operation.

TensorFlow chooses both once for a process, oneDNN by what the processor can do and threads by how many processors
there are. Neither looks at the net, whose operations may be too small to be shared, or large enough for oneDNN's
kernels to pay on a processor where TensorFlow leaves them off. docs/performance.md holds the measurements that the
rules here stand on; where nothing was measured, nothing is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from ..specs.model import ThreadsSpec, TrainSpec
from .graph import TypedGraph

ONEDNN: Final = "TF_ENABLE_ONEDNN_OPTS"
"""The variable of the environment that TensorFlow reads while it is imported."""
X86: Final = frozenset({"AMD64", "x86_64"})
"""The architectures, as ``platform.machine`` names them, whose TensorFlow brings oneDNN."""
MEASURED: Final = 2
"""The processors of the machines on which threads were measured."""
SMALL: Final = 10_000_000
"""Floating-point operations of the heaviest layer on a batch, forward, below which oneDNN costs more than it saves."""
LARGE: Final = 200_000_000
"""The same, from which on the threads of an operation spare more time than they lose by waiting for each other."""


@final
@dataclass(frozen=True)
class Tuning:
    """What TensorFlow is told before it computes anything; None leaves a choice to TensorFlow.

    ``onednn`` is whether it uses oneDNN's kernels, ``intra_op`` how many threads share an operation, and
    ``inter_op`` how many operations run beside each other.
    """

    onednn: bool | None = None
    intra_op: int | None = None
    inter_op: int | None = None


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
    known = architecture in X86 and train.precision == "float32" and work is not None
    onednn, intra_op = None, None
    if known and work is not None:
        onednn = True if work >= SMALL else False if processors == MEASURED else None
        intra_op = 1 if processors == MEASURED and work < LARGE else None
    if train.onednn != "auto":
        onednn = train.onednn
    if train.threads != "auto":
        return Tuning(onednn, **threads_of(train))
    return Tuning(onednn, intra_op)


def heaviest(typed: TypedGraph, batch_size: int) -> int | None:
    """Return the floating-point operations of the heaviest layer on one batch, forward; None where one is unknown."""
    found = [one.flops for one in typed.nodes]
    known = [one for one in found if one is not None]
    return batch_size * max(known) if len(known) == len(found) else None


def threads_of(train: TrainSpec) -> Mapping[str, int]:
    """Return the threads that a spec itself asks for, by their names."""
    asked = train.threads
    return asked.model_dump(exclude_none=True) if isinstance(asked, ThreadsSpec) else {}
