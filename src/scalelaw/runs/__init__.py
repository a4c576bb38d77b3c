"""Measured runs: a table of them, what a fit sees of it, and the folders that read, reduce, check and keep it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
