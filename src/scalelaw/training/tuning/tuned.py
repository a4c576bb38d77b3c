"""The result of a search over base rate and batch: constants, curvature of the optimum, and warnings.

code           grade  when
TUNE_EDGE      warn   the best rate, or batch, is the lowest or highest tried
TUNE_NO_BOWL   warn   too few trials, or no worse ones around the best, so the curvature is unknown
TUNE_FLAT      warn   the interval of the best rate is wider than a factor of two
TUNE_FAILED    warn   some trials could not be trained
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from scalelaw.core.errors import FitFailed
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.ladder import Ladder, Recipe
from scalelaw.ladder.grid import shown
from scalelaw.ladder.recipe import RATES
from scalelaw.training.tuning.bowl import Bowl, bowl
from scalelaw.training.tuning.space import Space

_LEVEL = 0.9
_FLAT = 2.0
_DIGITS = 3


@dataclass(frozen=True)
class Trial:
    """One trial of a search.

    Attributes:
        number: index, from 0.
        lr_octaves: log2 of the factor on every rate of the recipe.
        batch_octaves: log2 of the factor on its batch.
        losses: held-out loss of each width, nats per token, infinite if diverged; None if one failed.
    """

    number: int
    lr_octaves: float
    batch_octaves: int
    losses: tuple[float, ...] | None

    @property
    def log_loss(self) -> float:
        """Mean ln loss of the widths, the objective; infinite without losses."""
        return math.inf if self.losses is None else float(np.mean(np.log(self.losses)))


@dataclass(frozen=True, eq=False)
class Tuned(Renderable, Tabular):
    """A tuned ladder.

    Attributes:
        space: the search space.
        out: folder of the runs and the study.
        trials: the trials, in order.
        bowl: bowl fitted to ln loss over octaves times ln 2; None if it cannot be fitted.
        lr_octaves: log2 of the chosen factor on every rate.
        batch_octaves: log2 of the chosen factor on the batch.
        failed: job -> why it failed.
    """

    space: Space
    out: Path
    trials: tuple[Trial, ...]
    bowl: Bowl | None
    lr_octaves: float
    batch_octaves: int
    failed: Mapping[str, str] = field(hash=False)

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe of the ladder with the chosen constants, rates to three digits."""
        given = self.space.ladder.recipe
        scaled = given.with_lr(2.0**self.lr_octaves)
        rates = {name: float(f"{getattr(scaled, name):.{_DIGITS}g}") for name in RATES}
        batch = {"batch_tokens": round(given.batch_tokens * 2.0**self.batch_octaves)} if self.batch_octaves else {}
        return given.replaced(**rates, **batch)

    @property
    def ladder(self) -> Ladder:
        """The ladder with that recipe.

        Raises:
            BadInput: a rung cannot be trained with the chosen batch.
        """
        return replace(self.space.ladder, recipe=self.recipe)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 90 % interval of the best factor on the rates; None without a bowl, or with its minimum at an end."""
        if self.bowl is None or self.bowl.edge:
            return None
        return math.exp(self.bowl.interval[0]), math.exp(self.bowl.interval[1])

    @property
    def cost_of_two(self) -> float | None:
        """Relative increase of the loss if every rate is off by a factor of two; None if unknown."""
        return None if self.bowl is None else self.bowl.cost(2.0)

    @property
    def gain(self) -> float | None:
        """Relative decrease of the loss from the given recipe to the best trial; None if the recipe diverged."""
        given = next(each for each in self.trials if (each.lr_octaves, each.batch_octaves) == (0.0, 0))
        best = min(each.log_loss for each in self.trials)
        return 1 - math.exp(best - given.log_loss) if math.isfinite(given.log_loss) else None

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Warnings about the search."""
        return tuple(_doubts(self))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        tried = {"widths": list(self.space.widths), "tokens": self.space.tokens}
        bottom = None
        if self.bowl is not None:
            bottom = {"interval": self.interval, "level": _LEVEL, "rmse": self.bowl.rmse, "used": self.bowl.used}
        return {
            "schema": "scalelaw.tuned/1",
            "ladder": self.space.ladder.name,
            "out": str(self.out),
            **tried,
            "recipe": {name: getattr(self.recipe, name) for name in (*RATES, "batch_tokens")},
            "lr_factor": 2.0**self.lr_octaves,
            "batch_factor": 2.0**self.batch_octaves,
            "bowl": bottom,
            "cost_of_two": self.cost_of_two,
            "gain": self.gain,
            "failed": dict(self.failed),
            "findings": [each.to_dict() for each in self.findings],
            "trials": [
                {
                    "number": each.number,
                    "lr_factor": 2.0**each.lr_octaves,
                    "batch_factor": 2.0**each.batch_octaves,
                    "losses": None if each.losses is None else list(each.losses),
                }
                for each in self.trials
            ],
        }

    def to_columns(self) -> Columns:
        """Return one row per trial."""
        return columns_of(self.to_dict()["trials"])

    def report(self) -> Report:
        """Return the trials, best first, the chosen constants, and the curvature."""
        widths = self.space.widths
        head = ["trial", "rates x", "batch x", *(f"loss w{width}" for width in widths), ""]
        rows = [_row(each, len(widths)) for each in sorted(self.trials, key=lambda each: each.log_loss)]
        lines = [("chosen", f"every rate x {2**self.lr_octaves:.3g}{self._batch_factor()}{self._sure()}")]
        chosen = (*RATES, *(["batch_tokens"] if self.batch_octaves else []))
        lines += [("", f"{name} = {getattr(self.recipe, name)!r}") for name in chosen]
        if self.cost_of_two is not None:
            lines.append(("sharp", f"rates off by a factor of 2 cost {self.cost_of_two:.2%} of the loss"))
        if self.gain is not None:
            gain = f"the best trial is {self.gain:.2%} below the given recipe"
            lines.append(("gain", gain if self.gain else "no trial is better than the given recipe"))
        lines += [("failed", f"{name}: {why}") for name, why in self.failed.items()]
        lines += [("warn", f"{each} [{each.code}]") for each in self.findings]
        where = f"{' and '.join(f'width {width}' for width in widths)} at {shown(self.space.tokens)} tokens"
        title = f"tuning of {self.space.ladder.name}: {where}, {len(self.trials)} trials in {self.out}"
        return Report(title, [Table([head, *rows], right=range(3 + len(widths))), Lines(lines)])

    def _batch_factor(self) -> str:
        return f", batch x {2.0**self.batch_octaves:g}" if len(self.space.batches) > 1 else ""

    def _sure(self) -> str:
        return (
            ""
            if self.interval is None
            else f"; {_LEVEL:.0%} interval x {self.interval[0]:.2f} to {self.interval[1]:.2f}"
        )


