"""Curves: a run in flight, where its loss will end, and whether it is where its forecast has it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
