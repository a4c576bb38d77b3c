"""Fitting laws to observations: solver, starts, bootstrap, and the results as forecasters."""
