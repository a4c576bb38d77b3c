"""Laws of numerical precision, in training and after it."""
