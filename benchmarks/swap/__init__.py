"""A version swapped for another under an open-loop load: what the callers notice, beside another server."""
