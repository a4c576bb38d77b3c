"""Storing: record runs, keep them in folders, and pack folders into single files."""
