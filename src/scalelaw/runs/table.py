"""The table of runs: settings, measurements and exclusions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import numpy as np

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.findings import Answer, Finding, Grade, enforce
from scalelaw.core.nouns.tabular import Columns, Tabular
from scalelaw.core.quantities import QUANTITIES, spelling
from scalelaw.core.rendering import Renderable, Report
from scalelaw.core.types import AnyArray, Array, frozen
from scalelaw.runs.conditions import condition
from scalelaw.runs.export import export_columns
from scalelaw.runs.observations import Observations, Reduction, SetAside
from scalelaw.runs.per_byte import per_byte
from scalelaw.runs.reducing.best import best
from scalelaw.runs.reducing.select import curves, endpoints, evaluations, last_evaluations
from scalelaw.runs.reducing.smooth import trailing_mean
from scalelaw.runs.reducing.suspects import naming
from scalelaw.runs.reducing.sweeps import SWEPT
from scalelaw.runs.show import report, to_dict

_HELD_OUT = ("_val", "_valid", "_validation", "_test", "_eval")


@dataclass(frozen=True, eq=False)
class RunTable(Renderable, Tabular):
    """Measured runs as two tables: runs and their evaluations.

    Attributes:
        runs: column -> one value per run; unrecognised columns keep their names.
        evals: ``run`` (its number), ``target``, ``value``, ``se`` and columns that vary within a run, one entry
            per evaluation.
        source: file or object of the rows.
        read: data rows of the source.
        origins: column -> its source column or formula.
        absent: quantity or target -> why each run lacks it, where some cells were unreadable.
        set_aside: runs excluded so far, by reason.
        findings: warnings of loading.
        notes: assumptions and derived columns, in words.
        rows: number of each run in the source, counted from 1, for runs without a name; None until some are excluded.

    Example:
        >>> import scalelaw.runs as runs
        >>> table = runs.load_runs({"params": [7e9, 1e9], "tokens": [1e12, 2e10], "loss": [2.0, 2.5]})
        >>> len(table.where(params=(2e9, None)).endpoints())
        1
    """

    runs: Mapping[str, AnyArray]
    evals: Mapping[str, AnyArray]
    source: str
    read: int
    origins: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, AnyArray] = field(default_factory=dict)
    set_aside: tuple[SetAside, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    rows: AnyArray | None = None

    def __len__(self) -> int:
        return len(next(iter(self.runs.values()), ()))

    @property
    def names(self) -> AnyArray:
        """The name of each run, ``row 3`` where the source gives none, (runs,)."""
        if "run" in self.runs:
            return np.asarray(self.runs["run"]).astype(str).astype(object)
        return np.array([f"row {row}" for row in self._rows()], dtype=object)

    def _rows(self) -> AnyArray:
        return np.arange(1, len(self) + 1) if self.rows is None else self.rows

    def row_of(self, number: int) -> int:
        """Return the source row of a run, from 1; for runs of several rows its number."""
        return int(self._rows()[number])

    def report(self) -> Report:
        """Return the summary: sources, assumptions and excluded runs."""
        return report(self)

    def to_dict(self) -> dict[str, Any]:
        """Return a summary as plain values for JSON; the rows themselves stay in their file."""
        return to_dict(self)

    def to_columns(self) -> Columns:
        """Return one row per evaluation, in canonical names and units."""
        return export_columns(self)

    @property
    def targets(self) -> tuple[str, ...]:
        """The measured targets, as ``metric@eval_set`` or a bare metric."""
        return tuple(dict.fromkeys(self.evals["target"].tolist()))

    def where(self, /, **conditions: Any) -> "RunTable":
        """Return the runs that meet every condition; the others are excluded, with the condition as reason.

        Args:
            **conditions: column, quantity, ``tokens_per_param`` or target -> a value, a list of values, or a
                range ``(low, high)`` that includes its ends, None leaving an end open.

        Raises:
            BadInput: unknown column, invalid range, or no run is left.
        """
        table = self
        for name, wanted in conditions.items():
            values = table.values(name)
            mask, reason = condition(name, wanted, values)
            if not mask.any():
                have = list(dict.fromkeys(str(value) for value in values[:1000]))
                some = f"{', '.join(have[:5])}{', ...' if len(have) > 5 else ''}"
                raise BadInput(f"where({name}={wanted!r}) leaves no run; {name} is {some or 'empty'}")
            table = table.keep(mask, reason)
        return table

    def exclude_top(self, /, *, reason: str, **counts: int) -> "RunTable":
        """Return the table without the runs that have the k highest values of a target or quantity.

        The last value of a run counts. Runs that tie with the k-th highest go too, so row order never decides.

        Args:
            reason: why, in words; shown wherever a result of this table is.
            **counts: name -> k.

        Raises:
            BadInput: unknown name, empty reason, or no run would be left.
        """
        if not reason.strip():
            raise BadInput('exclude_top needs a reason in words, e.g. reason="as published"')
        if not counts:
            raise BadInput('exclude_top needs a name and a count, e.g. exclude_top(loss=5, reason="as published")')
        table = self
        for name, count in counts.items():
            values = table.values(name)
            if values.dtype != np.float64:
                raise BadInput(f"exclude_top({name}={count}): {name} holds text; name a column of numbers")
            finite = np.sort(values[np.isfinite(values)])
            if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count < len(finite):
                raise BadInput(f"exclude_top({name}={count}): give a whole number from 0 to {len(finite) - 1}")
            if count:
                top = np.isfinite(values) & (values >= finite[-count])
                table = table.keep(~top, f"{count} highest {name}: {reason}")
        return table

    def exclude(self, /, *, reason: str, **conditions: Any) -> "RunTable":
        """Exclude the runs that meet every condition, for the reason given.

        Args:
            reason: why, in words; shown wherever a result of this table is.
            **conditions: as for ``where``; ``run="name"`` or ``run=["a", "b"]`` names runs.

        Raises:
            BadInput: empty reason, unknown column, or the conditions match no run or all.
        """
        if not reason.strip() or not conditions:
            raise BadInput(
                'exclude needs conditions and a reason in words, e.g. exclude(run="a3", reason="wrong data")'
            )
        masks = [self._meeting(name, wanted) for name, wanted in conditions.items()]
        met = np.logical_and.reduce(masks)
        if not met.any() or met.all():
            given = ", ".join(f"{name}={wanted!r}" for name, wanted in conditions.items())
            raise BadInput(f"exclude({given}) matches {'all' if met.any() else 'none'} of the {len(self)} runs")
        return self.keep(~met, reason)

    def _meeting(self, name: str, wanted: Any) -> AnyArray:
        """Return a mask (runs,) of the runs that meet a condition; unnamed runs go by row or by a column of names."""
        met = condition(name, wanted, self.values(name))[0]
        if name == "run" and "run" not in self.runs and not met.any() and (labels := naming(self.runs)):
            return condition(name, wanted, labels[1])[0]
        return met

    def endpoints(self, target: str | None = None, last: int = 1) -> Observations:
        """Return the end point of each run: its last evaluation by tokens, then step, then row.

        Runs without a valid end point are excluded with the reason: unfinished, diverged, undecayed, superseded,
        deleted, impossible.

        Args:
            target: the target to fit; needed only if the table has several.
            last: number of last values of a run to average, with a standard error.

        Raises:
            BadInput: ``last`` is not a positive whole number.
            NeedsAnswer: several targets and none named.
            BadTable: no run has a usable value.
        """
        if isinstance(last, bool) or not isinstance(last, int) or last < 1:
            raise BadInput(f"endpoints(last={last!r}): give a whole number of evaluations, 1 or more")
        return endpoints(self, self.target(target), last)

    def best(self, over: Sequence[str] = SWEPT, target: str | None = None) -> Observations:
        """Return the best run of each swept cell: same size, tokens and recipe, whatever the seed.

        Warnings name the cells whose optimum lies on the edge of the sweep and those with fewer than three runs;
        ``se`` of the rows is the noise of one reading, where the cell shows it.

        Args:
            over: the swept columns.
            target: as for ``endpoints``.

        Raises:
            BadInput: ``over`` is empty or names a column that is not numeric.
            NeedsAnswer: several targets and none named.
            BadTable: no run has a usable value.
        """
        return best(self, self.target(target), over)

    def curves(self, target: str | None = None) -> Observations:
        """Return every evaluation of every run, clustered by run; only for laws that take curves.

        Unfinished and undecayed runs are included; superseded and diverged ones are not. See ``endpoints``.
        """
        return curves(self, self.target(target))

    def reduced(
        self, use: Reduction = "endpoints", target: str | None = None, over: Sequence[str] = SWEPT
    ) -> Observations:
        """Return the rows of a fit by the name of the reduction.

        Raises:
            UnknownName: unknown reduction.
        """
        if use not in get_args(Reduction):
            raise UnknownName.among("reduction in use=", use, get_args(Reduction))
        if use == "best":
            return self.best(over, target)
        return self.curves(target) if use == "curves" else self.endpoints(target)

    def smooth(self, window: int) -> "RunTable":
        """Replace each value by the trailing mean of its run.

        Args:
            window: largest number of values in a mean, including the value itself.

        Raises:
            BadInput: ``window`` is not a positive whole number.
        """
        if isinstance(window, bool) or not isinstance(window, int) or window < 1:
            raise BadInput(f"smooth({window!r}): give a whole number of evaluations, 1 or more")
        values, se = np.array(self.evals["value"]), np.array(self.evals["se"])
        for target in self.targets:
            at = evaluations(self, target)
            values[at] = trailing_mean(self.evals["run"][at], values[at], window)
        if window > 1:
            se[:] = np.nan
        note = f"each value is a trailing mean over up to {window} values of its run"
        evals = {**self.evals, "value": frozen(values), "se": frozen(se)}
        return replace(self, evals=evals, notes=(*self.notes, note))

    def after(self, share: float = 0.1) -> "RunTable":
        """Drop the evaluations of the first part of each run, by tokens or else steps.

        The end of every run stays. Choshen et al. 2024 (arXiv 2410.11840) advise to drop the first tenth.

        Args:
            share: share of a run to drop, in [0, 1).

        Raises:
            BadInput: invalid share, or the evaluations have neither tokens nor steps.
        """
        if not 0 <= share < 1:
            raise BadInput(f"after({share!r}): give a share of a run, from 0 to below 1")
        axis = next((name for name in ("tokens", "steps") if name in self.evals), None)
        if axis is None:
            raise BadInput("after() needs tokens or steps of each evaluation; the table has neither")
        time, run = np.asarray(self.evals[axis], float), self.evals["run"]
        last = np.zeros(len(self))
        np.maximum.at(last, run, np.nan_to_num(time))
        kept = ~(time < share * last[run])
        note = f"{int(np.sum(~kept))} evaluations of the first {share:.0%} of a run are left out"
        evals = {name: frozen(values[kept]) for name, values in self.evals.items()}
        return replace(self, evals=evals, notes=(*self.notes, note))

    def per_byte(self) -> "RunTable":
        """Convert losses to bits per byte and add ``bytes``, so that runs of several tokenizers can be pooled.

        bpb = loss / (ln 2 x bytes_per_token); bytes = tokens x bytes_per_token.

        Raises:
            BadInput: the table has no ``bytes_per_token``, or no loss.
        """
        return per_byte(self)

    def target(self, name: str | None = None) -> str:
        """Return the full name of a target; ``loss@c4`` finds ``loss@c4_val`` where that is unique.

        Raises:
            NeedsAnswer: several targets and none named.
            UnknownName: unknown name.
        """
        targets = self.targets
        if name is None:
            if len(targets) != 1:
                named = ", ".join(targets)
                message = f"{self.source} has {len(targets)} targets ({named})"
                fix = f"choose one with target={targets[0]!r} (CLI: --target {targets[0]})" if targets else ""
                answers = tuple(Answer(f"fit {each}", {"target": each}) for each in targets)
                grade = Grade.ASK if targets else Grade.REFUSE
                enforce([Finding("RUNS_WHICH_TARGET", grade, message, 0, fix, answers)])
            return targets[0]
        if name in targets:
            return name
        alike = [target for target in targets if _stem(target) == _stem(name)]
        if len(alike) == 1:
            return alike[0]
        raise UnknownName.among("target", name, targets)

    def values(self, name: str) -> AnyArray:
        """Return one value per run, (runs,), of a column, quantity, ``tokens_per_param`` or target (its last value).

        Raises:
            UnknownName: unknown name.
        """
        if name in self.runs:
            return self.runs[name]
        if name in self.targets:
            return self._last_value(name)
        if name == "run":
            return self.names
        if name == "tokens_per_param" and {"params", "tokens"} <= set(self.runs):
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.asarray(self.runs["tokens"] / self.runs["params"])
        spelled = [column for column in self.runs if spelling(column) == spelling(name)]
        by_origin = [column for column, origin in self.origins.items() if origin == name and column in self.runs]
        if column := next(iter(spelled + by_origin), None):
            return self.runs[column]
        return self._last_value(self._target_like(name))

    def _target_like(self, name: str) -> str:
        alike = [target for target in self.targets if _stem(target) == _stem(name)]
        if len(alike) != 1:
            raise UnknownName.among("column", name, [*self.runs, *self.targets, "tokens_per_param"])
        return alike[0]

    def _last_value(self, target: str) -> Array:
        at = last_evaluations(self, target)
        values = np.full(len(self), np.nan)
        values[self.evals["run"][at]] = self.evals["value"][at]
        return values

    def keep(self, mask: AnyArray, reason: str) -> "RunTable":
        """Return the runs where ``mask`` (runs,) holds; the others are excluded for the reason."""
        dropped = int(np.sum(~mask))
        if not dropped:
            return self
        kept = mask[self.evals["run"]]
        number = np.cumsum(mask) - 1
        evals = {name: frozen(values[kept]) for name, values in self.evals.items()}
        return replace(
            self,
            runs={name: frozen(values[mask]) for name, values in self.runs.items()},
            evals={**evals, "run": frozen(number[evals["run"]])},
            absent={name: frozen(values[mask]) for name, values in self.absent.items()},
            set_aside=(*self.set_aside, SetAside(reason, dropped)),
            rows=frozen(self._rows()[mask]),
        )

    def quantities(self) -> tuple[str, ...]:
        """Return the canonical columns in the order of the vocabulary, without columns whose cells are lists."""
        lists = {name for name, kind in QUANTITIES.items() if kind.kind == "vector" and self._is_lists(name)}
        return tuple(name for name in QUANTITIES if name in self.runs and name not in lists)

    def _is_lists(self, name: str) -> bool:
        return name in self.runs and self.runs[name].dtype == object


def _stem(target: str) -> str:
    """Return a target's name without words that only mean held out."""
    stem = target.lower()
    for suffix in _HELD_OUT:
        stem = stem.removesuffix(suffix)
    return stem
