"""The study: one table of runs becomes a decision, its test, a fit and figures."""
