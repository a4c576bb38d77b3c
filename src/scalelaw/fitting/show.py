"""A fit in print and as plain values: coefficients, optimum, intervals, rows and warnings."""

from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.core.components import kind_of
from scalelaw.core.findings import Grade
from scalelaw.core.numbers import format_number
from scalelaw.core.rendering import Lines, Report, Table
from scalelaw.fitting.spec import prior_in_words
from scalelaw.fitting.uncertainty.intervals import described, units
from scalelaw.fitting.uncertainty.prior_draws import leans
from scalelaw.runs.checking.missing import with_names
from scalelaw.runs.observations import SetAside

if TYPE_CHECKING:
    from scalelaw.fitting.result import FitResult


def to_dict(fit: "FitResult") -> dict[str, Any]:
    """Return plain values for ``scalelaw fit --json``."""
    return {
        "schema": "scalelaw.fit-summary/1",
        "law": fit.law.spelling,
        "target": fit.target,
        "coefficients": fit.coefficients(),
        "objective": fit.objective,
        "status": {**fit.status.to_dict(), "undetermined": list(fit.undetermined)},
        "starts": {"n": fit.status.starts, "agreeing": fit.status.agreeing},
        "rows": {
            "read": fit.rows.read,
            "set_aside": [part.to_dict() for part in fit.rows.set_aside],
            "fitted": len(fit.rows.y),
        },
        "domain": {name: list(ends) for name, ends in fit.domain.items()},
        "findings": [finding.to_dict() for finding in fit.findings],
        "notes": list(fit.notes),
        "compute": _counted(fit),
        "noise": {
            **fit.scoring.to_dict(),
            "spread": fit.spread.to_dict() if fit.spread else None,
            "seed_floor": fit.seed_floor.to_dict() if fit.seed_floor else None,
        },
        "spec": fit.spec.to_dict(),
        "digest": fit.digest,
        "version": fit.version,
    }


def report(fit: "FitResult") -> Report:
    """Return the report: coefficients, optimum, intervals, rows and warnings."""
    return Report(f"{fit.law.spelling} fitted to {fit.target}", [_table(fit), Lines(_lines(fit))])


def _counted(fit: "FitResult") -> str | None:
    """Return how C follows from N and D, in words; None unless the law takes both."""
    return fit.counting.words if fit.counting and "tokens" in fit.inputs else None


def _why(fit: "FitResult", part: SetAside) -> str:
    return with_names(part.reason, part.n, fit.findings)


def _table(fit: "FitResult") -> Table:
    """Return the table of coefficients."""
    percent = f"{100 * fit.spec.level:g} % interval"
    rows = [["", "value", "se", percent, "", "meaning"]]
    for c, values in zip(fit.law.coefs, fit.coefficients().values(), strict=True):
        known = values["se"] is not None
        rows.append(
            [
                c.name,
                f"{values['value']:.5g}",
                f"{values['se']:.2g}" if known else "unknown",
                _end(values["lo"], values["value"]) if known else "unknown",
                _end(values["hi"], values["value"]) if known else "",
                c.meaning,
            ]
        )
    return Table(rows, right=[1, 2, 3, 4])


def _lines(fit: "FitResult") -> list[tuple[str, str]]:
    """Return the lines below the table of coefficients."""
    draws = 0 if fit.trusted is None else len(fit.trusted)
    lines = [
        ("objective", f"{fit.objective:.4g} (sum of losses; {fit.scoring})"),
        ("optimum", _found(fit)),
        ("intervals", _drawn(fit, draws) if draws else _undrawn(fit)),
        *_noise_lines(fit),
        ("rows", f"{fit.rows.read} read, {len(fit.rows.y)} fitted"),
        *(("", f"{part.n} excluded: {_why(fit, part)}") for part in fit.rows.set_aside),
        ("fitted on", ", ".join(_ranges(fit))),
        *(() if _counted(fit) is None else (("compute", _counted(fit)),)),
        *(("note", note) for note in fit.notes),
        *_doubts(fit),
    ]
    return lines


