"""Approach 2, IsoFLOP: find the best size at each budget from a profile of losses, and its growth with compute.

code                     grade      when
ISOFLOP_CONCAVE          warn       the losses of a budget curve downwards, so it has a worst size but no best one
ISOFLOP_EDGE             warn       the best size of a budget lies outside the swept sizes; the budget is excluded
ISOFLOP_FEW_SIZES        warn       a budget has too few sizes for its profile and is excluded
ISOFLOP_UNSURE           warn       more than half the resamples of a budget have no minimum; the budget is excluded
ISOFLOP_NO_NOISE         warn       too few runs to estimate the noise, so there are no intervals
ISOFLOP_NONE             refuse     fewer than two budgets have a best size
ISOFLOP_SCATTER          warn       optima scatter about their power law by more than twice their errors
ISOFLOP_BIAS             warn       the profile's shape moves the optimum by more than 2 % on this design
ISOFLOP_SHAPE            warn       exponents of the powers profile are at the edge of their range
"""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import numpy as np

from scalelaw.allocation.design_bias import DesignBias, design_bias
from scalelaw.allocation.isoflop_result import Budget, IsoFlop
from scalelaw.allocation.isoflop_spec import IsoFlopOptions, IsoFlopSpec, make_isoflop_spec
from scalelaw.allocation.resampled_sweep import SweepResamples, on_tokens, replicas
from scalelaw.allocation.scaling import Scaling, scaling
from scalelaw.allocation.size_profiles import EXPONENTS, PROFILES, ProfileMinima
from scalelaw.allocation.sweep import Side, Sweep, sweep
from scalelaw.core.errors import BadTable
from scalelaw.core.findings import Finding, Grade, enforce
from scalelaw.core.numbers import counted, format_number
from scalelaw.core.types import Array, frozen
from scalelaw.fitting.observe import observe_rows
from scalelaw.runs.observations import Observations, Reduction
from scalelaw.runs.reducing.sweeps import SWEPT

Reasons = dict[int, tuple[str, str]]
"""Number of a budget -> code and reason of its exclusion."""

_SCATTER = 2.0
_SURE = 0.5
_END = {"below": "smallest", "above": "largest"}
_BIAS = 0.02
_SHOWN = 3
NO_SWEEP = "these runs are not an IsoFLOP sweep"
"""Start of the message for a table whose runs share no budgets."""
_FIXES = {
    "ISOFLOP_CONCAVE": "look at the runs of this budget; one may have diverged or belong to another recipe",
    "ISOFLOP_EDGE": "train sizes beyond that edge at this budget",
    "ISOFLOP_FEW_SIZES": "train more sizes at this budget",
    "ISOFLOP_UNSURE": "train more or farther sizes at this budget, or repeat runs",
}


def isoflop(
    runs: Any,
    *,
    target: str | None = None,
    use: Reduction | None = None,
    over: Sequence[str] = SWEPT,
    **options: Unpack[IsoFlopOptions],
) -> IsoFlop:
    """Find the best size at each budget and fit N* = G C^a and D* = H C^b separately.

    A budget is excluded, with the reason, if its losses curve downwards, its minimum lies outside the swept sizes, or
    it has too few sizes. Intervals come from resampled losses with noise, each resample analysed again.

    Args:
        runs: a table, anything ``load_runs`` reads, or rows already reduced.
        target: the measured quantity, ``metric@eval_set``; optional if the table has one target.
        use: ``endpoints`` (the default), the ``best`` of each swept cell, or ``curves`` interpolated at ``budgets``.
        over: what was swept, for ``use="best"``.
        **options: ``profile``, ``budgets``, ``tolerance``, ``window``, ``noise``, ``draws``, ``seed``, ``level`` and
            ``n``, the kind of N; see ``IsoFlopSpec``.

    Raises:
        BadInput: a bad argument, or a table without budgets.
        BadTable: fewer than two budgets have a best size.

    Example:
        >>> import numpy as np
        >>> n = np.geomspace(1e7, 1e9, 7)
        >>> c = np.repeat([1e18, 1e19], 7)
        >>> d = c / 6 / np.tile(n, 2)
        >>> table = {"params": np.tile(n, 2), "tokens": d, "flops": c,
        ...          "loss": 1.8172 + 482.01 / np.tile(n, 2) ** 0.3478 + 2085.43 / d**0.3658}
        >>> found = isoflop(table, draws=0)
        >>> round(found.params.exponent, 4), round(found.tokens.exponent, 4)
        (0.5126, 0.4874)

    Source:
        Hoffmann et al. 2022, arXiv 2203.15556, section 3.2; resampling of noise after Porian et al. 2024, 2406.19146.
    """
    spec = make_isoflop_spec(options)
    found = isoflop_observations(observe_rows(runs, target, use, over), spec)
    enforce(finding for finding in found.findings if finding.grade is Grade.WARN)
    return found


