"""The version of scalelaw, stored with every result."""

__version__ = "0.1.0"
