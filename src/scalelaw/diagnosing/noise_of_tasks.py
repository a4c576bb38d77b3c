"""The result of ``eval_noise``: one row per task, the verdicts, and decisions between recipes."""

from dataclasses import dataclass
from typing import Any

from scalelaw.core.findings import Finding
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import counted, format_number
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.diagnosing.recipe_decisions import Decisions
from scalelaw.diagnosing.worth import SIGNAL_TO_NOISE, WORTH

_SHOWN = 6


@dataclass(frozen=True)
class TaskNoise:
    """The noise of one task's score; None marks what the runs do not show.

    Attributes:
        target: the metric and task.
        score: value of the largest run, where item noise is computed.
        chance: score of guessing, or None.
        runs: end points.
        items: number of items n, or None.
        items_from: where n comes from: stated, table, per item, stderr or benchmark.
        design_effect: factor of the item variance from clusters of items.
        interval: Wilson's interval of ``score``, or None.
        item_sd: standard error from items and clusters.
        seed_sd: standard deviation between seeds.
        seed_settings: settings with several seeds.
        checkpoint_sd: standard deviation between the last checkpoints of a run.
        checkpoint_runs: runs with enough of them.
        total_sd: items and the larger of seeds and checkpoints together.
        item_correlation: correlation over items between two models, or None.
        smallest_gain: difference of two models that the items resolve.
        smallest_gain_of_runs: that which two single runs resolve, with the noise between runs.
        items_needed: items of each model for the gain asked about, or None.
        signal: highest minus lowest end value.
        noise: standard deviation of one reading, from step to step where known.
        noise_from: checkpoints, seeds or items.
        verdict: worth forecasting, not above chance, saturated, too noisy, noise unknown or single run.
    """

    target: str
    score: float
    chance: float | None
    runs: int
    items: float | None
    items_from: str
    design_effect: float
    interval: tuple[float, float] | None
    item_sd: float | None
    seed_sd: float | None
    seed_settings: int
    checkpoint_sd: float | None
    checkpoint_runs: int
    total_sd: float | None
    item_correlation: float | None
    smallest_gain: float | None
    smallest_gain_of_runs: float | None
    items_needed: int | None
    signal: float
    noise: float | None
    noise_from: str
    verdict: str

    @property
    def name(self) -> str:
        """The task without its metric."""
        return self.target.partition("@")[2] or self.target

    @property
    def signal_to_noise(self) -> float | None:
        """Signal over noise, or None where the noise is not known."""
        return self.signal / self.noise if self.noise else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            **values,
            "interval": None if self.interval is None else list(self.interval),
            "signal_to_noise": self.signal_to_noise,
        }


