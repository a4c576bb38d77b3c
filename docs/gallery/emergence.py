"""A score that is absent in small models.

Exact match of an answer, its onset with the interval, and the log-likelihood of the same answers, which is smooth.
"""

import numpy as np

import scalelaw as sl
from scalelaw.viz import emergence, save

flops = np.geomspace(1e18, 1e23, 11)
log_likelihood = -6.0 * (flops / 1e18) ** -0.2
exact_match = np.random.default_rng(1).binomial(1319, np.exp(1.2 * log_likelihood)) / 1319
runs = {"flops": flops, "score@gsm8k": exact_match, "n_items": [1319] * 11, "logprob@gsm8k": 30 * log_likelihood}
found = sl.emergence(runs, "score@gsm8k", continuous="logprob@gsm8k")
save(emergence.draw(emergence.emergence_info(found)), "emergence.svg")
