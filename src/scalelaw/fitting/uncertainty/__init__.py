"""Uncertainty: draws of coefficients by bootstrap, Laplace and profile, priors, and the noise of runs."""
