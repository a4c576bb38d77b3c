"""Fit laws to runs: coefficients, their uncertainty, and whether to trust them."""
