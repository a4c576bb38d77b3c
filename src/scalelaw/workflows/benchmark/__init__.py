"""The benchmark: score forecasts of every case of a protocol against baselines."""
