"""IsoFLOP profiles and their minima.

Left: loss against size at each budget, with the best size marked. Right: the best size against compute.
"""

from sweep import sweep

import scalelaw as sl
from scalelaw.viz import isoflop, save

found = sl.isoflop(sweep(), draws=200)
save(isoflop.draw(isoflop.isoflop_info(found)), "isoflop.svg")
