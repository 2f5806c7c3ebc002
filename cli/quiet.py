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
from dataclasses import asdict
from typing import Any, Final

from ..compiler.graph import TypedGraph
from ..compiler.tuning import ONEDNN, THREADS, UNTUNED, Tuning, demanded, processors, tuned
from ..specs.model import TrainSpec

VARIABLES: Final = {"onednn": ONEDNN, **THREADS}
"""Variables of the environment by which TensorFlow is told how to compute."""
LEVEL: Final = "TF_CPP_MIN_LOG_LEVEL"
NOTHING_BUT_FATAL: Final = "3"
STDERR: Final = 2

IDLE: Final = ("IPython", "jax", "matplotlib", "pandas", "sklearn")
"""What TensorFlow and Keras import where it is installed, for uses that no verb makes of them."""


def start_runtime(tuning: Tuning = UNTUNED, wish: Tuning = UNTUNED) -> None:
    """Import TensorFlow and Keras, and let them find their devices; what they say of it is not shown.

    Whoever sets TF_CPP_MIN_LOG_LEVEL below 3 sees all of it. So does everybody when it fails. TensorFlow computes
    as ``tuning`` has it; what that leaves open is as ``wish`` has it, unless the environment has chosen it.
    One that has started before computes as it does.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    quiet = os.environ.setdefault(LEVEL, NOTHING_BUT_FATAL) == NOTHING_BUT_FATAL
    chosen = overlaid(tuning, wish)
    with ExitStack() as stack:
        if quiet:
            stack.enter_context(held_back())
        if "keras" not in sys.modules:
            stack.enter_context(hidden(IDLE))
            stack.enter_context(uncollected())
        if chosen.onednn is not None:
            stack.enter_context(variable(ONEDNN, str(int(chosen.onednn))))
        from ..runtime.process import use_threads
        from ..runtime.verify import environment

        with suppress(RuntimeError):
            use_threads(chosen)
        environment()


def start_for(typed: TypedGraph, train: TrainSpec) -> None:
    """Start the runtime as a net is trained fastest on this machine."""
    start_runtime(demanded(train), wished(typed, train))


def wished(typed: TypedGraph, train: TrainSpec) -> Tuning:
    """Return how a net is trained fastest on this machine."""
    return tuned(typed, train, processors(), platform.machine())


def overlaid(tuning: Tuning, wish: Tuning) -> Tuning:
    """Return ``tuning`` with what is wished where it, and the environment, choose nothing."""
    found = asdict(tuning)
    for field, name in VARIABLES.items():
        if found[field] is None and not os.environ.get(name, "").strip():
            found[field] = getattr(wish, field)
    return Tuning(**found)


@contextmanager
def variable(name: str, value: str) -> Iterator[None]:
    """Let a variable of the environment have a value until this ends: what is started later has its own."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


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
