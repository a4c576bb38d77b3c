"""Forecast the final loss of a run in flight, and compare the run with its frozen forecast."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
