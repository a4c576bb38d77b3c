"""Backtesting: laws and ensembles refitted below a cut and scored on the larger runs above it."""
