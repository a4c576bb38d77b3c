"""Diagnosing: what limits a run, why a curve falls as it does, the critical batch, badly tuned runs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
