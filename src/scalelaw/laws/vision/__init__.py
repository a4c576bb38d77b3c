"""Laws from vision, and learning curves with a ceiling."""
