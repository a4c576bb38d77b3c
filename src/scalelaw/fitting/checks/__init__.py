"""Checks of a fit: convergence, misfit of the form, outliers, influence of single runs."""
