"""Contours of equal loss.

Loss over compute and parameters, with the runs, the compute-optimal line and the recommended run.
"""

import scalelaw as sl
from scalelaw.viz import iso_loss, save

runs = sl.datasets.load("synthetic-ladder")
ensemble = sl.forecast(runs)
info = iso_loss.iso_loss_info(ensemble, runs.endpoints(), planned=sl.plan(ensemble, flops=1e23))
save(iso_loss.draw(info), "iso_loss.svg")
