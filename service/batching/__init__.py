"""Micro-batching: which items run together, and which request gets which answer. Knows nothing of models or HTTP."""
