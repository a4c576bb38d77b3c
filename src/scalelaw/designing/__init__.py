"""Designing: find the cheapest ladder of small runs that reaches a requested precision of the forecast."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
