"""Conformance suites for laws, forecasters, stores and importers."""
