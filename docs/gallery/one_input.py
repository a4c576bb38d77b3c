"""A law of one quantity.

The runs, a power law in compute, and its interval, up to three times the largest run.
"""

import scalelaw as sl
from scalelaw.viz import one_input, save

fit = sl.fit("power", sl.datasets.load("synthetic-ladder"))
save(one_input.draw(one_input.one_input_info(fit)), "one_input.svg")
