"""Laws of downstream scores and errors."""
