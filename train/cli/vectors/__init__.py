"""`polyparse vectors ACTION`."""
