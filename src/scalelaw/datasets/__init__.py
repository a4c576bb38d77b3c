"""Shipped tables, each labelled with its origin, and the simulator of the synthetic one."""

from scalelaw.datasets.shipped import card as card
from scalelaw.datasets.shipped import load as load
from scalelaw.datasets.shipped import names as names
from scalelaw.datasets.shipped import path as path
from scalelaw.datasets.shipped import synthetic_ladder as synthetic_ladder
from scalelaw.datasets.simulate import RunGrid as RunGrid
from scalelaw.datasets.simulate import simulate as simulate
