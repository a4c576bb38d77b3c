"""Profile likelihood of each coefficient.

How much worse the best fit becomes when one coefficient is held. A flat side is a bound that the runs do not give.
"""

import scalelaw as sl
from scalelaw.viz import profile_likelihood, save

fit = sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), noise=sl.Noise("squared"), draws=0)
save(profile_likelihood.draw(profile_likelihood.profiles_info(fit)), "profile_likelihood.svg")
