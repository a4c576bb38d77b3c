"""Laws of images with text."""
