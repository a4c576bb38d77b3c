"""Forecasts of benchmark scores, judged on held-out larger models of published tables."""
