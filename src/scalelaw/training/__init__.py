"""Training: a ladder's rungs on real text, recorded as runs. Only this folder imports torch, and only when needed."""