@dataclass(frozen=True)
class EvalNoise(Renderable, Tabular):
    """The noise of the scores of a table, one row per task.

    Attributes:
        tasks: one per target.
        decisions: how often each smaller size orders recipes as the largest does, over the tasks above chance.
        recipe: the column of recipes, empty without one.
        gain: the difference asked about.
        level: of tests and intervals.
        power: of tests.
        notes: tasks that are left out, and why.
        findings: what to doubt.
    """

    tasks: tuple[TaskNoise, ...]
    decisions: tuple[Decisions, ...]
    recipe: str
    gain: float
    level: float
    power: float
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def __getitem__(self, target: str) -> TaskNoise:
        """Return the row of a target, by its full name or that of its task."""
        found = next((task for task in self.tasks if target in (task.target, task.name)), None)
        if found is None:
            raise KeyError(target)
        return found

    @property
    def worth(self) -> tuple[str, ...]:
        """The targets that are worth forecasting."""
        return tuple(task.target for task in self.tasks if task.verdict == WORTH)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "schema": "scalelaw.eval-noise/1",
            "gain": self.gain,
            "level": self.level,
            "power": self.power,
            "tasks": [task.to_dict() for task in self.tasks],
            "worth": list(self.worth),
            "recipe": self.recipe,
            "decisions": [each.to_dict() for each in self.decisions],
            "notes": list(self.notes),
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def to_columns(self) -> Columns:
        """Return one row per task."""
        rows = []
        for task in self.tasks:
            row = task.to_dict()
            low, high = row.pop("interval") or (None, None)
            rows.append({**row, "interval_lo": low, "interval_hi": high})
        return columns_of(rows)

    def report(self) -> Report:
        """Return the table of tasks, the verdict and the decisions."""
        head = (
            "task", "score", "items", "item SD", "seed SD", "checkpoint SD", "total SD", "gain", "of runs",
            f"items for {self.gain:g}", "S/N", "verdict",
        )  # fmt: skip
        rows = [head, *(_cells(task) for task in self.tasks)]
        kept = [at for at in range(len(head)) if at == 0 or any(row[at] for row in rows[1:])]
        right = [new for new, at in enumerate(kept) if 0 < at < len(head) - 1]
        table = Table([[row[at] for at in kept] for row in rows], right=right)
        title = f"Noise of {counted(len(self.tasks), 'task')}, level {self.level:g}, power {self.power:g}"
        return Report(title, [table, Lines([*self._verdict(), *self._about()], width=12)])

    def _verdict(self) -> list[tuple[str, str]]:
        worth = [task.name for task in self.tasks if task.verdict == WORTH]
        others = {task.verdict for task in self.tasks} - {WORTH}
        apart = [f"{sum(task.verdict == each for task in self.tasks)} {each}" for each in sorted(others)]
        named = f": {_some(worth)}" if worth else ""
        rest = f"; {', '.join(apart)}" if apart else ""
        lines = [("verdict", f"{len(worth)} of {counted(len(self.tasks), 'task')} worth forecasting{named}{rest}")]
        test = (
            "the largest run is above chance and below 1 by more than its noise, and the scores spread over at least "
            f"{SIGNAL_TO_NOISE:g} times the noise of one (S/N), and more than noise alone spreads so many runs"
        )
        lines.append(("", f"worth forecasting: {test}"))
        for each in self.decisions:
            low, high = each.chance
            resolved = (
                f", {each.share_resolved:.0%} of the {each.resolved} that differ at the largest by more than item noise"
                if each.resolved
                else ""
            )
            lines.append(
                (
                    "decisions",
                    f"{format_number(each.params)} params order {counted(each.recipes, 'recipe')} as "
                    f"{format_number(each.against)} do in {each.share:.0%} of {counted(each.pairs, 'pair')} over "
                    f"{counted(each.tasks, 'task')}{resolved}; by chance {low:.0%} to {high:.0%}",
                )
            )
        return lines

    def _about(self) -> list[tuple[str, str]]:
        lines = []
        if any(task.smallest_gain is not None for task in self.tasks):
            pairs = [task.item_correlation for task in self.tasks if task.item_correlation is not None]
            how = "two models on the same items, paired" if pairs else "two models, unpaired"
            runs = any(task.smallest_gain_of_runs is not None for task in self.tasks)
            more = "; of runs: with the noise between runs" if runs else ""
            lines.append(("gain", f"smallest that the items resolve, {how}{more}"))
        widened = [task for task in self.tasks if task.design_effect > 1]
        if widened:
            most = max(task.design_effect for task in widened)
            lines.append(("clusters", f"items that belong together widen the item variance by up to {most:.3g} times"))
        sources = sorted({task.items_from for task in self.tasks if task.items_from})
        words = {
            "stated": "as stated", "table": "column n_items", "per item": "counted per item",
            "stderr": "from the standard errors", "benchmark": "usual size of the benchmark",
        }  # fmt: skip
        if sources:
            lines.append(("items", ", ".join(words[each] for each in sources)))
        lines += [("note", note) for note in self.notes]
        return lines + [("warn", f"{finding} [{finding.code}]") for finding in self.findings]


def _cells(task: TaskNoise) -> tuple[str, ...]:
    ratio = task.signal_to_noise
    return (
        task.target,
        f"{task.score:.4f}",
        "" if task.items is None else f"{task.items:,.0f}",
        *map(_sd, (task.item_sd, task.seed_sd, task.checkpoint_sd, task.total_sd)),
        _sd(task.smallest_gain),
        _sd(task.smallest_gain_of_runs),
        "" if task.items_needed is None else f"{task.items_needed:,}",
        "" if ratio is None else f"{ratio:.3g}",
        task.verdict,
    )


def _sd(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
