"""Registry: freeze forecasts before their runs, keep them in an append-only log, and score them afterwards."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
