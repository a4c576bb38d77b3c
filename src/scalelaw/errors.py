"""Every error and warning that scalelaw raises; all errors derive from ``ScalelawError``."""

from scalelaw.core.errors import BadFormula as BadFormula
from scalelaw.core.errors import BadInput as BadInput
from scalelaw.core.errors import BadNumber as BadNumber
from scalelaw.core.errors import BadTable as BadTable
from scalelaw.core.errors import FitFailed as FitFailed
from scalelaw.core.errors import MissingExtra as MissingExtra
from scalelaw.core.errors import NeedsAnswer as NeedsAnswer
from scalelaw.core.errors import RunLocked as RunLocked
from scalelaw.core.errors import ScalelawError as ScalelawError
from scalelaw.core.errors import ScalelawWarning as ScalelawWarning
from scalelaw.core.errors import UnknownName as UnknownName
