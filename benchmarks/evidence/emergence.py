"""Emergence: verdicts on simulated worlds of known kind, and on exact match of GSM8K by Pythia."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from emergence.__main__ import shares
from emergence.worlds import KINDS, protocol
from evidence._row import Row
from scalelaw.diagnosing.onsets.detect import emergence

COMMAND = "python -m emergence"
_EXPONENT = (-0.15, -0.13)


def measure() -> Iterator[Row]:
    """Yield one row per kind of world, and one of the published likelihoods."""
    rules = protocol()
    for kind in KINDS:
        before = time.process_time()
        found = shares(kind, rules["worlds"])
        right, open_ = found.get(kind, 0.0), found.get("undetermined", 0.0)
        promise = f"{rules['worlds']} worlds, {kind.replace('_', ' ')}: right in >= {rules['right']:.0%}"
        measured = f"right {right:.1%}, undetermined {open_:.1%}, wrong {1 - right - open_:.1%}"
        yield Row(promise, measured, right >= rules["right"], COMMAND, time.process_time() - before)
    before = time.process_time()
    found = emergence(likelihoods(Path(os.environ["SCALELAW_DATA"])), "score@gsm8k", continuous="logprob@gsm8k")
    slope = found.continuous.exponent if found.continuous else 0.0
    holds = found.verdict == "metric_artefact" and _EXPONENT[0] < slope < _EXPONENT[1]
    promise = "Pythia, exact match of GSM8K answers: metric artefact, likelihood with exponent -0.15 to -0.13"
    yield Row(promise, f"{found.verdict}, {slope:.3f}", holds, COMMAND, time.process_time() - before)


def likelihoods(data: Path) -> dict[str, object]:
    """Return the expected exact match and mean log-likelihood of the answers by model."""
    rows = pd.read_parquet(data / "monkeys_extra" / "gpt4_gsm8k_neg_log_likelihood.parquet")
    models = rows.groupby(["Model", "Scaling Parameter"])[["Log Score", "Score"]].mean().reset_index()
    models = models.sort_values("Scaling Parameter")
    items = int(rows.groupby("Model").size().iloc[0])
    return {
        "run": models["Model"].tolist(), "flops": models["Scaling Parameter"].tolist(),
        "score@gsm8k": models["Score"].tolist(), "logprob@gsm8k": models["Log Score"].tolist(),
        "n_items": [items] * len(models),
    }  # fmt: skip
