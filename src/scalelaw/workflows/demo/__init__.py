"""The demo: train a ladder, freeze the forecast of its held-out run, train that run and compare."""
