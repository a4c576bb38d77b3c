"""Approach 1, the envelope: find the size with the best training curve at each compute, and its growth.

code                     grade      when
ENVELOPE_WINNERS_CURSE   warn       always: minima over noisy curves favour lucky runs; the message has how often
ENVELOPE_NONE            refuse     fewer than two sizes win anywhere between the smallest and the largest
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.allocation.scaling import Scaling, power_laws, scaling
from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Finding, Grade, enforce
from scalelaw.core.forecaster import check_level
from scalelaw.core.nouns.tabular import Columns, Tabular
from scalelaw.core.rendering import Lines, Renderable, Report
from scalelaw.core.types import AnyArray, Array, frozen
from scalelaw.fitting.observe import observe_rows
from scalelaw.runs.observations import Observations

_POINTS = 300
_FEWEST_SIZES = 3
_NOISES = 2.0
_OVERLAP = np.sqrt(10 / 3)
"""Size of the difference of neighbouring second differences over that of the noise; neighbours share readings."""


@dataclass(frozen=True, eq=False)
class Envelope(Renderable, Tabular):
    """The lower envelope of training curves.

    Attributes:
        params: growth of the winning size with compute.
        tokens: growth of the tokens it has seen.
        flops: compute at which a size between the smallest and largest wins, (p,).
        size: the size that wins there, (p,).
        seen: tokens the winner has seen there, (p,).
        loss: its loss there, (p,).
        close: share of these points where another size is within twice the noise of the winner.
        noise: standard deviation of a reading about its curve, over the loss; None if curves are too short.
        level: level of the printed intervals.
        rows: the readings.
        findings: warnings and other findings.
    """

    params: Scaling
    tokens: Scaling
    flops: Array
    size: Array
    seen: Array
    loss: Array
    close: float | None
    noise: float | None
    level: float
    rows: Observations
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for ``scalelaw envelope --json``."""
        return {
            "schema": "scalelaw.envelope/1",
            "target": self.rows.target,
            "level": self.level,
            "params": self.params.to_dict(self.level),
            "tokens": self.tokens.to_dict(self.level),
            "flops": [float(self.flops.min()), float(self.flops.max())],
            "sizes": len(np.unique(self.size)),
            "curves": len(np.unique(self.rows.cluster)),
            "close": self.close,
            "noise": self.noise,
            "findings": [finding.to_dict() for finding in self.findings],
            "set_aside": [part.to_dict() for part in self.rows.set_aside],
            "notes": list(self.rows.notes),
        }

    def to_columns(self) -> Columns:
        """Return one row per compute, with the size that has the lowest loss there."""
        return {"flops": self.flops, "params": self.size, "tokens": self.seen, "loss": self.loss}

    def report(self) -> Report:
        """Return the report: the power laws, the range of compute, excluded runs and warnings."""
        curves = len(np.unique(self.rows.cluster))
        title = f"Envelope of {self.rows.target}: {curves} curves, {len(np.unique(self.size))} sizes win"
        lines = [("won at", f"{self.flops.min():.3g} to {self.flops.max():.3g} FLOP")]
        lines += [("excluded", f"{part.n}: {part.reason}") for part in self.rows.set_aside]
        lines += [("note", note) for note in self.rows.notes]
        lines += [("warn", f"{finding} [{finding.code}]") for finding in self.findings if finding.grade is Grade.WARN]
        return Report(title, [power_laws(self.params, self.tokens, self.level), Lines(lines)])


@dataclass(frozen=True, eq=False)
class _Curves:
    """Losses of r runs at p values of compute, infinite beyond a run's curve.

    Attributes:
        flops: compute (p,).
        log_loss: ln L, (r, p).
        size: N of each run, (r,).
        tokens: tokens each run has seen there, (r, p).
    """

    flops: Array
    log_loss: Array
    size: Array
    tokens: Array


