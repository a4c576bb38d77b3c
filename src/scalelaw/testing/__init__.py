"""Conformance suites that every law and every forecaster passes by being there."""
