"""scalelaw: small training runs become trusted decisions about large ones."""

__version__ = "0.1.0"
