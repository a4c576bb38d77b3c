"""The forms of the score ensemble: laws of sizes and compute, and chains through the loss; their fits and weights.

No form wins everywhere: on some tasks a law of compute forecasts best, on others one of the loss, and whether a ceiling
helps differs too. So every form that the rows allow is fitted, and its weight comes from inner validation: it is fitted
to the cheaper runs and scored on the larger ones among the fitted. docs/scores.md measures which form won where.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from scalelaw.accounting.flops import COUNTINGS
from scalelaw.core.errors import FitFailed, ScalelawError
from scalelaw.core.forecaster import Forecaster
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.forecasting.calibration import shipped
from scalelaw.forecasting.chain import Chain, scatter
from scalelaw.forecasting.ensemble import Ensemble
from scalelaw.forecasting.members import by_compute, fit_members, in_step, varies
from scalelaw.laws import Law, as_law
from scalelaw.runs.observations import Observations

SPLITS = (0.8, 0.6, 0.45)
"""Shares of the runs, by compute, that inner validation fits; it scores the others."""
LOSSES = ("loss", "bpb")
"""Measured quantities that the first stage of a chain can forecast."""
_FEWEST = 4
_STARTS = 8
_NOISE = Noise("huber", delta=0.03, on="raw")
_RUN = 0.01
"""Scatter of a score between runs beyond its items, assumed for the weights of the rows."""
_CEILING = {"E": (0.22, 2.7)}
_BEST = {"h": (0.85, 1.3)}
_STEP = 0.97
"""Correlation of ln tokens with ln params beyond which a law of both is left out."""
_PER_BPB = 3.0
"""Nats per token in one bit per byte of text: 4.3 bytes per token times ln 2."""


@dataclass(frozen=True)
class ScoreForm(Brief):
    """One form: a law of a score, and the priors that hold it on few runs.

    The priors are as wide as published fits spread: exponents of Krajewski et al. 2025, slopes of Bhagia et al. 2024.

    Attributes:
        law: a law of sizes or compute, or of a loss, which makes a chain.
        prior: coefficient -> (value, factor), as in ``FitSpec``.
    """

    law: Law
    prior: Mapping[str, tuple[float, float]]

    @property
    def chained(self) -> bool:
        """Whether the law takes a loss, which must be forecast first."""
        return self.law.inputs[0] in LOSSES

    def fit(self, rows: Observations, draws: int, seed: int) -> FitResult:
        """Fit the law to the rows."""
        spec = FitSpec(noise=_NOISE, prior=self.prior, starts=_STARTS, draws=draws, seed=seed)
        return fit_observations(self.law, rows, spec)


@dataclass(frozen=True, eq=False)
class ScoreMember(Brief):
    """One fitted form.

    Attributes:
        forecaster: the fit, or the chain.
        fit: the fit to the scores: the forecaster itself, or the second stage of the chain.
        error: mean absolute error of the form on held-back larger runs among the fitted; NaN without such runs.
    """

    forecaster: FitResult | Chain
    fit: FitResult
    error: float

    @property
    def scatter(self) -> float:
        """Root mean square residual of the scores, weighted."""
        return scatter(self.fit)

    def centre(self, x: Inputs) -> Array:
        """Return the score at n points, (n,)."""
        if isinstance(self.forecaster, Chain):
            return self.forecaster.centre(x)
        return np.asarray(self.fit.law.predict(self.fit.coef, x))


@dataclass(frozen=True, eq=False)
class FittedForms(Brief):
    """Every form that could be fitted.

    Attributes:
        members: the fitted forms.
        loss: forecaster of the loss that the chains share, or None.
        left_out: form -> why it is missing.
    """

    members: tuple[ScoreMember, ...]
    loss: Ensemble | None
    left_out: Mapping[str, str] = field(default_factory=dict)


def forms(rows: Observations, chance: float, kind: str | None) -> tuple[ScoreForm, ...]:
    """Return the forms that the rows allow.

    Args:
        rows: scores, with the sizes and perhaps a loss of each run.
        chance: score of guessing.
        kind: kind of N, or None.
    """
    found: list[ScoreForm] = []
    axis = next((name for name in ("flops", kind, "tokens") if name and varies(rows, name)), None)
    if axis is not None:
        at = f"input={axis},chance={chance!r}"
        of_axis = {"alpha": (0.15 if axis == "flops" else 0.3, 1.65)}
        found += [
            ScoreForm(as_law(f"accuracy_power[{at}]"), of_axis),
            ScoreForm(as_law(f"accuracy_power[{at},ceiling=yes]"), {**of_axis, **_CEILING}),
            ScoreForm(as_law(f"accuracy_logistic[{at},ceiling=yes]"), {"k": (0.5, 1.8), **_BEST}),
        ]
    if kind is not None and varies(rows, kind) and varies(rows, "tokens") and not in_step(rows, kind, _STEP):
        found.append(ScoreForm(as_law(f"accuracy_joint_power[n={kind},chance={chance!r}]"),
                               {"alpha": (0.25, 1.65), "beta": (0.25, 1.65)}))  # fmt: skip
    for metric in LOSSES:
        if varies(rows, metric):
            times = _PER_BPB if metric == "bpb" else 1.0
            at = f"input={metric},chance={chance!r}"
            found += [
                ScoreForm(as_law(f"accuracy_logistic[{at}]"), {"k": (2.5 * times, 2.0)}),
                ScoreForm(as_law(f"accuracy_logistic[{at},ceiling=yes]"), {"k": (3.5 * times, 2.0), **_BEST}),
            ]
    return tuple(found)


def fit_forms(
    rows: Observations, chance: float, kind: str | None, source: str | None, draws: int, seed: int
) -> FittedForms:
    """Fit every form to the rows and score it on larger runs among them.

    Args:
        rows: scores, with a column for each input.
        chance: score of guessing.
        kind: kind of N, or None.
        source: target of the measured loss, such as ``loss@c4``; None without one.
        draws: draws of each law.
        seed: seed of the draws.

    Raises:
        FitFailed: no form could be fitted.
    """
    errors = _inner_errors(rows, chance, kind, source, seed)
    whole = _fitted(rows, chance, kind, source, draws, seed)
    if not whole.members:
        why = "; ".join(f"{name}: {reason}" for name, reason in whole.left_out.items())
        raise FitFailed(f"no law of {rows.target} could be fitted: {why or 'neither sizes nor compute vary'}")
    members = tuple(replace(each, error=errors.get(each.fit.label, float("nan"))) for each in whole.members)
    return replace(whole, members=members)


def _fitted(
    rows: Observations, chance: float, kind: str | None, source: str | None, draws: int, seed: int
) -> FittedForms:
    weighed = replace(rows, weight=rows.weight * by_compute(rows) * _by_items(rows, chance))
    loss, left_out = _loss(rows, kind, source, draws, seed)
    found = []
    for form in forms(rows, chance, kind):
        if form.chained and loss is None:
            continue
        try:
            fit = form.fit(weighed, draws, seed)
        except ScalelawError as error:
            left_out[form.law.spelling] = str(error)
            continue
        if draws and fit.trusted is None:
            left_out[form.law.spelling] = "no draws: too few rows"
        else:
            found.append(ScoreMember(fit if loss is None or not form.chained else Chain(loss, fit), fit, float("nan")))
    return FittedForms(tuple(found), loss, left_out)


def _loss(
    rows: Observations, kind: str | None, source: str | None, draws: int, seed: int
) -> tuple[Ensemble | None, dict[str, str]]:
    """Return the forecaster of the loss, fitted to the same runs; None without a loss, or where no law fits it."""
    if source is None:
        return None, {}
    metric = source.partition("@")[0]
    values = np.asarray(rows.columns[metric], float)
    columns = {name: values for name, values in rows.columns.items() if name not in (*LOSSES, "n_items", "chance")}
    losses = replace(rows, target=source, columns=columns, y=values, se=None)
    try:
        members, left_out = fit_members(losses, max(draws, 10), seed, kind)
    except ScalelawError as error:
        return None, {source: str(error)}
    return Ensemble(members, shipped(), left_out, losses, seed), {}


def _inner_errors(
    rows: Observations, chance: float, kind: str | None, source: str | None, seed: int
) -> dict[str, float]:
    """Return form -> mean absolute error on the larger runs, fitted to the cheaper ones; mean over the splits."""
    found: dict[str, list[float]] = {}
    for below in inner_splits(rows):
        train, test = rows.rows(below), rows.rows(~below)
        for member in _fitted(train, chance, kind, source, 0, seed).members:
            x = {name: np.asarray(values, float) for name, values in test.columns.items() if name in _taken(member)}
            found.setdefault(member.fit.label, []).append(float(np.mean(np.abs(member.centre(x) - test.y))))
    return {name: float(np.mean(errors)) for name, errors in found.items()}


def inner_splits(rows: Observations) -> Iterator[AnyArray]:
    """Yield masks of the runs of least compute, each leaving larger runs to score."""
    spent = by_compute(rows)
    order = np.argsort(np.argsort(spent, kind="stable"))
    seen = set[int]()
    for share in SPLITS:
        count = max(int(np.ceil(share * len(rows))), _FEWEST)
        if count < len(rows) and count not in seen:
            seen.add(count)
            yield order < count


def _taken(member: ScoreMember) -> tuple[str, ...]:
    forecaster: Forecaster = member.forecaster
    return (*forecaster.inputs, "flops", "tokens", *COUNTINGS)


def items_of(rows: Observations) -> Array:
    """Return the items behind each score, (n,): as counted, else those that its standard error implies, else NaN."""
    unknown = np.full(len(rows), np.nan)
    items = np.asarray(rows.columns.get("n_items", unknown), float)
    if rows.se is None:
        return items
    share = np.clip(rows.y, 1e-3, 1 - 1e-3)
    with np.errstate(divide="ignore", invalid="ignore"):
        implied = np.where(rows.se > 0, share * (1 - share) / rows.se**2, np.nan)
    return np.where(np.isfinite(items), items, implied)


def _by_items(rows: Observations, chance: float) -> Array:
    """Return the weight of each row by its items: the variance of the surest row over its own, (n,)."""
    items = items_of(rows)
    share = np.clip((rows.y * items + 2 * max(chance, 0.02)) / (items + 2), 1e-3, 1 - 1e-3)
    variance = np.where(np.isfinite(items), share * (1 - share) / items, np.nan) + _RUN**2
    variance = np.where(np.isfinite(variance), variance, np.nanmedian(variance) if np.isfinite(variance).any() else 1.0)
    return np.asarray(variance.min() / variance)
