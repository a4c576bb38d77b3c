"""The benchmark: forecasts of every case of a protocol, scored beside baselines."""
