"""A frozen forecast and its run.

The runs that were fitted, the interval that was forecast for a larger run, and the loss that it reached.
"""

import scalelaw as sl
from scalelaw.viz import held_out, save

runs = sl.datasets.load("synthetic-ladder")
small, large = (runs.where(flops=span).endpoints() for span in ((0, 6e21), (6e21, 7e21)))
p = sl.forecast(small).predict(large.inputs(["params", "tokens"]), 0.9)
interval = (float(p.lo[0]), float(p.mean[0]), float(p.hi[0]))
flops, loss = float(large.columns["flops"][0]), float(large.y[0])
info = held_out.held_out_info(small, "2.6B on 410B", flops, interval, level=0.9, measured=loss)
save(held_out.draw(info), "held_out.svg")
