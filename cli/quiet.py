"""Starts TensorFlow without the lines that it writes about itself, and without what no verb needs of it."""

from __future__ import annotations

import faulthandler
import gc
import os
import platform
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any, Final

from ..compiler.graph import TypedGraph
from ..compiler.tuning import ONEDNN, UNTUNED, Tuning, tuned
from ..specs.model import TrainSpec

THREADS: Final = {"intra_op": "TF_NUM_INTRAOP_THREADS", "inter_op": "TF_NUM_INTEROP_THREADS"}
"""Variables of the environment by which TensorFlow is told its threads."""
LEVEL: Final = "TF_CPP_MIN_LOG_LEVEL"
NOTHING_BUT_FATAL: Final = "3"
STDERR: Final = 2

IDLE: Final = ("IPython", "jax", "matplotlib", "pandas", "sklearn")
"""What TensorFlow and Keras import where it is installed, for uses that no verb makes of them."""


def start_runtime(tuning: Tuning = UNTUNED) -> None:
    """Import TensorFlow and Keras, and let them find their devices; what they say of it is not shown.

    Whoever sets TF_CPP_MIN_LOG_LEVEL below 3 sees all of it. So does everybody when it fails. TensorFlow computes
    as ``tuning`` has it, unless the environment says otherwise, or it has started before.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    quiet = os.environ.setdefault(LEVEL, NOTHING_BUT_FATAL) == NOTHING_BUT_FATAL
    with ExitStack() as stack:
        if quiet:
            stack.enter_context(held_back())
        if "keras" not in sys.modules:
            stack.enter_context(hidden(IDLE))
            stack.enter_context(uncollected())
        if tuning.onednn is not None:
            stack.enter_context(unless_set(ONEDNN, str(int(tuning.onednn))))
        from ..runtime.process import use_threads
        from ..runtime.verify import environment

        with suppress(RuntimeError):
            use_threads(unless_chosen(tuning))
        environment()


def start_for(typed: TypedGraph, train: TrainSpec) -> None:
    """Start the runtime as a net is trained fastest on this machine."""
    start_runtime(tuned(typed, train, processors(), platform.machine()))


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux alone
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def unless_set(name: str, value: str) -> Iterator[None]:
    """Let a variable of the environment have a value, if it has none, until this ends."""
    if name in os.environ:
        yield
        return
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


def unless_chosen(tuning: Tuning) -> Tuning:
    """Leave out the threads that TensorFlow finds in the environment."""
    chosen = {field: None for field, name in THREADS.items() if name in os.environ}
    return replace(tuning, **chosen)


@contextmanager
def hidden(names: Iterable[str]) -> Iterator[None]:
    """Let packages that nobody has imported yet pass for such as are not installed."""
    loaded: dict[str, Any] = sys.modules
    found = [name for name in names if name not in loaded]
    loaded.update(dict.fromkeys(found))  # None makes an import of it fail, as Python documents
    try:
        yield
    finally:
        for name in found:
            del loaded[name]


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage, and never again among what there is in the end: modules stay for good."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()


@contextmanager
def held_back() -> Iterator[None]:
    """Hold back what is written to the file descriptor of stderr; write it after all if this fails.

    Some lines are written by C++ before any setting is read, so Python's stderr is not the place to
    catch them.
    """
    if sys.stderr is None:  # the process was started without one
        yield
        return
    sys.stderr.flush()
    real = os.dup(STDERR)
    watched = faulthandler.is_enabled()
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), STDERR)
        if not watched:
            faulthandler.enable(real)  # a crash of native code would be silent otherwise
        try:
            yield
        except Exception:
            held.seek(0)
            os.write(real, held.read())
            raise
        finally:
            if not watched:
                faulthandler.disable()
            sys.stderr.flush()
            os.dup2(real, STDERR)
            os.close(real)
