"""The vocabulary and the contracts everything else is written in; needs NumPy only."""
