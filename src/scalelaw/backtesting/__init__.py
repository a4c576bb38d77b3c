"""Backtesting: refit laws and ensembles below a cut and score them on the larger runs above it."""
