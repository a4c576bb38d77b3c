"""Public names of ``scalelaw.curves``, imported on first use."""

from .curve_forecast import CurveForecast as CurveForecast
from .curve_forecast import extrapolate_curve as extrapolate_curve
from .curve_shape import RunSchedule as RunSchedule
from .extrapolation import Extrapolation as Extrapolation
from .extrapolation import RunForecast as RunForecast
from .extrapolation import extrapolate as extrapolate
from .watching import Watch as Watch
from .watching import watch as watch
