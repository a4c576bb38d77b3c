"""Describe how a fit was made in a paragraph for a paper, and list its sources as BibTeX."""

from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.version import __version__
from scalelaw.fitting.spec import prior_in_words
from scalelaw.fitting.uncertainty.intervals import method, units
from scalelaw.laws.references import cited, software

if TYPE_CHECKING:
    from scalelaw.fitting.result import FitResult

_WAYS = {
    "cluster": "from {draws} bootstrap refits over {units} drawn with replacement",
    "pairs": "from {draws} bootstrap refits over rows drawn with replacement",
    "wild": "from {draws} wild bootstrap refits, with new residual signs for {units}",
    "laplace": "from {draws} draws of a Laplace approximation whose covariance combines a noise model of {units} "
    "with their scores",
    "sandwich": "from {draws} draws around the optimum with the cluster-robust (CR3) covariance of {units}",
}


def methods(fit: "FitResult") -> str:
    """Describe a fit in a paragraph: law, rows and exclusions, objective, starts and intervals."""
    return " ".join([_fitted(fit), _objective(fit), _optimum(fit), _intervals(fit), _software(fit)])


def bibtex(fit: "FitResult") -> str:
    """Return BibTeX entries for the law's papers, the data (by digest) and scalelaw."""
    works = [work.bibtex() for work in cited(fit.law.cite, fit.law.references)]
    data = (
        f"@misc{{runs{fit.rows.digest[:8]},\n  title = {{{{{len(fit.rows.y)} rows of {fit.target}}}}},\n"
        f"  note = {{digest {fit.rows.digest}}}\n}}"
    )
    return "\n\n".join([*works, data, software()])


def _fitted(fit: "FitResult") -> str:
    rows = fit.rows
    n, runs = len(rows.y), len(np.unique(rows.cluster))
    source = f" ({fit.law.cite})" if cited(fit.law.cite, fit.law.references) else ""
    reasons = ", ".join(f"{part.n} ({part.reason})" for part in rows.set_aside)
    excluded = f"; we excluded {reasons}" if reasons else "; we excluded no row"
    of_runs = f" of {runs} runs" if runs < n else ""
    return f"We fitted {fit.law.formula}{source} to {fit.target} in {n} rows{of_runs} of {rows.read} read{excluded}."


def _objective(fit: "FitResult") -> str:
    noise, spec = fit.scoring, fit.spec
    on = f"the logarithm of {fit.target}" if noise.logarithmic else fit.target
    on = f"the {noise.on} of {fit.target} above chance" if noise.of_scores else on
    kind = {
        "huber": f"Huber losses (delta {noise.delta:g})" if not isinstance(noise.delta, str) else "Huber losses",
        "absolute": "absolute values",
        "squared": "squares",
        "binomial": "binomial deviances",
        "beta_binomial": "binomial deviances",
    }[noise.kind]
    held = [f"{name} held at {value:g}" for name, value in spec.fixed.items()]
    held += [f"{name} equal to {other}" for name, other in spec.ties.items()]
    spread = ""
    if fit.spread is not None and fit.spread.gamma is not None:
        spread = f", whose scale is a power {fit.spread.gamma:.3g} of {noise.scale} estimated with the fit"
    elif noise.kind == "beta_binomial" and fit.spread is not None:
        spread = f", whose variance is p (1 - p) (1/n + {fit.spread.correlation:.3g}) for a score p of n items"
    elif noise.of_items and not noise.counts:
        spread = ", whose variance is p (1 - p) / n for a fitted score p of n items plus a common variance"
    elif noise.scale is not None:
        spread = ", whose variance is the squared standard error of each value plus a common variance"
    of = "" if noise.counts else f" of residuals of {on}"
    return f"Coefficients minimise the sum of {kind}{of}{spread}{', with ' + ', '.join(held) if held else ''}."


def _optimum(fit: "FitResult") -> str:
    status = fit.status
    left = f" The runs do not determine {', '.join(fit.undetermined)}." if fit.undetermined else ""
    found = f"Of {status.starts} starts spread over the exponents, {status.agreeing} reached the lowest optimum"
    if status.certified:
        return f"{found}, which is stationary, determined by the rows and not at a bound.{left}"
    return f"{found}; {'; '.join(status.doubts)}.{left}"


def _intervals(fit: "FitResult") -> str:
    if fit.trusted is None:
        return "No intervals were computed."
    runs, rows = len(np.unique(fit.rows.cluster)), len(fit.rows.y)
    level = f"Intervals are central {100 * fit.spec.level:g} % ranges"
    if fit.spec.prior is not None:
        return f"{level} of {len(fit.trusted)} refits with exponents drawn from the {prior_in_words(fit.spec.prior)}."
    way = _WAYS[method(fit.spec, runs, rows)].format(draws=len(fit.trusted), units=units(runs, rows))
    return f"{level} {way} (seed {fit.spec.seed})."


def _software(fit: "FitResult") -> str:
    return f"Computed by scalelaw {__version__} (fit digest {fit.digest[:12]})."
