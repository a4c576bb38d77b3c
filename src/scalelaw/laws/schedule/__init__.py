"""Laws of the learning-rate schedule."""
