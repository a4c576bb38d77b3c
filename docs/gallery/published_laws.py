"""Published constants of a law.

The same law with the constants of each paper, over the range of the runs behind them.
"""

from scalelaw.laws import describe
from scalelaw.viz import published_laws, save

info = published_laws.published_laws_info(describe("chinchilla"))
save(published_laws.draw(info), "published_laws.svg")
