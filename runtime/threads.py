"""The threads that TensorFlow computes with, which are chosen once for a process."""

from __future__ import annotations

import tensorflow as tf

from ..specs.diagnostics import Diagnostic, SpecError
from ..specs.load import Spec


def use_threads(spec: Spec) -> None:
    """Let TensorFlow compute with the numbers of threads that a spec asks for.

    Raises:
        SpecError: HB705 where TensorFlow has started already, with others.
    """
    threads = spec.model.train.threads if spec.model.train else None
    if threads is None:
        return
    pools = tf.config.threading
    for name in ("intra_op", "inter_op"):
        number = getattr(threads, name)
        if number is None:
            continue
        try:
            getattr(pools, f"set_{name}_parallelism_threads")(number)
        except RuntimeError:
            now = (
                getattr(pools, f"get_{name}_parallelism_threads")()
                or "as many as there are processors"
            )
            message = (
                f"`{name}: {number}` comes too late: TensorFlow runs with {now} in this process"
            )
            path = ("train", "threads", name)
            place = spec.document.span(path) if path in spec.document.places else None
            help = "train in a process of its own, as `hornbook train` does"
            raise SpecError([Diagnostic("HB705", message, place, (), help)]) from None
