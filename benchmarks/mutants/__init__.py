"""Mutation testing: seed one fault at a time into the source and see whether the tests notice."""