def isoflop_observations(observed: Observations, spec: IsoFlopSpec) -> IsoFlop:
    """Analyse rows without raising warnings; they are only in the findings.

    Raises:
        BadTable: fewer than two budgets have a best size.
    """
    return isoflop_sweep(sweep(observed, spec.n, spec.budgets, spec.tolerance), spec)


def isoflop_sweep(whole: Sweep, spec: IsoFlopSpec) -> IsoFlop:
    """Analyse runs already grouped by budget; see ``isoflop_observations``."""
    reasons = _concave(whole)
    whole = whole.near_best(spec.widest)
    reasons |= _few(whole, spec)
    chosen, point, drawn = _settled(whole, spec, reasons)
    params = _grown(chosen, spec.n, point.x[0], None if drawn is None else drawn.params, spec)
    spent = on_tokens(chosen, chosen.loss[None], point.x, spec)[0]
    tokens = _grown(chosen, "tokens", spent, None if drawn is None else drawn.tokens, spec)
    bias = design_bias(chosen, spec)
    silent = drawn is None and spec.draws > 0
    return IsoFlop(
        budgets=_budgets(whole, chosen, (point, spent, drawn), reasons),
        params=params,
        tokens=tokens,
        shape=point.shape,
        noise=None if drawn is None else drawn.noise,
        bias=bias,
        curve=frozen(np.stack([np.exp(point.curve[0]), point.curve[1]])),
        spec=spec,
        rows=whole.rows,
        group=frozen(whole.group),
        findings=(
            *whole.rows.findings,
            *_left_out(whole, reasons),
            *_shape(point.shape),
            *_doubts(params, tokens, bias, spec, silent),
        ),
    )


def _concave(whole: Sweep) -> Reasons:
    """Return the budgets whose losses curve downwards."""
    axis, loss = whole.axis("params"), whole.loss
    bends = [
        _bend(axis.x[at] - axis.middle[at], loss[at], axis.weight[at]) if sizes > 2 else np.inf
        for at, sizes in enumerate(whole.sizes)
    ]
    why = ("ISOFLOP_CONCAVE", "concave: its losses curve downwards, so it has no best size")
    return {at: why for at, bend in enumerate(bends) if not bend > 0}


def _few(whole: Sweep, spec: IsoFlopSpec) -> Reasons:
    """Return the budgets that have fewer sizes than the profile needs."""
    fewest = PROFILES[spec.profile].fewest
    return {
        at: ("ISOFLOP_FEW_SIZES", f"{counted(sizes, 'size')}, but the {spec.profile} profile needs {fewest}")
        for at, sizes in enumerate(whole.sizes)
        if sizes < fewest
    }


def _bend(t: Array, loss: Array, weight: Array) -> float:
    """Return the curvature of the parabola through the losses of one budget."""
    root = np.sqrt(weight)
    return float(np.linalg.lstsq(t[:, None] ** np.arange(3) * root[:, None], loss * root, rcond=None)[0][2])


