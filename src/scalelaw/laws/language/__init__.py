"""Laws of language-model pretraining, one file per law."""
