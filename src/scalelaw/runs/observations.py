"""The rows of a fit: one target, one row per observation, and a record of every excluded row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from scalelaw.core.components import check_shares, codes, components, kind_of
from scalelaw.core.digest import digest_rows
from scalelaw.core.direction import higher_is_better
from scalelaw.core.errors import BadInput, BadTable
from scalelaw.core.findings import Finding
from scalelaw.core.forecaster import Domain
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.types import AnyArray, Array, frozen
from scalelaw.runs.other_columns import OtherColumns, joined

Reduction = Literal["endpoints", "best", "curves"]
"""How a table becomes rows: one per run, one per swept cell, or every evaluation."""


@dataclass(frozen=True)
class SetAside:
    """Number of excluded rows, and the reason."""

    reason: str
    n: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"reason": self.reason, "n": self.n}


@dataclass(frozen=True, eq=False)
class Observations(Brief, Tabular):
    """One target over the runs that have it, one row per observation.

    Attributes:
        target: the measured metric, as ``metric@eval_set``.
        columns: quantity -> values, each (n,); NaN where missing.
        y: measured values, (n,).
        cluster: the run each row belongs to, (n,); rows of one run are not independent.
        weight: weight of each row in a fit, (n,).
        read: rows of the source, before any exclusion.
        set_aside: rows excluded so far, by reason.
        findings: warnings and questions so far.
        notes: assumptions and derived columns, in words.
        absent: quantity -> why a row lacks it, each (n,), where the cell was not just empty.
        se: standard error of each value, (n,), NaN where unknown; None where all are unknown.
        reduction: how the table became rows.
        levels: the names of a vector's components or of a category's codes.
        names: name of the run of each row, (n,); None for rows without a table.
        others: unrecognised columns of the table, which a formula may use.
        setting: number of the settings of each row's run, seed excluded, (n,); see ``runs.reducing.settings``.
        suspects: names of runs far above their neighbours that no mark explains.
    """

    target: str
    columns: Mapping[str, AnyArray]
    y: Array
    cluster: AnyArray
    weight: Array
    read: int
    set_aside: tuple[SetAside, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    absent: Mapping[str, AnyArray] = field(default_factory=dict)
    se: Array | None = None
    reduction: Reduction = "endpoints"
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: AnyArray | None = None
    others: OtherColumns | None = None
    setting: AnyArray | None = None
    suspects: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.y)

    def to_columns(self) -> Columns:
        """Return one row per observation: the run, its quantities, the target and its weight."""
        names = [] if self.names is None else [("run", self.names)]
        lists = {name: values.tolist() if values.ndim > 1 else values for name, values in self.columns.items()}
        return {**dict(names), **lists, self.target: self.y, "weight": self.weight}

    @property
    def digest(self) -> str:
        """Digest of the rows, independent of their order; run membership counts only where runs have several rows."""
        clusters = {"cluster": self.cluster} if self.clustered else {}
        return digest_rows({**self.columns, "y": self.y, "weight": self.weight, **clusters})

    def digest_of(self, names: Iterable[str]) -> str:
        """Return the digest of the rows as a law sees them: the target and only these columns."""
        return replace(self, columns={name: self.columns[name] for name in names if name in self.columns}).digest

    @property
    def clustered(self) -> bool:
        """Whether some run has more than one row."""
        return len(np.unique(self.cluster)) < len(self)

    def inputs(self, names: Iterable[str]) -> dict[str, Array]:
        """Return the columns of these quantities: numbers (n,), vectors (n, d), categories as codes (n,)."""
        return {
            name: codes(name, self.columns[name], self.levels_of(name))
            if kind_of(name) == "text"
            else np.asarray(self.columns[name], float)
            for name in names
        }

    def levels_of(self, name: str) -> tuple[str, ...]:
        """Return the levels of a category in the order of their codes, alphabetical by default."""
        return self.levels.get(name) or tuple(sorted(set(np.asarray(self.columns[name]).astype(str).tolist())))

    def with_levels(self, names: Iterable[str]) -> "Observations":
        """Return the rows with fixed levels of these categories, so that leaving out rows changes no code."""
        found = {name: self.levels_of(name) for name in names if kind_of(name) == "text" and name in self.columns}
        return replace(self, levels={**self.levels, **found})

    def domain(self) -> dict[str, tuple[float, float]]:
        """Return the range of every numeric quantity that has values."""
        ranges: Domain = {
            name: (float(np.nanmin(values)), float(np.nanmax(values)))
            for name, values in components(self.columns).items()
            if kind_of(name.partition("[")[0]) in ("number", "vector") and len(values) and not np.all(np.isnan(values))
        }
        return dict(ranges)

    def keep(self, mask: AnyArray, reason: str) -> "Observations":
        """Return the rows where ``mask`` holds; the others are counted as excluded for the reason."""
        dropped = int(np.sum(~mask))
        if not dropped:
            return self
        return replace(self.rows(mask), set_aside=(*self.set_aside, SetAside(reason, dropped)))

    def rows(self, index: AnyArray) -> "Observations":
        """Return some rows, by mask or by number, without counting the others as excluded."""
        return replace(
            self,
            columns={name: values[index] for name, values in self.columns.items()},
            y=self.y[index],
            cluster=self.cluster[index],
            weight=self.weight[index],
            absent={name: why[index] for name, why in self.absent.items()},
            se=None if self.se is None else self.se[index],
            names=None if self.names is None else self.names[index],
            others=None if self.others is None else self.others.rows(index),
            setting=None if self.setting is None else self.setting[index],
        )

    def run_names(self) -> AnyArray:
        """Return the run name of each row, (n,); its number for rows without a table."""
        return np.asarray(self.cluster).astype(str).astype(object) if self.names is None else self.names

    def falling(self) -> "Observations":
        """Return the rows with lower values better: a score becomes the error 1 - score, a log-probability a loss.

        Raises:
            BadInput: scores above 1, which are not fractions.
        """
        if not higher_is_better(self.target):
            return self
        if not self.target.startswith("logprob") and len(self) and float(np.nanmax(self.y)) > 1:
            raise BadInput(f"{self.target} reaches {np.nanmax(self.y):g}; give scores as fractions of 1, like 0.62")
        metric, at, eval_set = self.target.partition("@")
        if metric == "logprob":
            note = "a log-probability is read as the loss -logprob"
            return replace(self, y=frozen(-self.y), target=f"loss{at}{eval_set}", notes=(*self.notes, note))
        note = f"higher {metric} is better, so it is read as the error 1 - {metric}"
        return replace(self, y=frozen(1.0 - self.y), target=f"error{at}{eval_set}", notes=(*self.notes, note))

    def weighed(self, name: str) -> "Observations":
        """Return the rows weighted by a column; rows without a positive weight are excluded.

        Raises:
            BadTable: the table has no such column.
        """
        kept = self.complete([name])
        return replace(kept, weight=np.asarray(kept.columns[name], float))

    def complete(self, names: Iterable[str]) -> "Observations":
        """Return the rows with valid, finite values of all these quantities; the others are excluded.

        Raises:
            BadTable: the table lacks a quantity; the message lists those it has.
        """
        kept = self
        for name in names:
            if name not in self.columns:
                raise BadTable(_missing_column(name, self.columns, self.notes))
            if kind_of(name) != "number":
                kept = kept._whole(name)
                continue
            kept = kept._present(name)
            kept = kept.keep(np.isfinite(kept.inputs([name])[name]), f"{name} is infinite")
            if name not in QUANTITIES:  # a formula's column may hold any number
                continue
            if name == "tokens":
                kept = kept.keep(kept.inputs([name])[name] != 0, "unfinished: not trained on any tokens")
            values, kind = kept.inputs([name])[name], QUANTITIES[name]
            possible = values > kind.low if kind.open_low else values >= kind.low
            kept = kept.keep(possible, f"impossible: {name} is {'not positive' if kind.open_low else 'negative'}")
        return kept

    def _whole(self, name: str) -> "Observations":
        """Return the rows with a complete vector or category; refuse shares that do not sum to one."""
        values = np.asarray(self.columns[name])
        if kind_of(name) != "vector":
            return self.keep(np.array([value is not None and value == value for value in values]), f"no {name}")
        kept = self.keep(np.isfinite(np.asarray(values, float)).all(axis=-1), f"no {name}")
        check_shares(name, kept.columns[name])
        return kept

    def _present(self, name: str) -> "Observations":
        """Return the rows that have the quantity; the others are excluded for the reason they lack it."""
        kept = self
        if name in self.absent:
            lacking = np.isnan(self.inputs([name])[name])
            for reason in dict.fromkeys(self.absent[name][lacking].tolist()):
                gone = np.isnan(kept.inputs([name])[name]) & (kept.absent[name] == reason)
                kept = kept.keep(~gone, str(reason))
        return kept.keep(~np.isnan(kept.inputs([name])[name]), f"no {name}")


def stacked(parts: Sequence[Observations], metric: str) -> Observations:
    """Stack the rows of several targets, with the target's name in the category ``eval_set``.

    Args:
        parts: the rows of each target, of one table.
        metric: the metric of all targets.
    """
    names = [part.target.partition("@")[2] for part in parts]
    columns = {name for part in parts for name in part.columns}
    shared = [name for name in columns if all(name in part.columns for part in parts)]
    ses = [np.full(len(part), np.nan) if part.se is None else part.se for part in parts]
    first = parts[0]
    return replace(
        first,
        target=metric,
        columns={name: frozen(np.concatenate([part.columns[name] for part in parts])) for name in shared}
        | {"eval_set": frozen(np.repeat(np.array(names, dtype=object), [len(part) for part in parts]))},
        y=frozen(np.concatenate([part.y for part in parts])),
        cluster=frozen(np.concatenate([part.cluster for part in parts])),
        weight=frozen(np.concatenate([part.weight for part in parts])),
        read=sum(part.read for part in parts),
        set_aside=tuple(
            SetAside(f"{gone.reason} ({name})", gone.n)
            for part, name in zip(parts, names, strict=True)
            for gone in part.set_aside
        ),
        notes=(*first.notes, f"{len(parts)} outputs are stacked: {', '.join(names)}"),
        absent={},
        names=np.concatenate([part.run_names() for part in parts]),
        others=joined([part.others for part in parts]),
        setting=_settings(parts),
        se=frozen(np.concatenate(ses)) if np.isfinite(np.concatenate(ses)).any() else None,
        levels={**first.levels, "eval_set": tuple(names)},
    )


def _settings(parts: Sequence[Observations]) -> AnyArray | None:
    known = [part.setting for part in parts if part.setting is not None]
    return np.concatenate(known) if len(known) == len(parts) else None


def _missing_column(name: str, columns: Mapping[str, AnyArray], notes: Iterable[str]) -> str:
    have = [column for column in columns if kind_of(column) == "number"]
    advice = f'name the column with columns={{"{name}": "..."}} (CLI: --column {name}=...)'
    if name == "mixture":
        advice = 'rename the columns of shares to mixture.<domain>, or name them with columns={"mixture": "train_*"}'
    elif name.startswith("params") and (other := [column for column in have if column.startswith("params")]):
        advice = f"if the law has an option n, write [n={other[0]}] after its name"
    elif name == "tokens" and "steps" in have:
        advice += ', or compute it with derive={"tokens": "steps * batch * seq_len"} (CLI: --derive)'
    hint = next((f"; {note}" for note in notes if note.startswith(f"no column is {name};")), "")
    if (logged := hint.partition(" with derive=")[2]) and name in ("params", "tokens"):
        advice, hint = f"state it with derive={logged}", ""
    elif "; if '" in hint:
        advice, hint = hint.removeprefix("; "), ""
    return f"the law takes {name}, but the table has {', '.join(have) or 'no quantity'}; {advice}{hint}"
