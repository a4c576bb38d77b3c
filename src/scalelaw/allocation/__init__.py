"""Find the best model size at each budget by IsoFLOP profiles and envelopes, and explain why approaches differ."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
