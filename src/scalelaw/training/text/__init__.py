"""Text to tokens on disk: sources, byte pairs, a synthetic language, shards, batches. NumPy only."""
