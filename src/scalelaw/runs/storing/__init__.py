"""Storing: runs while they are written, folders of them, and files that carry them elsewhere."""
