"""Reducing: turn a table of runs into the rows of a fit: end points, best of a sweep, whole curves."""
