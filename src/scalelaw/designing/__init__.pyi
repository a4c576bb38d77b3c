"""Public names of ``scalelaw.designing``, imported on first use."""

from .cheapest import Design as Design
from .cheapest import design as design
from .half_width import HalfWidth as HalfWidth
from .half_width import expected_half_width as expected_half_width
