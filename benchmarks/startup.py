"""How long `check` takes from the shell, as a ratio against importing Keras.

    python benchmarks/startup.py [--rounds 9]

Each round starts both as fresh processes; the table gives the median and the range of the ratio.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "`hornbook check mnist cifar100`": [
        sys.executable,
        "-m",
        "hornbook.cli",
        "check",
        "mnist",
        "cifar100",
    ],
    "`hornbook show residual`": [sys.executable, "-m", "hornbook.cli", "show", "residual"],
    "`hornbook emit mnist`": [sys.executable, "-m", "hornbook.cli", "emit", "mnist"],
    "the libraries of `check` alone": [
        sys.executable,
        "-c",
        "import typer, yaml, pydantic; pydantic.create_model('A')",
    ],
}
REFERENCE = [sys.executable, "-c", "import keras"]


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=9)
    rounds = options.parse_args().rounds
    ratios: dict[str, list[float]] = {name: [] for name in COMMANDS}
    seconds(REFERENCE)
    for _ in range(rounds):
        against = seconds(REFERENCE)
        for name, command in COMMANDS.items():
            ratios[name].append(seconds(command) / against)
    print("| command | time against `import keras` | range |")
    print("|---|---|---|")
    for name, values in ratios.items():
        print(
            f"| {name} | {statistics.median(values):.3f} | {min(values):.3f} to {max(values):.3f} |"
        )


if __name__ == "__main__":
    main()
