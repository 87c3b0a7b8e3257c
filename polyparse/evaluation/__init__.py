"""How good a model is: measures, calibration error, breakdowns, robustness, the report. Free of torch."""
