"""Forecasts of benchmark scores: held-out larger models of five published sources, each calibrated on the others."""

import os
import resource
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from evidence._row import Row
from scores.figures import large_cut
from scores.scoring import Band, balanced, calibrated, carried_error, error, outcomes, single_error
from scores.simulated import odds, reliability
from scores.tables import protocol

COMMAND = "python -m scores --data $SCALELAW_DATA"
_BEST_ALONE = {"tasks": 0.0467, "average of 17 tasks": 0.0164, "average of 46 tasks": 0.0096}
"""Best single form in hindsight on Gadre's runs, as measured before this method was written."""
_SLACK = 1.1


def measure() -> Iterator[Row]:
    """Yield the rows."""
    warnings.simplefilter("ignore")
    before, level = _spent(), protocol()["score"]["level"]
    found = outcomes(Path(os.environ["SCALELAW_DATA"]), processes=os.cpu_count() or 1)
    usable = [each for each in found if not each.failed]
    seconds = _spent() - before
    for name, part in large_cut(usable).items():
        ours = float(np.mean([error(each) for each in part]))
        carried = float(np.mean([carried_error(each) for each in part]))
        alone = min(np.mean([single_error(form)(each) for each in part]) for form in part[0].singles)
        most = _SLACK * _BEST_ALONE[name.partition(", ")[0]]
        yield Row(
            f"gadre2024, fitted up to 412M, forecast at 1.4B and 6.9B, {name}: mean absolute error <= {most:.4f} and "
            "below that of the largest run carried forward",
            f"{ours:.4f}; carried forward {carried:.4f}; best form alone, fitted plainly, {alone:.4f}",
            ours <= most and ours < carried, COMMAND, seconds,
        )  # fmt: skip
        seconds = 0.0
    bands = calibrated(usable, level)
    inside = balanced([(band.outcome, band.covered) for band in bands])
    mean = float(np.mean(list(inside.values())))
    yield Row(f"{len(usable)} forecasts of {len(inside)} sources: the 90 % interval holds .85 to .96, none under .75",
              f"{mean:.3f} ({_shown(inside)})", 0.85 <= mean <= 0.96 and min(inside.values()) >= 0.75,
              COMMAND, 0.0)  # fmt: skip
    worth = balanced([(band.outcome, band.worth(level)) for band in bands])
    ratios = {}
    for form in sorted({name for each in usable for name in each.singles}):
        own = balanced(
            [(each, Band(each, *each.singles[form][1:]).worth(level)) for each in usable if form in each.singles]
        )
        ratios[form] = float(np.mean([worth[source] for source in own]) / np.mean(list(own.values())))
    best = max(ratios, key=lambda form: ratios[form])
    yield Row("interval score over that of the best form alone, with its bootstrap and binomial noise: <= .75",
              f"{ratios[best]:.2f} ({best})", ratios[best] <= 0.75, COMMAND, 0.0)  # fmt: skip

    yield from _odds()


def _odds() -> Iterator[Row]:
    """Yield the row on the probability to reach a score, in simulated ladders."""
    rules, before = protocol()["simulated"], _spent()
    bins = reliability(odds(processes=os.cpu_count() or 1), np.array(rules["bins"]))
    worst = max(abs(share - given) for given, share, _ in bins)
    shown = ", ".join(f"{given:.2f} -> {share:.2f}" for given, share, _ in bins)
    promise = (
        f"probability to reach a score, {rules['worlds']} simulated ladders, within {rules['within']} of the share"
    )
    seconds = _spent() - before
    yield Row(promise, f"{worst:.3f} ({shown})", worst <= rules["within"], COMMAND, seconds)


def _spent() -> float:
    """Return the CPU seconds of this process and of those that it started and that ended."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _shown(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in values.items())
