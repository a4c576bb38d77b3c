"""Intervals cover as often as their level, under four kinds of noise, with recommended options and by default."""

from collections.abc import Iterator

import coverage
from evidence._row import Row

TABLES = 500
FEWER = 100
WITHIN = 3.0


def measure() -> Iterator[Row]:
    """Simulate the recommended way of each kind of noise, and the default, at three sizes."""
    for noise in coverage.NOISES:
        ways = [way for way in coverage.WAYS if noise in way.noises]
        for way in (ways[0], *(way for way in ways if way.name.startswith("default"))):
            for runs in way.sizes:
                recommended = way is ways[0]
                found = coverage.covered(way, noise, runs, TABLES if recommended else FEWER)
                promise = f"{noise}, {runs} runs, {way.name}: within {WITHIN:g} points of 80, 90 and 95 %"
                measured = f"worst {found.worst:.1f} points; one coefficient {found.worst_single:.1f}"
                said = f"{measured}; {found.tables} tables"
                holds = found.worst <= WITHIN if recommended else True
                name = promise if recommended else f"{promise} (not promised)"
                yield Row(name, said, holds, "make coverage", found.seconds * found.tables)
