"""Starts TensorFlow without the lines that it writes about itself."""

from __future__ import annotations

import faulthandler
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Final

LEVEL: Final = "TF_CPP_MIN_LOG_LEVEL"
NOTHING_BUT_FATAL: Final = "3"
STDERR: Final = 2


def start_runtime() -> None:
    """Import TensorFlow and Keras, and let them find their devices; what they say of it is not shown.

    Whoever sets TF_CPP_MIN_LOG_LEVEL below 3 sees all of it. So does everybody when it fails.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    quiet = os.environ.setdefault(LEVEL, NOTHING_BUT_FATAL) == NOTHING_BUT_FATAL
    with held_back() if quiet else nullcontext():
        from ..runtime.verify import environment

        environment()


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
