"""Counting: parameters and training compute, by named conventions."""
