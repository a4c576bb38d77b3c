"""Three approaches to the best size.

The envelope of training curves, IsoFLOP profiles and a fitted law, at the same compute, with their intervals.
"""

from sweep import sweep

import scalelaw as sl
from scalelaw.viz import approaches, save

found = sl.allocation.approaches(sweep(), flops=1e21, draws=100)
save(approaches.draw(approaches.approaches_info(found)), "approaches.svg")
