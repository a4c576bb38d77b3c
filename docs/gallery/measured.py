"""Measured against predicted.

Each run with its interval; a law that fits has its points on the line.
"""

import scalelaw as sl
from scalelaw.viz import measured, save

fit = sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"))
save(measured.draw(measured.measured_info(fit)), "measured.svg")
