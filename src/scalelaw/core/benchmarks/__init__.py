"""Benchmarks: how harnesses spell their names, the score of guessing and the number of items."""
