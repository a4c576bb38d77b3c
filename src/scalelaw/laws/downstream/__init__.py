"""Laws of what comes after the loss."""