def _settled(whole: Sweep, spec: IsoFlopSpec, reasons: Reasons) -> tuple[Sweep, ProfileMinima, SweepResamples | None]:
    """Locate the optima, exclude budgets without one, and repeat until every budget left has one.

    Args:
        whole: every budget.
        spec: options of the analysis.
        reasons: reasons of exclusion by budget; new ones are added.
    """
    profile = PROFILES[spec.profile]
    while True:
        used = np.array([at for at in range(len(whole)) if at not in reasons], int)
        _check_enough(whole, used, reasons)
        chosen = whole.only(np.isin(np.arange(len(whole)), used))
        _check_determined(chosen, spec)
        point = profile.locate(chosen.axis("params"), chosen.loss[None])
        found = _unbracketed(chosen, point)
        drawn = None if found else replicas(chosen, point, spec)
        if drawn is not None:
            sure = np.isfinite(drawn.params).mean(axis=0) > _SURE
            why = ("ISOFLOP_UNSURE", "most resamples of its losses have no best size")
            found = {int(at): why for at in np.flatnonzero(~sure)}
        if not found:
            return chosen, point, drawn
        reasons |= {int(used[at]): why for at, why in found.items()}


def _unbracketed(chosen: Sweep, point: ProfileMinima) -> Reasons:
    """Return the budgets whose profile has no minimum, or one outside the swept sizes."""
    low, high = chosen.axis("params").range
    reasons: Reasons = {}
    for at, x in enumerate(point.x[0]):
        if np.isnan(x):
            reasons[at] = ("ISOFLOP_EDGE", "no minimum between the swept sizes")
        elif not low[at] < x < high[at]:
            side, edge = ("below", low) if x <= low[at] else ("above", high)
            size = format_number(float(np.exp(edge[at])))
            reasons[at] = ("ISOFLOP_EDGE", f"the optimum lies {side} {size}, the {_END[side]} swept size")
    return reasons


def _check_enough(whole: Sweep, used: Array, reasons: Reasons) -> None:
    if len(used) > 1:
        return
    few = [code for code, _ in reasons.values()].count("ISOFLOP_FEW_SIZES")
    if few > len(whole) / 2:
        most = int(max(whole.sizes))
        message = (
            f"{NO_SWEEP}: {few} of {counted(len(whole), 'budget')} have too few sizes for a profile "
            f"(most at one budget: {most})"
        )
        fix = "use `scalelaw fit` or `plan`, which need no common budgets, or name the budgets with --budgets"
        enforce([Finding("ISOFLOP_NONE", Grade.REFUSE, message, len(whole.rows), fix)])
    have = f"{counted(len(whole), 'budget')} {'has' if len(whole) == 1 else 'have'}"
    message = f"{len(used)} of {have} a best size, but two are needed ({_listed(whole, reasons) or 'one budget'})"
    fix = "name the budgets with budgets= (CLI: --budgets), widen tolerance=, or train more sizes at each budget"
    enforce([Finding("ISOFLOP_NONE", Grade.REFUSE, message, len(whole.rows), fix)])


def _listed(whole: Sweep, reasons: Reasons) -> str:
    """Name the excluded budgets with their reasons, at most three."""
    each = [f"{format_number(float(whole.flops[at]))} FLOP: {words}" for at, (_, words) in reasons.items()]
    more = f"; and {len(each) - _SHOWN} more" if len(each) > _SHOWN else ""
    return "; ".join(each[:_SHOWN]) + more


def _check_determined(chosen: Sweep, spec: IsoFlopSpec) -> None:
    coefs = 3 * len(chosen) + 2
    if spec.profile == "powers" and len(chosen.rows) < coefs:
        message = f"{len(chosen.rows)} runs at {len(chosen)} budgets do not determine the {coefs} coefficients"
        raise BadTable(
            f"{message} of the powers profile; train more sizes, or use profile='parabola' (CLI: --profile parabola)"
        )


