"""Prints the share of each verdict for each kind of world; ``python -m emergence`` from benchmarks/."""

import sys
import warnings
from collections import Counter

from emergence.worlds import CONTINUOUS, KINDS, TARGET, make, protocol
from scalelaw.diagnosing.onsets.detect import emergence


def verdict(kind: str, number: int) -> str:
    """Return the verdict on one world."""
    table = make(kind, number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = emergence(table, TARGET, continuous=CONTINUOUS if CONTINUOUS in table else None, draws=0)
    return found.verdict


def shares(kind: str, worlds: int) -> dict[str, float]:
    """Return the share of each verdict on the worlds of a kind."""
    count = Counter(verdict(kind, number) for number in range(worlds))
    return {name: each / worlds for name, each in count.most_common()}


if __name__ == "__main__":
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else protocol()["worlds"]
    for kind in KINDS:
        print(kind, ", ".join(f"{name} {share:.3f}" for name, share in shares(kind, worlds).items()), flush=True)
