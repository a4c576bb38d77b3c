"""Decisions scored: the size a mixture names for a held-out budget, beside the one its own IsoFLOP profile shows.

Levels and decisions are calibrated apart: a wider level moves no optimum. The spread of ln N* over the members' draws
is widened by one factor, learned on the parts of a source that hold other data than the one scored.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scalelaw.backtesting import forecast_observations, shipped
from scalelaw.core.errors import ScalelawError
from scalelaw.core.types import Array
from scalelaw.fitting import IsoFlop, isoflop
from scalelaw.planning.survey import survey
from scalelaw.workflows.protocol import Part, Protocol

RATIO = 20.0
"""Tokens per param of the rule of thumb."""
LEVEL = 0.9
_DRAWS = 200


@dataclass(frozen=True, eq=False)
class Decision:
    """One held-out budget.

    Attributes:
        table: table it belongs to.
        group: data set of the table, whose decisions are calibrated by the others'.
        flops: the budget.
        best: ln N* of its own profile.
        named: ln N* forecast from the cheaper budgets.
        draws: ln N* of the members' draws, (b,).
        regret: loss lost at the forecast size, over the loss, by the profile.
        rule_regret: the same at 20 tokens per param.
    """

    table: str
    group: str
    flops: float
    best: float
    named: float
    draws: Array
    regret: float
    rule_regret: float

    def holds(self, factor: float) -> bool:
        """Return whether the widened 90 % interval holds the profile's own optimum."""
        lo, hi = widened(self.draws, factor)
        return bool(lo <= self.best <= hi)


def widened(draws: Array, factor: float, level: float = LEVEL) -> tuple[float, float]:
    """Return the central interval of draws whose distances from their median are multiplied."""
    middle = np.median(draws)
    lo, hi = np.quantile(middle + factor * (draws - middle), [(1 - level) / 2, (1 + level) / 2])
    return float(lo), float(hi)


def decisions(protocol: Protocol, data: str | Path) -> list[Decision]:
    """Decide every held-out budget of the IsoFLOP tables.

    Args:
        protocol: tables, windows over compute, and which tables are IsoFLOP ones.
        data: folder the tables are below.
    """
    found = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for part in protocol.parts(Path(data)):
            group = next((name for name, heads in protocol.decisions.items() if part.name.startswith(heads)), None)
            if group is not None:
                found += _of_table(protocol, part, group)
    return found


def learned(decided: Sequence[Decision], level: float = LEVEL) -> float:
    """Return the factor under which a share ``level`` of decisions hold, tables counting alike; at least one."""
    tables = {each.table for each in decided}
    for factor in np.arange(1.0, 10.01, 0.05):
        shares = [np.mean([each.holds(factor) for each in decided if each.table == table]) for table in tables]
        if np.mean(shares) >= level:
            return float(round(factor, 2))
    return 10.0


def _of_table(protocol: Protocol, part: Part, group: str) -> list[Decision]:
    try:
        profile = isoflop(part.observed(), profile="akima", draws=0)
    except ScalelawError:
        return []
    found = []
    for case in protocol.cases_of(part):
        window = case.window
        if window.axis != "flops":
            continue
        mixture = forecast_observations(window.train, calibration=shipped(), draws=_DRAWS)
        surfaces = survey(mixture)
        if surfaces.draws is None:
            continue
        held = np.unique(np.asarray(window.test.columns["flops"], float))
        for at, budget in enumerate(profile.used):
            if budget.params is None or not np.any(np.isclose(held, budget.flops, rtol=1e-6)):
                continue
            drawn = np.log(surfaces.draws.optimum(np.full(1, budget.flops))[0][:, 0])
            drawn = drawn[np.isfinite(drawn)]
            named = float(np.log(surfaces.point.optimum(np.full(1, budget.flops))[0][0, 0]))
            rule = 0.5 * np.log(budget.flops / (6 * RATIO))
            found.append(
                Decision(
                    part.name, group, budget.flops, float(np.log(budget.params)), named, drawn,
                    _regret(profile, at, named), _regret(profile, at, rule),
                )
            )  # fmt: skip
    return found


def _regret(profile: IsoFlop, at: int, log_params: float) -> float:
    """Return the loss lost at a size over the least of the profile; beyond the sizes trained, that of their end."""
    sizes, losses = profile.curve[:, at]
    return float(max(np.interp(log_params, np.log(sizes), losses) / losses.min() - 1, 0.0))
