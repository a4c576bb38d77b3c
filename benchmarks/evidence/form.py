"""The misfit test flags wrong functional forms and rarely flags the right one."""

import time
from collections.abc import Iterator

import misfit
from evidence._row import Row


def measure() -> Iterator[Row]:
    for noise, draw in misfit.NOISES.items():
        for name, truth in misfit.TRUTHS.items():
            before = time.process_time()
            share = misfit.flagged(truth, draw)
            right = truth is misfit.chinchilla
            limit = "<= 10 %" if right else "no target" if "not promised" in noise else ">= 80 %"
            promise = f"{name}, {noise}: flag rate, {limit}, over {misfit.TABLES} tables"
            holds = share <= 0.1 if right else share >= 0.8 or "not promised" in noise
            yield Row(promise, f"{share:.1%}", holds, "python benchmarks/misfit.py", time.process_time() - before)
