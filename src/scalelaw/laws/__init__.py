"""Laws: formulas over quantities, one per file; find them with ``get``, ``parse`` and ``names``."""

from scalelaw.laws._at import LawAt as LawAt
from scalelaw.laws._at import at as at
from scalelaw.laws._base import Coef as Coef
from scalelaw.laws._base import Constants as Constants
from scalelaw.laws._base import HasOptimum as HasOptimum
from scalelaw.laws._base import Law as Law
from scalelaw.laws._chance import AboveChance as AboveChance
from scalelaw.laws._formula import FormulaLaw as FormulaLaw
from scalelaw.laws._gallery import describe as describe
from scalelaw.laws._gallery import gallery as gallery
from scalelaw.laws._powers import SumOfPowers as SumOfPowers
from scalelaw.laws._powers import Term as Term
from scalelaw.laws._registry import as_law as as_law
from scalelaw.laws._registry import get as get
from scalelaw.laws._registry import names as names
from scalelaw.laws._registry import parse as parse
from scalelaw.laws._registry import register as register
