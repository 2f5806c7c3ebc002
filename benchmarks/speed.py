"""How fast each contestant trains, against others in the same rounds."""

from __future__ import annotations

from collections.abc import Sequence

from .contestants import ALL
from .driver import Race
from .tables import Ratio, table


def speed(race: Race, against: Sequence[str]) -> str:
    """Return the rates of one work as ratios."""
    work = race.work
    heads = [f"{work.net.name} net, batch {work.batch}, steps/s"]
    for name in against:
        heads += [f"against {ALL[name].title}", "range"]
    rows = [
        [
            ALL[name].title,
            *(
                cell
                for other in against
                for cell in Ratio.of(race.rates(name), race.rates(other)).cells
            ),
        ]
        for name in race.rounds
    ]
    rounds = len(race.rounds[against[0]])
    slow = ", ".join(ALL[n].title for n in race.rounds if ALL[n].share > 1)
    said = f"{rounds} rounds of {race.steps} steps"
    if slow:
        said += f" (fewer for the {slow})"
    said += f". Other processes used {race.others:.0%} of a core meanwhile."
    return f"{table(heads, rows)}\n\n{said}\n"
