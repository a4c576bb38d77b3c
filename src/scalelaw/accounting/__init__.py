"""Count parameters, training compute and loss by named conventions and in named units."""

from scalelaw.accounting.architecture import Architecture as Architecture
from scalelaw.accounting.flops import CONVENTIONS as CONVENTIONS
from scalelaw.accounting.flops import COUNTINGS as COUNTINGS
from scalelaw.accounting.flops import Counting as Counting
from scalelaw.accounting.flops import convention as convention
from scalelaw.accounting.flops import counting_for as counting_for
from scalelaw.accounting.params import ParamCounts as ParamCounts
from scalelaw.accounting.params import count_params as count_params
from scalelaw.accounting.units import convert_loss as convert_loss
