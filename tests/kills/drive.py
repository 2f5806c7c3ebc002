"""Kills trainings with SIGKILL, lets them go on, and holds the end against one that ran through.

    python tests/kills/drive.py                     200 kills of `hornbook train` and `hornbook resume`
    python tests/kills/drive.py --points 6          fewer
    python tests/kills/drive.py --keras             of `model.fit` with `BackupAndRestore`
    python tests/kills/drive.py --write             and the table to docs/runs.md

A training is killed, gone on with, perhaps killed again, and so on to its end; each kill is a point. It comes at
an instant, or inside of what a training does to its files: half-way through a write, or next to any other
call. The calls are counted in the process that is killed, by wrapping them there.
TensorFlow is imported once, before it has threads, and every training is a fork of that process.
The exit code is 1 where a training did not recover, or did not end the same to the last bit.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")  # the promise is one of the CPU

import h5py
import keras
import numpy as np

from hornbook.cli.app import run as hornbook
from hornbook.runtime import durable, session
from hornbook.runtime.data import load_data

assert session  # imported so that a fork need not

HERE = Path(__file__).resolve().parent
DOCUMENT: Final = HERE.parents[1] / "docs" / "runs.md"
SPEC: Final = HERE / "spec.yaml"
KILLS: Final = (1, 2, 3, 4)
"""How often one training may be killed."""
LIMIT: Final = 120.0
"""Seconds after which a training hangs."""
KINDS: Final = ("at an instant", "half-way through a write", "next to another call")
LOOPS: Final = ("fit", "tape")
BACKUPS: Final[Sequence[dict[str, Any]]] = (
    {"save_freq": "epoch"},
    {"save_freq": 5},
    {"save_freq": 5, "double_checkpoint": True},
)


# ---------------------------------------------------------------------------- what is killed


@final
@dataclass(frozen=True)
class Blow:
    """When a process is killed: after some seconds, or at a call, one in so many of its kind."""

    kind: str
    seconds: float = 0.0
    call: int = 0


@final
class Trap:
    """Counts calls that change files, and kills the process at one of them."""

    def __init__(self, blow: Blow | None) -> None:
        self.blow = blow
        self.counts = dict.fromkeys(KINDS[1:], 0)
        self.lock = threading.Lock()

    def reached(self, kind: str) -> bool:
        with self.lock:
            self.counts[kind] += 1
            return (
                self.blow is not None
                and self.blow.kind == kind
                and self.blow.call == self.counts[kind]
            )

    def around(self, owner: Any, name: str) -> None:
        """Let the process be killed before a call."""
        real = getattr(owner, name)

        def call(*arguments: Any, **options: Any) -> Any:
            if self.reached(KINDS[2]):
                kill()
            return real(*arguments, **options)

        setattr(owner, name, call)

    def writes(self) -> None:
        """Let the process be killed when half of something is written."""
        real = durable.write

        def write(descriptor: int, data: memoryview) -> int:
            if self.reached(KINDS[1]):
                real(descriptor, data[: len(data) // 2])
                kill()
            return real(descriptor, data)

        durable.write = write

    def parts(self) -> None:
        """Let the process be killed between two arrays of an HDF5 file."""
        real = h5py.Group.create_dataset

        def create(*arguments: Any, **options: Any) -> Any:
            if self.reached(KINDS[1]):
                kill()
            return real(*arguments, **options)

        h5py.Group.create_dataset = create


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(LIMIT)


@final
@dataclass(frozen=True)
class Hornbook:
    """A run of hornbook, with a state every five steps."""

    folder: Path
    loop: str

    @property
    def begun(self) -> bool:
        return (self.folder / "run.json").is_file()

    def work(self, trap: Trap) -> None:
        """Begin, or go on."""
        trap.writes()
        for owner, name in ((durable, "sync"), (durable, "rename"), (os, "unlink"), (os, "rmdir")):
            trap.around(owner, name)
        verb = (
            ["resume", str(self.folder)]
            if self.begun
            else ["train", str(SPEC), "--loop", self.loop, "--run", str(self.folder)]
        )
        sys.argv = ["hornbook", *verb, "--every", "5", "--log-every", "7", "--quiet"]
        hornbook()

    def end(self) -> dict[str, str]:
        """Return what is to be the same, by what it is."""
        states = sorted(path for path in (self.folder / "checkpoints").iterdir())
        about = json.loads((states[-1] / "state.json").read_text())
        result = json.loads((self.folder / "result.json").read_text())
        parts = {
            "weights": (self.folder / "weights.safetensors").read_bytes(),
            "metrics": (self.folder / "metrics.jsonl").read_bytes(),
            "last weights": (states[-1] / "weights.safetensors").read_bytes(),
            "last state": (states[-1] / "state.safetensors").read_bytes(),
            "last numbers": repr(about | {"seconds": len(about["seconds"])}).encode(),
            "result": repr((result["test"], result["epochs"])).encode(),
            "files": repr(sorted(path.name for path in self.folder.iterdir())).encode(),
        }
        return {name: sha256(data).hexdigest() for name, data in parts.items()}


@final
@dataclass(frozen=True)
class Plain:
    """A script of Keras as its guide writes it: the same net, data, optimizer and callbacks."""

    folder: Path
    backups: dict[str, Any]

    @property
    def begun(self) -> bool:
        return (self.folder / "backup").is_dir()

    def work(self, trap: Trap) -> None:
        """Begin, or go on: the script is the same."""
        trap.parts()
        for name in ("unlink", "rmdir", "rename", "replace", "remove"):
            trap.around(os, name)
        self.folder.mkdir(exist_ok=True)
        keras.utils.set_random_seed(3)
        digits = load_data("digits")
        x, y = digits.x_train / 16, digits.y_train
        model = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                keras.layers.RandomTranslation(0.1, 0.1),
                keras.layers.RandomFlip("horizontal"),
                keras.layers.Conv2D(8, 3),
                keras.layers.BatchNormalization(),
                keras.layers.ReLU(),
                keras.layers.Flatten(),
                keras.layers.Dropout(0.3),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )
        model.compile(
            keras.optimizers.Adam(use_ema=True, ema_momentum=0.9),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile=False,
        )
        model.fit(
            x,
            y,
            batch_size=32,
            epochs=8,
            validation_split=0.1,
            verbose=0,
            callbacks=[
                keras.callbacks.BackupAndRestore(str(self.folder / "backup"), **self.backups),
                keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True),
                keras.callbacks.ReduceLROnPlateau(patience=1),
            ],
        )
        np.savez(self.folder / "end.npz", *model.get_weights())

    def end(self) -> dict[str, str]:
        """Return what is to be the same, by what it is."""
        with np.load(self.folder / "end.npz") as arrays:
            data = b"".join(arrays[name].tobytes() for name in sorted(arrays))
        return {"weights": sha256(data).hexdigest()}


Killed = Hornbook | Plain


# ---------------------------------------------------------------------------- how it is killed


@final
@dataclass(frozen=True)
class Outcome:
    """What became of a process: how long it took and its exit code, None where it was killed."""

    seconds: float
    code: int | None
    counts: dict[str, int]
    said: str = ""


def process(killed: Killed, blow: Blow | None, scratch: Path) -> Outcome:
    """Train in a fork of this process, which may be killed."""
    said, counted = scratch / "said", scratch / "counts"
    counted.write_text("{}")
    start = time.monotonic()
    child = os.fork()
    if not child:
        _child(killed, Trap(blow), said, counted)
    over = start + (blow.seconds if blow and blow.kind == KINDS[0] else LIMIT)
    status = None
    while status is None and time.monotonic() < over:
        found, status = os.waitpid(child, os.WNOHANG)
        if not found:
            status = None
            time.sleep(0.002)
    if status is None:
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    ended = not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL
    return Outcome(
        time.monotonic() - start,
        os.waitstatus_to_exitcode(status) if ended else None,
        json.loads(counted.read_text()),
        said.read_text(errors="replace"),
    )


def _child(killed: Killed, trap: Trap, said: Path, counted: Path) -> None:
    code = 1
    try:
        with open(said, "wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        killed.work(trap)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        counted.write_text(json.dumps(trap.counts))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@final
@dataclass(frozen=True)
class Point:
    """A kill, and what became of the training."""

    what: str
    kind: str
    when: str
    begun: bool
    recovered: bool = False
    differs: tuple[str, ...] = ()
    said: str = ""

    @property
    def exact(self) -> bool:
        return self.recovered and not self.differs


@final
@dataclass(frozen=True)
class Reference:
    """A training that ran through."""

    what: str
    make: Callable[[Path], Killed]
    outcome: Outcome
    end: dict[str, str]


def reference(what: str, make: Callable[[Path], Killed], scratch: Path) -> Reference:
    """Run a training through."""
    killed = make(scratch / "reference")
    outcome = process(killed, None, scratch)
    if outcome.code != 0:
        raise SystemExit(f"{what} failed:\n{outcome.said}")
    end = killed.end()
    shutil.rmtree(killed.folder)
    print(f"{what}: {outcome.seconds:.1f} s, {outcome.counts}", file=sys.stderr, flush=True)
    return Reference(what, make, outcome, end)


def drawn(kind: str, of: Outcome, draw: random.Random) -> Blow:
    """Choose where a process is killed."""
    if kind == KINDS[0]:
        return Blow(kind, seconds=draw.uniform(0, of.seconds))
    return Blow(kind, call=draw.randint(1, max(1, of.counts[kind])))


def killed_training(
    of: Reference, kinds: Sequence[str], draw: random.Random, scratch: Path
) -> list[Point]:
    """Kill a training once for each kind, then let it end."""
    killed = of.make(scratch / "run")
    points: list[Point] = []
    for kind in kinds:
        blow = drawn(kind, of.outcome, draw)
        outcome = process(killed, blow, scratch)
        if outcome.code is not None:  # it had ended, or failed, before
            break
        when = f"{blow.seconds:.2f} s" if kind == KINDS[0] else f"call {blow.call}"
        points.append(Point(of.what, kind, when, killed.begun))
        if not killed.begun:
            shutil.rmtree(killed.folder, ignore_errors=True)
    if not points and outcome.code:
        raise SystemExit(f"{of.what} failed where nothing had killed it:\n{outcome.said}")
    if outcome.code is None:
        outcome = process(killed, None, scratch)
    differs: tuple[str, ...] = ()
    if outcome.code == 0:
        end = killed.end()
        differs = tuple(name for name, digest in end.items() if digest != of.end[name])
    shutil.rmtree(killed.folder, ignore_errors=True)
    return [
        replace(
            one,
            recovered=outcome.code == 0,
            differs=differs,
            said="" if outcome.code == 0 else outcome.said,
        )
        for one in points
    ]


def drive(
    references: Sequence[Reference],
    points: int,
    seed: int,
    scratch: Path,
    *,
    kinds: Sequence[str] = KINDS,
    often: Sequence[int] = KILLS,
) -> list[Point]:
    """Kill trainings until there are so many points, in turn of each reference and kind."""
    draw = random.Random(seed)
    found: list[Point] = []
    turn = 0
    while len(found) < points:
        of = references[turn % len(references)]
        most = min(draw.choice(often), points - len(found))
        first = kinds[turn // len(references) % len(kinds)]
        asked = [first, *(draw.choice(kinds) for _ in range(most - 1))]
        turn += 1
        for one in killed_training(of, asked, draw, scratch):
            found.append(one)
            state = "exact" if one.exact else f"DIFFERS {one.differs}" if one.recovered else "LOST"
            where = "" if one.begun else ", before the run began"
            print(
                f"{len(found):4} {one.what}, {one.kind}, {one.when}{where}: {state} {one.said[-300:]}",
                file=sys.stderr,
                flush=True,
            )
    return found


# ---------------------------------------------------------------------------- what is said of it


def table(points: Sequence[Point]) -> str:
    """Return the points, counted, in Markdown."""
    rows = [
        "| training | killed | points | before it had begun | recovered | exact |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for what in sorted({point.what for point in points}):
        for kind in KINDS:
            some = [one for one in points if (one.what, one.kind) == (what, kind)]
            if some:
                rows.append(f"| {what} | {kind} | {_counted(some)} |")
    return "\n".join([*rows, f"| all | | {_counted(points)} |"])


def _counted(points: Sequence[Point]) -> str:
    numbers = (
        len(points),
        sum(not one.begun for one in points),
        sum(one.recovered for one in points),
        sum(one.exact for one in points),
    )
    return " | ".join(map(str, numbers))


def write(name: str, text: str) -> None:
    """Put a table into the document, between the marks that bear its name."""
    document = DOCUMENT.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, rest = document.split(begin)
    after = rest.split(end)[1]
    DOCUMENT.write_text(f"{before}{begin}\n{text}\n\n{end}{after}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill trainings, and see what becomes of them.")
    parser.add_argument("--points", type=int, default=200, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--keras", action="store_true", help="kill BackupAndRestore instead")
    parser.add_argument("--write", action="store_true", help=f"write into {DOCUMENT.name}")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        if given.keras:
            references = [
                reference(
                    f"`BackupAndRestore({', '.join(f'{key}={value!r}' for key, value in backups.items())})`",
                    lambda path, backups=backups: Plain(path, backups),
                    scratch,
                )
                for backups in BACKUPS
            ]
            for one in references:  # where nothing kills it, it does end the same
                if reference(one.what, one.make, scratch).end != one.end:
                    raise SystemExit(f"{one.what} ends another way each time")
        else:
            references = [
                reference(
                    f"hornbook, `{loop}`", lambda path, loop=loop: Hornbook(path, loop), scratch
                )
                for loop in LOOPS
            ]
        if (
            given.keras
        ):  # what is lost is lost by the one kill, and its other calls are of the end alone
            points = drive(
                references, given.points, given.seed, scratch, kinds=KINDS[:2], often=(1,)
            )
        else:
            points = drive(references, given.points, given.seed, scratch)
    text = f"{table(points)}\n\nSeed {given.seed}."
    print(text)
    if given.write:
        write("BackupAndRestore" if given.keras else "kills", text)
    return 0 if all(point.exact for point in points) else 1


if __name__ == "__main__":
    sys.exit(main())
