"""Forecasting: an ensemble of laws under an interval calibrated on larger runs of other studies."""
