"""Laws of data: repetition, filtering, mixtures, transfer, fine-tuning."""
