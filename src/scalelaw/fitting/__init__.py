"""Fitting laws to observations: solver, starts, bootstrap, and the results as forecasters."""

from scalelaw.fitting.files import is_fit as is_fit
from scalelaw.fitting.files import load_fit as load_fit
from scalelaw.fitting.fit import fit as fit
from scalelaw.fitting.fit import fit_observations as fit_observations
from scalelaw.fitting.fit import make_spec as make_spec
from scalelaw.fitting.isoflop import isoflop as isoflop
from scalelaw.fitting.isoflop import isoflop_observations as isoflop_observations
from scalelaw.fitting.isoflop import observe_rows as observe_rows
from scalelaw.fitting.isoflop_result import IsoFlop as IsoFlop
from scalelaw.fitting.isoflop_spec import IsoFlopOptions as IsoFlopOptions
from scalelaw.fitting.isoflop_spec import IsoFlopSpec as IsoFlopSpec
from scalelaw.fitting.isoflop_spec import make_isoflop_spec as make_isoflop_spec
from scalelaw.fitting.noise import Noise as Noise
from scalelaw.fitting.observe import observe as observe
from scalelaw.fitting.published import Published as Published
from scalelaw.fitting.published import published as published
from scalelaw.fitting.result import FitResult as FitResult
from scalelaw.fitting.spec import FitOptions as FitOptions
from scalelaw.fitting.spec import FitSpec as FitSpec