def _found(fit: "FitResult") -> str:
    """Return whether the search converged, and the undetermined coefficients."""
    wide = [name for name in fit.undetermined if name not in fit.status.undetermined]
    return f"{fit.status}; these runs do not determine {', '.join(wide)}" if wide else str(fit.status)


def _ranges(fit: "FitResult") -> list[str]:
    """Return what was fitted of each input: the range of a number or share, the levels of a category."""
    ranges = []
    for name in dict.fromkeys((*fit.inputs, "flops")):
        levels = fit.rows.levels.get(name, ())
        if kind_of(name) == "text":
            ranges.append(f"{name} {', '.join(levels)}")
        ends = [(key, fit.domain[key]) for key in fit.domain if key.partition("[")[0] == name]
        for i, (_, (low, high)) in enumerate(ends):
            of = f" of {levels[i]}" if kind_of(name) == "vector" and i < len(levels) else ""
            ranges.append(f"{name}{of} {format_number(low)} to {format_number(high)}")
    return ranges


def _undrawn(fit: "FitResult") -> str:
    """Return why there are no draws."""
    if not fit.spec.draws:
        return "none: no draws requested"
    if fit.draws is not None:
        lost = fit.spec.draws - len(fit.draws)
        return f"none: {lost} of {fit.spec.draws} draws failed, and the rest would be a biased selection"
    spare = len(fit.rows.y) > fit.fitted
    return "none: no draw has finite values" if spare else "none: too few rows to estimate the noise"


def _drawn(fit: "FitResult", draws: int) -> str:
    """Describe how the draws were made."""
    runs, rows = len(np.unique(fit.rows.cluster)), len(fit.rows.y)
    if fit.spec.prior is None:
        return described(fit.spec, draws, runs, rows)
    moved = "rows perturbed by their noise" if leans(fit) else f"resampled {units(runs, rows)}"
    return f"{draws} refits with exponents drawn from the {prior_in_words(fit.spec.prior)}, {moved}"


def _noise_lines(fit: "FitResult") -> list[tuple[str, str]]:
    """Return the lines about the noise."""
    spread, lines = fit.spread, []
    if spread is not None and spread.gamma is not None:
        size, se = f"({fit.scoring.scale} / {np.exp(spread.log_reference):.3g})", spread.gamma_se
        lines.append(("noise", f"sd grows as {size}^{spread.gamma:.3g} (se {se:.2g})"))
    if spread is not None and spread.excess is not None and not fit.scoring.counts:
        known = "that of the items" if fit.scoring.of_items else "the standard errors of the values"
        lines.append(("noise", f"sd {spread.excess:.3g} beyond {known}"))
    if fit.scoring.kind == "beta_binomial" and spread is not None:
        beyond = f"sd {0.5 * np.sqrt(spread.correlation):.2g} at a score of 0.5, by sqrt(p (1 - p)) at others"
        lines.append(("noise", f"{beyond if spread.correlation else 'none seen'} beyond that of the items"))
    if fit.scoring.kind == "binomial" and len(fit.rows.y) > fit.fitted:
        lines.append(("noise", f"{fit.errors.sd:.3g} times the binomial sd of n_items"))
    if fit.seed_floor is not None:
        lines.append(("seed floor", str(fit.seed_floor)))
    return lines


def _doubts(fit: "FitResult") -> list[tuple[str, str]]:
    """Return the findings that no line above shows, with a shared fix given once."""
    shown = [
        finding
        for finding in fit.findings
        if finding.code != "FIT_NOT_CERTIFIED"
        and (finding.grade is not Grade.SET_ASIDE or finding.code == "RUNS_UNREADABLE")
    ]
    lines = []
    for finding, following in zip(shown, [*shown, None][1:], strict=True):
        lines.append((finding.grade.shown, f"{finding.message} [{finding.code}]"))
        if finding.fix and (following is None or following.fix != finding.fix):
            lines.append(("", finding.fix))
    return lines


def _end(end: float, value: float) -> str:
    """Format an end of an interval, one digit shorter than the value unless equal to it."""
    return f"{end:.5g}" if end == value else f"{end:.4g}"
