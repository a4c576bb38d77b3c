"""Reducing: from a table of runs to the rows a fit sees: last readings, best of a sweep, whole curves."""
