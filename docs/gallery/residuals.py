"""Residuals of a fit.

Predicted divided by measured loss, along each input. A bend means that the law has the wrong form.
"""

import scalelaw as sl
from scalelaw.viz import residuals, save

fit = sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), draws=0)
save(residuals.draw(residuals.residuals_info(fit)), "residuals.svg")
