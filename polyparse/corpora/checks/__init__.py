"""Checks: what a person would want to know about a corpus before training on it. Pure: examples in, findings out."""
