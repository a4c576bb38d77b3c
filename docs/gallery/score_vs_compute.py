"""A score against compute.

The forecast of a benchmark score with its interval and its forms. Beside it, the chain through the loss with the errors
of both stages.
"""

from sweep import ladder_with_scores

import scalelaw as sl
from scalelaw.viz import save, score_vs_compute

found = sl.forecast(ladder_with_scores(), target="score@hellaswag")
save(score_vs_compute.draw(score_vs_compute.score_vs_compute_info(found)), "score_vs_compute.svg")
