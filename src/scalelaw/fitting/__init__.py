"""Fitting laws to observations: solver, starts, bootstrap, and the results as forecasters."""

from scalelaw.fitting.curve_forecast import CurveForecast as CurveForecast
from scalelaw.fitting.curve_forecast import extrapolate_curve as extrapolate_curve
from scalelaw.fitting.curve_shape import Course as Course
from scalelaw.fitting.extrapolate import Extrapolation as Extrapolation
from scalelaw.fitting.extrapolate import RunForecast as RunForecast
from scalelaw.fitting.extrapolate import extrapolate as extrapolate
from scalelaw.fitting.files import is_fit as is_fit
from scalelaw.fitting.files import load_fit as load_fit
from scalelaw.fitting.fit import fit as fit
from scalelaw.fitting.fit import fit_observations as fit_observations
from scalelaw.fitting.fit import make_spec as make_spec
from scalelaw.fitting.influence import Influence as Influence
from scalelaw.fitting.influence import influence as influence
from scalelaw.fitting.noise import Noise as Noise
from scalelaw.fitting.observe import observe as observe
from scalelaw.fitting.published import Published as Published
from scalelaw.fitting.published import published as published
from scalelaw.fitting.result import FitResult as FitResult
from scalelaw.fitting.spec import FitOptions as FitOptions
from scalelaw.fitting.spec import FitSpec as FitSpec
