"""Decisions from a forecaster: how to spend a budget, and how sure that is."""

from scalelaw.planning.agreement import Agreement as Agreement
from scalelaw.planning.agreement import approaches as approaches
from scalelaw.planning.answer import Plan as Plan
from scalelaw.planning.calc import Calculation as Calculation
from scalelaw.planning.calc import calculate as calculate
from scalelaw.planning.cheapest import Design as Design
from scalelaw.planning.cheapest import design as design
from scalelaw.planning.efficient_line import Frontier as Frontier
from scalelaw.planning.efficient_line import frontier as frontier
from scalelaw.planning.estimate import Estimate as Estimate
from scalelaw.planning.half_width import HalfWidth as HalfWidth
from scalelaw.planning.half_width import expected_half_width as expected_half_width
from scalelaw.planning.outcome import Outcome as Outcome
from scalelaw.planning.outlook import Ahead as Ahead
from scalelaw.planning.outlook import ahead as ahead
from scalelaw.planning.penalty import compute_penalty as compute_penalty
from scalelaw.planning.question import Question as Question
from scalelaw.planning.question import ask as ask
from scalelaw.planning.regimes import Regime as Regime
from scalelaw.planning.regimes import regime as regime
from scalelaw.planning.robust import Robustness as Robustness
from scalelaw.planning.robust import robustness as robustness
from scalelaw.planning.solve import plan as plan
from scalelaw.planning.waterfall import Explanation as Explanation
from scalelaw.planning.waterfall import explain as explain
