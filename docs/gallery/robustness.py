"""Robustness of a decision.

Tokens per parameter under other defensible choices. A plan is robust where they fall inside the interval of the base.
"""

import scalelaw as sl
from scalelaw.viz import robustness, save

found = sl.robustness(sl.datasets.load("synthetic-ladder"), flops=1e22, law="chinchilla", draws=20)
save(robustness.draw(robustness.robustness_info(found)), "robustness.svg")
