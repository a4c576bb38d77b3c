"""The rows of the detector: scores as counts along one scale, with loss, size, seeds and a continuous metric beside."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.direction import higher_is_better
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.quantities import SHARES
from scalelaw.core.types import AnyArray, Array
from scalelaw.diagnosing.onsets.forms import Counts
from scalelaw.runs.chance import ask_chance, one_chance
from scalelaw.runs.observations import Observations, Reduction
from scalelaw.runs.table import RunTable

AXES = ("flops", "params", "tokens", "loss")
_SIZES = ("params", "params_non_embedding", "params_active")
_TIMES = ("tokens", "steps", "flops")
_ALIKE = 1e-6


@dataclass(frozen=True, eq=False)
class Scale(Brief):
    """The scale along which a score is judged.

    Attributes:
        name: ``flops``, ``params``, ``tokens`` or ``loss``.
        x: place of each row: log10 of the quantity, or minus the loss, (n,).
    """

    name: str
    x: Array

    @property
    def middle(self) -> float:
        """The middle of the range."""
        return float(self.x.min() + self.x.max()) / 2

    @property
    def half(self) -> float:
        """Half the range."""
        return float(np.ptp(self.x)) / 2

    @property
    def u(self) -> Array:
        """Places scaled to -1 ... 1, (n,)."""
        return (self.x - self.middle) / self.half

    def value(self, u: "AnyArray | float | list[float]") -> Array:
        """Return the quantity at scaled places."""
        x = self.middle + self.half * np.asarray(u, float)
        return np.asarray(-x if self.name == "loss" else 10.0**x)


@dataclass(frozen=True, eq=False)
class Scores(Brief):
    """What the detector reads.

    Attributes:
        target: the score; an error is turned into one.
        scale: where each row lies.
        y: share of right items, (n,).
        n: items behind each, (n,).
        g: chance.
        nll: positive continuous metric, lower is better, (n,), NaN where missing; None without one.
        continuous: its name, or None.
        loss: loss of each row, (n,), or None.
        size: parameters of each row, (n,), or None.
        cell: number of rows that differ in their seed only, (n,).
    """

    target: str
    scale: Scale
    y: Array
    n: Array
    g: float
    nll: Array | None
    continuous: str | None
    loss: Array | None
    size: Array | None
    cell: AnyArray

    @property
    def counts(self) -> Counts:
        """The scores as counts along the scale."""
        return self.along(self.scale)

    def along(self, scale: Scale) -> Counts:
        """Return the scores as counts along another scale of the same rows."""
        return Counts(scale.u, self.y, self.n, np.full(len(self.y), self.g))

    @property
    def places(self) -> int:
        """Number of different scales."""
        return len(np.unique(self.cell))


def read_scores(table: RunTable, target: str, continuous: str | None, axis: str | None, use: Reduction) -> Scores:
    """Return the rows of a score, with what the table has beside it.

    Raises:
        BadInput: the target is not a score, or the table lacks chance, ``n_items`` or a scale.
        UnknownName: an unknown target or axis.
    """
    if axis is not None and axis not in AXES:
        raise UnknownName.among("axis", axis, AXES)
    name = table.target(target)
    if name.partition("@")[0] not in SHARES:
        shares = [each for each in table.targets if each.partition("@")[0] in SHARES]
        have = f"it has {', '.join(shares)}" if shares else "it has none"
        raise BadInput(f"{name} is not a share of right items; name a score or an error of the table as target; {have}")
    observed = table.reduced(use, name)
    g = one_chance(observed)
    if g is None:
        raise BadInput(f"{name} has no chance; {ask_chance(name)}")
    columns = _beside(table, observed, continuous, use)
    scale = _scale(columns, axis)
    kept = np.isfinite(columns[scale]) & np.isfinite(columns["n_items"]) & np.isfinite(observed.y)
    kept &= (columns["n_items"] > 0) & ((columns[scale] > 0) | (scale == "loss"))
    columns = {key: values[kept] for key, values in columns.items()}
    y = 1 - observed.y[kept] if name.partition("@")[0] == "error" else observed.y[kept]
    if len(y) and not (y.min() >= 0 and y.max() <= 1):
        raise BadInput(f"{name} goes from {y.min():g} to {y.max():g}; give scores as fractions of 1, like 0.62")
    x = -columns["loss"] if scale == "loss" else np.log10(columns[scale])
    if len(y) < 1 or np.ptp(x) == 0:
        raise BadInput(f"{name} has one value of {scale} only; emergence needs several scales")
    return Scores(
        target=name,
        scale=Scale(scale, x),
        y=y,
        n=columns["n_items"],
        g=g,
        nll=columns.get("nll"),
        continuous=None if continuous is None else table.target(continuous),
        loss=columns.get("loss"),
        size=next((columns[each] for each in _SIZES if each in columns), None),
        cell=_cells([columns[each] for each in (*_SIZES, "tokens", "flops", scale) if each in columns]),
    )


def _beside(table: RunTable, observed: Observations, continuous: str | None, use: Reduction) -> dict[str, Array]:
    """Return the numeric columns of the rows, with the loss and the continuous metric of the same runs."""
    wanted = (*_SIZES, "tokens", "flops", "n_items")
    columns = {name: np.asarray(observed.columns[name], float) for name in wanted if name in observed.columns}
    if "n_items" not in columns or not np.isfinite(columns["n_items"]).any():
        raise BadInput(
            f"{observed.target} has no n_items, the items behind each score, which set its noise; add such a column, "
            "or name it with columns= (CLI: --column n_items=...)"
        )
    losses = [name for name in table.targets if name.partition("@")[0] == "loss" and name != continuous]
    if losses:
        columns["loss"] = _joined(table.reduced(use, losses[0]), observed)
    if continuous is not None:
        name = table.target(continuous)
        columns["nll"] = _positive(name, _joined(table.reduced(use, name), observed))
    return columns


def _positive(name: str, values: Array) -> Array:
    """Return a continuous metric as a positive number that falls as models get better."""
    known = values[np.isfinite(values)]
    if not len(known):
        raise BadInput(f"no run has both the score and {name}")
    if name.partition("@")[0] in SHARES and known.min() > 0:
        return -np.log(values) if higher_is_better(name) else values
    flipped = -values if known.max() <= 0 else values  # log-probabilities, or their negatives
    if not np.nanmin(flipped) > 0:
        raise BadInput(f"{name} goes from {known.min():g} to {known.max():g}; give one sign, as log-probabilities have")
    return np.asarray(flipped)


def _scale(columns: dict[str, Array], axis: str | None) -> str:
    have = [name for name in AXES if name in columns and len(np.unique(columns[name][np.isfinite(columns[name])])) > 1]
    if axis is not None:
        if axis not in columns:
            raise BadInput(f"axis={axis!r}: the rows have no {axis}; they have {', '.join(have) or 'no scale'}")
        return axis
    if not have:
        raise BadInput("the rows have no scale that varies; add a column of flops, params, tokens or loss")
    return have[0]


def _joined(measured: Observations, observed: Observations) -> Array:
    """Return the values of another metric for the rows of the score: same run, same time."""
    value = dict(zip(_keys(measured), measured.y.tolist(), strict=True))
    return np.array([value.get(key, np.nan) for key in _keys(observed)])


def _keys(rows: Observations) -> list[tuple[object, ...]]:
    runs = (rows.cluster if rows.names is None else rows.names).tolist()
    if rows.reduction != "curves":
        return [(run,) for run in runs]
    times = [np.asarray(rows.columns[name], float).tolist() for name in _TIMES if name in rows.columns]
    return list(zip(runs, *times[:1], strict=True))


def _cells(keys: list[Array]) -> AnyArray:
    """Return a number of each combination of values, (n,); values alike to a millionth count as equal."""
    steps = [np.round(np.log(np.where(key > 0, key, 1.0)) / _ALIKE) for key in keys if np.isfinite(key).all()]
    return np.asarray(np.unique(np.column_stack(steps), axis=0, return_inverse=True)[1].ravel())
