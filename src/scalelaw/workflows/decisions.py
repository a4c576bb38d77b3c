"""Decisions scored: the size a mixture names for a held-out budget, beside the one its own IsoFLOP profile shows.

Levels and decisions are calibrated apart: a wider level moves no optimum. The spread of ln(D*/N*) over the members'
draws is widened by one factor, learned on the parts of a source that hold other data than the one scored.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scalelaw.backtesting import forecast_observations, shipped
from scalelaw.core.errors import ScalelawError
from scalelaw.core.types import Array
from scalelaw.fitting import isoflop
from scalelaw.planning.ratio import combined
from scalelaw.planning.survey import survey
from scalelaw.workflows.protocol import Part, Protocol

RATIO = 20.0
"""Tokens per param of the rule of thumb."""
LEVEL = 0.9
FACTORS = np.round(np.arange(1.0, 4.01, 0.1), 1)
_NEARLY = 0.01
_DRAWS = 200


@dataclass(frozen=True, eq=False)
class Decision:
    """One held-out budget.

    Attributes:
        table: table it belongs to.
        group: data set of the table, whose decisions are calibrated by the others'.
        flops: the budget.
        best: ln N* of its own profile.
        product: ln of N D at the budget.
        draws: ln(D*/N*) of the members' draws, (b,), from the cheaper budgets.
        profile: ln of the sizes trained at the budget, and the loss there, (2, k).
    """

    table: str
    group: str
    flops: float
    best: float
    product: float
    draws: Array
    profile: Array

    def named(self, factor: float) -> float:
        """Return ln N* as a plan names it."""
        found = combined(self.draws, factor)
        return (self.product - (np.log(RATIO) if found is None else found.centre)) / 2

    def holds(self, factor: float, level: float = LEVEL) -> bool:
        """Return whether the interval of a plan holds the profile's own optimum; that of D* then holds its D*."""
        found = combined(self.draws, factor)
        if found is None:
            return False
        sizes = (self.product - found.draws[np.isfinite(found.draws)]) / 2
        lo, hi = np.quantile(sizes, [(1 - level) / 2, (1 + level) / 2])
        return bool(lo <= self.best <= hi)

    def regret(self, log_params: float) -> float:
        """Return the loss lost at a size over the least of the profile; beyond the sizes trained, that of their end."""
        sizes, losses = self.profile
        return float(max(np.interp(log_params, sizes, losses) / losses.min() - 1, 0.0))

    @property
    def rule(self) -> float:
        """Ln N at 20 tokens per param."""
        return float((self.product - np.log(RATIO)) / 2)


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
    """Return the least factor under which a share ``level`` of decisions hold, or nearly the most that any reaches.

    Tables count alike. Wider draws lean more on the literature, so that a larger factor need not hold more.
    """
    tables: dict[str, list[Decision]] = {}
    for each in decided:
        tables.setdefault(each.table, []).append(each)
    held = [
        np.mean([np.mean([each.holds(factor, level) for each in of]) for of in tables.values()]) for factor in FACTORS
    ]
    enough = min(level, max(held) - _NEARLY)
    return float(FACTORS[int(np.argmax(np.array(held) >= enough))])


def _of_table(protocol: Protocol, part: Part, group: str) -> list[Decision]:
    try:
        profile = isoflop(part.observe()[1], profile="akima", draws=0)
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
            params = surfaces.draws.optimum(np.full(1, budget.flops))[0][:, 0]
            ratios = np.log(surfaces.counting.tokens(params, budget.flops) / params)
            sizes, losses = profile.curve[:, at]
            product = float(np.nanmedian(np.log(params * surfaces.counting.tokens(params, budget.flops))))
            best = float(np.log(budget.params))
            curve = np.stack([np.log(sizes), losses])
            found.append(Decision(part.name, group, budget.flops, best, product, ratios, curve))
    return found
