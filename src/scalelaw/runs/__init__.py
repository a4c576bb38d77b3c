"""Measured runs: loading, checking and reducing them to what a fit may see."""
