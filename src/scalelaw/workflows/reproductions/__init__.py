"""Figures that others published and we compute again, one file a subject; each has its ``FIGURES``."""
