"""The command: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from . import memory, whole
from .contestants import ALL, PLAIN, Contestant, chosen
from .driver import calibrated, race
from .speed import speed
from .works import named

ROUNDS: Final = {"speed": 7, "memory": 1, "whole": 5}
SECONDS: Final = 0.7
UNREAD: Final[Mapping[str, Sequence[str]]] = {
    "speed": (),
    "memory": ("work", "seconds", "threads"),
    "whole": ("work", "only", "against", "seconds", "steps", "data", "threads"),
}
"""What a table has no use for."""


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    reader = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Print tables of ratios, measured in turn."
    )
    reader.add_argument("--table", choices=ROUNDS, default="speed")
    reader.add_argument("--work", action="append", default=[], metavar="NAME", help="default: all")
    reader.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PATTERN",
        help=f"of {', '.join(ALL)}; default: all, and for the memory hornbook's loops",
    )
    reader.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="NAME",
        help=f"a column of ratios for each; default: {PLAIN}",
    )
    reader.add_argument("--rounds", type=int, metavar="N", help=f"default: {ROUNDS}")
    reader.add_argument(
        "--seconds",
        type=float,
        metavar="S",
        help=f"how long a round of model.fit takes; default: {SECONDS}",
    )
    reader.add_argument("--steps", type=int, metavar="N", help="steps of a round, not calibrated")
    reader.add_argument(
        "--data", action="append", default=[], metavar="FILE.npz", help="default: made examples"
    )
    reader.add_argument("--threads", type=int, metavar="N", help="default: one for each core")
    reader.add_argument("--json", type=Path, metavar="FILE", help="keep what was measured")
    found = reader.parse_args(arguments)
    for name in UNREAD[found.table]:
        if getattr(found, name):
            reader.error(f"--table {found.table} has no use for --{name}")
    found.seconds = found.seconds or SECONDS
    found.rounds = found.rounds or ROUNDS[found.table]
    found.against = found.against or [PLAIN]
    found.data = [str(Path(path).resolve()) for path in found.data]
    try:
        named(found.work)
        chosen(found.only, found.against)
    except ValueError as error:
        reader.error(str(error))
    return found


def present(only: Sequence[str], against: Sequence[str]) -> list[Contestant]:
    """Return those who can take part, and say who cannot."""
    wanted = chosen(only, against)
    for one in wanted:
        if not one.installed():
            print(f"left out: {one.name}, since {one.package} is not installed (extra `bench`)\n")
    return [one for one in wanted if one.installed()]


def keep(asked: argparse.Namespace, found: Any) -> None:
    """Write down what was measured so far, where that is wished."""
    if asked.json:
        asked.json.write_text(json.dumps({asked.table: found}, indent=1) + "\n")


def of_speed(asked: argparse.Namespace) -> None:
    kept: list[dict[str, Any]] = []
    able = present(asked.only, asked.against)
    for work in named(asked.work):
        suited = [one for one in able if one.suits(work.net)]
        against = [one.name for one in suited if one.name in asked.against]
        if not against:
            print(
                f"{work.name}: compared with {PLAIN}, since there is nothing else to compare with\n"
            )
            suited = [ALL[PLAIN], *(one for one in suited if one.name != PLAIN)]
            against = [PLAIN]
        steps = asked.steps or calibrated(work, asked.seconds, asked.threads)
        found = race(
            work,
            suited,
            rounds=asked.rounds,
            steps=steps,
            files=asked.data,
            threads=asked.threads,
        )
        print(speed(found, against), flush=True)
        rounds = {name: [asdict(one) for one in some] for name, some in found.rounds.items()}
        kept.append({"work": work.name, "steps": steps, "others": found.others, "rounds": rounds})
        keep(asked, kept)


def of_memory(asked: argparse.Namespace) -> None:
    steps = asked.steps or memory.STEPS
    able = present(asked.only or memory.DEFAULT, asked.against)
    against = asked.against[0] if ALL[asked.against[0]] in able else PLAIN
    if ALL[against] not in able:
        able = [ALL[against], *able]
    found = memory.peaks(able, asked.rounds, asked.data, steps)
    print(memory.memory(found, against, steps))
    keep(asked, found)


def of_whole(asked: argparse.Namespace) -> None:
    found = whole.times(asked.rounds)
    print(whole.whole(found))
    keep(asked, found)


TABLES: Final[Mapping[str, Callable[[argparse.Namespace], None]]] = {
    "speed": of_speed,
    "memory": of_memory,
    "whole": of_whole,
}


def main(arguments: Sequence[str] | None = None) -> None:
    asked = options(arguments)
    TABLES[asked.table](asked)


if __name__ == "__main__":
    main()
