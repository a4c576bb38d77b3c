"""Laws first stated for vision, and learning curves with a ceiling."""
