"""Checking: what can be wrong with values, units, sizes and designs of runs."""
