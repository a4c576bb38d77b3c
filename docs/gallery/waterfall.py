"""Why an exponent differs.

The exponent of the best size after each correction of how parameters and compute are counted.
"""

from sweep import sweep

import scalelaw as sl
from scalelaw.viz import save, waterfall

runs = sweep()
found = sl.allocation.explain(runs | {"params_non_embedding": runs["params"] ** 1.05 * 0.3}, draws=100)
save(waterfall.draw(waterfall.waterfall_info(found)), "waterfall.svg")
