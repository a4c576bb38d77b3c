"""Tuning, simulated: warnings name an under-tuned rung and nothing in a well-tuned ladder."""

import time
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from evidence._row import Row
from scalelaw.core.errors import ScalelawWarning
from scalelaw.diagnosing.under_tuned import SEED_SD, check_tuning
from scalelaw.runs.reading.load import load_runs

_LADDERS = 12
_SIZES = (20e3, 32e3, 50e3, 82e3, 160e3, 290e3)
_OCTAVE_COST = 0.02


def measure() -> Iterator[Row]:
    """Yield the rows."""
    started = time.process_time()
    named = clean = false = 0
    for seed in range(_LADDERS):
        draw = np.random.default_rng(seed)
        params = _SIZES[seed % len(_SIZES)]
        codes = _named(draw, params)
        named += codes == [f"params {params:,.0f}"]
        false += any(code != f"params {params:,.0f}" for code in codes)
        clean += not _named(draw, None)
    measured = (
        f"it alone reported in {named} of {_LADDERS} ladders, other rungs in {false}; none reported in {clean} of "
    )
    yield Row(
        "a rung at 4 x its rate is reported as under-tuned; a well-tuned ladder gets no warning",
        f"{measured}{_LADDERS} tuned ladders",
        named >= 0.8 * _LADDERS and clean >= 0.9 * _LADDERS,
        "evidence tuning",
        time.process_time() - started,
    )


def _named(draw: np.random.Generator, off: float | None) -> list[str]:
    """Return the sizes that are named where one is trained at four times its rate."""
    rows: list[dict[str, Any]] = []
    for params in _SIZES:
        for seed in range(2 if params < 40e3 else 1):
            trunk = 0.84 * draw.standard_normal()
            for tokens in (1e6, 2e6, 4e6):
                loss = 2.1 + 54 * params**-0.37 + 580 * tokens**-0.5
                noise = SEED_SD * (trunk + 0.55 * draw.standard_normal())
                worse = _OCTAVE_COST * 4 if params == off else 0.0
                rows.append({"params": params, "tokens": tokens, "seed": seed, "loss": loss * np.exp(noise + worse)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScalelawWarning)
        table = load_runs(rows, units={"params": "1", "tokens": "1", "loss": "nats"})
        return [each.message.partition(" is ")[0] for each in check_tuning(table.endpoints("loss"))]
