"""Fitting a law to runs: coefficients, their uncertainty, and whether they can be trusted."""
