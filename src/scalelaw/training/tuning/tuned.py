"""What a search over base rate and batch found: the constants, how sharp the optimum is, and what is doubtful.

code           grade  when
TUNE_EDGE      warn   the best rate, or batch, is the lowest or highest that was tried
TUNE_NO_BOWL   warn   too few trials, or none worse around the best one: how sharp the optimum is stays unknown
TUNE_FLAT      warn   the interval of the best rate is wider than a factor of two
TUNE_FAILED    warn   trials that could not be trained
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
    """One place of a search.

    Attributes:
        number: from 0.
        lr_octaves: log2 of the factor on every rate of the recipe.
        batch_octaves: log2 of the factor on its batch.
        losses: held-out loss of each width in nats per token, infinite where it diverged; None where one failed.
    """

    number: int
    lr_octaves: float
    batch_octaves: int
    losses: tuple[float, ...] | None

    @property
    def log_loss(self) -> float:
        """Mean ln loss of the widths: what is searched for its least; infinite where there is none."""
        return math.inf if self.losses is None else float(np.mean(np.log(self.losses)))


@dataclass(frozen=True, eq=False)
class Tuned(Renderable, Tabular):
    """A tuned ladder.

    Attributes:
        space: what was searched.
        out: folder of the runs and the study.
        trials: in order.
        bowl: fitted to ln loss over octaves times ln 2; None where it cannot be.
        lr_octaves: log2 of the factor chosen for every rate.
        batch_octaves: log2 of the factor chosen for the batch.
        failed: job -> why it could not be done.
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
        """The recipe of the ladder with the constants chosen: rates to three digits."""
        given = self.space.ladder.recipe
        scaled = given.with_lr(2.0**self.lr_octaves)
        rates = {name: float(f"{getattr(scaled, name):.{_DIGITS}g}") for name in RATES}
        batch = {"batch_tokens": round(given.batch_tokens * 2.0**self.batch_octaves)} if self.batch_octaves else {}
        return given.replaced(**rates, **batch)

    @property
    def ladder(self) -> Ladder:
        """The ladder with that recipe.

        Raises:
            BadInput: a rung of it cannot be trained with the batch chosen.
        """
        return replace(self.space.ladder, recipe=self.recipe)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 90 % interval of the best factor on the rates; None without a bowl, or where its bottom is an end."""
        if self.bowl is None or self.bowl.edge:
            return None
        return math.exp(self.bowl.interval[0]), math.exp(self.bowl.interval[1])

    @property
    def cost_of_two(self) -> float | None:
        """The share by which the loss rises where every rate is off by a factor of two; None where it is not known."""
        return None if self.bowl is None else self.bowl.cost(2.0)

    @property
    def gain(self) -> float | None:
        """The share by which the loss falls from the recipe as given, by the best trial; None where that diverged."""
        given = next(each for each in self.trials if (each.lr_octaves, each.batch_octaves) == (0.0, 0))
        best = min(each.log_loss for each in self.trials)
        return 1 - math.exp(best - given.log_loss) if math.isfinite(given.log_loss) else None

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What is doubtful."""
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
        """Return one row a trial."""
        return columns_of(self.to_dict()["trials"])

    def sheet(self) -> Report:
        """Return the trials, best first, what was chosen, and how sharp it is."""
        widths = self.space.widths
        head = ["trial", "rates x", "batch x", *(f"loss w{width}" for width in widths), ""]
        rows = [_row(each, len(widths)) for each in sorted(self.trials, key=lambda each: each.log_loss)]
        said = [("chosen", f"every rate x {2**self.lr_octaves:.3g}{self._batch_said()}{self._sure()}")]
        chosen = (*RATES, *(["batch_tokens"] if self.batch_octaves else []))
        said += [("", f"{name} = {getattr(self.recipe, name)!r}") for name in chosen]
        if self.cost_of_two is not None:
            said.append(("sharp", f"rates off by a factor of 2 cost {self.cost_of_two:.2%} of the loss"))
        if self.gain is not None:
            gain = f"the best trial is {self.gain:.2%} below the recipe as given"
            said.append(("gain", gain if self.gain else "no trial is better than the recipe as given"))
        said += [("failed", f"{name}: {why}") for name, why in self.failed.items()]
        said += [("warn", f"{each} [{each.code}]") for each in self.findings]
        where = f"{' and '.join(f'width {width}' for width in widths)} at {shown(self.space.tokens)} tokens"
        title = f"tuning of {self.space.ladder.name}: {where}, {len(self.trials)} trials in {self.out}"
        return Report(title, [Table([head, *rows], right=range(3 + len(widths))), Lines(said)])

    def _batch_said(self) -> str:
        return f", batch x {2.0**self.batch_octaves:g}" if len(self.space.batches) > 1 else ""

    def _sure(self) -> str:
        return (
            ""
            if self.interval is None
            else f"; {_LEVEL:.0%} interval x {self.interval[0]:.2f} to {self.interval[1]:.2f}"
        )


def tuned(space: Space, out: Path, trials: tuple[Trial, ...], failed: Mapping[str, str]) -> Tuned:
    """Return what these trials say.

    The batch is that of the best trial, unless the bowl puts another lower by more than it misses the values it was
    fitted to: batches are octaves apart, and a quadratic through five of them bends where it should not.

    Raises:
        FitFailed: none of them has a loss.
    """
    best = min(trials, key=lambda each: each.log_loss)
    if not math.isfinite(best.log_loss):
        why = "; ".join(failed.values()) or "every loss diverged, the recipe's own rate included"
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
        doubts.append(_warn("TUNE_NO_BOWL", "how sharp the optimum is cannot be told: the best trial is chosen", fix))
    ends = {round(found.space.lr_octaves, 2), round(-found.space.lr_octaves, 2)}
    best = min(found.trials, key=lambda each: each.log_loss)
    if best.lr_octaves in ends or (found.bowl is not None and found.bowl.edge):
        message = f"the best rate, x {2**found.lr_octaves:.3g}, is an end of what was tried"
        doubts.append(_warn("TUNE_EDGE", message, "go on from the recipe it gives, or raise within"))
    batches = found.space.batches
    if found.batch_octaves and found.batch_octaves in (batches[0], batches[-1]):
        message = f"the best batch, x {2.0**found.batch_octaves:g}, is an end of what was tried"
        doubts.append(_warn("TUNE_EDGE", message, "go on from the recipe it gives"))
    if found.interval is not None and (wide := found.interval[1] / found.interval[0]) > _FLAT:
        message = f"the interval of the best rate spans a factor of {wide:.2g}"
        doubts.append(_warn("TUNE_FLAT", message, "raise trials; inside it the choice hardly matters"))
    if failed := sum(each.losses is None for each in found.trials):
        doubts.append(_warn("TUNE_FAILED", f"{failed} of {len(found.trials)} trials could not be trained", "", failed))
    return doubts


def _warn(code: str, message: str, fix: str, rows: int = 0) -> Finding:
    return Finding(code, Grade.WARN, message, rows, fix)
