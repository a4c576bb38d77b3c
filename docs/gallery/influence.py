"""Runs that change a decision.

How far each run lies from the others, against the decision without it. The flagged runs are left out together.
"""

import scalelaw as sl
from scalelaw.viz import influence, save

fit = sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), draws=0)
found = fit.influence("tokens_per_param", flops=1e22)
save(influence.draw(influence.influence_info(found)), "influence.svg")
