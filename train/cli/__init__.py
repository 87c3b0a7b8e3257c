"""`polyparse train` and `polyparse ood`."""
