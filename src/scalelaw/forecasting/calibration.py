"""Calibration: how wide an interval must be to hold on larger runs of studies it has not seen.

The squared width of a forecast, on the log of a loss or on a score itself, is a weighted sum of two terms computed from
the table: the scatter of a new run about each law (with the spread of the law's draws), and the distance between laws.
The noise of a score's items is known and added whole. The weights maximise a Student likelihood on held-out larger runs
of published tables; every source has equal weight. The number of widths that cover 50, 80, 90 or 95 % of runs comes
from sources left out of that fit, so that it holds for a new study. Losses and scores have a calibration each.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from scalelaw.core.digest import digest
from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import check_level
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.reading import LARGEST_DOCUMENT, one_line, parse_json, read_text
from scalelaw.core.types import Array
from scalelaw.fitting.uncertainty.distributions import normal_quantile

TERMS = ("run", "forms")
LEVELS = (0.5, 0.8, 0.9, 0.95)
_FREEDOM = 5.0
_RIDGE = 1e-3
_SCHEMA = "scalelaw.calibration/2"


@dataclass(frozen=True, eq=False)
class WidthTerms(Brief):
    """Terms of the width of a forecast at n points, as standard deviations: relative for a loss, of a score itself.

    Attributes:
        residual: scatter of the fitted runs about the best-fitting law, (n,).
        draws: root mean square over laws of the spread of their draws, (n,).
        forms: distance of the laws from the centre, (mean of the square root)^2, so that one distant law has little
            effect, (n,).
        items: noise of the items of a score, which needs no calibration, (n,); zero for a loss.
    """

    residual: Array
    draws: Array
    forms: Array
    items: Array | float = 0.0

    def columns(self, of_run: bool = True) -> Array:
        """Return the terms of the sum, (2, n), for a new run; for the mean of runs if ``of_run`` is False."""
        run = np.hypot(self.draws, self.residual) if of_run else self.draws
        return np.stack([run, self.forms])


@dataclass(frozen=True, eq=False)
class CalibrationCase(Brief):
    """One scored forecast.

    Attributes:
        by: source of the table, for example a study.
        table: name of the table.
        doubt: components of the interval width.
        missed: ln(measured / forecast) of a loss, measured - forecast of a score, (n,).
    """

    by: str
    table: str
    doubt: WidthTerms
    missed: Array


@dataclass(frozen=True, eq=False)
class Calibration(Brief):
    """Weights of the width terms, and the number of widths that covers each share of runs.

    Attributes:
        terms: weight of each term, by name.
        factors: level -> number of widths on each side.
        sources: sources of the tables from which the calibration was learned.
        cases: number of forecasts from which it was learned.
        protocol: digest of the protocol.
        date: date of learning, ISO 8601.
    """

    terms: Mapping[str, float]
    factors: Mapping[float, float]
    sources: tuple[str, ...] = ()
    cases: int = 0
    protocol: str = ""
    date: str = ""

    @property
    def digest(self) -> str:
        """Digest of all fields."""
        return digest(self.to_dict())

    def width(self, doubt: WidthTerms, *, of_run: bool = True) -> Array:
        """Return the width of a forecast, (n,), as its terms are; ``of_run=False`` excludes the scatter of one run."""
        terms = np.array([self.terms[name] for name in TERMS])
        return _width(terms, doubt.columns(of_run), doubt.items if of_run else 0.0)

    def factor(self, level: float) -> float:
        """Return the number of widths on each side that covers a share ``level`` of runs."""
        check_level(level)
        return float(self.quantile(np.array((1 + level) / 2)))

    def quantile(self, share: Array) -> Array:
        """Return the quantiles at probabilities in (0, 1), as numbers of widths from the centre."""
        score = normal_quantile(share)
        scores = np.concatenate([[0.0], normal_quantile((1 + np.array(list(self.factors))) / 2)])
        widths = np.concatenate([[0.0], list(self.factors.values())])
        inside = np.interp(np.abs(score), scores, widths)
        beyond = np.maximum(np.abs(score) - scores[-1], 0.0) * widths[-1] / scores[-1]
        return np.asarray(np.sign(score) * (inside + beyond))

    def by_rank(self, draws: Array) -> Array:
        """Return the calibrated quantile of each draw's rank among the draws of its point, in widths, (draws, n)."""
        rank = (np.argsort(np.argsort(draws, axis=0), axis=0) + 0.5) / len(draws)
        return self.quantile(rank)

    def share(self, widths: Array) -> Array:
        """Return the share below these numbers of widths from the centre: the inverse of ``quantile``."""
        from scipy.special import ndtr, ndtri

        scores = np.concatenate([[0.0], ndtri((1 + np.array(list(self.factors))) / 2)])
        known = np.concatenate([[0.0], list(self.factors.values())])
        inside = np.interp(np.abs(widths), known, scores)
        beyond = np.maximum(np.abs(widths) - known[-1], 0.0) * scores[-1] / known[-1]
        return np.asarray(ndtr(np.sign(widths) * (inside + beyond)))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "schema": _SCHEMA,
            "date": self.date,
            "sources": list(self.sources),
            "cases": self.cases,
            "protocol": self.protocol,
            "terms": dict(self.terms),
            "factors": {f"{level:g}": factor for level, factor in self.factors.items()},
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Calibration":
        """Return the calibration that ``to_dict`` wrote.

        Raises:
            BadInput: not a calibration, or another schema.
        """
        if document.get("schema") != _SCHEMA:
            raise BadInput(
                f"not a calibration that this version can read: schema {document.get('schema')!r}, expected "
                f"{_SCHEMA!r}; make a new one with `scalelaw calibrate`"
            )
        factors = {float(level): float(factor) for level, factor in document["factors"].items()}
        of = {name: document[name] for name in ("cases", "protocol", "date")}
        return cls(document["terms"], factors, tuple(document["sources"]), **of)


