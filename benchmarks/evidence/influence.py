"""Influence, robustness and few runs on Chinchilla's points and on simulated families."""

import json
import time
from collections.abc import Iterator

import numpy as np

import scalelaw as sl
from evidence._row import Row, run
from scalelaw import laws
from scalelaw.core.types import Array
from scalelaw.fitting.checks.outliers import outlying
from scalelaw.fitting.decision import optimum_at
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.refit import problem_of
from scalelaw.fitting.spec import FitSpec
from scalelaw.fitting.uncertainty.prior import literature
from scalelaw.runs.observations import Observations

POINTS = "$SCALELAW_DATA/chinchilla_epoch/svg_extracted_data.csv"
TABLES = 100
FAMILIES = 60
LAW = laws.get("chinchilla")


def measure() -> Iterator[Row]:
    """Must show 4, the range of section 4, and what section 5 promises."""
    yield from chinchilla()
    yield from robust()
    yield from clean()
    yield from few()


def chinchilla() -> Iterator[Row]:
    words = ["influence", POINTS, "--flops", "5.76e23", "--json"]
    out, seconds = run("scalelaw", *words)
    told, command = json.loads(out), f"scalelaw {' '.join(words)}"
    five = sorted(told["runs"], key=lambda each: -each["loss"])[:5]
    ranks = sorted(each["rank"] for each in five)
    yield Row(
        "the five outliers rank 1, 3, 11, 19, 24 one at a time",
        ", ".join(map(str, ranks)),
        ranks == [1, 3, 11, 19, 24],
        command,
        seconds,
    )
    moved = f"{told['value']:.2f} to {told['runs'][0]['without']:.2f}"
    holds = moved == "6.82 to 10.06"
    yield Row("leaving out one run moves tokens per parameter from 6.8 to 10.1", moved, holds, command, seconds)
    members, known = ({each["run"] for each in rows} for rows in (told["group"]["members"], five))
    measured = f"{len(members)} found, {len(members & known)} of the five; without them {told['group']['value']:.2f}"
    yield Row(
        "the outlier group is exactly the five, without being given their number",
        measured,
        members == known,
        command,
        seconds,
    )
    fit = fit_observations(LAW, sl.load_runs(_points()).endpoints(), FitSpec(draws=0))
    before = time.process_time()
    fit.influence(flops=5.76e23)
    spent = time.process_time() - before
    yield Row("both <= 3 CPU s", f"{spent:.2f} s", spent <= 3, "fit.influence(flops=5.76e23)", spent)


def robust() -> Iterator[Row]:
    words = ["robustness", POINTS, "--flops", "5.76e23", "--draws", "0", "--json"]
    out, seconds = run("scalelaw", *words)
    told, command = json.loads(out), f"scalelaw {' '.join(words)}"
    low, high = told["tokens_per_param"]["low"], told["tokens_per_param"]["high"]
    holds = low <= 5.7 and high >= 18 and told["disagree"]
    yield Row("defensible choices span 5.7 to 18 tokens per parameter, and the command reports that they disagree",
              f"{low:.3g} to {high:.3g}; disagree: {told['disagree']}", holds, command, seconds)  # fmt: skip
    ratios = [
        each["tokens_per_param"]["value"] for each in told["outcomes"] if "outlying rows left out" in each["label"]
    ]
    yield Row("loss functions alone, on the 240 points (published: 10.4 to 18.3)",
              f"{min(ratios):.1f} to {max(ratios):.1f}", True, command, seconds)  # fmt: skip


def clean() -> Iterator[Row]:
    """How often tables without outliers are flagged."""
    for rows in (16, 30, 100):
        for name in ("Gaussian", "t3"):
            before = time.process_time()
            flagged = np.mean([_flagged(rows, name, seed) for seed in range(TABLES)])
            promise = f"clean, {rows} rows, {name}: a group in <= 5 % (and 4 of chance) of {TABLES}"
            spent = time.process_time() - before
            yield Row(promise, f"{flagged:.0%}", bool(flagged <= 0.09), "make evidence ONLY=influence", spent)


def _flagged(rows: int, tails: str, seed: int) -> bool:
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(rows) if tails == "Gaussian" else rng.standard_t(3, rows) / np.sqrt(3)
    params = 10 ** rng.uniform(7.5, 10, rows)
    observed = _observed(params, params * 10 ** rng.uniform(0.3, 2.3, rows), _truth(0.35, 0.37), 0.01 * noise)
    fit = fit_observations(LAW, observed, FitSpec(draws=0, starts=4))
    found = outlying(*problem_of(fit), observed.weight, observed.cluster)
    return found is not None and bool(found.flagged.any())


def few() -> Iterator[Row]:
    """Whether 90 % intervals of families whose exponents are drawn from the prior contain the truth."""
    prior = literature(LAW, set())
    for rows in (3, 6, 20):
        before, rng, held, width = time.process_time(), np.random.default_rng(rows), [], []
        for seed in range(FAMILIES):
            truth = _truth(*np.exp(prior.mean + prior.root @ rng.standard_normal(2)))
            params = np.array([5e7, 2e8, 1e9]) if rows == 3 else 10 ** rng.uniform(7.5, 9.3, rows)
            tokens = np.array([1e10, 4e9, 2e10]) if rows == 3 else params * 10 ** rng.uniform(0.5, 2, rows)
            observed = _observed(params, tokens, truth, 0.005 * rng.standard_normal(rows))
            fit = fit_observations(LAW, observed, FitSpec(prior="literature", draws=200, starts=16, seed=seed))
            assert fit.draws is not None
            lo, hi = np.nanquantile(_ratio(fit.draws), [0.05, 0.95])
            held.append(lo <= _ratio(truth[None])[0] <= hi)
            width.append(hi / lo)
        share = float(np.mean(held))
        yield Row(f"{rows} runs, prior: 90 % interval of D*/N* at 60 times the compute holds the truth",
                  f"{share:.0%} of {FAMILIES}; median width {np.median(width):.0f}x", share >= 0.86,
                  "make evidence ONLY=influence", time.process_time() - before)  # fmt: skip


def _points() -> str:
    import os

    return os.path.expandvars(POINTS)


def _ratio(coef: Array) -> Array:
    params, tokens, _ = optimum_at(LAW, coef, 7e21)
    return tokens / params


def _truth(alpha: float, beta: float) -> Array:
    return np.array([1.8, 0.5 * 2e8**alpha, 0.4 * 1e10**beta, alpha, beta])


def _observed(params: Array, tokens: Array, coef: Array, noise: Array) -> Observations:
    x = {"params": params, "tokens": tokens}
    count = len(params)
    return Observations("loss", x, LAW.predict(coef, x) * np.exp(noise), np.arange(count), np.ones(count), count)
