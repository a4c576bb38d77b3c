"""Public names of ``scalelaw.diagnosing``, imported on first use."""

from .critical_batch import NoiseScales as NoiseScales
from .critical_batch import TradeOff as TradeOff
from .critical_batch import noise_scale as noise_scale
from .critical_batch import trade_off as trade_off
from .dimension import IntrinsicDimension as IntrinsicDimension
from .dimension import intrinsic_dimension as intrinsic_dimension
from .evaluation_noise import eval_noise as eval_noise
from .noise_of_tasks import EvalNoise as EvalNoise
from .noise_of_tasks import TaskNoise as TaskNoise
from .onsets.detect import emergence as emergence
from .onsets.result import Emergence as Emergence
from .recipe_decisions import Decisions as Decisions
from .regimes import Regime as Regime
from .regimes import regime as regime
from .slope_regimes import LocalSlope as LocalSlope
from .slope_regimes import local_slope as local_slope
