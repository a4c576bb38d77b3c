"""Simulated IsoFLOP sweeps of known surfaces: bias without noise, coverage of intervals with it."""

import sys
from dataclasses import dataclass

import numpy as np

from scalelaw.allocation.isoflop_analysis import isoflop_observations
from scalelaw.allocation.isoflop_result import IsoFlop
from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.core.errors import ScalelawError
from scalelaw.core.types import Array
from scalelaw.runs.observations import Observations

SURFACES = {
    "Besiroglu": (1.8172, 482.01, 2085.43, 0.3478, 0.3658),
    "Hoffmann": (1.6934, 406.4, 410.7, 0.33917, 0.28491),
    "asymmetric": (1.8, 3000.0, 20.0, 0.465, 0.155),
    "mirrored": (1.8, 20.0, 9000.0, 0.155, 0.465),
}
"""Name -> E, A, B, alpha, beta."""

FLOPS = np.geomspace(1e18, 1e20, 6)
AHEAD = 1e21
NOISES = ("gaussian", "heavy-tailed", "growing towards small budgets")


@dataclass(frozen=True)
class Design:
    """How sizes lie about the optimum, in decades: half the width, offset at the first budget, drift over all."""

    half: float = 0.6
    off: float = 0.0
    drift: float = 0.0


def exponent(name: str) -> float:
    """Return a of N* = G (C / 6)^a."""
    *_, alpha, beta = SURFACES[name]
    return beta / (alpha + beta)


def optimum(name: str, flops: Array | float) -> Array:
    """Return N*."""
    _, a, b, alpha, beta = SURFACES[name]
    return np.asarray((alpha * a / (beta * b)) ** (1 / (alpha + beta)) * (np.asarray(flops) / 6) ** exponent(name))


def table(name: str, design: Design, noise: float = 0.0, kind: str = NOISES[0], seed: int = 0) -> Observations:
    """Return seven sizes at each of six budgets, with relative noise on the loss."""
    e, a, b, alpha, beta = SURFACES[name]
    moved = design.off + design.drift * np.linspace(0, 1, len(FLOPS))
    lie = moved[:, None] + np.linspace(-design.half, design.half, 7)
    params, flops = (optimum(name, FLOPS)[:, None] * 10**lie).ravel(), np.repeat(FLOPS, 7)
    tokens = flops / 6 / params
    rng = np.random.default_rng(seed)
    error = rng.standard_t(3, len(flops)) / np.sqrt(3) if kind == NOISES[1] else rng.standard_normal(len(flops))
    if kind == NOISES[2]:
        error = error * np.repeat(np.geomspace(2.0, 0.5, len(FLOPS)), 7)
    y = (e + a / params**alpha + b / tokens**beta) * np.exp(noise * error)
    columns = {"params": params, "tokens": tokens, "flops": flops}
    return Observations("loss", columns, y, np.arange(len(y)), np.ones(len(y)), len(y))


def bias(name: str, design: Design, profile: str) -> tuple[float, float, IsoFlop]:
    """Return the error of the exponent and the largest relative error of N* without noise, and the analysis."""
    found = isoflop_observations(table(name, design), IsoFlopSpec(profile, window=1e9, draws=0))  # type: ignore[arg-type]
    sizes = np.array([budget.params for budget in found.used], float)
    true = optimum(name, np.array([budget.flops for budget in found.used]))
    error = sizes / true - 1
    return found.params.exponent - exponent(name), float(error[np.abs(error).argmax()]), found


def coverage(name: str, kind: str, tables: int, profile: str = "powers", noise: float = 0.003) -> tuple[Array, int]:
    """Return how often 90 % intervals of a, of N* at ten times the last budget, and of N* inside hold the truth.

    Returns:
        The three shares, and how many tables had no analysis.
    """
    held, failed = [], 0
    for seed in range(tables):
        spec = IsoFlopSpec(profile, draws=200, seed=seed)  # type: ignore[arg-type]
        try:
            found = isoflop_observations(table(name, Design(off=0.1), noise, kind, seed), spec)
        except ScalelawError:
            failed += 1
            continue
        ends = [found.params.exponent_interval(0.9)]
        ends += [found.params.interval_at(flops, 0.9) for flops in (AHEAD, 1e19)]
        true = [exponent(name), float(optimum(name, AHEAD)), float(optimum(name, 1e19))]
        held.append([each is not None and each[0] <= value <= each[1] for each, value in zip(ends, true, strict=True)])
    return np.mean(held, axis=0), failed


def main(tables: int) -> None:
    """Print the bias of every profile on every surface, and coverage under each noise."""
    designs = {"centred": Design(1.0), "off-centre": Design(0.6, 0.25), "drifting": Design(0.8, -0.2, 0.4)}
    for name in SURFACES:
        for label, design in designs.items():
            for profile in ("powers", "cubic", "parabola"):
                slope, size, _ = bias(name, design, profile)
                print(f"{name:11} {label:11} {profile:9} exponent {slope:+.5f}  N* {size:+.3%}", flush=True)
    for name in ("Besiroglu", "asymmetric"):
        for kind in NOISES:
            for profile in ("powers", "cubic", "parabola"):
                shares, failed = coverage(name, kind, tables, profile)
                print(f"{name:11} {kind:30} {profile:9} a, N* ahead, N* inside {shares}  {failed} failed", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
