"""Checks of a fit: convergence, misfit of the functional form, outliers, influence of single runs."""
