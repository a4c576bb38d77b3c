"""Vocabulary and contracts for all other packages; needs NumPy only."""
