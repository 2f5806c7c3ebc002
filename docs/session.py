"""Plays a session of commands on the digits, a kill among them, and writes docs/session.md with what they print.

    python docs/session.py

hornbook must be installed with its extra `export`. Times and names of folders differ from one
recording to the next; weights, losses and accuracies do not.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

PAGE: Final = Path(__file__).resolve().parent / "session.md"
HEAD: Final = """\
# A session

Played and written down by `python docs/session.py`. A training is killed, goes on, ends as one that was never
stopped, and its model is put to use. Nothing but the digits of scikit-learn is needed.
"""
HORNBOOK: Final = (sys.executable, "-m", "hornbook.cli")
QUIET: Final = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "COLUMNS": "100"}
LONG: Final = "hornbook train digits --epochs 12 --every 10 --log-every 5"


@final
@dataclass
class Session:
    """Commands that were typed in a folder, with what was said between them."""

    folder: Path
    parts: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Write a sentence."""
        self.parts.append(text)

    def type(self, command: str, *, expected: int = 0) -> None:
        """Run a command, and write down what it prints."""
        done = subprocess.run(
            _arguments(command),
            cwd=self.folder,
            env=os.environ | QUIET,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != expected:
            raise SystemExit(f"{command}: exit code {done.returncode}\n{done.stdout}")
        self._show(command, done.stdout)

    def kill(self, command: str, steps: int, run: Path) -> None:
        """Run a command until a run has taken some steps, and kill it."""
        process = subprocess.Popen(
            _arguments(command),
            cwd=self.folder,
            env=os.environ | QUIET,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines = self.folder / run / "metrics.jsonl"
        while not lines.is_file() or f'"step": {steps},' not in lines.read_text():
            if process.poll() is not None:
                raise SystemExit(f"{command}: ended before it was killed")
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        printed, _ = process.communicate()
        self._show(f"{command} &", printed + "\n$ kill -9 %1\n")

    def _show(self, command: str, printed: str) -> None:
        self.parts.append(
            "\n".join(["```console", f"$ {command}", *printed.rstrip().split("\n"), "```"]).replace(
                "\n\n```", "\n```"
            )
        )

    def page(self) -> str:
        """Return the page."""
        return "\n\n".join([HEAD.rstrip(), *self.parts]) + "\n"


def _arguments(command: str) -> list[str]:
    words = command.split()
    return [*HORNBOOK, *words[1:]] if words[0] == "hornbook" else words


def play(folder: Path) -> Session:
    """Play the session in an empty folder."""
    session = Session(folder)
    run, whole = Path("runs/first"), Path("runs/whole")
    session.say("A training with a state every ten steps, killed in the middle of an epoch:")
    session.kill(f"{LONG} --run {run}", 185, run)
    session.say("It goes on from the newest state that is whole:")
    session.type(f"hornbook resume {run}")
    session.say(
        "The same training in one go, by the other loop, gives the same weights and metrics:"
    )
    session.type(f"{LONG} --run {whole} --loop tape --quiet")
    session.type(f"cmp {run}/weights.safetensors {whole}/weights.safetensors")
    session.type(f"cmp {run}/metrics.jsonl {whole}/metrics.jsonl")
    session.say(
        "`cmp` says nothing, so they are equal to the last byte. The runs, and what tells them apart:"
    )
    session.type("hornbook runs")
    session.type(f"hornbook compare {run} {whole}")
    session.say("The trained model, evaluated in another style, and exported:")
    session.type(f"hornbook evaluate {run} --style subclassed")
    session.type(f"hornbook export {run} --format onnx --with-scaling -o digits.onnx")
    session.type(f"hornbook export {run} --format litert --with-scaling -o digits.tflite")
    return session


def main() -> None:
    """Write the page."""
    folder = Path(tempfile.mkdtemp(prefix="session-"))
    try:
        PAGE.write_text(play(folder).page(), encoding="utf-8")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
