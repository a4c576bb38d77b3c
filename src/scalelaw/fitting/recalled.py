"""Cache the fits of this process, since comparisons, figures and reports often fit the same law to the same rows."""

import hashlib
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import replace

import numpy as np

from scalelaw.core.types import Array, Inputs
from scalelaw.fitting.optimum import Optimum, optimum
from scalelaw.fitting.solver.penalty import Prior
from scalelaw.fitting.spec import FitSpec
from scalelaw.fitting.uncertainty.intervals import drawn
from scalelaw.fitting.uncertainty.prior_draws import prior_draws
from scalelaw.laws import Law
from scalelaw.runs.observations import Observations

_MOST = 64
"""Most fits kept; the least recently used is dropped first."""
_LARGEST = 2_000
"""Fits to more rows than this are not kept."""
_LEVEL = 0.9
_kept: OrderedDict[Hashable, tuple[Optimum, Array | None]] = OrderedDict()


def fitted(law: Law, rows: Observations, x: Inputs, spec: FitSpec, prior: Prior | None) -> tuple[Optimum, Array | None]:
    """Return the optimum and draws of the coefficients, computed once for equal law, rows and spec.

    Raises:
        FitFailed: no start reached a finite objective.
        BadInput: the rows lack the quantity that scales the noise, or these draws cannot be made.
    """
    if len(rows) > _LARGEST:
        return _made(law, rows, x, spec, prior)
    key = (law, law.inputs, law.coefs, _digest(rows, x, spec))
    if key not in _kept:
        _kept[key] = _made(law, rows, x, spec, prior)
    _kept.move_to_end(key)
    while len(_kept) > _MOST:
        _kept.popitem(last=False)
    return _kept[key]


def _made(law: Law, rows: Observations, x: Inputs, spec: FitSpec, prior: Prior | None) -> tuple[Optimum, Array | None]:
    found = optimum(law, rows, x, spec, prior)
    sample = found.sample
    return found, drawn(sample, spec) if prior is None else prior_draws(sample.problem, sample.u, rows, spec)


def _digest(rows: Observations, x: Inputs, spec: FitSpec) -> str:
    """Return a digest of everything a fit depends on; the interval level is applied later."""
    found = hashlib.sha256(repr(replace(spec, level=_LEVEL).to_dict()).encode())
    seen = {**x, "y": rows.y, "weight": rows.weight, "cluster": rows.cluster, "n_items": rows.columns.get("n_items")}
    for name, values in (*seen.items(), ("se", rows.se)):
        array = np.asarray(values)
        content = repr(array.tolist()).encode() if array.dtype.hasobject else np.ascontiguousarray(array).tobytes()
        found.update(f"{name} {array.dtype} {array.shape}".encode() + content)
    return found.hexdigest()
