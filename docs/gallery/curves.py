"""Where a run will end.

The readings of a run so far, the forecast of the rest, and its interval.
"""

from sweep import readings

import scalelaw as sl
from scalelaw.viz import curves, save

found = sl.extrapolate(readings(), end=24_000, schedule="cosine[warmup=0.02]")
save(curves.draw(curves.curves_info(found)), "curves.svg")
