"""Measured runs: the table of runs, the rows of a fit, and folders that read, check, reduce and store runs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
