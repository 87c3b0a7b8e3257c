"""`polyparse train`, `polyparse ood` and `polyparse vectors`."""
