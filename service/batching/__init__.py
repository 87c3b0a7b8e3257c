"""Micro-batching: what runs together, and who gets the answers. Knows nothing of models or HTTP."""
