"""Training: a ladder's rungs on real text, recorded as runs. The only folder that imports torch, and never at once."""