def tuned(space: Space, out: Path, trials: tuple[Trial, ...], failed: Mapping[str, str]) -> Tuned:
    """Return the result of these trials.

    The batch is that of the best trial, unless another batch of the bowl is lower by more than the bowl's residuals:
    batches are octaves apart, and a quadratic through five of them can be misleading.

    Raises:
        FitFailed: no trial has a loss.
    """
    best = min(trials, key=lambda each: each.log_loss)
    if not math.isfinite(best.log_loss):
        why = "; ".join(failed.values()) or "every loss diverged, also at the recipe's own rate"
        raise FitFailed(f"no trial has a loss: {why}")
    rates = np.array([each.lr_octaves for each in trials]) * math.log(2)
    batches = np.array([each.batch_octaves for each in trials]) * math.log(2)
    losses = np.array([each.log_loss for each in trials])
    found = bowl(rates, losses, batches, level=_LEVEL)
    own = best.batch_octaves * math.log(2)
    if found is not None and any(
        abs(batch - own) < 1e-6 and value - found.value <= found.rmse for batch, value in found.by_batch.items()
    ):
        found = bowl(rates, losses, batches, at_batch=own, level=_LEVEL)
    if found is None:
        same = batches == own
        found = bowl(rates[same], losses[same], batches[same], level=_LEVEL)
    if found is None or found.curvature is None:
        return Tuned(space, out, trials, None, best.lr_octaves, best.batch_octaves, failed)
    octaves = found.log_lr / math.log(2), round(found.log_batch / math.log(2))
    return Tuned(space, out, trials, found, *octaves, failed)


def _row(trial: Trial, widths: int) -> list[str]:
    losses = ["failed"] * widths if trial.losses is None else [_loss(each) for each in trial.losses]
    given = "as given" if (trial.lr_octaves, trial.batch_octaves) == (0.0, 0) else ""
    return [str(trial.number), f"{2**trial.lr_octaves:.3g}", f"{2.0**trial.batch_octaves:g}", *losses, given]


def _loss(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "diverged"


def _doubts(found: Tuned) -> list[Finding]:
    doubts = []
    if found.bowl is None:
        fix = "raise trials, or widen the rates tried with within="
        doubts.append(_warn("TUNE_NO_BOWL", "the curvature of the optimum is unknown; the best trial is used", fix))
    ends = {round(found.space.lr_octaves, 2), round(-found.space.lr_octaves, 2)}
    best = min(found.trials, key=lambda each: each.log_loss)
    if best.lr_octaves in ends or (found.bowl is not None and found.bowl.edge):
        message = f"the best rate, x {2**found.lr_octaves:.3g}, is at an end of the tried range"
        doubts.append(_warn("TUNE_EDGE", message, "tune again from the recipe it gives, or raise within"))
    batches = found.space.batches
    if found.batch_octaves and found.batch_octaves in (batches[0], batches[-1]):
        message = f"the best batch, x {2.0**found.batch_octaves:g}, is at an end of the tried range"
        doubts.append(_warn("TUNE_EDGE", message, "tune again from the recipe it gives"))
    if found.interval is not None and (wide := found.interval[1] / found.interval[0]) > _FLAT:
        message = f"the interval of the best rate spans a factor of {wide:.2g}"
        doubts.append(_warn("TUNE_FLAT", message, "raise trials; within the interval the choice hardly matters"))
    if failed := sum(each.losses is None for each in found.trials):
        doubts.append(_warn("TUNE_FAILED", f"{failed} of {len(found.trials)} trials could not be trained", "", failed))
    return doubts


def _warn(code: str, message: str, fix: str, rows: int = 0) -> Finding:
    return Finding(code, Grade.WARN, message, rows, fix)