def load_calibration(path: str | Path) -> Calibration:
    """Load a calibration that ``scalelaw calibrate`` wrote.

    Raises:
        BadInput: the file cannot be read or is not a calibration.
    """
    with one_line(str(path)):
        text = read_text(path, LARGEST_DOCUMENT)
        try:
            return Calibration.from_dict(parse_json(text))
        except BadInput:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise BadInput(f"{path} is not a calibration: {error}") from None


@cache
def shipped() -> Calibration:
    """Return the calibration of losses shipped with the package, learned on published tables."""
    return _shipped("calibration.json")


@cache
def shipped_for_scores() -> Calibration:
    """Return the calibration of scores shipped with the package, learned on published tables."""
    return _shipped("score_calibration.json")


def _shipped(name: str) -> Calibration:
    text = resources.files("scalelaw.forecasting").joinpath(name).read_text(encoding="utf-8")
    return Calibration.from_dict(json.loads(text))


def calibrate(records: Sequence[CalibrationCase], *, protocol: str = "", date: str = "") -> Calibration:
    """Learn a calibration from scored forecasts; sources have equal weight, and so do tables in a source.

    Args:
        records: scored forecasts of two or more sources.
        protocol: digest of the protocol that made them.
        date: date of learning, ISO 8601.

    Raises:
        BadInput: fewer than two sources.
    """
    sources = tuple(sorted({record.by for record in records}))
    if len(sources) < 2:
        raise BadInput(f"a calibration needs tables of two or more sources, got {', '.join(sources) or 'none'}")
    terms = _terms(records)
    sizes, shares = [], []
    for source in sources:
        others = [record for record in records if record.by != source]
        learned = _terms(others) if len(sources) > 2 else terms
        own = [record for record in records if record.by == source]
        sizes.append(
            np.concatenate(
                [np.abs(each.missed) / _width(learned, each.doubt.columns(), each.doubt.items) for each in own]
            )
        )
        shares.append(_weights(own))
    size, share = np.concatenate(sizes), np.concatenate(shares)
    order = np.argsort(size)
    reached = np.cumsum(share[order]) / share.sum()
    factors = {level: float(np.interp(level, reached, size[order])) for level in LEVELS}
    known = dict(zip(TERMS, terms.tolist(), strict=True))
    return Calibration(known, factors, sources, len(records), protocol, date)


def _terms(records: Sequence[CalibrationCase]) -> Array:
    """Return the weight of each term, (2,), that maximises Student's likelihood."""
    from scipy.optimize import minimize
    from scipy.special import gammaln

    columns = np.hstack([record.doubt.columns() for record in records]) ** 2
    known = np.concatenate([np.broadcast_to(record.doubt.items, record.missed.shape) for record in records]) ** 2
    missed = np.concatenate([record.missed for record in records]) ** 2
    share = _weights(records)
    share = share / share.sum()
    constant = gammaln((_FREEDOM + 1) / 2) - gammaln(_FREEDOM / 2)

    def worth(logs: Array) -> tuple[float, Array]:
        counts = np.exp(2 * logs)
        variance = counts @ columns + known + 1e-12
        ratio = missed / variance / _FREEDOM
        likelihood = constant - 0.5 * np.log(variance) - (_FREEDOM + 1) / 2 * np.log1p(ratio)
        slope = 0.5 / variance * ((_FREEDOM + 1) * ratio / (1 + ratio) - 1)
        gradient = 2 * counts * (columns @ (share * slope))
        return float(-share @ likelihood + _RIDGE * logs @ logs), 2 * _RIDGE * logs - gradient

    starts = [np.full(len(TERMS), level) for level in (-0.5, -2.0, -4.0)]
    best = min((minimize(worth, start, jac=True, method="L-BFGS-B") for start in starts), key=lambda found: found.fun)
    return np.asarray(np.exp(best.x))


def _width(terms: Array, columns: Array, items: Array | float) -> Array:
    return np.asarray(np.sqrt(terms**2 @ columns**2 + np.square(items)))


def _weights(records: Sequence[CalibrationCase]) -> Array:
    """Return the weight of every forecast run: one per source, divided over its tables, then cases, then runs."""
    cases: dict[str, dict[str, int]] = {}
    for record in records:
        tables = cases.setdefault(record.by, {})
        tables[record.table] = tables.get(record.table, 0) + 1
    each = [
        np.full(len(record.missed), 1 / len(cases[record.by]) / cases[record.by][record.table] / len(record.missed))
        for record in records
    ]
    return np.concatenate(each)
