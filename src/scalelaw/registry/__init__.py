"""Registry: forecasts frozen before their run, kept in a log that only grows, and scored afterwards."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