def envelope(
    runs: Any, *, target: str | None = None, n: str = "params", draws: int = 400, seed: int = 0, level: float = 0.9
) -> Envelope:
    """Find the compute-optimal size on the lower envelope of training curves, and fit N* = G C^a and D* = H C^b.

    Every curve is interpolated in ln L over ln C. Points where the smallest or largest size wins are left out, since
    the optimum may lie beyond that size. Intervals draw whole runs with replacement.

    Args:
        runs: a table whose runs have several evaluations, or anything ``load_runs`` reads.
        target: the measured quantity, ``metric@eval_set``; optional if the table has one target.
        n: the kind of N.
        draws: number of resamples of the runs; 0 gives no intervals.
        seed: seed of the resampling.
        level: level of the printed intervals.

    Raises:
        BadInput: a run has a single reading, or no size between the smallest and the largest ever wins.

    Source:
        Hoffmann et al. 2022, arXiv 2203.15556, section 3.1.
    """
    found = envelope_observations(observe_rows(runs, target, "curves"), n=n, draws=draws, seed=seed, level=level)
    enforce(finding for finding in found.findings if finding.grade is Grade.WARN)
    return found


def envelope_observations(
    observed: Observations, *, n: str = "params", draws: int = 400, seed: int = 0, level: float = 0.9
) -> Envelope:
    """Compute the envelope; report warnings only as findings, without raising them.

    Raises:
        BadInput: as for ``envelope``.
    """
    check_level(level)
    if draws < 0 or draws == 1:
        raise BadInput(f"draws must be 0 (no intervals) or 2 and more, got {draws}; 400 is usual")
    usable = observed.falling().complete([n, "tokens", "flops"])
    usable = usable.keep(usable.y > 0, f"{usable.target} is not positive")
    if not usable.clustered:
        raise BadInput("every run has one reading; an envelope needs curves: several rows per run, with a column run")
    _, run, readings = np.unique(usable.cluster, return_inverse=True, return_counts=True)
    usable = usable.keep(readings[run] > 1, "the only reading of its run")
    curves = _interpolated(usable, n)
    inside, winner = _winners(curves)
    if len(np.unique(curves.size[winner[inside]])) < 2:
        count = len(np.unique(curves.size))
        message = f"of {count} sizes, fewer than two have the lowest loss between a smaller and a larger size"
        fix = "train more sizes over the same compute, or use isoflop"
        enforce([Finding("ENVELOPE_NONE", Grade.REFUSE, message, len(usable), fix)])
    at = np.flatnonzero(inside)
    flops, size, seen = curves.flops[at], curves.size[winner[at]], curves.tokens[winner[at], at]
    drawn = _drawn(curves, draws, seed) if draws else None
    ends = [None, None] if drawn is None else [drawn[0][:, at], drawn[1][:, at]]
    noise = _noise(usable)
    close = None if noise is None else _close(curves, at, winner, noise)
    return Envelope(
        scaling(n, flops, np.log(size), ends[0], None),
        scaling("tokens", flops, np.log(seen), ends[1], None),
        frozen(flops), frozen(size), frozen(seen), frozen(np.exp(curves.log_loss[winner[at], at])),
        close, noise, level, usable, (*usable.findings, _curse(close, noise)),
    )  # fmt: skip


def _interpolated(usable: Observations, n: str) -> _Curves:
    """Return every curve at the compute values that at least three sizes cover."""
    compute = np.log(np.asarray(usable.columns["flops"], float))
    runs = [np.flatnonzero(usable.cluster == run) for run in np.unique(usable.cluster)]
    runs = [mine[np.argsort(compute[mine], kind="stable")] for mine in runs]
    grid = np.linspace(compute.min(), compute.max(), _POINTS)
    log_loss = np.full((len(runs), len(grid)), np.inf)
    tokens = np.full_like(log_loss, np.nan)
    for row, mine in enumerate(runs):
        covered = (grid >= compute[mine[0]]) & (grid <= compute[mine[-1]])
        log_loss[row, covered] = np.interp(grid[covered], compute[mine], np.log(usable.y[mine]))
        seen = np.log(np.asarray(usable.columns["tokens"], float)[mine])
        tokens[row, covered] = np.exp(np.interp(grid[covered], compute[mine], seen))
    size = np.array([float(usable.columns[n][mine[-1]]) for mine in runs])
    covering = np.array([len(np.unique(size[np.isfinite(column)])) for column in log_loss.T])
    kept = covering >= _FEWEST_SIZES
    if not kept.any():
        raise BadInput("the curves of three sizes never overlap in compute; train sizes over the same range of compute")
    return _Curves(np.exp(grid[kept]), log_loss[:, kept], size, tokens[:, kept])


