"""Coverage of single-law intervals on real larger runs, as the README reports it (not promised)."""

import time
from collections.abc import Iterator

import bench_fit
import scalelaw as sl
from evidence._row import CHINCHILLA, Row


def measure() -> Iterator[Row]:
    before = time.process_time()
    report = sl.backtest("chinchilla", bench_fit.points())
    seconds = time.process_time() - before
    for cut in report.cuts:
        if cut.axis == "flops" and cut.score and cut.score.observed is not None:
            yield Row(f"Chinchilla points, C < {cut.below:.2g}, reach {cut.reach:.3g}x: share inside 90 %",
                      f"{cut.score.observed:.0%} of {cut.n_test}; error {cut.score.mean_abs_rel_error:.2%}", True,
                      f"scalelaw backtest $SCALELAW_DATA/{CHINCHILLA} --exclude-top loss=5", seconds)  # fmt: skip
