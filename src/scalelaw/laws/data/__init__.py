"""Laws of the data: repeated, filtered, mixed, transferred, fine-tuned on."""