def _winners(curves: _Curves) -> tuple[AnyArray, AnyArray]:
    """Return a mask of compute where neither the smallest nor the largest size wins, (p,), and the lowest run, (p,)."""
    winner = curves.log_loss.argmin(axis=0)
    there = np.isfinite(curves.log_loss)
    smallest = np.where(there, curves.size[:, None], np.inf).min(axis=0)
    largest = np.where(there, curves.size[:, None], -np.inf).max(axis=0)
    won = curves.size[winner]
    return (won > smallest) & (won < largest), winner


def _drawn(curves: _Curves, draws: int, seed: int) -> tuple[Array, Array]:
    """Return ln N and ln D of the winner among resampled runs, each (draws, p); NaN if the end of the sizes wins."""
    rng = np.random.default_rng(seed)
    sizes, tokens = (np.full((draws, len(curves.flops)), np.nan) for _ in range(2))
    for draw in range(draws):
        drawn = np.unique(rng.integers(len(curves.size), size=len(curves.size)))
        some = _Curves(curves.flops, curves.log_loss[drawn], curves.size[drawn], curves.tokens[drawn])
        inside, winner = _winners(some)
        at = np.flatnonzero(inside & np.isfinite(some.log_loss.min(axis=0)))
        sizes[draw, at] = np.log(some.size[winner[at]])
        tokens[draw, at] = np.log(some.tokens[winner[at], at])
    return sizes, tokens


def _noise(usable: Observations) -> float | None:
    """Estimate the scatter of readings about their curve from second differences in ln L, robustly."""
    bends = []
    for run in np.unique(usable.cluster):
        mine = np.flatnonzero(usable.cluster == run)
        order = mine[np.argsort(np.asarray(usable.columns["flops"], float)[mine], kind="stable")]
        c, y = np.log(np.asarray(usable.columns["flops"], float)[order]), np.log(usable.y[order])
        if len(order) > 4:
            share = (c[1:-1] - c[:-2]) / np.maximum(c[2:] - c[:-2], 1e-300)
            bend = y[1:-1] - (1 - share) * y[:-2] - share * y[2:]
            size = np.sqrt(1 + (1 - share) ** 2 + share**2)
            bends.append(np.diff(bend / size) / _OVERLAP)
    return float(1.4826 * np.median(np.abs(np.concatenate(bends)))) if bends else None


def _close(curves: _Curves, at: AnyArray, winner: AnyArray, noise: float) -> float:
    """Return the share of points where the best run of another size is within twice the noise of the winner."""
    other = np.where(curves.size[:, None] == curves.size[winner[at]], np.inf, curves.log_loss[:, at])
    return float(np.mean(other.min(axis=0) - curves.log_loss[winner[at], at] < _NOISES * noise))


def _curse(close: float | None, noise: float | None) -> Finding:
    """Return the warning about the winner's curse, with how often it matters here."""
    message = "an envelope takes minima over noisy curves, which favours lucky runs (winner's curse)"
    if close is not None and noise is not None:
        message += f"; at {close:.0%} of its compute another size is within twice the noise of a reading ({noise:.2%})"
    fix = "smooth the curves first (table.smooth), or use isoflop or fit instead"
    return Finding("ENVELOPE_WINNERS_CURSE", Grade.WARN, message, 0, fix)
