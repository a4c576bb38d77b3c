"""The problem a fit solved, set up again from its result, to be solved for other weights."""

from typing import TYPE_CHECKING

from scalelaw.core.types import Array
from scalelaw.fitting.coordinates import Coordinates
from scalelaw.fitting.prior import literature, noise_of, penalty, spent
from scalelaw.fitting.solve import Problem

if TYPE_CHECKING:
    from scalelaw.fitting.result import FitResult


def problem_of(fit: "FitResult") -> tuple[Problem, Array]:
    """Return the problem of a fit, and the coordinates (q,) of its optimum."""
    rows, spec = fit.rows, fit.spec
    coordinates = Coordinates(fit.law, rows.x, spec.restrictions)
    y = spec.noise.scaled(rows.y)
    known = None
    if spec.prior is not None:
        prior = literature(fit.law, {*spec.fixed, *spec.ties})
        residual = spec.noise.scaled(fit.law.predict(fit.coef, rows.x)) - y
        known = penalty(prior, spec.noise, noise_of(residual, spec.noise, y, spent(spec, fit.law, prior))[0])
    return Problem(coordinates, rows.x, y, spec.noise, known), coordinates.coordinates(fit.coef[None])[0]
