"""Diagnose runs: limiting factors, regimes of a loss curve, critical batch size, emergence."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
