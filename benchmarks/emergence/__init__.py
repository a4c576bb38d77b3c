"""Verdicts on emergence, measured on simulated worlds of known kind."""
