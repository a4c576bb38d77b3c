"""Laws of pretraining: check values, refits of published tables, learning curves, speed."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import learning_curves
from evidence._row import Row, run
from scalelaw import laws
from scalelaw.core.errors import BadInput
from scalelaw.core.types import Array
from scalelaw.fitting.published import published
from scalelaw.laws import SumOfPowers, get
from scalelaw.testing.law_checks import LAW_CHECKS, instances, plausible, points
from scalelaw.workflows.reproduce import reproduce

GOLDEN = ("kaplan", "hyper_laws", "curve_laws", "data_laws", "laws")
REFITS = {
    "Gadre: seven constants and four prediction errors": ("gadre",),
    "Muennighoff: the published optimum, and one at least as low as the better known one": (
        "muennighoff-objective", "muennighoff-best",
    ),
    "vocabulary: objective at or below the published 0.06229": ("vocabulary",),
    "2Mix: largest residual <= 0.0044": ("mixing",),
    "RegMix, linear: rank correlations 90.2 and 87.7 %": ("regmix-1",),
    "annealing curves of three sizes, three schedules fitted: R2 >= 0.9966": ("annealing-fitted",),
    "Step Law batch: 0.58 D^0.571, exponent and scale within the bootstrap interval of the authors": ("step-law",),
    "rectified fine-tuning: deviations at or below the published": ("rectified",),
    "CLIP: exponent -0.114": ("clip-laion-2b",),
    "BNSL, addition task: extrapolation <= 1.1e-2": ("addition",),
}  # fmt: skip
"""Promise -> figures of ``scalelaw reproduce`` that it wants to hold."""
MILLION = 1_000_000
SLOWEST, SECONDS = 0.3, 0.5


def measure() -> Iterator[Row]:
    yield check_values()
    data = Path(os.environ["SCALELAW_DATA"])
    yield from refitted()
    yield from ranked(data)
    yield conformance()
    yield batched()
    yield misuse()


def check_values() -> Row:
    files = [f"tests/golden/test_{name}.py" for name in GOLDEN]
    out, seconds = run("python", "-m", "pytest", "-q", *files)
    last = out.strip().splitlines()[-1]
    return Row(
        "check values of laws/pretraining.md for these laws hold", last, "failed" not in last, "pytest tests/golden",
        seconds,
    )  # fmt: skip


def refitted() -> Iterator[Row]:
    """Yield whether the figures of each refit hold: name, ours, and in parentheses the published."""
    for promise, names in REFITS.items():
        before = time.process_time()
        rows = reproduce(names).rows
        said = "; ".join(f"{row.figure.name} {row.ours:.5g} ({row.figure.published:.5g})" for row in rows)
        holds = all(row.holds for row in rows)
        yield Row(promise, said, holds, f"scalelaw reproduce {' '.join(names)}", time.process_time() - before)


def ranked(data: Path) -> Iterator[Row]:
    """Yield how the laws of learning curves extrapolate; no promise but that all 92 are fitted."""
    before = time.process_time()
    found = list(learning_curves.curves(data))
    for part in learning_curves.PARTS:
        shares = learning_curves.shares(found, part)
        errors = {name: [c.held_out[name] for c in found if c.domain in learning_curves.PARTS[part]] for name in shares}
        said = ", ".join(f"{name} {np.mean(errors[name]):.4f} ({share:.0%} best)" for name, share in shares.items())
        holds = len(found) == 92 and bool(np.all(np.isfinite(list(errors.values()))))
        yield Row(f"{part}: M1 to M4 and BNSL, ranked by extrapolation, on {len(errors['M1'])} of 92 curves",
                  said, holds,
                  "python benchmarks/learning_curves.py", time.process_time() - before)  # fmt: skip
        before = time.process_time()


def conformance() -> Row:
    """Run the suite on every law; the worst of three runs of a law is not held against it, the best is."""
    start = time.process_time()
    took: dict[str, float] = {}
    for law in instances():
        for _ in range(3):
            before = time.process_time()
            for check in LAW_CHECKS.values():
                check(law)
            took[law.spelling] = min(took.get(law.spelling, np.inf), time.process_time() - before)
            if took[law.spelling] <= SLOWEST:
                break
    slowest, median = max(took, key=lambda name: took[name]), float(np.median(list(took.values())))
    return Row(
        f"conformance <= {SLOWEST} CPU s a law",
        f"{len(took)} laws and shapes, slowest {slowest} {took[slowest]:.2f}, median {median:.3f}",
        took[slowest] <= SLOWEST,
        "pytest tests/conformance/test_laws.py",
        time.process_time() - start,
    )


def batched() -> Row:
    took: dict[str, float] = {}
    start = time.process_time()
    for law in [law for law in instances() if isinstance(law, SumOfPowers)]:
        x: dict[str, Array] = points(law, MILLION)
        before = time.process_time()
        law.predict(plausible(law), x)
        took[law.spelling] = time.process_time() - before
    slowest = max(took, key=lambda name: took[name])
    said = f"{len(took)} laws, slowest {slowest} {took[slowest]:.3f}"
    return Row("1e6 points of a sum of powers in <= 0.5 CPU s", said, took[slowest] <= SECONDS, "Law.predict",
               time.process_time() - start)  # fmt: skip


MISUSES = (
    ("kaplan_joint@kaplan2020", {"params": 1e9, "tokens": 2e10}),
    ("optimal_lr@li2025", {"params": 1e9, "tokens": 2e10}),
    ("nested[n=params_non_embedding]@kaplan2020", {"params": 1e9, "tokens": 2e10}),
    ("chinchilla@besiroglu2024", {"params": 7e9, "tokens": 1400.0}),
    ("repeated@muennighoff2023", {"params": 7e9, "tokens": 178.0, "unique_tokens": 25.0}),
    ("optimal_batch@li2025", {"tokens": 100.0}),
)
"""Total params for those without embeddings, and tokens in billions."""


def misuse() -> Row:
    before = time.process_time()
    refused = 0
    for spelling, x in MISUSES:
        law, source = laws.parse(spelling)
        try:
            published(law, source or "").predict({name: np.array([value]) for name, value in x.items()})
        except BadInput:
            refused += 1
    far = published(get("repeated"), "muennighoff2023").predict(
        {"params": np.array([1e9]), "tokens": np.array([9e12]), "unique_tokens": np.array([1e11])}
    )
    return Row(
        "refused: total params for constants without embeddings, and tokens in billions; "
        "points outside the range are flagged",
        f"{refused} of {len(MISUSES)} refused, outside flagged: {bool(far.outside_domain[0])}",
        refused == len(MISUSES) and bool(far.outside_domain[0]),
        "pytest tests/unit/fitting/test_published.py",
        time.process_time() - before,
    )
