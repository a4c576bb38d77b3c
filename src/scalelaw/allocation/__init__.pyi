"""Public names of ``scalelaw.allocation``, imported on first use."""

from .explanation import Explanation as Explanation
from .explanation import explain as explain
from .isoflop_analysis import isoflop as isoflop
from .isoflop_result import IsoFlop as IsoFlop
from .isoflop_spec import IsoFlopSpec as IsoFlopSpec
from .isoflop_spec import make_isoflop_spec as make_isoflop_spec
from .lower_envelope import Envelope as Envelope
from .lower_envelope import envelope as envelope
from .three_approaches import Agreement as Agreement
from .three_approaches import approaches as approaches
