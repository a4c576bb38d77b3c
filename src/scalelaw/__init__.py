"""scalelaw: small training runs become trusted decisions about large ones.

``__init__.pyi`` lists every public name once. Each is imported on first use, so that ``import scalelaw`` and
``scalelaw --help`` cost next to nothing.
"""

import lazy_loader

from scalelaw.core.version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
