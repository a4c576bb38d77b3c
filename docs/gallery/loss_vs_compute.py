"""Loss against compute.

Above: the runs, the compute-optimal loss and its interval. Below: each run divided by its forecast; green runs were not
fitted.
"""

import scalelaw as sl
from scalelaw.viz import loss_vs_compute, save

runs = sl.datasets.load("synthetic-ladder")
small = runs.where(flops=(0, 1e21)).endpoints()
large = runs.where(flops=(1e21, 1e24)).endpoints()
info = loss_vs_compute.loss_vs_compute_info(sl.forecast(small), small, large)
save(loss_vs_compute.draw(info), "loss_vs_compute.svg")