def _grown(chosen: Sweep, quantity: str, optima: Array, drawn: Array | None, spec: IsoFlopSpec) -> Scaling:
    """Fit the power law of one side; optima of ``akima`` are the medians of their resamples, as in Porian et al."""
    if drawn is None:
        return scaling(quantity, chosen.flops, optima, None, None)
    centre = np.nanmedian(drawn, axis=0) if spec.profile == "akima" else optima
    side: Side = "tokens" if quantity == "tokens" else "params"
    return scaling(quantity, chosen.flops, centre, drawn, SweepResamples.error(drawn, chosen, side, spec))


def _budgets(
    whole: Sweep, chosen: Sweep, found: tuple[ProfileMinima, Array, SweepResamples | None], reasons: Reasons
) -> tuple[Budget, ...]:
    """Return the result of each budget."""
    point, spent, drawn = found
    place = {float(c): at for at, c in enumerate(chosen.flops)}
    budgets = []
    for at, c in enumerate(whole.flops):
        counts = int(np.sum(whole.group == at)), int(whole.sizes[at])
        if at in reasons:
            budgets.append(Budget(float(c), *counts, set_aside=reasons[at][1]))
            continue
        i = place[float(c)]
        error = None if drawn is None else float(np.nanstd(drawn.params[:, i]))
        budgets.append(
            Budget(
                float(c), *counts, float(np.exp(point.x[0, i])), float(np.exp(spent[i])),
                float(point.loss[0, i]), error,
            )
        )  # fmt: skip
    return tuple(budgets)


def _left_out(whole: Sweep, reasons: Reasons) -> list[Finding]:
    """Return a warning for each kind of reason, naming its first budgets."""
    found = []
    for code in dict.fromkeys(code for code, _ in reasons.values()):
        mine = [at for at, (each, _) in reasons.items() if each == code]
        why = _listed(whole, {at: reasons[at] for at in sorted(mine)})
        rows = int(np.isin(whole.group, mine).sum())
        found.append(Finding(code, Grade.WARN, f"{counted(len(mine), 'budget')} excluded ({why})", rows, _FIXES[code]))
    return found


def _shape(shape: Mapping[str, float]) -> list[Finding]:
    """Warn if the profiles do not have the shape of two powers."""
    low, high = EXPONENTS
    resting = [f"{name} {value:.3g}" for name, value in shape.items() if value < low * 1.001 or value > high * 0.999]
    if not resting:
        return []
    message = f"the profiles do not have the shape of two powers ({', '.join(resting)}, at the edge of its range)"
    fix = "compare profile='cubic' (CLI: --profile cubic), or narrow the sizes with window="
    return [Finding("ISOFLOP_SHAPE", Grade.WARN, message, 0, fix)]


def _doubts(
    params: Scaling, tokens: Scaling, bias: DesignBias | None, spec: IsoFlopSpec, silent: bool
) -> list[Finding]:
    """Return warnings about the power laws."""
    found = []
    if silent:
        message = "too few runs to estimate the noise, so there are no intervals"
        found.append(Finding("ISOFLOP_NO_NOISE", Grade.WARN, message, 0, "give noise= (CLI: --noise)"))
    for each in (params, tokens):
        if each.scatter is not None and each.scatter > _SCATTER:
            message = (
                f"the optima of {each.quantity} scatter about their power law by {each.scatter:.1f} times their "
                "errors; the intervals ignore this"
            )
            fix = "look for a budget whose runs differ, or a recipe that changes with size"
            found.append(Finding("ISOFLOP_SCATTER", Grade.WARN, message, 0, fix))
    if bias is not None and (largest := bias.largest(spec.profile)) > _BIAS:
        message = f"on this design a {spec.profile} misplaces the optimum by up to {largest:.1%} (see bias)"
        found.append(Finding("ISOFLOP_BIAS", Grade.WARN, message, 0, "use profile='powers' (CLI: --profile powers)"))
    return found
