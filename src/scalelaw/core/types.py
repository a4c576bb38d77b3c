"""The array types that signatures share."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""A float64 array; docstrings give its shape."""

AnyArray = NDArray[Any]
"""An array of any type: complex inside derivatives, text in a column."""

Inputs = Mapping[str, AnyArray]
"""Quantity name -> values, each broadcastable to the shape of the prediction."""


def frozen(values: AnyArray) -> AnyArray:
    """Return a read-only view of the values, since results must not change."""
    view = np.asarray(values).view()
    view.setflags(write=False)
    return view
